import type { ReactNode } from "react";

/** Takes files and folders that are dropped anywhere on the page. */
export function DropTarget({ children }: { readonly children: ReactNode }) {
  return children;
}
