import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { focusComposer } from "~/features/chat/commands";
import { IconButton } from "~/ui/Button";
import { paths } from "./routes";
import { showSidebar } from "./shellState";
import styles from "./TopBar.module.css";

/** Where the sidebar is closed: opens it, says where one is, begins a conversation. */
export function TopBar({ title }: { readonly title: string }) {
  const { t } = useTranslation("shell");
  const [location, navigate] = useLocation();
  return (
    <header className={styles.bar}>
      <IconButton icon="menu" label={t("openSidebar")} onClick={() => showSidebar(true)} data-open-sidebar />
      <span className={styles.title} dir="auto">
        {title}
      </span>
      <IconButton
        icon="edit"
        label={t("newChat")}
        onClick={() => {
          if (location === paths.home) focusComposer();
          else navigate(paths.home);
        }}
      />
    </header>
  );
}
