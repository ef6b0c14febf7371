import type { Plugin } from "vite";

/**
 * Nothing is painted before the page's script ran (`blocking="render"`): the theme that the user chose is known only to it, and the
 * content security policy refuses an inline one. Without it a dark page would begin with a white flash. The page is empty until then
 * anyway.
 */
export function scriptBeforePaint(): Plugin {
  return {
    name: "script-before-paint",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replaceAll('<script type="module"', '<script type="module" blocking="render"'),
    },
  };
}
