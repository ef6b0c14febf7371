import type { Citation, PanelContent } from "~/state/panel";

/** What the panel shows, whichever way it was opened. */
export interface Source {
  readonly documentId: string;
  /** The document's name, with its folders. */
  readonly path: string;
  /** Without them. */
  readonly name: string;
  readonly citation: Citation | undefined;
  readonly isPdf: boolean;
}

/** `undefined` where the citation that is asked for is not one of those given. */
export function sourceOf(content: PanelContent): Source | undefined {
  if (content.kind === "document") return source(content.documentId, content.filename, undefined);
  const citation = content.citations.find((each) => each.number === content.number);
  return citation && source(citation.document_id, citation.document, citation);
}

function source(documentId: string, path: string, citation: Citation | undefined): Source {
  const name = path.split("/").at(-1) || path;
  return { documentId, path, name, citation, isPdf: /\.pdf$/i.test(name) };
}

/** The source that stands so many places further among the answer's, if there is one. */
export function neighbour(content: PanelContent, step: 1 | -1): Citation | undefined {
  if (content.kind !== "citation") return undefined;
  const at = content.citations.findIndex((each) => each.number === content.number);
  return at < 0 ? undefined : content.citations[at + step];
}
