import { describe, expect, it } from "vitest";
import { MOST_CHOSEN, withDocument } from "./attach";
import { pendingDocuments } from "./deleting";
import { foundBy, inOrder, withTicked } from "./library";
import { offersOf, toggled, withOffered } from "./picking";
import type { DocumentView } from "./transport";
import { merged } from "./useDocuments";
import { isTextMeant } from "./useFileDrop";

const view = (filename: string, change: Partial<DocumentView> = {}): DocumentView => ({
  document_id: `id-${filename}`,
  filename,
  status: "ready",
  chunks: 1,
  created_at: "2026-11-01T00:00:00Z",
  updated_at: "2026-11-01T00:00:00Z",
  ...change,
});
const names = (views: readonly DocumentView[]): string[] => views.map(({ filename }) => filename);

describe("the library", () => {
  const all = [
    view("a/Übung 1.pdf", { updated_at: "2026-11-03T00:00:00Z" }),
    view("b.md"),
    view("Ubung.txt", { updated_at: "2026-11-02T00:00:00Z" }),
  ];

  it("finds by parts of names and folders, whatever the case and the accents", () => {
    expect(names(foundBy(all, "ubung"))).toEqual(["a/Übung 1.pdf", "Ubung.txt"]);
    expect(names(foundBy(all, "PDF a/"))).toEqual(["a/Übung 1.pdf"]);
    expect(names(foundBy(all, "  "))).toEqual(names(all));
    expect(foundBy(all, "(")).toEqual([]);
  });

  it("sorts by name as the server does, or by what changed last", () => {
    expect(inOrder(all, "name")).toBe(all);
    expect(names(inOrder(all, "time"))).toEqual(["a/Übung 1.pdf", "Ubung.txt", "b.md"]);
  });

  it("ticks one, and with a range all up to it in either direction", () => {
    const one = withTicked(new Set(), all, "id-b.md", true, undefined);
    expect([...one]).toEqual(["id-b.md"]);
    expect(withTicked(one, all, "id-a/Übung 1.pdf", true, "id-b.md").size).toBe(2);
    expect(withTicked(one, all, "id-b.md", false, "id-Ubung.txt").size).toBe(0);
    expect([...withTicked(new Set(), all, "id-b.md", true, "not shown any more")]).toEqual(["id-b.md"]);
  });
});

describe("the listing", () => {
  const listed = [
    { documents: [view("a", { status: "processing" }), view("b")] },
    { documents: [view("b")] },
  ];

  it("shows what was seen since it came, and not what was seen before", () => {
    const seen = { "id-a": { view: view("a"), at: 200 } };
    expect(merged(listed, seen, 100, new Set())[0]?.status).toBe("ready");
    expect(merged(listed, seen, 300, new Set())[0]?.status).toBe("processing");
  });

  it("leaves out what is gone or about to be, and what pages have twice", () => {
    expect(names(merged(listed, {}, 0, new Set()))).toEqual(["a", "b"]);
    expect(names(merged(listed, { "id-a": { view: undefined, at: 1 } }, 0, new Set()))).toEqual(["b"]);
    expect(names(merged(listed, {}, 0, new Set(["id-b"])))).toEqual(["a"]);
  });
});

it("what is uploaded again is not about to be deleted any more", () => {
  const keys = new Set(["documents:1,2", "conversation:3", "documents:4"]);
  expect([...pendingDocuments(keys, new Set(["2"]))]).toEqual(["1", "4"]);
});

describe("the picker", () => {
  const documents = [view("a"), view("b", { status: "processing" }), view("c", { status: "failed" })];

  it("offers only ready ones, but lets go of any that is chosen", () => {
    const offers = offersOf(documents, ["id-c"], "", true);
    expect(offers.map(({ id, isChosen, canToggle }) => [id, isChosen, canToggle])).toEqual([
      ["id-a", false, true],
      ["id-b", false, false],
      ["id-c", true, true],
    ]);
  });

  it("shows what was chosen and is gone, once the listing is complete", () => {
    expect(offersOf(documents, ["gone"], "", true)[0]).toEqual({
      id: "gone",
      view: undefined,
      isChosen: true,
      canToggle: true,
    });
    expect(offersOf(documents, ["gone"], "", false).map(({ id }) => id)).not.toContain("gone");
  });

  it("takes no more than the API does", () => {
    const full = Array.from({ length: MOST_CHOSEN }, (_, n) => `${n}`);
    expect(offersOf(documents, full, "a", false)[0]?.canToggle).toBe(false);
    const room = full.slice(1);
    expect(withOffered(room, offersOf([view("x"), view("y")], room, "", false))).toEqual([...room, "id-x"]);
  });

  it("chooses and lets go", () => {
    expect(toggled(["1"], "2")).toEqual(["1", "2"]);
    expect(toggled(["1", "2"], "1")).toEqual(["2"]);
  });
});

describe("attaching a document to a conversation", () => {
  const all = { model: undefined, useDocuments: true, documentIds: undefined };

  it("changes nothing where all may be used", () => {
    expect(withDocument(all, "1")).toBe(all);
  });

  it("adds it to those that were chosen, once", () => {
    const chosen = { ...all, documentIds: ["1"] };
    expect(withDocument(chosen, "2").documentIds).toEqual(["1", "2"]);
    expect(withDocument(chosen, "1")).toBe(chosen);
  });

  it("lets the conversation use this one where it used none", () => {
    expect(withDocument({ ...all, useDocuments: false, documentIds: ["1"] }, "2")).toEqual({
      ...all,
      documentIds: ["2"],
    });
  });

  it("does not choose more than the API takes", () => {
    const full = { ...all, documentIds: Array.from({ length: MOST_CHOSEN }, (_, n) => `${n}`) };
    expect(withDocument(full, "new")).toBe(full);
  });
});

describe("what is pasted", () => {
  const transfer = (texts: Record<string, string>, ...files: string[]) => ({
    types: [...Object.keys(texts), "Files"],
    files: files.map((name) => new File([""], name)) as unknown as FileList,
    getData: (type: string) => texts[type] ?? "",
  });

  it("is files where there is nothing else, or only their names", () => {
    expect(isTextMeant(transfer({}, "a.pdf"))).toBe(false);
    expect(isTextMeant(transfer({ "text/plain": "a.pdf\nb.pdf" }, "a.pdf", "b.pdf"))).toBe(false);
    expect(isTextMeant(transfer({ "text/plain": "/home/me/a.pdf" }, "a.pdf"))).toBe(false);
  });

  it("is a text where a text comes with a picture of itself", () => {
    expect(isTextMeant(transfer({ "text/html": "<table>", "text/plain": "1\t2" }, "image.png"))).toBe(true);
    expect(isTextMeant(transfer({ "text/plain": "1\t2" }, "image.png"))).toBe(true);
  });
});
