/** Paths of the interface. None is a path of the API, which stands below /api. */
export const paths = {
  home: "/",
  conversation: (id: string) => `/c/${encodeURIComponent(id)}`,
  library: "/library",
  costs: "/costs",
  settings: "/settings",
  welcome: "/welcome",
} as const;

/** Whether a path shows a conversation, or the beginning of one. Paths that are no page do too. */
export function isConversation(path: string): boolean {
  const others: readonly string[] = [paths.library, paths.costs, paths.settings, paths.welcome];
  return !others.includes(path.replace(/\/+$/, ""));
}
