import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useRoute } from "wouter";
import { focusComposer } from "~/features/chat/commands";
import { ConversationList } from "~/features/conversations/ConversationList";
import { AppearanceMenu } from "~/features/settings/AppearanceMenu";
import { IconButton } from "~/ui/Button";
import { focusIfLost } from "~/ui/focus";
import { Icon, type IconName } from "~/ui/Icon";
import { paths } from "./routes";
import styles from "./Sidebar.module.css";
import { showSidebar, useShell } from "./shellState";

const LINKS = [
  { to: paths.library, text: "library", icon: "document" },
  { to: paths.costs, text: "costs", icon: "costs" },
  { to: paths.settings, text: "settings", icon: "settings" },
] as const satisfies readonly { to: string; text: string; icon: IconName }[];

/** Conversations and the way to every page. On a narrow screen a drawer over the page: what it covers is inert then. */
export function Sidebar({ open, drawer }: { readonly open: boolean; readonly drawer: boolean }) {
  const { t } = useTranslation("shell");
  const [location] = useLocation();
  const [, conversation] = useRoute("/c/:id");
  const root = useSidebarFocus(open, drawer);
  const close = (): void => showSidebar(false);
  return (
    <aside
      ref={root}
      aria-label={t("sidebar")}
      className={`${styles.sidebar} ${drawer ? styles.drawer : ""} ${open ? "" : styles.closed}`}
      // Kept while it is closed, so that the list does not begin anew.
      inert={!open}
    >
      <div className={styles.head}>
        <Link href={paths.welcome} className={styles.brand}>
          {t("appName", { ns: "common" })}
        </Link>
        <IconButton
          icon={drawer ? "close" : "sidebar"}
          label={t("closeSidebar")}
          onClick={close}
          data-close-sidebar
        />
      </div>
      <Link
        href={paths.home}
        className={styles.new}
        onClick={() => location === paths.home && focusComposer()}
      >
        <Icon name="edit" />
        {t("newChat")}
      </Link>
      <div className={styles.list}>
        <ConversationList
          currentId={conversation?.id}
          onChosen={() => useShell.setState({ drawerOpen: false })}
        />
      </div>
      <nav className={styles.links} aria-label={t("pages")}>
        {LINKS.map(({ to, text, icon }) => (
          <Link
            key={to}
            href={to}
            className={styles.link ?? ""}
            aria-current={location === to ? "page" : undefined}
          >
            <Icon name={icon} />
            {t(text)}
          </Link>
        ))}
      </nav>
      <div className={styles.foot}>
        <div>
          <AppearanceMenu />
        </div>
        <IconButton
          icon="keyboard"
          label={t("shortcuts")}
          onClick={() => useShell.setState({ helpOpen: true })}
        />
      </div>
    </aside>
  );
}

/**
 * While the drawer is open the focus is in it, and Escape closes it; afterwards it goes back to where it was. Beside the page the focus
 * only must not get lost with the sidebar.
 */
function useSidebarFocus(open: boolean, drawer: boolean) {
  const root = useRef<HTMLElement>(null);
  const covers = open && drawer;
  useEffect(() => {
    const element = root.current;
    if (!covers || !element) return;
    const before = document.activeElement;
    if (!element.contains(before)) element.querySelector<HTMLElement>("[data-close-sidebar]")?.focus();
    const onKey = (event: KeyboardEvent): void => {
      const elsewhere = event.target instanceof Element && event.target.closest("dialog, [popover]");
      if (event.key !== "Escape" || event.defaultPrevented || elsewhere) return;
      event.preventDefault();
      showSidebar(false);
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
      focusIfLost(() => before, element);
    };
  }, [covers]);
  useEffect(() => {
    if (!open || drawer) return;
    const element = root.current;
    return () => focusIfLost(() => document.querySelector("[data-open-sidebar]"), element);
  }, [open, drawer]);
  return root;
}
