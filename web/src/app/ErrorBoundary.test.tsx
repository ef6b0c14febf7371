import { render, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ErrorBoundary } from "./ErrorBoundary";
import { detailsOf, isMissingPart } from "./ErrorPage";

// React writes what it caught to the console as well.
beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => undefined));

function Broken({ error }: { readonly error: unknown }): never {
  throw error;
}

describe("a page that breaks", () => {
  it("says so, that what was typed is kept, and offers to reload", () => {
    render(
      <ErrorBoundary>
        <Broken error={new Error("no such thing")} />
      </ErrorBoundary>,
    );
    expect(screen.getByRole("alert")).toHaveTextContent("What you typed is kept");
    expect(screen.getByRole("button", { name: "Reload" })).toBeInTheDocument();
    expect(screen.getByText(/no such thing/)).toHaveTextContent("Broken");
  });

  it("is left behind when one goes to another page", () => {
    const { rerender } = render(
      <ErrorBoundary resetKey="/a">
        <Broken error={new Error("x")} />
      </ErrorBoundary>,
    );
    rerender(<ErrorBoundary resetKey="/b">Another page</ErrorBoundary>);
    expect(screen.getByText("Another page")).toBeInTheDocument();
  });

  it("stays broken on the same page", () => {
    const { rerender } = render(
      <ErrorBoundary resetKey="/a">
        <Broken error={undefined} />
      </ErrorBoundary>,
    );
    rerender(<ErrorBoundary resetKey="/a">The page</ErrorBoundary>);
    expect(screen.getByRole("alert")).toBeInTheDocument();
  });

  it.each([
    ["Failed to fetch dynamically imported module: http://x/assets/a.js", true],
    ["error loading dynamically imported module", true],
    ["Importing a module script failed.", true],
    ["Unable to preload CSS for /assets/a.css", true],
    ["x is not a function", false],
  ])("knows that a part is missing by %j", (message, expected) => {
    expect(isMissingPart(new Error(message))).toBe(expected);
    expect(isMissingPart(message)).toBe(false);
  });

  it.each([["a string"], [undefined], [null], [{ message: "not an error" }]])(
    "has details whatever was thrown: %j",
    (thrown) => {
      expect(detailsOf(thrown, "")).toContain(String(thrown));
    },
  );
});
