import { useTranslation } from "react-i18next";
import styles from "./BarChart.module.css";
import { axisTop } from "./figures";

interface Bar {
  readonly key: string;
  /** What it stands for, such as a day. */
  readonly label: string;
  readonly value: number;
}

interface BarChartProps {
  /** What is shown, for those who do not see it. */
  readonly name: string;
  readonly bars: readonly Bar[];
  readonly write: (value: number) => string;
}

const HEIGHT = 100;
/** Share of its place that a bar fills. */
const FILL = 0.72;

/** Bars over time, as an image with a name; the figures themselves belong into a table beside it. */
export function BarChart({ name, bars, write }: BarChartProps) {
  const { t } = useTranslation("costs");
  const top = axisTop(Math.max(0, ...bars.map((bar) => bar.value)));
  const first = bars.at(0);
  const last = bars.at(-1);
  return (
    <figure className={styles.figure}>
      <div className={styles.scale} aria-hidden="true">
        <span>{write(top)}</span>
        <span>{write(top / 2)}</span>
        <span>{write(0)}</span>
      </div>
      <svg
        className={styles.plot}
        role="img"
        aria-label={name}
        viewBox={`0 0 ${Math.max(1, bars.length)} ${HEIGHT}`}
        preserveAspectRatio="none"
      >
        {[0, HEIGHT / 2, HEIGHT].map((y) => (
          <line key={y} className={styles.grid} x1={0} x2={bars.length} y1={y} y2={y} />
        ))}
        {bars.map((bar, index) => {
          const height = (bar.value / top) * HEIGHT;
          return (
            <g key={bar.key} className={styles.day}>
              <title>{t("barTitle", { day: bar.label, value: write(bar.value) })}</title>
              <rect className={styles.place} x={index} y={0} width={1} height={HEIGHT} />
              <rect
                className={styles.bar}
                x={index + (1 - FILL) / 2}
                y={HEIGHT - height}
                width={FILL}
                height={height}
              />
            </g>
          );
        })}
      </svg>
      <figcaption className={styles.days} aria-hidden="true">
        <span>{first?.label}</span>
        {bars.length > 1 && <span>{last?.label}</span>}
      </figcaption>
    </figure>
  );
}
