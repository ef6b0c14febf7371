import { describe, expect, it } from "vitest";
import { rowsOf } from "./rows";
import { askedTurn, liveTurn, messagesOf } from "./testing";
import type { LiveTurn } from "./turn";

const shown = (...arguments_: Parameters<typeof rowsOf>): string[] =>
  rowsOf(...arguments_).map((row) => {
    if (row.kind === "question") return row.text;
    if (row.kind === "failure") return "failure";
    return row.message?.text ?? `(${row.turn?.phase})`;
  });

const replacing = (replaces: string, change: Partial<LiveTurn> = {}): LiveTurn =>
  liveTurn({ kind: "edit", body: { message: "Changed", use_documents: true, replaces }, ...change });

describe("the rows of a conversation", () => {
  it("are its saved messages, in order", () => {
    expect(shown(messagesOf(2), [])).toEqual(["Question 1", "Answer 1", "Question 2", "Answer 2"]);
  });

  it("end with the turn that is being answered", () => {
    expect(shown(messagesOf(1), [liveTurn()])).toEqual(["Question 1", "Answer 1", "Why?", "(running)"]);
  });

  it("show a turn once, when it is among the saved messages", () => {
    const turn = liveTurn({ phase: "done", messageId: "a2" });
    expect(shown(messagesOf(1), [turn])).toEqual(["Question 1", "Answer 1", "Why?", "(done)"]);
    expect(shown(messagesOf(2), [turn])).toEqual(["Question 1", "Answer 1", "Question 2", "Answer 2"]);
  });

  it("keep their keys when the answer is saved, so that nothing is drawn anew", () => {
    const turn = liveTurn({ phase: "done", messageId: "a2" });
    const live = rowsOf(messagesOf(1), [turn]).map((row) => row.key);
    const saved = rowsOf(messagesOf(2), [turn]).map((row) => row.key);
    expect(saved).toEqual(live);
    expect(new Set(saved).size).toBe(4);
  });

  it.each(["q2", "a2"])(
    "leave out what %s and all after it give way to, while the new turn runs",
    (replaces) => {
      expect(shown(messagesOf(3), [replacing(replaces)])).toEqual([
        "Question 1",
        "Answer 1",
        "Changed",
        "(running)",
      ]);
    },
  );

  it("show everything again when the turn that was to replace it failed", () => {
    expect(shown(messagesOf(2), [replacing("q1", { phase: "failed" })])).toEqual([
      ...["Question 1", "Answer 1", "Question 2", "Answer 2"],
      ...["Changed", "(failed)", "failure"],
    ]);
  });

  it("do not repeat the question of an answer that could not be written again", () => {
    const turn = replacing("a2", { phase: "failed", kind: "regenerate" });
    expect(shown(messagesOf(2), [turn]).slice(-2)).toEqual(["(failed)", "failure"]);
  });

  it("stay whole where the message that gives way is not among them", () => {
    expect(shown(messagesOf(1), [replacing("older")])).toEqual([
      "Question 1",
      "Answer 1",
      "Changed",
      "(running)",
    ]);
  });

  it("show a question whose answer failed, and what is asked after it", () => {
    const first = liveTurn({ phase: "failed" });
    const second = liveTurn({ ...askedTurn({ key: "key-2" }) });
    expect(shown([], [first, second])).toEqual(["Why?", "(failed)", "failure", "Why?", "(running)"]);
  });

  it("offer to answer again only the last answer, and to edit only questions that can be replaced", () => {
    const rows = rowsOf(messagesOf(30), []);
    const again = rows.filter((row) => row.kind === "answer" && row.regenerates !== undefined);
    expect(again.map((row) => row.key)).toEqual(["a30"]);
    const editable = rows.filter((row) => row.kind === "question" && row.editable);
    expect(editable).toHaveLength(20);
  });

  it("offer neither while something is being answered", () => {
    const rows = rowsOf(messagesOf(2), [liveTurn()]);
    expect(rows.some((row) => row.kind === "answer" && row.regenerates !== undefined)).toBe(false);
    expect(rows.some((row) => row.kind === "question" && row.editable)).toBe(false);
  });

  it("can be made of messages without pairs", () => {
    const [question, answer] = messagesOf(1);
    if (!question || !answer) throw new Error("no messages");
    expect(shown([answer], [])).toEqual(["Answer 1"]);
    expect(shown([question], [])).toEqual(["Question 1"]);
    expect(rowsOf([answer], []).some((row) => row.kind === "answer" && row.regenerates)).toBe(false);
  });
});
