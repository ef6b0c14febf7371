import { act, render, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Toasts } from "~/ui/Toasts";
import { useToasts } from "./toasts";
import { commitAll, doLater, doNow, UNDO_MS, type Undoable, usePending } from "./undoable";

const action = (change: Partial<Undoable> = {}): Undoable => ({
  key: "thing:1",
  text: "Deleted",
  undoLabel: "Undo",
  commit: vi.fn(() => Promise.resolve()),
  onFailed: vi.fn(),
  ...change,
});

const undo = (): void => useToasts.getState().act(toasts()[0]?.id ?? 0);
const toasts = () => useToasts.getState().toasts;

beforeEach(() => {
  vi.useFakeTimers();
  render(<Toasts />);
});

afterEach(async () => {
  await act(() => vi.runAllTimersAsync());
  vi.useRealTimers();
  useToasts.setState({ toasts: [] });
});

describe("a delete with undo", () => {
  it("hides the thing at once and sends nothing before the time is over", async () => {
    const later = action();
    const { result } = renderHook(usePending);
    act(() => doLater(later));
    expect(result.current.has("thing:1")).toBe(true);
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS - 1));
    expect(later.commit).not.toHaveBeenCalled();
    await act(() => vi.advanceTimersByTimeAsync(1));
    expect(later.commit).toHaveBeenCalledExactlyOnceWith(false);
    expect(toasts()).toEqual([]);
  });

  it("stays hidden while the request is on its way", async () => {
    let finish = () => {};
    const later = action({ commit: () => new Promise<void>((resolve) => (finish = resolve)) });
    const { result } = renderHook(usePending);
    act(() => doLater(later));
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
    expect(result.current.has("thing:1")).toBe(true);
    await act(async () => finish());
    expect(result.current.has("thing:1")).toBe(false);
  });

  it("sends nothing when it is undone, and says that it was", async () => {
    const later = action({ onUndo: vi.fn() });
    const { result } = renderHook(usePending);
    act(() => doLater(later));
    act(() => undo());
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS * 2));
    expect(later.commit).not.toHaveBeenCalled();
    expect(later.onUndo).toHaveBeenCalledOnce();
    expect(result.current.size).toBe(0);
  });

  it("is done at once when its notice is dismissed", async () => {
    const later = action();
    act(() => doLater(later));
    act(() => useToasts.getState().dismiss(toasts()[0]?.id ?? 0));
    expect(later.commit).toHaveBeenCalledOnce();
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
    expect(later.commit).toHaveBeenCalledOnce();
  });

  it("brings the thing back when it fails", async () => {
    const later = action({ commit: () => Promise.reject(new Error("no")) });
    const { result } = renderHook(usePending);
    act(() => doLater(later));
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
    expect(later.onFailed).toHaveBeenCalledOnce();
    expect(result.current.size).toBe(0);
  });

  it("keeps several apart", async () => {
    const [first, second] = [action(), action({ key: "thing:2" })];
    act(() => doLater(first));
    act(() => doLater(second));
    act(() => undo());
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
    expect(first.commit).not.toHaveBeenCalled();
    expect(second.commit).toHaveBeenCalledOnce();
  });

  it("is begun once however often it is asked for", async () => {
    const later = action();
    act(() => doLater(later));
    act(() => doLater(later));
    expect(toasts()).toHaveLength(1);
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
    expect(later.commit).toHaveBeenCalledOnce();
  });

  it("is sent, outliving the page, when the page goes away, and only once", async () => {
    const [first, second] = [action(), action({ key: "thing:2" })];
    act(() => doLater(first));
    act(() => doLater(second));
    act(() => {
      dispatchEvent(new Event("pagehide"));
      commitAll();
    });
    await act(() => vi.advanceTimersByTimeAsync(UNDO_MS));
    expect(first.commit).toHaveBeenCalledExactlyOnceWith(true);
    expect(second.commit).toHaveBeenCalledExactlyOnceWith(true);
  });

  it("that a page before had begun is done at once, without a notice, and shown again where it fails", async () => {
    const { result } = renderHook(usePending);
    const begun = action({ commit: vi.fn(() => Promise.reject(new Error("no"))) });
    act(() => doNow(begun));
    expect(result.current.has("thing:1")).toBe(true);
    expect(toasts()).toEqual([]);
    await act(() => vi.advanceTimersByTimeAsync(0));
    expect(begun.onFailed).toHaveBeenCalledOnce();
    expect(result.current.size).toBe(0);
  });
});
