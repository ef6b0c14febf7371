import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { foldedTitle, matches, wordsOf } from "~/features/conversations/fold";
import { focusIfLost } from "~/ui/focus";
import type { Summary } from "./exportReader";
import styles from "./ImportDialog.module.css";
import type { Outcome } from "./importAll";
import { PickRow } from "./PickRow";

interface PicksProps {
  readonly summaries: readonly Summary[];
  readonly picked: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly isRunning: boolean;
  readonly onPick: (ids: readonly string[], on: boolean) => void;
}

/** The conversations of the export, to choose from. */
export function Picks({ summaries, picked, known, outcomes, isRunning, onPick }: PicksProps) {
  const { t } = useTranslation("importing");
  const [query, setQuery] = useState("");
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => focusIfLost(() => search.current), []);
  const words = wordsOf(useDeferredValue(query));
  const wanted = words.join(" ");
  const shown = useMemo(() => {
    const parts = wanted === "" ? [] : wanted.split(" ");
    return summaries.filter((summary) => matches(foldedTitle(summary), parts));
  }, [summaries, wanted]);
  const count = shown.filter(({ id }) => picked.has(id)).length;
  const isAll = shown.length > 0 && count === shown.length;
  return (
    <>
      <div className={styles.tools}>
        <input
          ref={search}
          type="search"
          className={styles.search}
          value={query}
          placeholder={t("search")}
          aria-label={t("search")}
          onChange={(event) => setQuery(event.target.value)}
        />
        <label className={styles.all}>
          <input
            type="checkbox"
            checked={isAll}
            disabled={isRunning || shown.length === 0}
            ref={(box) => {
              if (box) box.indeterminate = count > 0 && !isAll;
            }}
            onChange={() =>
              onPick(
                shown.map(({ id }) => id),
                !isAll,
              )
            }
          />
          {t("all", { count: shown.length })}
        </label>
      </div>
      <ul className={styles.list} aria-label={t("list")}>
        {shown.map((summary) => (
          <PickRow
            key={summary.id}
            summary={summary}
            isPicked={picked.has(summary.id)}
            isKnown={known.has(summary.id)}
            outcome={outcomes.get(summary.id)}
            isLocked={isRunning}
            onPick={onPick}
          />
        ))}
      </ul>
      <p role="status" className={styles.hint}>
        {shown.length === 0 ? t("noMatch") : ""}
      </p>
    </>
  );
}
