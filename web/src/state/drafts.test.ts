import { describe, expect, it } from "vitest";
import { draftOf, useDrafts } from "./drafts";

const { write } = useDrafts.getState();
const kept = (id: string): string | null => localStorage.getItem(`chatbot.draft.${id}`);

describe("a draft", () => {
  it("is kept until it is empty", () => {
    write("c", "half a thought");
    expect(kept("c")).toBe('"half a thought"');
    write("c", "");
    expect(kept("c")).toBeNull();
    expect(draftOf("c")).toBe("");
  });

  it("of another tab stays when this tab's is sent", () => {
    write("c", "mine");
    localStorage.setItem("chatbot.draft.c", '"of the other tab"');
    write("c", "");
    expect(draftOf("c")).toBe("");
    expect(kept("c")).toBe('"of the other tab"');
  });

  it("of another tab stays when this tab never had one", () => {
    localStorage.setItem("chatbot.draft.c", '"of the other tab"');
    write("c", "");
    expect(kept("c")).toBe('"of the other tab"');
  });
});
