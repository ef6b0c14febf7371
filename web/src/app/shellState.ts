/** What of the frame around the pages is open just now. */
import { create } from "zustand";
import { usePreferences } from "~/state/preferences";
import { NARROW } from "~/ui/useMediaQuery";

interface ShellState {
  /** The sidebar of a narrow screen, which lies over the page. */
  readonly drawerOpen: boolean;
  readonly helpOpen: boolean;
  readonly keyDialogOpen: boolean;
  /** Nobody is led to the welcome page any more, whatever the server says later: somebody may be writing. */
  readonly welcomeSettled: boolean;
}

export const useShell = create<ShellState>(() => ({
  drawerOpen: false,
  helpOpen: false,
  keyDialogOpen: false,
  welcomeSettled: false,
}));

const isNarrow = (): boolean => matchMedia(NARROW).matches;

export function showSidebar(open: boolean): void {
  if (isNarrow()) useShell.setState({ drawerOpen: open });
  else usePreferences.getState().set({ sidebarOpen: open });
}

export function toggleSidebar(): void {
  const open = isNarrow() ? useShell.getState().drawerOpen : usePreferences.getState().sidebarOpen;
  showSidebar(!open);
}
