import { lazy, Suspense, useEffect } from "react";
import { DropTarget } from "~/features/documents/DropTarget";
import { KeyDialog } from "~/features/settings/KeyDialog";
import { useKeyChange } from "~/features/settings/useKeyChange";
import { listenForShortcuts } from "~/features/shortcuts/listen";
import { Toasts } from "~/ui/Toasts";
import { ErrorBoundary } from "./ErrorBoundary";
import { Pages } from "./Pages";
import { Shell } from "./Shell";
import { useShell } from "./shellState";

const ShortcutHelp = lazy(() => import("~/features/shortcuts/ShortcutHelp"));

export function App() {
  const helpOpen = useShell((state) => state.helpOpen);
  useEffect(listenForShortcuts, []);
  useKeyChange();
  return (
    <ErrorBoundary>
      <DropTarget>
        <Shell>
          <Pages />
        </Shell>
      </DropTarget>
      <KeyDialog />
      {helpOpen && (
        <Suspense>
          <ShortcutHelp onClose={() => useShell.setState({ helpOpen: false })} />
        </Suspense>
      )}
      <Toasts />
    </ErrorBoundary>
  );
}
