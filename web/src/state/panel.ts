/** What stands beside the answer: a source at its passage, or a document. */
import { create } from "zustand";
import type { Schemas } from "~/api/client";

export type Citation = Schemas["Citation"];

export type PanelContent =
  | { readonly kind: "citation"; readonly citations: readonly Citation[]; readonly number: number }
  | { readonly kind: "document"; readonly documentId: string; readonly filename: string };

interface PanelState {
  readonly content: PanelContent | undefined;
  /** Shows a source. `number` is the citation's own, as in [n]. */
  readonly openCitation: (citations: readonly Citation[], number: number) => void;
  readonly openDocument: (documentId: string, filename: string) => void;
  readonly close: () => void;
}

export const usePanel = create<PanelState>((set) => ({
  content: undefined,
  openCitation: (citations, number) => set({ content: { kind: "citation", citations, number } }),
  openDocument: (documentId, filename) => set({ content: { kind: "document", documentId, filename } }),
  close: () => set({ content: undefined }),
}));
