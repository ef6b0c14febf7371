import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { draftOf, useDrafts } from "~/state/drafts";
import { usePreferences } from "~/state/preferences";
import { Composer } from "./Composer";
import { focusComposer, offerCommands } from "./commands";
import { putTurn, turnsOf } from "./liveTurns";
import { type FakeServer, forgetPage, liveTurn, startServer } from "./testing";
import { type LiveTurn, LONGEST_MESSAGE } from "./turn";

let server: FakeServer;

beforeEach(() => {
  server = startServer();
  forgetPage();
  usePreferences.setState({ enterSends: true });
});
afterEach(() => vi.unstubAllGlobals());

function show(answering?: LiveTurn): HTMLTextAreaElement {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Composer conversationId="c" answering={answering} />
    </QueryClientProvider>,
  );
  return screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Your message" });
}
const sent = (): unknown[] => server.turns.map((turn) => turn.body.message);

describe("the message box", () => {
  it("has the focus, keeps what is typed, and sends it with Enter", async () => {
    const box = show();
    expect(box).toHaveFocus();
    await userEvent.type(box, "Hello");
    expect(draftOf("c")).toBe("Hello");
    expect(localStorage.getItem("chatbot.draft.c")).toBe('"Hello"');
    await userEvent.keyboard("{Enter}");
    await vi.waitFor(() => expect(sent()).toEqual(["Hello"]));
    expect(box).toHaveValue("");
    expect(box).toHaveFocus();
  });

  it("begins a new line with Shift+Enter", async () => {
    const box = show();
    await userEvent.type(box, "one{Shift>}{Enter}{/Shift}two");
    expect(box).toHaveValue("one\ntwo");
    expect(sent()).toEqual([]);
  });

  it("sends with Ctrl+Enter alone where Enter is to begin a line", async () => {
    usePreferences.setState({ enterSends: false });
    const box = show();
    await userEvent.type(box, "one{Enter}two");
    expect(box).toHaveValue("one\ntwo");
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    await vi.waitFor(() => expect(sent()).toEqual(["one\ntwo"]));
  });

  it.each([
    ["during a composition", { isComposing: true }],
    ["as Safari tells of it", { keyCode: 229 }],
  ])("sends nothing with the Enter of an input method, %s", (_, how) => {
    const box = show();
    fireEvent.change(box, { target: { value: "にほんご" } });
    fireEvent.keyDown(box, { key: "Enter", ...how });
    expect(turnsOf("c")).toEqual([]);
    expect(box).toHaveValue("にほんご");
  });

  it("does not send white space", async () => {
    const box = show();
    await userEvent.type(box, "   {Enter}");
    expect(turnsOf("c")).toEqual([]);
    expect(screen.getByRole("button", { name: "Send" })).toHaveAttribute("aria-disabled", "true");
  });

  it("counts near the limit, and refuses beyond it without losing the text", async () => {
    const box = show();
    fireEvent.change(box, { target: { value: "x".repeat(LONGEST_MESSAGE - 10) } });
    expect(screen.getByText("10 characters left")).toBeVisible();
    const long = "😀".repeat(LONGEST_MESSAGE + 1);
    fireEvent.change(box, { target: { value: long } });
    expect(screen.getByRole("alert")).toHaveTextContent("1 character too many: a message may have 32,000");
    fireEvent.keyDown(box, { key: "Enter" });
    expect(turnsOf("c")).toEqual([]);
    expect(draftOf("c")).toBe(long);
    expect(box).toHaveAttribute("aria-invalid", "true");
  });

  it("edits the last question with Arrow Up, only where nothing is typed", async () => {
    const editLast = vi.fn(() => true);
    const withdraw = offerCommands({ editLast });
    const box = show();
    await userEvent.type(box, "a{ArrowUp}");
    expect(editLast).not.toHaveBeenCalled();
    await userEvent.type(box, "{Backspace}{ArrowUp}");
    expect(editLast).toHaveBeenCalledOnce();
    withdraw();
  });

  it("shows the draft of its conversation", () => {
    useDrafts.getState().write("c", "half a thought");
    expect(show()).toHaveValue("half a thought");
  });

  it("gets the focus by command", () => {
    const box = show();
    box.blur();
    expect(focusComposer()).toBe(true);
    expect(box).toHaveFocus();
  });
});

describe("the message box while an answer is being written", () => {
  const answering = liveTurn();
  beforeEach(() => putTurn(answering));

  it("keeps what is typed, says why it is not sent, and stops with Escape", async () => {
    const box = show(answering);
    await userEvent.type(box, "Next{Enter}");
    expect(box).toHaveValue("Next");
    expect(screen.getByRole("alert")).toHaveTextContent("still being written");
    await userEvent.keyboard("{Escape}");
    expect(turnsOf("c").map((turn) => turn.phase)).toEqual(["stopping"]);
  });

  it("has a button that stops in place of the one that sends", async () => {
    show(answering);
    expect(screen.queryByRole("button", { name: "Send" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Stop the answer" }));
    expect(turnsOf("c").map((turn) => turn.phase)).toEqual(["stopping"]);
  });
});
