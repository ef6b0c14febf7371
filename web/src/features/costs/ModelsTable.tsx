import { useTranslation } from "react-i18next";
import { useModels } from "~/api/queries";
import { shortModelName } from "~/features/models/shortModelName";
import { useFormat } from "~/i18n/format";
import styles from "./CostsPage.module.css";
import { byModel, type ModelFigures, type UsageRow } from "./figures";
import { useAmount } from "./useAmount";

const BUILT_IN = "builtin";

export function ModelsTable({ rows }: { readonly rows: readonly UsageRow[] }) {
  const { t } = useTranslation("costs");
  const { number } = useFormat();
  const models = byModel(rows);
  return (
    <section className={styles.section}>
      <h2>{t("byModel")}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <section className={styles.scroll} aria-label={t("byModel")} tabIndex={0}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("model")}</th>
              <th scope="col">{t("turns")}</th>
              <th scope="col">{t("input")}</th>
              <th scope="col">{t("output")}</th>
              <th scope="col">{t("cached")}</th>
              <th scope="col">{t("cost")}</th>
            </tr>
          </thead>
          <tbody>
            {models.map((figures) => (
              <tr key={figures.model}>
                <th scope="row" title={figures.model}>
                  <bdi>{shortModelName(figures.model, t("builtIn"))}</bdi>
                </th>
                <td>{number(figures.turns)}</td>
                <td>{number(figures.inputTokens)}</td>
                <td>{number(figures.outputTokens)}</td>
                <td>{number(figures.cachedTokens)}</td>
                <td>
                  <Cost figures={figures} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {models.some((figures) => figures.unpriced) && <p className={styles.note}>{t("unpricedNote")}</p>}
    </section>
  );
}

function Cost({ figures }: { readonly figures: ModelFigures }) {
  const { t } = useTranslation("costs");
  const amount = useAmount();
  const models = useModels();
  const builtIn =
    models.data?.find((model) => model.id === figures.model)?.built_in ?? figures.model === BUILT_IN;
  return builtIn && figures.cost === 0 && !figures.unpriced ? t("free") : amount(figures);
}
