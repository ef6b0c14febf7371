import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Badge } from "~/ui/Badge";
import { FileName } from "./FileName";
import { LongList } from "./LongList";
import styles from "./OfferList.module.css";
import type { Offer } from "./picking";

interface OfferListProps {
  readonly offers: readonly Offer[];
  readonly onToggle: (id: string) => void;
}

const MOST_FRAMES = 10;

/** Documents with a box each. One stop of the tab key for all of them; the arrows, Home and End go from one to the next. */
export function OfferList({ offers, onToggle }: OfferListProps) {
  const { t } = useTranslation("documents");
  const [current, setCurrent] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const isMoving = useRef(false);
  const at = Math.min(current, offers.length - 1);

  useEffect(() => {
    if (!isMoving.current) return;
    let frame = 0;
    // A row that has just come is hidden until it has been measured, and takes no focus before.
    const focus = (tries: number): void => {
      const box = list.current?.querySelector<HTMLElement>(`[data-at="${at}"]`);
      box?.focus();
      isMoving.current = document.activeElement !== box && tries > 1;
      if (isMoving.current) frame = requestAnimationFrame(() => focus(tries - 1));
    };
    focus(MOST_FRAMES);
    return () => cancelAnimationFrame(frame);
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    const to = targetOf(event.key, at, offers.length);
    if (to === undefined) return;
    event.preventDefault();
    isMoving.current = true;
    setCurrent(to);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the boxes within.
    <div ref={list} onKeyDown={onKeyDown}>
      <LongList
        label={t("picker.list")}
        items={offers}
        keyOf={({ id }) => id}
        className={styles.list}
        keep={at}
      >
        {(offer, index) => (
          <label className={offer.canToggle ? styles.offer : `${styles.offer} ${styles.refused}`}>
            <input
              type="checkbox"
              data-at={index}
              tabIndex={index === at ? 0 : -1}
              checked={offer.isChosen}
              // Not `disabled`: it can be reached and read out all the same.
              aria-disabled={!offer.canToggle}
              onFocus={() => setCurrent(index)}
              onChange={() => {
                // What is gone leaves the list with its tick.
                isMoving.current = offer.view === undefined;
                if (offer.canToggle) onToggle(offer.id);
              }}
            />
            {offer.view ? (
              <FileName path={offer.view.filename} />
            ) : (
              <code className={styles.id}>{offer.id}</code>
            )}
            <OfferState offer={offer} />
          </label>
        )}
      </LongList>
    </div>
  );
}

function OfferState({ offer: { view } }: { readonly offer: Offer }) {
  const { t } = useTranslation("documents");
  if (!view) return <Badge tone="warning">{t("picker.gone")}</Badge>;
  if (view.status === "ready") return null;
  return <Badge tone={view.status === "failed" ? "danger" : "plain"}>{t(`status.${view.status}`)}</Badge>;
}

function targetOf(key: string, at: number, count: number): number | undefined {
  const last = count - 1;
  if (key === "ArrowDown") return Math.min(last, at + 1);
  if (key === "ArrowUp") return Math.max(0, at - 1);
  if (key === "Home") return 0;
  return key === "End" ? last : undefined;
}
