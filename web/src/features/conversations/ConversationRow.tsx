import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { paths } from "~/app/routes";
import { Menu, type MenuItem } from "~/ui/Menu";
import styles from "./ConversationRow.module.css";
import { Highlighted } from "./Highlighted";
import type { Header } from "./pages";
import { RenameForm } from "./RenameForm";
import type { ExportFormat } from "./useActions";

export interface RowEvents {
  readonly onChosen: () => void;
  readonly onRename: (item: Header) => void;
  readonly onRenamed: (item: Header, title: string | undefined, hadFocus: boolean) => void;
  readonly onRemove: (item: Header) => void;
  readonly onSave: (item: Header, format: ExportFormat) => void;
}

interface ConversationRowProps {
  readonly item: Header;
  readonly current: boolean;
  readonly answering: boolean;
  readonly renaming: boolean;
  /** Whether the Tab key leads here; the arrow keys lead to the others. */
  readonly tabStop: boolean;
  readonly words: readonly string[];
  readonly events: RowEvents;
}

/** A conversation of the list: a link to it, and a menu of what can be done to it. */
export const ConversationRow = memo(function ConversationRow(props: ConversationRowProps) {
  const { item, current, answering, renaming, tabStop, words, events } = props;
  const { t } = useTranslation("conversations");
  if (renaming)
    return (
      <RenameForm title={item.title} onDone={(title, hadFocus) => events.onRenamed(item, title, hadFocus)} />
    );
  const title = item.title.trim() || t("untitled");
  const items: readonly MenuItem[] = [
    { label: t("rename"), icon: "edit", run: () => events.onRename(item) },
    { label: t("exportMarkdown"), icon: "download", run: () => events.onSave(item, "markdown") },
    { label: t("exportJson"), icon: "download", run: () => events.onSave(item, "json") },
    { label: t("delete"), icon: "trash", danger: true, run: () => events.onRemove(item) },
  ];
  return (
    <div className={styles.row} data-conversation={item.conversation_id}>
      <Link
        href={paths.conversation(item.conversation_id)}
        className={styles.link ?? ""}
        aria-current={current ? "page" : undefined}
        tabIndex={tabStop ? 0 : -1}
        title={title}
        onClick={(event) => {
          // Into another tab: this one stays as it is.
          if (!event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) events.onChosen();
        }}
        onKeyDown={(event) => {
          if (event.key === "F2") events.onRename(item);
          if (event.key === "Delete") events.onRemove(item);
        }}
      >
        <span className={styles.title}>
          <bdi>
            <Highlighted text={title} words={words} />
          </bdi>
        </span>
        {answering && (
          <span className={styles.answering}>
            <span className="visually-hidden">{t("answering")}</span>
          </span>
        )}
      </Link>
      <Menu
        className={styles.menu ?? ""}
        label={t("actions", { title })}
        items={items}
        tabIndex={tabStop ? 0 : -1}
      />
    </div>
  );
});
