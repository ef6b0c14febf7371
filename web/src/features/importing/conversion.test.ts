import { describe, expect, it } from "vitest";
import { fromChatGpt, isChatGpt } from "./chatgpt";
import { cleanText, cleanTitle, idOf, isoOf, type Notes, timeOf } from "./conversation";
import { fromOwn, isOwn } from "./ownExport";
import { chunksOf, cut, MOST_BYTES, sizeOf, turnsOf } from "./turns";

const NOTES: Notes = {
  image: "image not imported",
  audio: "audio not imported",
  file: "file not imported",
  noAnswer: "no answer in the export",
  noQuestion: "no question in the export",
  continued: "continued",
};
const NOW = Date.UTC(2026, 0, 1) * 1_000;
const T0 = 1_700_000_000;

interface Given {
  readonly id: string;
  readonly parent?: string | null;
  readonly role?: string;
  readonly text?: string;
  readonly time?: number | null;
  readonly [key: string]: unknown;
}

/** A node of the tree, as the export has it. */
function node({ id, parent = null, role, text, time = null, ...rest }: Given): [string, unknown] {
  const message = role && {
    id,
    author: { role },
    create_time: time,
    content: { content_type: "text", parts: [text] },
    recipient: "all",
    metadata: {},
    ...rest,
  };
  return [id, { id, message: message ?? null, parent, children: [] }];
}

const tree = (nodes: readonly Given[], rest: object = {}): Record<string, unknown> => ({
  title: "Talk",
  conversation_id: "11111111-2222-3333-4444-555555555555",
  create_time: T0,
  update_time: T0 + 100,
  mapping: Object.fromEntries(nodes.map(node)),
  ...rest,
});

const imported = (source: Record<string, unknown>) => fromChatGpt(source, NOTES, NOW);
const said = (source: Record<string, unknown>): string[] =>
  imported(source).messages.map(({ role, text }) => `${role}: ${text}`);
const pairs = (source: Record<string, unknown>): [string, string][] =>
  turnsOf(imported(source), NOTES).map(({ question, reply }) => [question, reply]);

describe("a conversation of ChatGPT", () => {
  it("is the branch that was shown last, from the root on", () => {
    const source = tree(
      [
        { id: "root" },
        { id: "q1", parent: "root", role: "user", text: "Q1" },
        { id: "a1", parent: "q1", role: "assistant", text: "first answer" },
        { id: "a1b", parent: "q1", role: "assistant", text: "second answer" },
        { id: "q2", parent: "a1b", role: "user", text: "Q2" },
        { id: "a2", parent: "q2", role: "assistant", text: "A2" },
      ],
      { current_node: "a2" },
    );
    expect(said(source)).toEqual(["user: Q1", "assistant: second answer", "user: Q2", "assistant: A2"]);
    expect(said({ ...source, current_node: "a1" })).toEqual(["user: Q1", "assistant: first answer"]);
  });

  it("without a last node is the newest branch", () => {
    const nodes: Given[] = [
      { id: "q", role: "user", text: "Q", time: T0 },
      { id: "old", parent: "q", role: "assistant", text: "old", time: T0 + 1 },
      { id: "new", parent: "q", role: "assistant", text: "new", time: T0 + 2 },
    ];
    for (const current_node of [undefined, null, "gone", 7, {}]) {
      expect(said(tree(nodes, { current_node }))).toEqual(["user: Q", "assistant: new"]);
    }
  });

  it("has an id, a title and times of its own, the same every time", () => {
    const { id, title, begun, changed } = imported(tree([{ id: "q", role: "user", text: "Q" }]));
    expect({ id, title, begun, changed }).toEqual({
      id: "chatgpt-11111111-2222-3333-4444-555555555555",
      title: "Talk",
      begun: T0 * 1e6,
      changed: (T0 + 100) * 1e6,
    });
    const nameless = tree([{ id: "q", role: "user", text: "Q" }], {
      conversation_id: undefined,
      title: null,
    });
    expect(imported(nameless).id).toMatch(/^chatgpt-h[0-9a-f]+$/);
    expect(imported(nameless).id).toBe(imported(structuredClone(nameless)).id);
    expect(imported(nameless).title).toBe("ChatGPT");
  });

  it("leaves out instructions, tools, thoughts and what was hidden", () => {
    const source = tree(
      [
        { id: "s", role: "system", text: "be nice" },
        {
          id: "h",
          parent: "s",
          role: "user",
          text: "about me",
          metadata: { is_visually_hidden_from_conversation: true },
        },
        { id: "q", parent: "h", role: "user", text: "Q" },
        { id: "c", parent: "q", role: "assistant", text: "search()", recipient: "browser" },
        { id: "t", parent: "c", role: "tool", text: "results" },
        {
          id: "r",
          parent: "t",
          role: "assistant",
          content: { content_type: "thoughts", thoughts: [{ content: "hm" }] },
        },
        { id: "a", parent: "r", role: "assistant", text: "A" },
      ],
      { current_node: "a" },
    );
    expect(said(source)).toEqual(["user: Q", "assistant: A"]);
  });

  it("says where images, sound and files were", () => {
    const content = {
      content_type: "multimodal_text",
      parts: [
        { content_type: "image_asset_pointer", asset_pointer: "file-service://x" },
        "What is this?",
        { content_type: "audio_asset_pointer" },
        { content_type: "audio_transcription", text: "spoken" },
        null,
        7,
      ],
    };
    const metadata = {
      attachments: [
        { name: "a.pdf", mime_type: "application/pdf" },
        { name: "b.png", mime_type: "image/png" },
      ],
    };
    expect(said(tree([{ id: "q", role: "user", content, metadata }]))).toEqual([
      "user: [image not imported]\n\nWhat is this?\n\n[audio not imported]\n\nspoken\n\n[file not imported: a.pdf]",
    ]);
  });

  it("keeps code as code, and drops references that only ChatGPT can resolve", () => {
    const code = { content_type: "code", language: "python", text: "x = 1" };
    expect(said(tree([{ id: "a", role: "assistant", content: code }]))).toEqual([
      "assistant: ```python\nx = 1\n```",
    ]);
    expect(
      said(tree([{ id: "a", role: "assistant", text: "So.\ue200cite\ue202turn0search1\ue201 End" }])),
    ).toEqual(["assistant: So. End"]);
  });

  it("survives trees that no honest export has", () => {
    const cycle = tree(
      [
        { id: "a", parent: "b", role: "user", text: "A" },
        { id: "b", parent: "a", role: "assistant", text: "B" },
      ],
      { current_node: "b" },
    );
    expect(said(cycle)).toEqual(["user: A", "assistant: B"]);
    expect(said({ ...cycle, current_node: undefined })).toHaveLength(2);
    expect(said(tree([{ id: "a", parent: "a", role: "user", text: "self" }]))).toEqual(["user: self"]);
    expect(
      said(tree([{ id: "a", parent: "missing", role: "user", text: "orphan" }], { current_node: "a" })),
    ).toEqual(["user: orphan"]);
    expect(said(tree([]))).toEqual([]);
    for (const mapping of [
      { a: null },
      { a: 7 },
      { a: [] },
      { a: { message: "x" } },
      { a: { message: { author: null } } },
      { a: { message: { author: { role: "user" }, content: { content_type: "text", parts: "x" } } } },
    ]) {
      expect(said({ mapping })).toEqual([]);
    }
  });

  it("takes names of the prototype for names", () => {
    const json = `{"title":"t","mapping":{"__proto__":{"parent":null,"message":{"author":{"role":"user"},"content":{"content_type":"text","parts":["Q"]}}},
      "constructor":{"parent":"__proto__","message":{"author":{"role":"assistant"},"content":{"content_type":"text","parts":["A"]}}}},"current_node":"constructor"}`;
    expect(said(JSON.parse(json) as Record<string, unknown>)).toEqual(["user: Q", "assistant: A"]);
    expect(({} as Record<string, unknown>).parent).toBeUndefined();
    expect(said(tree([{ id: "q", role: "user", text: "Q" }], { current_node: "toString" }))).toEqual([
      "user: Q",
    ]);
  });

  it("may be a hundred thousand messages deep", () => {
    const nodes = Array.from({ length: 100_000 }, (_, index): Given => {
      return {
        id: `n${index}`,
        parent: index ? `n${index - 1}` : null,
        role: index % 2 ? "assistant" : "user",
        text: `${index}`,
      };
    });
    expect(turnsOf(imported(tree(nodes, { current_node: "n99999" })), NOTES)).toHaveLength(50_000);
  });

  it("is told from anything else", () => {
    expect(isChatGpt({ mapping: {} })).toBe(true);
    for (const other of [null, 7, "x", [], {}, { mapping: [] }, { mapping: "x" }])
      expect(isChatGpt(other)).toBe(false);
  });
});

describe("a conversation of this chatbot", () => {
  it("keeps its id, its texts, its times to the microsecond and its models", () => {
    const source = {
      format: "chatbot-conversation",
      version: 1,
      conversation_id: "abc-1",
      title: "T",
      created_at: "2025-03-01T09:15:00.123456Z",
      updated_at: "2025-03-01T09:16:00.000000Z",
      messages: [
        { role: "user", text: "Q", created_at: "2025-03-01T09:15:00.123456Z" },
        {
          role: "assistant",
          text: "A [1]",
          created_at: "2025-03-01T09:15:04.000001Z",
          model: "bedrock:x",
          citations: [{}],
        },
      ],
    };
    expect(isOwn(source)).toBe(true);
    const conversation = fromOwn(source, NOW);
    expect(conversation.id).toBe("abc-1");
    expect(turnsOf(conversation, NOTES)).toEqual([
      {
        question: "Q",
        reply: "A [1]",
        asked_at: "2025-03-01T09:15:00.123456Z",
        answered_at: "2025-03-01T09:15:04.000001Z",
        model: "bedrock:x",
      },
    ]);
  });

  it("may be anything inside", () => {
    for (const messages of [
      undefined,
      null,
      "x",
      [null, 7, {}, { role: "system", text: "x" }, { role: "user" }],
    ]) {
      expect(fromOwn({ format: "chatbot-conversation", messages }, NOW).messages).toEqual([]);
    }
  });
});

describe("turns", () => {
  const message = (role: "user" | "assistant", text: string, seconds?: number) =>
    ({ role, text, time: seconds === undefined ? undefined : seconds * 1e6 }) as const;
  const made = (messages: ReturnType<typeof message>[]) =>
    turnsOf({ id: "x", title: "t", begun: T0 * 1e6, changed: undefined, messages }, NOTES);

  it("join messages of one role and say what is missing", () => {
    expect(
      pairs(
        tree(
          [
            { id: "0", role: "assistant", text: "Hello" },
            { id: "1", parent: "0", role: "user", text: "Q1" },
            { id: "2", parent: "1", role: "user", text: "Q1 more" },
            { id: "3", parent: "2", role: "assistant", text: "A1" },
            { id: "4", parent: "3", role: "assistant", text: "A1 more" },
            { id: "5", parent: "4", role: "user", text: "Q2" },
          ],
          { current_node: "5" },
        ),
      ),
    ).toEqual([
      ["(no question in the export)", "Hello"],
      ["Q1\n\nQ1 more", "A1\n\nA1 more"],
      ["Q2", "(no answer in the export)"],
    ]);
  });

  it("have strictly increasing times, whatever the export says", () => {
    const turns = made([
      message("user", "a", T0 + 50),
      message("assistant", "b", T0 + 10),
      message("user", "c", T0 + 20),
      message("assistant", "d"),
      message("user", "e"),
      message("assistant", "f", T0 + 500),
    ]);
    const times = turns.flatMap(({ asked_at, answered_at }) => [asked_at, answered_at ?? ""]);
    expect(times).toEqual([...times].sort());
    expect(new Set(times).size).toBe(6);
    expect(times[0]).toBe(isoOf((T0 + 50) * 1e6));
    expect(times[5]).toBe(isoOf((T0 + 500) * 1e6));
  });

  it("begin the same where a later export holds more", () => {
    const all = [
      message("user", "a"),
      message("assistant", "b", T0 + 3),
      message("user", "c", T0 + 2),
      message("assistant", "d"),
    ];
    expect(made(all).slice(0, 1)).toEqual(made(all.slice(0, 2)));
  });

  it("have times even where an export has none", () => {
    const [turn] = turnsOf(
      { id: "x", title: "t", begun: undefined, changed: undefined, messages: [message("user", "a")] },
      NOTES,
    );
    expect(turn?.asked_at).toBe("2022-11-30T00:00:00.000000Z");
  });

  it("are as long as the API takes them, and nothing of a long text is lost", () => {
    const long = "word ".repeat(20_000).trim();
    const turns = made([message("user", long), message("assistant", `${long}${long}`)]);
    expect(turns.every(({ question, reply }) => question.length <= 32_000 && reply.length <= 64_000)).toBe(
      true,
    );
    expect(
      turns
        .map(({ question }) => question)
        .filter((text) => text !== "(continued)")
        .join(" "),
    ).toBe(long);
    expect(turns.every(({ question, reply }) => question.trim() !== "" && reply.trim() !== "")).toBe(true);
  });

  it("are cut between characters, not within", () => {
    const pieces = cut("👩‍👩‍👧😀".repeat(20_000), 32_000);
    expect(pieces.every((piece) => [...piece].length <= 32_000 && !/[\ud800-\udbff]$/.test(piece))).toBe(
      true,
    );
    expect(pieces.join("")).toBe("👩‍👩‍👧😀".repeat(20_000));
    expect(cut(" ".repeat(70_000), 32_000)).toEqual([]);
  });

  it("go in requests of 50 turns and 300 kB at most", () => {
    const turn = (size: number) => ({ question: "q", reply: "é".repeat(size), asked_at: "" });
    expect(chunksOf(Array.from({ length: 120 }, () => turn(1))).map((chunk) => chunk.length)).toEqual([
      50, 50, 20,
    ]);
    const chunks = chunksOf(Array.from({ length: 10 }, () => turn(60_000)));
    expect(chunks.flat()).toHaveLength(10);
    expect(chunks.every((chunk) => sizeOf(chunk) <= MOST_BYTES + 100)).toBe(true);
    // More than fits: alone, and still within what a request may have.
    expect(
      sizeOf(chunksOf([{ question: "😀".repeat(32_000), reply: "😀".repeat(64_000), asked_at: "" }])),
    ).toBeLessThan(512 * 1024);
    expect(chunksOf([])).toEqual([]);
  });
});

describe("cleaning", () => {
  it("takes out what the API refuses", () => {
    expect(cleanText(" a\0b\r\nc\rd\u0007\te \ud800 ")).toBe("ab\nc\nd\te \ufffd");
    expect(cleanText("😀")).toBe("😀");
    expect(cleanTitle(" a\n\tb ", "x")).toBe("a b");
    expect(cleanTitle("\0", "x")).toBe("x");
    expect([...cleanTitle("😀".repeat(300), "x")]).toHaveLength(200);
    expect(cleanTitle({ a: 1 }, "x")).toBe("x");
  });

  it("makes ids that the API takes", () => {
    expect(idOf("chatgpt-", "abc")).toBe("chatgpt-abc");
    for (const source of ["", "..", "a/b", "x".repeat(80), "ü", "__proto__ "]) {
      expect(idOf("", source)).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
      expect(idOf("", source)).not.toMatch(/^\.+$/);
      expect(idOf("chatgpt-", source)).toMatch(/^chatgpt-[A-Za-z0-9._-]{1,56}$/);
    }
    expect(idOf("", "a/b")).not.toBe(idOf("", "a/c"));
  });

  it("knows times, and what is none", () => {
    expect(timeOf(T0 + 0.123456, NOW)).toBe(T0 * 1e6 + 123_456);
    expect(timeOf("2025-03-01T09:15:00.123456Z", NOW)).toBe(Date.UTC(2025, 2, 1, 9, 15) * 1_000 + 123_456);
    expect(timeOf("2025-03-01T09:15:00Z", NOW)).toBe(Date.UTC(2025, 2, 1, 9, 15) * 1_000);
    for (const value of [
      null,
      undefined,
      "",
      "soon",
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -1,
      0,
      1e300,
      {},
      T0 * 1_000,
    ]) {
      expect(timeOf(value, NOW)).toBeUndefined();
    }
    expect(isoOf(T0 * 1e6 + 7)).toBe("2023-11-14T22:13:20.000007Z");
  });
});
