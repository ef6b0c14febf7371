import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { reportUnauthorized, useApiKey } from "~/state/apiKey";
import { renderWithQueries } from "~/test/render";
import { failure, serve } from "~/test/server";
import { KeyDialog } from "./KeyDialog";
import { KeyForm } from "./KeyForm";
import { KeySection } from "./KeySection";

beforeEach(() => useApiKey.setState({ key: "", needed: false }));

const SERVER = {
  "GET /conversations": (request: Request) =>
    request.headers.get("x-api-key") === "right"
      ? { conversations: [] }
      : failure(403, "unauthorized", "The key is missing or wrong."),
};

async function typed(text: string) {
  const onSaved = vi.fn();
  renderWithQueries(<KeyForm onSaved={onSaved} />);
  const user = userEvent.setup();
  const field = screen.getByLabelText("API key of the server");
  await user.type(field, `${text}{Enter}`);
  return { onSaved, field, user };
}

describe("the API key", () => {
  it("is tried, and kept where the server takes it; spaces that came along are not part of it", async () => {
    serve(SERVER);
    const { onSaved } = await typed("  right ");
    expect(await screen.findByText(/The server takes this key/)).toBeInTheDocument();
    expect(onSaved).toHaveBeenCalledOnce();
    expect(useApiKey.getState().key).toBe("right");
  });

  it("is not kept where the server refuses it; what was typed stays", async () => {
    serve(SERVER);
    const { onSaved, field } = await typed("wrong");
    expect(await screen.findByText(/The server refuses this key/)).toBeInTheDocument();
    expect(field).toHaveValue("wrong");
    expect(field).toBeInvalid();
    expect(onSaved).not.toHaveBeenCalled();
    expect(useApiKey.getState().key).toBe("");
  });

  it("is not kept where there is no connection; what was typed stays", async () => {
    serve({ "GET /conversations": new Error("gone") });
    const { field } = await typed("right");
    expect(await screen.findByText(/No connection to the server/)).toBeInTheDocument();
    expect(field).toHaveValue("right");
  });

  it("is tried at once though another is being tried, of which nothing is said any more", async () => {
    const answers: (() => void)[] = [];
    serve({
      "GET /conversations": async (request: Request) => {
        if (request.headers.get("x-api-key") !== "right")
          await new Promise<void>((resolve) => answers.push(resolve));
        return SERVER["GET /conversations"](request);
      },
    });
    const { onSaved, field, user } = await typed("wrong");
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    await user.clear(field);
    await user.type(field, "right{Enter}");
    await vi.waitFor(() => expect(onSaved).toHaveBeenCalledOnce());
    for (const answer of answers) answer();
    await new Promise((resolve) => setTimeout(resolve));
    expect(screen.getByText(/The server takes this key/)).toBeInTheDocument();
    expect(field).toBeValid();
  });

  it("is refused before it is sent where no header could carry it", async () => {
    const requests = serve(SERVER);
    await typed("schlüssel");
    expect(await screen.findByText(/This cannot be a key/)).toBeInTheDocument();
    expect(requests).toHaveLength(0);
  });

  it("is shown only when asked for", async () => {
    serve(SERVER);
    const { field, user } = await typed("x");
    expect(field).toHaveAttribute("type", "password");
    await user.click(screen.getByRole("button", { name: "Show the key" }));
    expect(field).toHaveAttribute("type", "text");
  });

  it("is asked for when the server refuses a request, and can be put off", async () => {
    serve(SERVER);
    renderWithQueries(<KeyDialog />);
    expect(screen.queryByRole("dialog")).toBeNull();
    reportUnauthorized();
    expect(await screen.findByRole("dialog", { name: "API key needed" })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Later" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(useApiKey.getState().needed).toBe(true);
  });

  it("is forgotten on request; that is said, and the field has the focus", async () => {
    useApiKey.setState({ key: "right" });
    renderWithQueries(<KeySection />);
    const field = screen.getByLabelText("API key of the server");
    const status = screen.getByRole("status");
    expect(field).toHaveValue("right");
    await userEvent.click(screen.getByRole("button", { name: "Forget the key" }));
    expect(useApiKey.getState().key).toBe("");
    expect(field).toHaveValue("");
    expect(field).toHaveFocus();
    expect(status).toHaveTextContent("The key is forgotten");
    expect(screen.queryByRole("button", { name: "Forget the key" })).toBeNull();
  });

  it("that another tab changes stands in the field, unless something else was typed", async () => {
    useApiKey.setState({ key: "right" });
    renderWithQueries(<KeySection />);
    const field = screen.getByLabelText("API key of the server");
    act(() => useApiKey.setState({ key: "other" }));
    expect(field).toHaveValue("other");
    await userEvent.type(field, "s");
    act(() => useApiKey.setState({ key: "third" }));
    expect(field).toHaveValue("others");
  });

  it("is not asked for by a dialog where the settings have a field for it", () => {
    history.replaceState(null, "", "/settings");
    renderWithQueries(<KeyDialog />);
    act(reportUnauthorized);
    expect(screen.queryByRole("dialog")).toBeNull();
    history.replaceState(null, "", "/");
  });
});
