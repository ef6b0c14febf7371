import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it, vi } from "vitest";
import { store, storedKeys } from "~/state/storage";
import { renderWithQueries } from "~/test/render";
import { YourData } from "./YourData";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

it("forgets all that this browser keeps of the user, and leaves the page that starts without a connection", async () => {
  const remove = vi.fn(async () => true);
  vi.stubGlobal("caches", { keys: async () => ["chatbot-shell-1"], delete: remove });
  const replace = vi.spyOn(location, "replace").mockReturnValue(undefined);
  store("apiKey", "secret");
  store("draft.new", "not sent");
  renderWithQueries(<YourData />);
  await userEvent.click(screen.getByRole("button", { name: "Forget..." }));
  await userEvent.click(screen.getByRole("button", { name: "Forget everything" }));
  await vi.waitFor(() => expect(replace).toHaveBeenCalledWith("/"));
  expect(storedKeys("")).toEqual([]);
  expect(remove).not.toHaveBeenCalled();
});
