import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Menu } from "./Menu";

function rendered() {
  const run = { rename: vi.fn(), export: vi.fn(), remove: vi.fn() };
  render(
    <>
      <Menu
        label="More"
        items={[
          { label: "Rename", run: run.rename },
          { label: "Export", run: run.export, disabled: true },
          { label: "Delete", run: run.remove, danger: true },
        ]}
      />
      <button type="button">Elsewhere</button>
    </>,
  );
  return { run, user: userEvent.setup(), button: screen.getByRole("button", { name: "More" }) };
}

describe("a menu", () => {
  it("is closed at first, and says so", () => {
    const { button } = rendered();
    expect(button).toHaveAttribute("aria-expanded", "false");
    expect(screen.queryByRole("menu")).toBeNull();
  });

  it("puts the focus on its first item when it opens, and is gone through with the arrows", async () => {
    const { user, button } = rendered();
    await user.click(button);
    expect(screen.getByRole("menuitem", { name: "Rename" })).toHaveFocus();
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(screen.getByRole("menuitem", { name: "Delete" })).toHaveFocus();
    await user.keyboard("{ArrowDown}");
    expect(screen.getByRole("menuitem", { name: "Rename" })).toHaveFocus();
    await user.keyboard("{ArrowUp}");
    expect(screen.getByRole("menuitem", { name: "Delete" })).toHaveFocus();
    await user.keyboard("{Home}");
    expect(screen.getByRole("menuitem", { name: "Rename" })).toHaveFocus();
    await user.keyboard("d");
    expect(screen.getByRole("menuitem", { name: "Delete" })).toHaveFocus();
  });

  it("opens with the arrows, upwards at its end", async () => {
    const { user, button } = rendered();
    button.focus();
    await user.keyboard("{ArrowUp}");
    expect(screen.getByRole("menuitem", { name: "Delete" })).toHaveFocus();
  });

  it("runs an item, closes, and gives the focus back", async () => {
    const { user, button, run } = rendered();
    await user.click(button);
    await user.keyboard("{Enter}");
    expect(run.rename).toHaveBeenCalledOnce();
    expect(screen.queryByRole("menu")).toBeNull();
    expect(button).toHaveFocus();
  });

  it("does not run what is disabled", async () => {
    const { user, button, run } = rendered();
    await user.click(button);
    await user.click(screen.getByRole("menuitem", { name: "Export" }));
    expect(run.export).not.toHaveBeenCalled();
    expect(screen.getByRole("menu")).toBeInTheDocument();
  });

  it("closes on Escape, with the focus on its button", async () => {
    const { user, button } = rendered();
    await user.click(button);
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
    expect(button).toHaveFocus();
  });

  it("closes when something else is pressed, and leaves the focus there", async () => {
    const { user, button } = rendered();
    await user.click(button);
    await user.click(screen.getByRole("button", { name: "Elsewhere" }));
    expect(screen.queryByRole("menu")).toBeNull();
    expect(screen.getByRole("button", { name: "Elsewhere" })).toHaveFocus();
  });

  it("goes on with Tab to what comes after its button", async () => {
    const { user, button } = rendered();
    await user.click(button);
    await user.tab();
    expect(screen.queryByRole("menu")).toBeNull();
    expect(screen.getByRole("button", { name: "Elsewhere" })).toHaveFocus();
  });

  it("says of choices which one holds", async () => {
    const choose = vi.fn();
    const user = userEvent.setup();
    const items = [
      { label: "Light", checked: true, run: choose },
      { label: "Dark", checked: false, run: choose },
    ];
    render(<Menu label="Theme" items={items} />);
    await user.click(screen.getByRole("button", { name: "Theme" }));
    expect(screen.getByRole("menuitemradio", { name: "Light" })).toBeChecked();
    expect(screen.getByRole("menuitemradio", { name: "Dark" })).not.toBeChecked();
  });
});
