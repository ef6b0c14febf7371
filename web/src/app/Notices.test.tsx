import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { reportUnauthorized, useApiKey } from "~/state/apiKey";
import { store } from "~/state/storage";
import { renderWithQueries } from "~/test/render";
import { failure, serve } from "~/test/server";
import { Notices } from "./Notices";
import { useShell } from "./shellState";

const HEALTH = { status: "ok", version: "1", model: "builtin" };
const LOST = /No connection to the server/;

beforeEach(() => {
  useApiKey.setState({ key: "", needed: false });
  useShell.setState({ keyDialogOpen: false });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("notices above the page", () => {
  it("are silent while all is well", async () => {
    const requests = serve({ "GET /health": HEALTH });
    renderWithQueries(<Notices />);
    await waitFor(() => expect(requests).toHaveLength(1));
    expect(screen.queryByText(LOST)).toBeNull();
  });

  it("say that the server does not answer, and no longer when it does", async () => {
    const answers: Record<string, unknown> = { "GET /health": new Error("gone") };
    serve(answers);
    renderWithQueries(<Notices />);
    expect(await screen.findByText(LOST)).toBeInTheDocument();
    answers["GET /health"] = HEALTH;
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.queryByText(LOST)).toBeNull());
  });

  it("do not take a browser without internet for a server that is gone: it may run on this machine", async () => {
    const requests = serve({ "GET /health": HEALTH });
    renderWithQueries(<Notices />);
    await waitFor(() => expect(requests).toHaveLength(1));
    act(() => void window.dispatchEvent(new Event("offline")));
    await waitFor(() => expect(requests).toHaveLength(2));
    expect(screen.queryByText(LOST)).toBeNull();
  });

  it("do not take a server that answers with an error for one that is gone", async () => {
    const requests = serve({ "GET /health": failure(500, "server_failed", "It failed.") });
    renderWithQueries(<Notices />);
    await waitFor(() => expect(requests).toHaveLength(1));
    expect(screen.queryByText(LOST)).toBeNull();
  });

  it("fetch again what failed, once the server is back", async () => {
    const answers: Record<string, unknown> = { "GET /health": new Error("gone") };
    serve(answers);
    const { client } = renderWithQueries(<Notices />);
    const invalidate = vi.spyOn(client, "invalidateQueries");
    await screen.findByText(LOST);
    answers["GET /health"] = HEALTH;
    act(() => void window.dispatchEvent(new Event("online")));
    await waitFor(() => expect(invalidate).toHaveBeenCalledOnce());
  });

  it("stay as they are while a server that never answered is asked again and again", async () => {
    vi.useFakeTimers();
    const requests = serve({
      "GET /health": () => new Promise((resolve) => setTimeout(() => resolve(new Error("gone")), 300)),
    });
    const { client } = renderWithQueries(<Notices />);
    const invalidate = vi.spyOn(client, "invalidateQueries");
    await act(() => vi.advanceTimersByTimeAsync(400));
    const notice = screen.getByText(LOST);
    // Through two more questions and their answers, looking all the time.
    for (let passed = 0; passed < 12_000; passed += 100) {
      await act(() => vi.advanceTimersByTimeAsync(100));
      expect(screen.queryByText(LOST)).toBe(notice);
    }
    expect(requests.length).toBeGreaterThanOrEqual(3);
    expect(invalidate).not.toHaveBeenCalled();
  });

  it("ask for the API key where it was put off", async () => {
    serve({ "GET /health": HEALTH });
    renderWithQueries(<Notices />);
    act(() => reportUnauthorized());
    await userEvent.click(await screen.findByRole("button", { name: "Enter the key" }));
    expect(useShell.getState().keyDialogOpen).toBe(true);
  });

  it("say that the browser keeps nothing, until that is dismissed", async () => {
    serve({ "GET /health": HEALTH });
    renderWithQueries(<Notices />);
    vi.stubGlobal("localStorage", {
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    });
    act(() => void store("draft.c1", "text"));
    expect(await screen.findByText(/This browser keeps nothing/)).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Dismiss" }));
    expect(screen.queryByText(/This browser keeps nothing/)).toBeNull();
    vi.unstubAllGlobals();
    store("draft.c1", undefined);
  });
});
