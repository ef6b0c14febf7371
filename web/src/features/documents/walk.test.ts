import { describe, expect, it } from "vitest";
import { entriesOf, filesOfFolder, isHidden, walk } from "./walk";

type Tree = { readonly [name: string]: Tree | string };

/** As browsers have them: a hundred children at a time, then none. */
function entry(
  name: string,
  content: Tree | string,
  failing: ReadonlySet<string> = new Set(),
): FileSystemEntry {
  if (typeof content === "string") {
    return {
      name,
      isFile: true,
      isDirectory: false,
      file: (done: (file: File) => void, fail: (error: Error) => void) =>
        failing.has(name) ? fail(new Error("NotReadableError")) : done(new File([content], name)),
    } as unknown as FileSystemEntry;
  }
  return {
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      const left = Object.entries(content).map(([child, below]) => entry(child, below, failing));
      return {
        readEntries: (done: (entries: FileSystemEntry[]) => void, fail: (error: Error) => void) =>
          failing.has(name) ? fail(new Error("NotFoundError")) : done(left.splice(0, 100)),
      };
    },
  } as unknown as FileSystemEntry;
}

const pathsOf = (found: { readonly files: readonly { readonly path: string }[] }): string[] =>
  found.files.map(({ path }) => path);

describe("a folder", () => {
  it("gives its files with their paths, in the order of their names", async () => {
    const found = await walk([entry("docs", { "b10.txt": "", "b9.txt": "", sub: { "c.md": "" } })]);
    expect(pathsOf(found)).toEqual(["docs/b9.txt", "docs/b10.txt", "docs/sub/c.md"]);
  });

  it("of 1,000 files is read to its end, though a hundred come at a time", async () => {
    const files = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`${n}.txt`, ""]));
    const found = await walk([entry("many", files)]);
    expect(found.files).toHaveLength(1_000);
    expect(found.isCut).toBe(false);
  });

  it("leaves out what is hidden, and counts it", async () => {
    const found = await walk([
      entry("docs", { ".DS_Store": "", ".git": { config: "", HEAD: "" }, "~$letter.docx": "", "a.txt": "" }),
    ]);
    expect(pathsOf(found)).toEqual(["docs/a.txt"]);
    expect(found.hidden).toBe(3);
  });

  it("with something unreadable gives the rest, and names that", async () => {
    const failing = new Set(["locked", "gone.txt"]);
    const found = await walk([
      entry("docs", { locked: { "x.txt": "" }, "gone.txt": "", "a.txt": "" }, failing),
    ]);
    expect(pathsOf(found)).toEqual(["docs/a.txt"]);
    expect(found.unreadable).toEqual(["docs/gone.txt", "docs/locked"]);
  });

  it("that is empty gives nothing", async () => {
    expect(await walk([entry("empty", {})])).toEqual({
      files: [],
      hidden: 0,
      unreadable: [],
      isCut: false,
    });
  });

  it("with more than anybody meant is cut, which is said", async () => {
    const found = await walk([entry("many", { "1": "", "2": "", "3": "", "4": "" })], 3);
    expect(found.files).toHaveLength(3);
    expect(found.isCut).toBe(true);
  });

  it("without an end (a link to itself) comes to one", async () => {
    const endless: Tree = new Proxy({} as Tree, {
      ownKeys: () => ["again"],
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
      get: () => endless,
    });
    expect((await walk([entry("loop", endless)])).files).toEqual([]);
  });
});

describe("a file that was dropped itself", () => {
  it("is taken whatever it is called", async () => {
    expect(pathsOf(await walk([entry(".env", "x")]))).toEqual([".env"]);
  });
});

describe("a transfer", () => {
  it("gives entries where the browser has them, files where not, and nothing for texts", () => {
    const one = entry("a.txt", "");
    const file = new File([""], "b.txt");
    const items = [
      { kind: "file", webkitGetAsEntry: () => one, getAsFile: () => null },
      { kind: "file", webkitGetAsEntry: () => null, getAsFile: () => file },
      { kind: "file", getAsFile: () => null },
      { kind: "string" },
    ];
    const transfer = { items } as unknown as DataTransfer;
    expect(entriesOf(transfer)).toEqual({ entries: [one], files: [file] });
  });
});

describe("a folder that was chosen", () => {
  const chosen = (path: string): File =>
    Object.defineProperty(new File([""], path.split("/").at(-1) ?? ""), "webkitRelativePath", {
      value: path,
    });

  it("keeps its paths and leaves out what is hidden anywhere in them", () => {
    const found = filesOfFolder(["docs/a.txt", "docs/.git/config", "docs/sub/Thumbs.db"].map(chosen));
    expect(pathsOf(found)).toEqual(["docs/a.txt"]);
    expect(found.hidden).toBe(2);
  });

  it("is cut where it is too large", () => {
    const found = filesOfFolder(["d/1", "d/2", "d/3"].map(chosen), 2);
    expect(pathsOf(found)).toEqual(["d/1", "d/2"]);
    expect(found.isCut).toBe(true);
  });
});

it.each([".DS_Store", ".hidden", "Thumbs.db", "DESKTOP.INI", "~$x.docx", "__MACOSX"])(
  "%s is hidden",
  (name) => {
    expect(isHidden(name)).toBe(true);
  },
);

it.each(["a.b", "~home", "thumbs.db.txt", "…", "desktop"])("%s is not", (name) => {
  expect(isHidden(name)).toBe(false);
});
