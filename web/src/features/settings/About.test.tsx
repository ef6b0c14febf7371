import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useApiKey } from "~/state/apiKey";
import { useToasts } from "~/state/toasts";
import { renderWithQueries } from "~/test/render";
import { failure, serve } from "~/test/server";
import { About } from "./About";

const HEALTH = { status: "ok", version: "1", model: "builtin" };
const report = (store: "ok" | "failed") => ({
  ...HEALTH,
  status: store === "ok" ? "ok" : "degraded",
  dependencies: { store: { status: store, ...(store === "failed" && { message: "The disk is full." }) } },
});

let answers: Record<string, unknown>;
let requests: Request[];

beforeEach(() => {
  answers = { "GET /health": HEALTH, "GET /models": { models: [] }, "GET /health/detailed": report("ok") };
  requests = serve(answers);
});

afterEach(() => {
  vi.restoreAllMocks();
  useApiKey.setState({ key: "", needed: false });
  useToasts.setState({ toasts: [] });
});

const lookAgain = () => userEvent.click(screen.getByRole("button", { name: "Look again" }));

describe("what the server depends on", () => {
  it("is said where something of it fails, though that answer is a 503", async () => {
    answers["GET /health/detailed"] = Response.json(report("failed"), { status: 503 });
    renderWithQueries(<About />);
    expect(await screen.findByText("fails")).toBeInTheDocument();
    expect(screen.getByText("The disk is full.")).toBeInTheDocument();
  });

  it("stays where asking again fails, with the reason beside it", async () => {
    renderWithQueries(<About />);
    expect(await screen.findByText("works")).toBeInTheDocument();
    answers["GET /health/detailed"] = failure(503, "server_failed", "The server restarts.");
    await lookAgain();
    expect(await screen.findByText(/The server restarts/)).toBeInTheDocument();
    expect(screen.getByText("works")).toBeInTheDocument();
    answers["GET /health/detailed"] = report("failed");
    await lookAgain();
    expect(await screen.findByText("fails")).toBeInTheDocument();
    expect(screen.queryByText(/The server restarts/)).toBeNull();
  });

  it("is asked for with the key; one that is refused is asked for", async () => {
    useApiKey.setState({ key: "secret" });
    answers["GET /health/detailed"] = failure(403, "unauthorized", "The key is wrong.");
    renderWithQueries(<About />);
    expect(await screen.findByText(/The key is wrong/)).toBeInTheDocument();
    const asked = requests.find(({ url }) => url.endsWith("/health/detailed"));
    expect(asked?.headers.get("x-api-key")).toBe("secret");
    expect(useApiKey.getState().needed).toBe(true);
  });
});

describe("the description of the API", () => {
  const save = () => userEvent.click(screen.getByRole("button", { name: /OpenAPI/ }));

  it("is fetched with the key, and saved", async () => {
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue(undefined);
    useApiKey.setState({ key: "secret" });
    answers["GET /openapi.json"] = { openapi: "3.1.0" };
    renderWithQueries(<About />);
    await save();
    await vi.waitFor(() => expect(click).toHaveBeenCalledOnce());
    expect((click.mock.contexts[0] as HTMLAnchorElement).download).toBe("openapi.json");
    const asked = requests.find(({ url }) => url.endsWith("/openapi.json"));
    expect(asked?.headers.get("x-api-key")).toBe("secret");
  });

  it("that cannot be had is said to be so", async () => {
    answers["GET /openapi.json"] = new Error("gone");
    renderWithQueries(<About />);
    await save();
    await vi.waitFor(() =>
      expect(useToasts.getState().toasts[0]?.text).toMatch(/could not be saved\. No connection/),
    );
  });
});
