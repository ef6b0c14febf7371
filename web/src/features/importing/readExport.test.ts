import { strToU8, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import type { Notes } from "./conversation";
import { ImportProblem, type ProblemCode } from "./problem";
import { readExport } from "./readExport";
import { entriesOf, unpack } from "./zip";

const NOTES = {} as Notes;

const chat = (id: string, texts: readonly string[], update = 1_700_000_000) => ({
  title: `Title ${id}`,
  conversation_id: id,
  update_time: update,
  mapping: Object.fromEntries(
    texts.map((text, index) => [
      `n${index}`,
      {
        parent: index ? `n${index - 1}` : null,
        message: {
          author: { role: index % 2 ? "assistant" : "user" },
          content: { content_type: "text", parts: [text] },
        },
      },
    ]),
  ),
  current_node: `n${texts.length - 1}`,
});

const own = (id: string) => ({
  format: "chatbot-conversation",
  version: 1,
  conversation_id: id,
  title: id,
  messages: [{ role: "user", text: "Q" }],
});

const file = (content: unknown): Blob =>
  new Blob([typeof content === "string" ? content : JSON.stringify(content)]);
const zip = (files: Record<string, unknown>, comment = ""): Blob => {
  const data = Object.fromEntries(
    Object.entries(files).map(([name, value]) => [name, strToU8(JSON.stringify(value))]),
  );
  return new Blob([zipSync(data) as BlobPart, comment]);
};
const idsOf = async (...files: Blob[]): Promise<string[]> =>
  (await readExport(files, NOTES)).conversations.map(({ id }) => id);
const problemOf = async (...files: Blob[]): Promise<ProblemCode | "none"> => {
  try {
    await readExport(files, NOTES);
    return "none";
  } catch (error) {
    if (error instanceof ImportProblem) return error.code;
    throw error;
  }
};

describe("readExport", () => {
  it("reads conversations.json, newest first", async () => {
    expect(await idsOf(file([chat("a", ["x"], 1_600_000_000), chat("b", ["x"], 1_700_000_000)]))).toEqual([
      "chatgpt-b",
      "chatgpt-a",
    ]);
  });

  it("reads the archive, of which it takes the conversations only", async () => {
    const archive = zip({
      "conversations.json": [chat("a", ["x"])],
      "message_feedback.json": [{ id: 1 }],
      "user.json": { id: "u" },
      "file-x.png": "not a picture",
    });
    expect(await idsOf(archive)).toEqual(["chatgpt-a"]);
  });

  it("reads newer exports, which come in parts, and files side by side", async () => {
    const archive = zip({
      "export/conversations-000.json": [chat("a", ["x"])],
      "export/conversations-001.json": [chat("b", ["x"])],
    });
    expect((await idsOf(archive)).sort()).toEqual(["chatgpt-a", "chatgpt-b"]);
    expect((await idsOf(file([chat("c", ["x"])]), file([chat("d", ["x"])]))).sort()).toEqual([
      "chatgpt-c",
      "chatgpt-d",
    ]);
  });

  it("reads an export of its own: a file, several, or the archive with all", async () => {
    expect(await idsOf(file(own("x")))).toEqual(["x"]);
    expect(
      (await idsOf(zip({ "One.json": own("x"), "Two.json": own("y"), "Three.md": "#" }))).sort(),
    ).toEqual(["x", "y"]);
  });

  it("keeps the longer of two with the same id", async () => {
    const { conversations } = await readExport(
      [file([chat("a", ["x"]), chat("a", ["x", "y"]), chat("a", ["x"])])],
      NOTES,
    );
    expect(conversations.map(({ messages }) => messages.length)).toEqual([2]);
  });

  it("leaves out what holds nothing and says how much that was", async () => {
    const { conversations, skipped } = await readExport(
      [file([chat("a", ["x"]), chat("b", []), null, 7, { title: "x" }])],
      NOTES,
    );
    expect([conversations.length, skipped]).toEqual([1, 4]);
  });

  it("reads a file with a byte order mark", async () => {
    expect(await idsOf(file(`\ufeff${JSON.stringify([chat("a", ["x"])])}`))).toEqual(["chatgpt-a"]);
  });

  it.each<[string, ProblemCode, () => Blob]>([
    ["nothing", "notAnExport", () => file("")],
    ["a text", "notAnExport", () => file("Dear diary")],
    ["a picture", "notAnExport", () => new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3])])],
    ["other JSON", "notAnExport", () => file({ a: 1 })],
    ["an empty list", "notAnExport", () => file([])],
    ["a list of other things", "nothingInside", () => file([1, 2])],
    ["conversations without words", "nothingInside", () => file([chat("a", [])])],
    ["JSON that ends too early", "brokenJson", () => file('[{"mapping": {')],
    ["an archive without JSON", "notAnExport", () => zip({ "a.txt": "x" })],
    [
      "an archive that ends too early",
      "brokenZip",
      () => zip({ "conversations.json": [chat("a", ["x".repeat(500)])] }).slice(0, 200),
    ],
    ["the beginning of an archive", "brokenZip", () => new Blob([new Uint8Array([0x50, 0x4b, 3, 4])])],
    ["an export of a newer version", "tooNew", () => file({ ...own("x"), version: 2 })],
  ])("says what is wrong with %s", async (_, problem, made) => {
    expect(await problemOf(made())).toBe(problem);
  });
});

describe("the archive", () => {
  const packed = (bytes: Uint8Array): Blob =>
    new Blob([zipSync({ "conversations.json": bytes }, { level: 9 }) as BlobPart]);

  it("is read though something stands behind it", async () => {
    expect((await entriesOf(zip({ "a.json": 1 }, "")))[0]?.name).toBe("a.json");
  });

  it("stops unpacking where a file has more than it may, whatever its directory says", async () => {
    const bomb = packed(new Uint8Array(30_000_000).fill(32));
    expect(bomb.size).toBeLessThan(50_000);
    const bytes = new Uint8Array(await bomb.arrayBuffer());
    // The directory claims a length of 10.
    const at = bytes.findLastIndex(
      (_, index) =>
        new DataView(bytes.buffer).getUint32(Math.min(index, bytes.length - 4), true) === 0x02014b50,
    );
    new DataView(bytes.buffer).setUint32(at + 24, 10, true);
    const lying = new Blob([bytes as BlobPart]);
    const [entry] = await entriesOf(lying);
    if (!entry) throw new Error("no entry");
    await expect(unpack(lying, entry, 1_000_000)).rejects.toThrow("tooLarge");
  });

  it("is broken where any of its bytes is wrong in a way that matters, and never anything worse", async () => {
    const bytes = new Uint8Array(
      await packed(strToU8(JSON.stringify([chat("a", ["some text to pack"])]))).arrayBuffer(),
    );
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = bytes.slice();
      changed[index] = (changed[index] ?? 0) ^ 0xff;
      // Resolves or says one of the problems: anything else throws.
      await problemOf(new Blob([changed as BlobPart]));
    }
  });

  it("with a password is said to have one", async () => {
    const bytes = new Uint8Array(await packed(strToU8("[]")).arrayBuffer());
    const at = bytes.findLastIndex(
      (_, index) =>
        index + 4 <= bytes.length && new DataView(bytes.buffer).getUint32(index, true) === 0x02014b50,
    );
    bytes[at + 8] = 1;
    expect(await problemOf(new Blob([bytes as BlobPart]))).toBe("encrypted");
  });
});
