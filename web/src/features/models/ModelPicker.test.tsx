import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { useChoicesStore } from "~/state/choices";
import { usePreferences } from "~/state/preferences";
import { useToasts } from "~/state/toasts";
import { renderWithQueries } from "~/test/render";
import { serve } from "~/test/server";
import { ModelPicker } from "./ModelPicker";

const CLAUDE = {
  id: "bedrock:global.anthropic.claude-haiku-5-5",
  provider: "bedrock",
  default: true,
  built_in: false,
  available: true,
  context_tokens: 200_000,
  max_output_tokens: 64_000,
  price: { input_per_mtok: 0.1, output_per_mtok: 0.5, as_of: "2026-11-20" },
};
const BUILT_IN = {
  ...CLAUDE,
  id: "builtin",
  provider: "builtin",
  default: false,
  built_in: true,
  price: { input_per_mtok: 0, output_per_mtok: 0, as_of: "2026-11-20" },
};
const DOWN = {
  ...CLAUDE,
  id: "openai:llama3.2@http://127.0.0.1:11434/v1",
  default: false,
  available: false,
  price: null,
};

const chosen = (): string | undefined => useChoicesStore.getState().byConversation.c1?.model;

beforeEach(() => {
  useChoicesStore.getState().forget("c1");
  usePreferences.getState().set({ model: undefined });
  useToasts.setState({ toasts: [] });
});

async function opened() {
  serve({
    "GET /models": { models: [CLAUDE, BUILT_IN, DOWN] },
    "GET /health": { status: "ok", version: "1", model: CLAUDE.id },
  });
  renderWithQueries(<ModelPicker conversationId="c1" />);
  const user = userEvent.setup();
  const button = await screen.findByRole("button", { name: /Claude Haiku 5\.5/ });
  await user.click(button);
  return { user, button };
}

describe("the choice of a model", () => {
  it("shows of each what one wants to know before", async () => {
    await opened();
    const claude = await screen.findByRole("option", { name: /Claude Haiku 5\.5/ });
    expect(claude).toHaveTextContent("reads 200,000 tokens");
    expect(claude).toHaveTextContent("$0.10 in, $0.50 out per million tokens (as of Nov 20, 2026)");
    expect(claude).toHaveAttribute("aria-selected", "true");
    expect(screen.getByRole("option", { name: /Built-in model/ })).toHaveTextContent(
      "Built in, free, for trying things out",
    );
    expect(screen.getByRole("option", { name: /llama3\.2/ })).toHaveTextContent("not available now");
    expect(screen.getByRole("option", { name: /llama3\.2/ })).toHaveTextContent("price not known");
  });

  it("is made with the keyboard, and the focus goes back", async () => {
    const { user, button } = await opened();
    await waitFor(() => expect(screen.getByRole("option", { name: /Claude/ })).toHaveFocus());
    await user.keyboard("{ArrowDown}{Enter}");
    expect(chosen()).toBe("builtin");
    expect(screen.queryByRole("listbox")).toBeNull();
    expect(button).toHaveFocus();
  });

  it("refuses what is not available", async () => {
    const { user } = await opened();
    await user.click(await screen.findByRole("option", { name: /llama3\.2/ }));
    expect(chosen()).toBeUndefined();
    expect(screen.getByRole("listbox")).toBeInTheDocument();
  });

  it("falls back to the default where a model is no longer offered, and says so", async () => {
    useChoicesStore.getState().choose("c1", { model: "openai:old@http://x/v1" });
    await opened();
    await waitFor(() => expect(chosen()).toBeUndefined());
    expect(useToasts.getState().toasts[0]?.text).toContain("old is no longer offered");
  });

  it("says why the models could not be fetched, and tries again", async () => {
    const answers: Record<string, unknown> = {
      "GET /models": new Error("gone"),
      "GET /health": { status: "ok", version: "1", model: CLAUDE.id },
    };
    serve(answers);
    renderWithQueries(<ModelPicker conversationId="c1" />);
    const user = userEvent.setup();
    await user.click(await screen.findByRole("button", { name: /Claude/ }));
    expect(await screen.findByRole("alert")).toHaveTextContent("No connection to the server");
    answers["GET /models"] = { models: [CLAUDE] };
    await user.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("option", { name: /Claude/ })).toBeInTheDocument();
  });
});
