import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { endEdit, writeEdit } from "~/features/chat/editing";
import { dropTurn, putTurn } from "~/features/chat/liveTurns";
import { begun, type LiveTurn } from "~/features/chat/turn";
import { useDrafts } from "~/state/drafts";
import { store } from "~/state/storage";
import { useToasts } from "~/state/toasts";
import { entryOf } from "./register";
import { showUpdate } from "./updateNotice";

const texts = (): string[] => useToasts.getState().toasts.map((toast) => toast.text);
const accept = (): void => useToasts.getState().act(useToasts.getState().toasts[0]?.id ?? 0);

const reload = vi.fn<() => void>();

beforeEach(() => {
  reload.mockReset();
  vi.spyOn(location, "reload").mockImplementation(reload);
});

afterEach(() => {
  vi.unstubAllGlobals();
  useToasts.setState({ toasts: [] });
  useDrafts.getState().write("c1", "");
  endEdit("m1");
  dropTurn("key-1");
});

function keepsNothing(): void {
  const setItem = (): void => {
    throw new DOMException("full", "QuotaExceededError");
  };
  vi.stubGlobal("localStorage", { setItem, removeItem: () => undefined });
  store("something", "that does not fit");
}

function turnIn(phase: LiveTurn["phase"]): void {
  const body = { message: "Why?", use_documents: true };
  const asked = { key: "key-1", conversationId: "c1", begins: true, kind: "ask", body, askedAt: 0 } as const;
  putTurn({ ...begun(asked, 0), phase });
}

describe("the notice of a new version", () => {
  it("is shown once, and reloads nothing by itself", () => {
    showUpdate();
    showUpdate();
    expect(texts()).toEqual(["A new version is there."]);
    expect(reload).not.toHaveBeenCalled();
  });

  it("comes again after it was dismissed", () => {
    showUpdate();
    useToasts.setState({ toasts: [] });
    showUpdate();
    expect(texts()).toHaveLength(1);
  });

  it("reloads when the user wants it, with a draft that this browser keeps", () => {
    useDrafts.getState().write("c1", "half a sentence");
    showUpdate();
    accept();
    expect(reload).toHaveBeenCalledOnce();
  });

  it.each([
    ["a draft", () => useDrafts.getState().write("c1", "half a sentence")],
    ["a question that is being edited", () => writeEdit("m1", "in other words")],
    ["a question that failed", () => turnIn("failed")],
    ["a question that is not answered yet", () => turnIn("running")],
  ])("does not reload over %s that this browser cannot keep, and says what to do", (_what, begin) => {
    keepsNothing();
    begin();
    showUpdate();
    accept();
    expect(reload).not.toHaveBeenCalled();
    expect(texts()).toEqual([expect.stringContaining("Send it or copy it first")]);
  });

  it("reloads though this browser keeps nothing where there is nothing to lose", () => {
    keepsNothing();
    useDrafts.getState().write("c1", "  ");
    turnIn("done");
    showUpdate();
    accept();
    expect(reload).toHaveBeenCalledOnce();
  });
});

describe("the script that a page began with", () => {
  const page = (html: string): Document => new DOMParser().parseFromString(html, "text/html");

  it("is found by its path", () => {
    const found = page('<script type="module" crossorigin src="/assets/index-1.js"></script>');
    expect(entryOf(found)).toBe("/assets/index-1.js");
  });

  it("is none in a page without one", () => {
    expect(entryOf(page("<p>Nothing</p>"))).toBeUndefined();
  });
});
