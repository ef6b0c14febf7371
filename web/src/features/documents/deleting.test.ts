import { afterEach, expect, it, vi } from "vitest";
import { store } from "~/state/storage";
import { failure, serve } from "~/test/server";
import { finishDeleting } from "./deleting";

afterEach(() => vi.unstubAllGlobals());

it("finishes what the page before had begun, but spares what was uploaded again meanwhile", async () => {
  const began = Date.parse("2026-11-21T10:00:00Z");
  store("deletingDocuments", ["old", "again", "gone"]);
  store("deletingDocumentsSince", began);
  const deleted = vi.fn();
  const requests = serve({
    "GET /documents/old": { updated_at: "2026-11-21T09:59:00Z" },
    "GET /documents/again": { updated_at: "2026-11-21T10:05:00Z" },
    "GET /documents/gone": failure(404, "not_found", "Gone."),
    "DELETE /documents/old": {},
    "DELETE /documents/gone": failure(404, "not_found", "Gone."),
  });
  finishDeleting(deleted);
  await vi.waitFor(() => expect(deleted).toHaveBeenCalledWith(["old", "gone"]));
  const sent = requests.filter(({ method }) => method === "DELETE").map(({ url }) => new URL(url).pathname);
  expect(sent).toEqual(["/api/documents/old", "/api/documents/gone"]);
  expect(localStorage.getItem("chatbot.deletingDocuments")).toBeNull();
});
