import { act, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { useShell } from "~/app/shellState";
import { usePreferences } from "~/state/preferences";
import { renderWithQueries } from "~/test/render";
import { failure, serve } from "~/test/server";
import { FirstVisit } from "./FirstVisit";
import WelcomePage from "./WelcomePage";

beforeEach(() => {
  history.replaceState(null, "", "/");
  usePreferences.getState().set({ welcomed: false });
  useShell.setState({ welcomeSettled: false });
});

const visit = (skip = false) => renderWithQueries(<FirstVisit skip={skip}>The page</FirstVisit>);
const CONVERSATION = { conversation_id: "c1", title: "T", created_at: "", updated_at: "" };

describe("a first visit", () => {
  it("leads to the welcome page where there are no conversations", async () => {
    serve({ "GET /conversations": { conversations: [] } });
    visit();
    await waitFor(() => expect(location.pathname).toBe("/welcome"));
  });

  it("is none where there are conversations, and is not looked for again", async () => {
    serve({ "GET /conversations": { conversations: [CONVERSATION] } });
    visit();
    expect(await screen.findByText("The page")).toBeInTheDocument();
    await waitFor(() => expect(usePreferences.getState().welcomed).toBe(true));
    expect(location.pathname).toBe("/");
  });

  it("asks the server nothing where one was welcomed", () => {
    usePreferences.getState().set({ welcomed: true });
    const requests = serve({});
    visit();
    expect(screen.getByText("The page")).toBeInTheDocument();
    expect(requests).toHaveLength(0);
  });

  it("does not come between somebody and the link that they followed", () => {
    const requests = serve({});
    visit(true);
    expect(screen.getByText("The page")).toBeInTheDocument();
    expect(requests).toHaveLength(0);
  });

  it("does not keep anybody waiting where the server fails", async () => {
    serve({ "GET /conversations": failure(500, "server_failed", "It failed.") });
    visit();
    expect(await screen.findByText("The page")).toBeInTheDocument();
  });

  it("is not found out later where the server failed at first: somebody may be writing already", async () => {
    const answers: Record<string, unknown> = {
      "GET /conversations": failure(500, "server_failed", "It failed."),
    };
    serve(answers);
    const { client, unmount } = visit();
    await screen.findByText("The page");
    answers["GET /conversations"] = { conversations: [] };
    await act(() => client.invalidateQueries());
    expect(screen.getByText("The page")).toBeInTheDocument();
    unmount();
    visit();
    expect(screen.getByText("The page")).toBeInTheDocument();
    expect(location.pathname).toBe("/");
  });

  it("is over once the welcome page was seen, by whatever way one leaves it", async () => {
    serve({ "GET /conversations": { conversations: [] }, "GET /models": { models: [] } });
    const { unmount } = visit();
    await waitFor(() => expect(location.pathname).toBe("/welcome"));
    unmount();
    renderWithQueries(<WelcomePage />);
    history.replaceState(null, "", "/");
    visit();
    expect(screen.getByText("The page")).toBeInTheDocument();
    expect(location.pathname).toBe("/");
  });
});
