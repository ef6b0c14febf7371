import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useShell } from "~/app/shellState";
import { offerCommands } from "~/features/chat/commands";
import { usePreferences } from "~/state/preferences";
import { listenForShortcuts } from "./listen";
import { SHORTCUTS } from "./shortcuts";

let stop: () => void;
beforeEach(() => {
  stop = listenForShortcuts();
  useShell.setState({ helpOpen: false, drawerOpen: false });
});
afterEach(() => {
  stop();
  usePreferences.getState().set({ singleKeys: true });
  document.body.replaceChildren();
});

const LETTERS = { ctrlKey: false, shiftKey: false };

/** Presses a key; returns whether the page took it from the browser. */
function press(
  key: string,
  held: Partial<KeyboardEventInit> = LETTERS,
  on: Element = document.body,
): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...held });
  on.dispatchEvent(event);
  return event.defaultPrevented;
}

function add(html: keyof HTMLElementTagNameMap, type?: string): HTMLElement {
  const element = document.createElement(html);
  if (type) element.setAttribute("type", type);
  return document.body.appendChild(element);
}

const helpOpen = (): boolean => useShell.getState().helpOpen;

describe("keyboard shortcuts", () => {
  it("open and close the help sheet", () => {
    expect(press("?", { shiftKey: true })).toBe(true);
    expect(helpOpen()).toBe(true);
    add("dialog").setAttribute("open", "");
    press("/", { ctrlKey: true });
    expect(helpOpen()).toBe(false);
  });

  it.each([
    ["textarea", undefined],
    ["input", undefined],
    ["input", "search"],
    ["input", "password"],
    ["select", undefined],
  ] as const)("of a single key leave typing alone in <%s type=%s>", (name, type) => {
    const field = add(name, type);
    expect(press("?", { shiftKey: true }, field)).toBe(false);
    expect(helpOpen()).toBe(false);
    expect(press("/", { ctrlKey: true }, field)).toBe(true);
  });

  it("of a single key work on a checkbox, where keys make no text", () => {
    press("?", { shiftKey: true }, add("input", "checkbox"));
    expect(helpOpen()).toBe(true);
  });

  it("of a single key can be switched off", () => {
    usePreferences.getState().set({ singleKeys: false });
    press("?", { shiftKey: true });
    expect(helpOpen()).toBe(false);
    press("/", { ctrlKey: true });
    expect(helpOpen()).toBe(true);
  });

  it("keep away from an open dialog", () => {
    add("dialog").setAttribute("open", "");
    const stopCurrent = vi.fn(() => true);
    const withdraw = offerCommands({ stopCurrent });
    press("Escape");
    expect(stopCurrent).not.toHaveBeenCalled();
    press("/", { ctrlKey: true });
    expect(helpOpen()).toBe(false);
    withdraw();
  });

  it("leave a key to whoever was nearer", () => {
    const field = add("textarea");
    field.addEventListener("keydown", (event) => event.preventDefault());
    press("/", { ctrlKey: true }, field);
    expect(helpOpen()).toBe(false);
  });

  it("leave a key to the browser where there is nothing to do", () => {
    const withdraw = offerCommands({ copyLast: () => false });
    expect(press("C", { ctrlKey: true, shiftKey: true })).toBe(false);
    withdraw();
    const copyLast = vi.fn(() => true);
    const withdrawToo = offerCommands({ copyLast });
    expect(press("C", { ctrlKey: true, shiftKey: true })).toBe(true);
    expect(copyLast).toHaveBeenCalledOnce();
    withdrawToo();
  });

  it("ignore an input method at work, and a key held down", () => {
    press("/", { ctrlKey: true, isComposing: true });
    press("/", { ctrlKey: true, repeat: true });
    expect(helpOpen()).toBe(false);
  });

  it("toggle the sidebar", () => {
    const before = usePreferences.getState().sidebarOpen;
    press("S", { ctrlKey: true, shiftKey: true });
    expect(usePreferences.getState().sidebarOpen).toBe(!before);
  });

  it("have no combination twice", () => {
    const all = SHORTCUTS.flatMap(({ keys }) => keys.map((combo) => JSON.stringify(combo)));
    expect(new Set(all).size).toBe(all.length);
  });
});
