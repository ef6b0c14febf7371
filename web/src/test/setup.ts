import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterAll, afterEach, vi } from "vitest";

// As in the real page, whose HTML says so; KaTeX warns of any other.
Object.defineProperty(document, "compatMode", { value: "CSS1Compat", configurable: true });

// A file whose process runs others too gets modules of its own (see below), and these texts with them.
await import("~/i18n");

afterEach(() => {
  cleanup();
  localStorage.clear();
  sessionStorage.clear();
});

// No file finds what another left in a store.
afterAll(() => {
  vi.resetModules();
});
