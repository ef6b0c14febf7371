/** Paths of the interface. None is a path of the API, which stands below /api. */
export const paths = {
  home: "/",
  conversation: (id: string) => `/c/${encodeURIComponent(id)}`,
  library: "/library",
  costs: "/costs",
  settings: "/settings",
  welcome: "/welcome",
} as const;
