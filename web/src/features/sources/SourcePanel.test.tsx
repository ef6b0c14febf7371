import { QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { navigate } from "wouter/use-browser-location";
import { createQueryClient } from "~/api/queries";
import { type Citation, usePanel } from "~/state/panel";
import { forgetOriginals, LARGE_BYTES } from "./original/originals";
import SourcePanel from "./SourcePanel";

vi.mock("./pdf/pdfjs", () => import("./test/fakeBook"));

/** What the server answers, by the end of the path; a number is a status. */
let answers: Record<string, unknown>;
let size: string | undefined;

const citation = (change: Partial<Citation> = {}): Citation => ({
  number: 1,
  document_id: "pumps",
  document: "manuals/pumps.pdf",
  page: 2,
  section: "Maintenance",
  text: "The pump must be cleaned every two weeks",
  score: 0.9,
  ...change,
});
const PDF = "Contents\nof the manual\fBefore it\nThe pump must be cleaned\nevery two weeks.\nAfter it";

function answerTo(url: URL): Response {
  const end = url.pathname.split("/").at(-1) ?? "";
  if (end === "download" && !("download" in answers)) {
    const address = `${location.origin}${url.pathname.replace("download", "content")}`;
    return Response.json({ url: address, method: "GET", headers: {} });
  }
  const found = answers[end];
  if (typeof found === "number") {
    const code = found === 404 ? "not_found" : "unavailable";
    return Response.json({ error: { code, message: "", request_id: "r" } }, { status: found });
  }
  if (typeof found === "string")
    return new Response(found, size ? { headers: { "content-length": size } } : {});
  if (found === undefined) throw new TypeError("network");
  return Response.json(found);
}

beforeEach(() => {
  forgetOriginals();
  answers = { content: PDF };
  size = undefined;
  vi.stubGlobal("fetch", async (input: RequestInfo | URL, init?: RequestInit) =>
    answerTo(new URL(new Request(input, init).url)),
  );
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(800);
});

afterEach(() => {
  act(() => usePanel.getState().close());
  act(() => navigate("/"));
  vi.unstubAllGlobals();
});

function Page() {
  const content = usePanel((state) => state.content);
  return (
    <>
      <button type="button">opener</button>
      {content && <SourcePanel />}
    </>
  );
}

function show(...citations: Citation[]) {
  const client = createQueryClient();
  client.setDefaultOptions({ queries: { retry: false } });
  render(
    <QueryClientProvider client={client}>
      <Page />
    </QueryClientProvider>,
  );
  screen.getByRole("button", { name: "opener" }).focus();
  act(() => usePanel.getState().openCitation(citations, citations[0]?.number ?? 1));
}

const highlights = () => document.querySelectorAll("[data-highlight]");
const passage = () => screen.getByRole("complementary").querySelector("blockquote");
const isPassageOpen = () => passage()?.closest("details")?.open;

describe("a source that is a PDF", () => {
  it("says which document, page and section it is, and which source of how many", async () => {
    show(citation(), citation({ number: 2 }));
    expect(screen.getByRole("heading", { name: "pumps.pdf" })).toBeInTheDocument();
    expect(screen.getByText("Page 2 · Maintenance")).toBeInTheDocument();
    expect(screen.getByText("Source 1 of 2")).toBeInTheDocument();
    await waitFor(() => expect(highlights()).not.toHaveLength(0));
  });

  it("highlights the passage on its page and goes there", async () => {
    show(citation());
    await waitFor(() => expect(highlights()).toHaveLength(2));
    expect(highlights()[0]?.closest("article")).toHaveAccessibleName("Page 2");
    expect(screen.getByText("The passage is highlighted on page 2.")).toBeInTheDocument();
    expect(screen.getByRole("textbox", { name: "Page" })).toHaveValue("2");
    expect(isPassageOpen()).toBe(false);
  });

  it("shows the text where the passage is not on the page", async () => {
    show(citation({ text: "Zebras graze on the savannah" }));
    expect(await screen.findByText(/could not be located on the page/)).toBeInTheDocument();
    expect(isPassageOpen()).toBe(true);
    expect(screen.getByRole("article", { name: "Page 2" })).toBeInTheDocument();
  });

  it("goes to the page that is typed, and stays in the document", async () => {
    const user = userEvent.setup();
    show(citation());
    const input = await screen.findByRole("textbox", { name: "Page" });
    await user.clear(input);
    await user.type(input, "1{Enter}");
    expect(input).toHaveValue("1");
    await user.clear(input);
    await user.type(input, "99{Enter}");
    expect(input).toHaveValue("2");
    await user.clear(input);
    await user.type(input, "two{Enter}");
    expect(input).toHaveValue("2");
  });

  it("is made larger and smaller by keys and buttons", async () => {
    const user = userEvent.setup();
    show(citation());
    (await screen.findByRole("region", { name: "Pages of pumps.pdf" })).focus();
    await user.keyboard("++");
    expect(screen.getByText("150%")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Smaller" }));
    expect(screen.getByText("125%")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: /Fit the width/ }));
    expect(screen.getByText("100%")).toBeInTheDocument();
  });

  it.each([
    ["was deleted", () => ({ download: 404 }), /not there any more/],
    ["has lost its file", () => ({ content: 404 }), /not there any more/],
    ["is protected by a password", () => ({ content: "LOCKED" }), /protected by a password/],
    ["is damaged", () => ({ content: "BROKEN" }), /damaged/],
    ["cannot be reached", () => ({}), /No connection/],
    ["cannot be given by the server", () => ({ download: 503 }), /Something went wrong|failed/],
  ])("says so where the document %s, and shows the passage", async (_, given, sentence) => {
    answers = given();
    show(citation());
    expect(await screen.findByText(sentence)).toBeInTheDocument();
    expect(isPassageOpen()).toBe(true);
    expect(passage()).toHaveTextContent("The pump must be cleaned every two weeks");
  });

  it("is shown at another attempt", async () => {
    const user = userEvent.setup();
    answers = {};
    show(citation());
    const retry = await screen.findByRole("button", { name: "Try again" });
    answers = { content: PDF };
    await user.click(retry);
    await waitFor(() => expect(highlights()).toHaveLength(2));
  });

  it("is fetched on request only where it is large", async () => {
    const user = userEvent.setup();
    size = String(2 * LARGE_BYTES);
    show(citation());
    expect(await screen.findByText(/This file is large \(100 MB\)/)).toBeInTheDocument();
    expect(isPassageOpen()).toBe(true);
    await user.click(screen.getByRole("button", { name: "Show it anyway" }));
    await waitFor(() => expect(highlights()).toHaveLength(2));
  });

  it("is shown from its first page where it is opened as a document", async () => {
    show();
    act(() => usePanel.getState().openDocument("pumps", "pumps.pdf"));
    expect(await screen.findByRole("article", { name: "Page 1" })).toBeInTheDocument();
    expect(screen.queryByText("The passage")).not.toBeInTheDocument();
    expect(highlights()).toHaveLength(0);
  });
});

describe("a source of another kind", () => {
  const text = citation({ document: "pumps.md", page: null, section: "Care" });

  it("is the text that was read, the passage marked", async () => {
    answers = {
      text: {
        passages: [{ text: "First. " }, { section: "Care", text: `Care\n\n${text.text}. More.` }],
        complete: true,
      },
    };
    show(text);
    const marked = await screen.findByText(/The pump must be cleaned every two weeks\./, {
      selector: "mark",
    });
    expect(marked.closest("section")).toHaveAccessibleName("Text of pumps.md");
    expect(screen.getByRole("heading", { name: "Care" })).toBeInTheDocument();
  });

  it("is never taken for HTML", async () => {
    answers = { text: { passages: [{ text: "<img src=x onerror=alert(1)> & more" }], complete: true } };
    show(citation({ document: "evil.html", text: "more", page: null }));
    expect(await screen.findByText(/<img src=x onerror=alert\(1\)>/)).toBeInTheDocument();
    expect(document.querySelector("img")).toBeNull();
  });

  it.each([
    [
      "is too long",
      { text: { passages: [], complete: false } },
      /too long to be shown here.*The passage reads:/,
    ],
    ["holds no text", { text: { passages: [], complete: true } }, /No text was read/],
    ["is gone", { text: 404 }, /not there any more/],
    ["cannot be reached", {}, /No connection/],
    [
      "was replaced",
      { text: { passages: [{ text: "Zebras" }], complete: true } },
      /could not be located in the document/,
    ],
  ])("shows the passage where the document %s", async (_, given, sentence) => {
    answers = given;
    show(text);
    expect(await screen.findByText(sentence)).toBeInTheDocument();
    expect(isPassageOpen()).toBe(true);
  });
});

describe("the panel", () => {
  it("goes from source to source, the focus staying on the button", async () => {
    const user = userEvent.setup();
    show(citation(), citation({ number: 4, page: 1, text: "Contents of the manual" }));
    const next = screen.getByRole("button", { name: "Next source" });
    await user.click(next);
    expect(screen.getByText("Source 2 of 2")).toBeInTheDocument();
    expect(next).toHaveFocus();
    expect(next).toHaveAttribute("aria-disabled", "true");
    expect(await screen.findByText("The passage is highlighted on page 1.")).toBeInTheDocument();
  });

  it("takes the focus to its heading, and gives it back when Escape closes it", async () => {
    const user = userEvent.setup();
    show(citation());
    expect(screen.getByRole("heading", { name: "pumps.pdf" })).toHaveFocus();
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("complementary")).not.toBeInTheDocument();
    expect(screen.getByRole("button", { name: "opener" })).toHaveFocus();
  });

  it("does not take the focus from where the user went meanwhile", async () => {
    show(citation());
    const opener = screen.getByRole("button", { name: "opener" });
    const other = document.body.appendChild(document.createElement("input"));
    other.focus();
    act(() => usePanel.getState().close());
    expect(other).toHaveFocus();
    expect(opener).not.toHaveFocus();
    other.remove();
  });

  it("closes when the user goes to another conversation", () => {
    show(citation());
    act(() => navigate("/c/first"));
    expect(screen.getByRole("complementary")).toBeInTheDocument();
    act(() => navigate("/c/second"));
    expect(screen.queryByRole("complementary")).not.toBeInTheDocument();
  });

  it("keeps the keyboard within itself where it lies over the page", async () => {
    const user = userEvent.setup();
    vi.stubGlobal("matchMedia", () => Object.assign(new EventTarget(), { matches: true }));
    show(citation());
    await screen.findByText("The passage is highlighted on page 2.");
    const panel = screen.getByRole("complementary");
    for (let stop = 0; stop < 25; stop++) {
      await user.tab();
      expect(panel).toContainElement(document.activeElement as HTMLElement);
    }
    await user.tab({ shift: true });
    expect(panel).toContainElement(document.activeElement as HTMLElement);
  });

  it("says so where the source is none of the answer's", () => {
    show(citation({ number: 3 }));
    act(() => usePanel.getState().openCitation([citation()], 9));
    expect(screen.getByText(/not among those of the answer/)).toBeInTheDocument();
  });

  it("is made wider with the keyboard, and stays so", async () => {
    const user = userEvent.setup();
    vi.stubGlobal("innerWidth", 1400);
    vi.stubGlobal("matchMedia", () => Object.assign(new EventTarget(), { matches: false }));
    show(citation());
    const edge = screen.getByRole("separator", { name: "Width of the source" });
    const before = Number(edge.getAttribute("aria-valuenow"));
    edge.focus();
    await user.keyboard("{ArrowLeft}");
    expect(edge).toHaveAttribute("aria-valuenow", String(before + 32));
    expect(localStorage.getItem("chatbot.panelWidth")).toBe(String(before + 32));
    await user.keyboard("{Home}{ArrowRight}");
    expect(edge.getAttribute("aria-valuenow")).toBe(edge.getAttribute("aria-valuemin"));
  });
});
