import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { showToast, type Toast, useToasts } from "~/state/toasts";
import { Toasts } from "./Toasts";

beforeEach(() => {
  vi.useFakeTimers();
  useToasts.setState({ toasts: [] });
});
afterEach(() => {
  vi.useRealTimers();
});

function shown(toast: Partial<Toast>) {
  render(<Toasts />);
  const onGone = vi.fn();
  act(() => void showToast({ kind: "info", text: "Deleted", onGone, ...toast }));
  return { onGone, text: () => screen.queryByText("Deleted") };
}

const pass = (ms: number): void => act(() => void vi.advanceTimersByTime(ms));

describe("a notice", () => {
  it("goes when its time is over, and says that it went", () => {
    const { onGone, text } = shown({ stays: 1000 });
    pass(999);
    expect(text()).toBeInTheDocument();
    expect(onGone).not.toHaveBeenCalled();
    pass(1);
    expect(text()).toBeNull();
    expect(onGone).toHaveBeenCalledOnce();
  });

  it("stays until it is dismissed where it has no time", () => {
    const { onGone, text } = shown({});
    pass(1_000_000);
    expect(text()).toBeInTheDocument();
    fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
    expect(text()).toBeNull();
    expect(onGone).toHaveBeenCalledOnce();
  });

  it("does what it offers, once, and does not count as gone then", () => {
    const run = vi.fn();
    const { onGone, text } = shown({ stays: 1000, action: { label: "Undo", run } });
    fireEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect(run).toHaveBeenCalledOnce();
    expect(text()).toBeNull();
    pass(5000);
    expect(onGone).not.toHaveBeenCalled();
  });

  it("stays while it is pointed at or has the focus", () => {
    const { text } = shown({ stays: 1000, action: { label: "Undo", run: vi.fn() } });
    const undo = screen.getByRole("button", { name: "Undo" });
    fireEvent.focus(undo);
    pass(10_000);
    expect(text()).toBeInTheDocument();
    fireEvent.blur(undo);
    pass(1000);
    expect(text()).toBeNull();
  });

  it("is an alert where something went wrong", () => {
    shown({ kind: "error" });
    expect(screen.getByRole("alert")).toHaveTextContent("Deleted");
  });

  it("gives the focus back to where it came from", () => {
    render(<button type="button">Before</button>);
    shown({});
    const before = screen.getByRole("button", { name: "Before" });
    before.focus();
    screen.getByRole("button", { name: "Dismiss" }).focus();
    fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
    expect(before).toHaveFocus();
  });

  it("that went with the focus leaves it to the next one, and then to where it came from", () => {
    const before = fieldWithFocus();
    shown({});
    act(() => void showToast({ kind: "info", text: "Saved" }));
    const [first] = screen.getAllByRole("button", { name: "Dismiss" });
    act(() => first?.focus());
    fireEvent.click(first as HTMLElement);
    const last = screen.getByRole("button", { name: "Dismiss" });
    expect(last).toHaveFocus();
    fireEvent.click(last);
    expect(before).toHaveFocus();
  });

  it("that goes takes the focus from nobody who went on typing after one before it", () => {
    const before = fieldWithFocus();
    shown({});
    act(() => void showToast({ kind: "info", text: "Saved", stays: 1000 }));
    const [first] = screen.getAllByRole("button", { name: "Dismiss" });
    act(() => first?.focus());
    fireEvent.click(first as HTMLElement);
    const elsewhere = fieldWithFocus();
    pass(1000);
    expect(screen.queryByText("Saved")).toBeNull();
    expect(elsewhere).toHaveFocus();
    expect(before).not.toHaveFocus();
  });

  it("stays while it has the focus, though the pointer left it", () => {
    const { text } = shown({ stays: 1000, action: { label: "Undo", run: vi.fn() } });
    const undo = screen.getByRole("button", { name: "Undo" });
    fireEvent.pointerEnter(undo.parentElement as HTMLElement);
    act(() => undo.focus());
    fireEvent.pointerLeave(undo.parentElement as HTMLElement);
    pass(10_000);
    expect(text()).toBeInTheDocument();
  });
});

function fieldWithFocus(): HTMLElement {
  const { container } = render(<input type="text" />);
  const field = container.querySelector("input") as HTMLElement;
  act(() => field.focus());
  return field;
}
