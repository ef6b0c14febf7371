import { type KeyboardEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "~/ui/Button";
import { Icon } from "~/ui/Icon";
import { offerSearch } from "./commands";
import styles from "./SearchBox.module.css";

interface SearchBoxProps {
  readonly query: string;
  readonly onQuery: (query: string) => void;
  /** Leads into the list. */
  readonly onDown: () => void;
  /** Opens the first one that was found. */
  readonly onEnter: () => void;
}

export function SearchBox({ query, onQuery, onDown, onEnter }: SearchBoxProps) {
  const { t } = useTranslation("conversations");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    offerSearch(input.current);
    return () => offerSearch(null);
  }, []);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown") onDown();
    else if (event.key === "Enter" && query) onEnter();
    else if (event.key === "Escape" && query) onQuery("");
    else return;
    // Escape would also close the drawer, or stop an answer.
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className={styles.root}>
      <Icon name="search" size={16} />
      <input
        ref={input}
        className={styles.input}
        type="text"
        dir="auto"
        inputMode="search"
        enterKeyHint="search"
        autoComplete="off"
        spellCheck={false}
        value={query}
        aria-label={t("search")}
        placeholder={t("searchHint")}
        onChange={(event) => onQuery(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {query && (
        <IconButton
          icon="close"
          size={16}
          label={t("clearSearch")}
          onClick={() => {
            onQuery("");
            input.current?.focus();
          }}
        />
      )}
    </div>
  );
}
