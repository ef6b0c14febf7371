import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useDrafts } from "~/state/drafts";
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
});

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

  it("does not reload over a draft that this browser cannot keep, and says what to do", () => {
    const setItem = (): void => {
      throw new DOMException("full", "QuotaExceededError");
    };
    vi.stubGlobal("localStorage", { setItem, removeItem: () => undefined });
    useDrafts.getState().write("c1", "half a sentence");
    showUpdate();
    accept();
    expect(reload).not.toHaveBeenCalled();
    expect(texts()).toEqual([expect.stringContaining("Send it or copy it first")]);
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
