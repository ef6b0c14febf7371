import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import { Dialog } from "./Dialog";

const noop = (): void => undefined;

describe("a dialog", () => {
  it("has its title as its name", () => {
    render(
      <Dialog title="Rename" onClose={noop}>
        text
      </Dialog>,
    );
    expect(screen.getByRole("dialog", { name: "Rename" })).toBeInTheDocument();
  });

  it("puts the focus into its first field for text", () => {
    render(
      <Dialog title="Rename" onClose={noop}>
        <input type="checkbox" />
        <input aria-label="Title" />
      </Dialog>,
    );
    expect(screen.getByLabelText("Title")).toHaveFocus();
  });

  it("puts the focus on the least dangerous button where one is marked", () => {
    render(
      <Dialog
        title="Delete?"
        onClose={noop}
        actions={
          <button type="button" data-autofocus>
            Cancel
          </button>
        }
      >
        <input aria-label="Reason" />
      </Dialog>,
    );
    expect(screen.getByRole("button", { name: "Cancel" })).toHaveFocus();
  });

  it("gives the focus back when it goes", async () => {
    render(<Opener />);
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Open" }));
    await user.click(screen.getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    await waitFor(() => expect(screen.getByRole("button", { name: "Open" })).toHaveFocus());
  });

  it("asks to be closed on Escape, and stays until it is", () => {
    const onClose = vi.fn();
    render(
      <Dialog title="Rename" onClose={onClose}>
        text
      </Dialog>,
    );
    fireEvent(screen.getByRole("dialog"), new Event("cancel", { cancelable: true }));
    expect(onClose).toHaveBeenCalledOnce();
    expect(screen.getByRole("dialog")).toHaveAttribute("open");
  });

  it("closes on a press beside it, but not where the press began inside, as when text is selected", () => {
    const onClose = vi.fn();
    render(
      <Dialog title="Rename" onClose={onClose}>
        <p>Text</p>
      </Dialog>,
    );
    const dialog = screen.getByRole("dialog");
    fireEvent.pointerDown(screen.getByText("Text"));
    fireEvent.click(dialog);
    expect(onClose).not.toHaveBeenCalled();
    fireEvent.pointerDown(dialog);
    fireEvent.click(dialog);
    expect(onClose).toHaveBeenCalledOnce();
  });
});

function Opener() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Open
      </button>
      {open && (
        <Dialog title="Settings" onClose={() => setOpen(false)}>
          text
        </Dialog>
      )}
    </>
  );
}
