import { act, screen } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useChoicesStore } from "~/state/choices";
import { DocumentPicker } from "./DocumentPicker";
import { fakeDocuments, show, view } from "./fakeDocuments";

let user: UserEvent;

beforeEach(() => {
  fakeDocuments([view("a.pdf"), view("b.md", { status: "processing" }), view("c.txt")]);
  vi.useFakeTimers({ shouldAdvanceTime: true });
  user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  useChoicesStore.setState({ byConversation: {} });
});

describe("the picker of a conversation", () => {
  const choices = () => useChoicesStore.getState().byConversation.c1;
  const open = async (): Promise<void> => {
    show(<DocumentPicker conversationId="c1" />);
    await user.click(await screen.findByRole("button", { name: /^Documents: / }));
    await screen.findByRole("dialog");
  };

  it("says what may be used, and switches documents off", async () => {
    await open();
    await user.click(screen.getByRole("switch", { name: "Answer from your documents" }));
    expect(choices()?.useDocuments).toBe(false);
    await user.click(screen.getByRole("button", { name: "Done" }));
    expect(screen.getByRole("button", { name: "Documents: off" })).toBeInTheDocument();
  });

  it("chooses ready ones only, by keyboard as well", async () => {
    await open();
    await user.click(screen.getByRole("radio", { name: "Only those chosen here" }));
    const first = await screen.findByRole("checkbox", { name: /a\.pdf/ });
    act(() => first.focus());
    await user.keyboard(" {ArrowDown} ");
    expect(screen.getByRole("checkbox", { name: /b\.md/ })).toHaveFocus();
    await user.keyboard("{End} ");
    expect(choices()?.documentIds).toEqual(["id-a.pdf", "id-c.txt"]);
    expect(screen.getByText("2 of at most 100 chosen.")).toBeInTheDocument();
  });

  it("remembers what was chosen while all may be used", async () => {
    useChoicesStore.getState().choose("c1", { documentIds: ["id-a.pdf"] });
    await open();
    await user.click(screen.getByRole("radio", { name: "All documents" }));
    expect(choices()?.documentIds).toBeUndefined();
    await user.click(screen.getByRole("radio", { name: "Only those chosen here" }));
    expect(choices()?.documentIds).toEqual(["id-a.pdf"]);
  });

  it("shows what was chosen and is gone, so that it can be let go of", async () => {
    useChoicesStore.getState().choose("c1", { documentIds: ["deleted", "id-a.pdf"] });
    await open();
    await user.click(await screen.findByRole("checkbox", { name: /Not there any more/ }));
    expect(choices()?.documentIds).toEqual(["id-a.pdf"]);
    expect(screen.getByRole("checkbox", { name: /a\.pdf/ })).toHaveFocus();
  });
});
