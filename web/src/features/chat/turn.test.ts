import { describe, expect, it } from "vitest";
import { ApiError } from "~/api/errors";
import { liveTurn } from "./testing";
import { isOpen, LONGEST_MESSAGE, lengthOf, requestOf, sendable, withEvent } from "./turn";

const CITATION = {
  number: 1,
  document_id: "d",
  document: "a.pdf",
  page: null,
  section: null,
  text: "x",
  score: 1,
};

describe("the length of a message", () => {
  it("is counted in characters, as the API does", () => {
    expect(lengthOf("Grüße")).toBe(5);
    expect(lengthOf("😀".repeat(LONGEST_MESSAGE))).toBe(LONGEST_MESSAGE);
    expect(lengthOf(`${"😀".repeat(LONGEST_MESSAGE)}a`)).toBe(LONGEST_MESSAGE + 1);
  });
});

describe("what is sent of what was typed", () => {
  it.each([
    ["  indented\n\n", "  indented"],
    ["\n\n  code\n    more  ", "  code\n    more"],
    ["a\0b", "ab"],
    ["half \ud83d pair", "half \uFFFD pair"],
    ["whole 👩‍👩‍👧 שלום", "whole 👩‍👩‍👧 שלום"],
    [" \n\t\n ", ""],
  ])("%j is %j", (typed, sent) => {
    expect(sendable(typed)).toBe(sent);
  });

  it("names documents only where documents are used", () => {
    const choices = { model: undefined, useDocuments: false, documentIds: ["d"] };
    expect(requestOf("m", "c", choices)).toEqual({
      message: "m",
      conversation_id: "c",
      use_documents: false,
    });
    expect(requestOf("m", "c", { ...choices, useDocuments: true })).toMatchObject({ document_ids: ["d"] });
  });
});

describe("a turn and its events", () => {
  it("forgets what an earlier attempt said when it starts again", () => {
    const citations = [CITATION];
    const turn = withEvent(liveTurn({ citations, resumed: true }), {
      type: "start",
      conversation_id: "c",
      message_id: "m",
      model: "builtin",
    });
    expect(turn).toMatchObject({ citations: [], resumed: false, messageId: "m" });
  });

  it("remembers that documents could not be searched, and who took over", () => {
    const events = [
      { type: "status", stage: "documents_unavailable", model: null },
      { type: "status", stage: "generating", model: null },
      { type: "status", stage: "fallback", model: "other" },
    ] as const;
    const turn = events.reduce(withEvent, liveTurn());
    expect(turn).toMatchObject({ documentsUnavailable: true, fallback: "other", model: "other" });
  });

  it("takes later citations for the earlier ones", () => {
    const first = withEvent(liveTurn(), {
      type: "citations",
      citations: [CITATION, { ...CITATION, number: 2 }],
    });
    expect(withEvent(first, { type: "citations", citations: [CITATION] }).citations).toHaveLength(1);
  });
});

describe("whether a failed turn may have been answered", () => {
  it.each(["offline", "stream_broken", "timeout", "unreadable", "server_failed"])(
    "%s leaves it open",
    (code) => {
      expect(isOpen(new ApiError(0, code, ""))).toBe(true);
    },
  );
  it.each(["model_failed", "unauthorized", "daily_budget_spent", "conversation_changed", "internal_error"])(
    "%s says that it was not",
    (code) => {
      expect(isOpen(new ApiError(500, code, ""))).toBe(false);
    },
  );
});
