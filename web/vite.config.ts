import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { firstLoad } from "./vite/firstLoad";
import { pdfjsAssets } from "./vite/pdfjsAssets";
import { scriptBeforePaint } from "./vite/scriptBeforePaint";
import { serviceWorker } from "./vite/serviceWorker";

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
    environment: "happy-dom",
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
    css: { modules: { classNameStrategy: "non-scoped" } },
  },
});
