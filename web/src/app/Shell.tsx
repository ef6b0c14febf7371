import { lazy, type ReactNode, Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { UploadIndicator } from "~/features/documents/UploadIndicator";
import { usePanel } from "~/state/panel";
import { usePreferences } from "~/state/preferences";
import { NARROW, useMediaQuery } from "~/ui/useMediaQuery";
import { Notices } from "./Notices";
import { isConversation } from "./routes";
import styles from "./Shell.module.css";
import { Sidebar } from "./Sidebar";
import { useShell } from "./shellState";
import { TopBar } from "./TopBar";
import { usePageTitle } from "./usePageTitle";

const SourcePanel = lazy(() => import("~/features/sources/SourcePanel"));

/** The frame around every page: the sidebar, the page, and a source beside it. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { t } = useTranslation("shell");
  const [location] = useLocation();
  const narrow = useMediaQuery(NARROW);
  const sidebarKept = usePreferences((state) => state.sidebarOpen);
  const drawerOpen = useShell((state) => state.drawerOpen);
  const panel = usePanel((state) => state.content);
  const main = useRef<HTMLElement>(null);
  const title = usePageTitle();
  const sidebarOpen = narrow ? drawerOpen : sidebarKept;
  const covered = narrow && drawerOpen;

  const shown = useRef(location);
  useEffect(() => {
    if (shown.current === location) return;
    shown.current = location;
    useShell.setState({ drawerOpen: false });
    // A conversation takes the focus into its message box. What the drawer covered takes it only after the drawer has closed.
    if (!isConversation(location)) requestAnimationFrame(() => main.current?.focus());
  }, [location]);

  return (
    <div className={styles.shell}>
      <a href="#main" className={styles.skip} inert={covered}>
        {t("skip")}
      </a>
      {covered && (
        <div className={styles.backdrop} onPointerDown={() => useShell.setState({ drawerOpen: false })} />
      )}
      <Sidebar open={sidebarOpen} drawer={narrow} />
      <div className={styles.column} inert={covered}>
        {!sidebarOpen || narrow ? <TopBar title={title} /> : null}
        <Notices />
        <main id="main" ref={main} tabIndex={-1} className={styles.main}>
          {children}
        </main>
      </div>
      {panel && (
        <div className={styles.panel} inert={covered}>
          <Suspense>
            <SourcePanel />
          </Suspense>
        </div>
      )}
      <UploadIndicator />
    </div>
  );
}
