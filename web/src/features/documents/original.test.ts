import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useApiKey } from "~/state/apiKey";
import { failure, serve } from "~/test/server";
import { saveOriginal } from "./original";

const OWN = `${location.origin}/api/documents/d/content`;
const BUCKET = "https://bucket.example/file?signature=1";
/** Links that the page had the browser follow. */
let followed: HTMLAnchorElement[];

beforeEach(() => {
  followed = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    followed.push(this);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  useApiKey.setState({ key: "" });
});

const serveAt = (url: string) =>
  serve({
    "GET /documents/d/download": { url, method: "GET", headers: {} },
    "GET /documents/d/content": new Response("bytes"),
  });
const paths = (requests: readonly Request[]): string[] => requests.map(({ url }) => new URL(url).pathname);

describe("saving the file of a document", () => {
  it.each([
    ["our own server, which asks for no key", OWN, OWN],
    ["a signed address of a bucket", BUCKET, BUCKET],
  ])("is left to the browser where it comes from %s", async (_what, url, expected) => {
    const requests = serveAt(url);
    await saveOriginal("d", "folder/a.pdf");
    expect(followed.map(({ href, download }) => [href, download])).toEqual([[expected, "a.pdf"]]);
    expect(paths(requests)).toEqual(["/api/documents/d/download"]);
  });

  it("asks for its address once, and sends the key, where there is one", async () => {
    useApiKey.setState({ key: "secret" });
    const requests = serveAt(OWN);
    await saveOriginal("d", "folder/a.pdf");
    expect(paths(requests)).toEqual(["/api/documents/d/download", "/api/documents/d/content"]);
    expect(requests[1]?.headers.get("x-api-key")).toBe("secret");
    expect(followed.map(({ protocol, download }) => [protocol, download])).toEqual([["blob:", "a.pdf"]]);
  });

  it("says that the document is gone", async () => {
    serve({ "GET /documents/d/download": failure(404, "not_found", "It is gone.") });
    await expect(saveOriginal("d", "a.pdf")).rejects.toMatchObject({ code: "not_found" });
    expect(followed).toEqual([]);
  });
});
