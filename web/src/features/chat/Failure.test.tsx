import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "~/api/errors";
import { draftOf } from "~/state/drafts";
import { renderWithQueries } from "~/test/render";
import { Failure } from "./Failure";
import { putTurn, turnsOf } from "./liveTurns";
import { type FakeServer, forgetPage, liveTurn, startServer } from "./testing";
import type { LiveTurn } from "./turn";

let server: FakeServer;

beforeEach(() => {
  server = startServer();
  forgetPage();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function show(error: ApiError, change: Partial<LiveTurn> = {}): void {
  const turn = liveTurn({ phase: "failed", error, ...change });
  putTurn(turn);
  renderWithQueries(<Failure turn={turn} />);
}

describe("a question that was not answered", () => {
  it("says what the server said, and can be tried again", async () => {
    show(new ApiError(502, "model_failed", "The model is away.", { requestId: "r-7" }));
    expect(screen.getByText("The model is away.")).toBeVisible();
    expect(screen.getByText("Request r-7")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await vi.waitFor(() => expect(server.turns).toHaveLength(1));
  });

  it("can be changed first", async () => {
    show(new ApiError(413, "too_large", "Too large."));
    await userEvent.click(screen.getByRole("button", { name: "Edit" }));
    expect(draftOf("c")).toBe("Why?");
    expect(turnsOf("c")).toEqual([]);
  });

  it("counts the seconds down before it can be tried again", async () => {
    vi.useFakeTimers();
    show(new ApiError(429, "model_throttled", "Slower."), { retryAt: Date.now() + 3_000 });
    const button = screen.getByRole("button", { name: "Try again in 3 s" });
    expect(button).toHaveAttribute("aria-disabled", "true");
    act(() => button.click());
    expect(turnsOf("c").map((turn) => turn.phase)).toEqual(["failed"]);
    act(() => {
      vi.advanceTimersByTime(1_500);
    });
    expect(screen.getByRole("button", { name: "Try again in 2 s" })).toBe(button);
    act(() => {
      vi.advanceTimersByTime(2_000);
    });
    expect(button).toHaveAccessibleName("Try again");
    expect(button).toHaveAttribute("aria-disabled", "false");
  });

  it("names a time of day where that is long, and can be tried at once", () => {
    show(new ApiError(429, "daily_budget_spent", "Spent."), { retryAt: Date.now() + 6 * 3600 * 1000 });
    expect(screen.getByText(/makes sense again from/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Try again" })).toHaveAttribute("aria-disabled", "false");
  });

  it("says that trying again doubles nothing where the connection broke off", () => {
    show(new ApiError(0, "stream_broken", ""));
    expect(screen.getByText(/not asked for twice/)).toBeVisible();
  });

  it("says that the connection is back once the server has answered, whatever the browser says of its network", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    let isThere = false;
    vi.stubGlobal("fetch", async () => {
      if (!isThere) throw new TypeError("Failed to fetch");
      return Response.json({ status: "ok", version: "1", model: "builtin" });
    });
    show(new ApiError(0, "offline", ""));
    expect(screen.getByText(/no connection to the server/)).toBeVisible();
    await act(() => vi.advanceTimersByTimeAsync(30_000));
    expect(screen.getByText(/no connection to the server/)).toBeVisible();
    isThere = true;
    await act(() => vi.advanceTimersByTimeAsync(30_000));
    expect(screen.getByText(/connection is back/)).toBeVisible();
  });

  it("tells that nothing was lost where it was to replace something", () => {
    const body = { message: "Why?", use_documents: true, replaces: "a1" };
    show(new ApiError(0, "conversation_changed", "Changed meanwhile."), { kind: "regenerate", body });
    expect(screen.getByText(/Nothing was changed/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Edit" })).toBeNull();
    expect(screen.getByRole("button", { name: "Dismiss" })).toBeVisible();
  });

  it.each(["stream_broken", "timeout", "offline"])(
    "does not say so where it may have been answered (%s)",
    (code) => {
      const body = { message: "Why?", use_documents: true, replaces: "a1" };
      show(new ApiError(0, code, ""), { kind: "regenerate", body });
      expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
      expect(screen.queryByText(/Nothing was changed/)).toBeNull();
    },
  );
});
