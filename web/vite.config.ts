import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { firstLoad } from "./vite/firstLoad";
import { pdfjsAssets } from "./vite/pdfjsAssets";
import { scriptBeforePaint } from "./vite/scriptBeforePaint";
import { serviceWorker } from "./vite/serviceWorker";

const TESTS = ["src/**/*.test.{ts,tsx}", "vite/**/*.test.ts"];
/** Tests that need a process of their own: they put other modules in the place of some, or begin to listen for good to other tabs. */
const APART = [
  "src/features/chat/{answering,connect}.test.ts",
  "src/features/chat/ConversationPage.test.tsx",
  "src/features/importing/ImportDialog.test.tsx",
  "src/features/sources/SourcePanel.test.tsx",
];

export default defineConfig({
  plugins: [pdfjsAssets(), serviceWorker(), scriptBeforePaint(), firstLoad()],
  // The worker of pdf.js is a module.
  worker: { format: "es" },
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  esbuild: { jsx: "automatic" },
  build: {
    target: "es2022",
    // A data: address is a font or a script that the content security policy refuses.
    assetsInlineLimit: 0,
    // The polyfill is an inline script, which the content security policy refuses; every browser of the target has the real thing.
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/api": { target: process.env.CHATBOT_URL ?? "http://127.0.0.1:8000", changeOrigin: true },
    },
  },
  test: {
    restoreMocks: true,
    // Seconds are long for what these tests do, and short for a busy machine.
    testTimeout: 30_000,
    silent: "passed-only",
    reporters: ["dot"],
    css: { modules: { classNameStrategy: "non-scoped" } },
    setupFiles: ["src/test/setup.ts"],
    environment: "happy-dom",
    projects: [
      // A process runs many of these, one after the other: starting it and loading a page and React into it costs more than most tests.
      { extends: true, test: { name: "shared", include: TESTS, exclude: APART, isolate: false } },
      { extends: true, test: { name: "apart", include: APART } },
    ],
  },
});
