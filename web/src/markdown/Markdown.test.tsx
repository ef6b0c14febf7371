import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Citation } from "~/state/panel";
import { Markdown } from "./Markdown";

const citation = (number: number, page: number | null = null): Citation => ({
  number,
  document_id: "d",
  document: "report.pdf",
  text: "…",
  score: 1,
  page,
  section: null,
});

beforeAll(async () => {
  await Promise.all([import("./highlight"), import("./mathml")]);
});

/** Lets what is loaded when needed arrive. */
async function settled(): Promise<void> {
  await act(async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    await new Promise((resolve) => setTimeout(resolve, 0));
  });
}

const shown = (text: string): HTMLElement => render(<Markdown text={text} />).container;

describe("a text", () => {
  it("has headings, lists, quotes and tables", () => {
    shown("# Title\n\n- a\n  - b\n\n> q\n>> r\n\n| x | y |\n|:-|-:|\n| 1 | 2 |");
    expect(screen.getByRole("heading", { name: "Title", level: 3 })).toBeVisible();
    expect(screen.getAllByRole("listitem")).toHaveLength(2);
    expect(screen.getByRole("cell", { name: "2" })).toHaveClass("right");
    expect(document.querySelectorAll("blockquote blockquote")).toHaveLength(1);
  });

  it("finds the direction of each block by itself", () => {
    expect(shown("שלום\n\nhello").querySelectorAll('p[dir="auto"]')).toHaveLength(2);
  });

  it("shows HTML as text", () => {
    const container = shown("a <b>c</b>\n\n<script>alert(1)</script>");
    expect(container).toHaveTextContent("a <b>c</b> <script>alert(1)</script>");
    expect(container.querySelector("b, script")).toBeNull();
  });

  it("says which tasks are done", () => {
    shown("- [x] one\n- [ ] two");
    expect(screen.getByRole("img", { name: "Done" })).toBeVisible();
    expect(screen.getByRole("img", { name: "Not done" })).toBeVisible();
    expect(document.querySelector("input")).toBeNull();
  });

  it("has footnotes that lead there and back, and may stand on the page twice", async () => {
    const text = "a[^1]\n\n[^1]: the note";
    render(
      <>
        <Markdown text={text} />
        <Markdown text={text} />
      </>,
    );
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const [first] = screen.getAllByRole("link", { name: "Footnote 1" });
    if (!first) throw new Error("no link");
    const before = location.href;
    await userEvent.click(first);
    expect(document.activeElement).toHaveAccessibleName("Back to the text");
    await userEvent.click(document.activeElement ?? first);
    expect(document.activeElement).toBe(first);
    expect(location.href).toBe(before);
  });

  it("is shown as it is where it is nested too deep to be read", () => {
    const container = shown(`${">".repeat(1_000)} text\n\n**after**`);
    expect(container.querySelector("blockquote")).toBeNull();
    expect(container).toHaveTextContent(`${">".repeat(1_000)} textafter`);
    expect(container.querySelector("strong")).toHaveTextContent("after");
  });

  it("keeps a line's end, once", () => {
    expect(shown("a  \nb\nc").querySelector("p")?.innerHTML).toBe("a<br>b\nc");
  });

  it("with a long list or table shows one list and one table", () => {
    const items = Array.from(
      { length: 200 },
      (_, index) => `${index + 3}. item **${index}**\n\n     - nested`,
    );
    const rows = Array.from({ length: 200 }, (_, index) => `| row ${index} | \`b\` |`);
    const text = `${items.join("\n")}\n\n| A | B |\n|---|--:|\n${rows.join("\n")}\n\nEnd.`;
    const container = shown(text);
    expect(container.querySelectorAll(".markdown > ol")).toHaveLength(1);
    expect(container.querySelector("ol")).toHaveAttribute("start", "3");
    expect(container.querySelectorAll(".markdown > ol > li")).toHaveLength(200);
    expect(container.querySelectorAll("table")).toHaveLength(1);
    expect(container.querySelectorAll("thead th")).toHaveLength(2);
    expect(container.querySelectorAll("tbody tr")).toHaveLength(200);
    expect(container.querySelectorAll("td.right")).toHaveLength(200);
    expect(container).toHaveTextContent(/End\.$/);
  });

  it("is shown whole when it is very long", () => {
    const text = Array.from(
      { length: 700 },
      (_, index) => `Paragraph ${index} with **bold** words in it.`,
    ).join("\n\n");
    expect(text.length).toBeGreaterThan(24_000);
    expect(shown(text).querySelectorAll("p")).toHaveLength(700);
  });
});

describe("a link", () => {
  it("says where it leads and opens apart from the page", () => {
    shown("[docs](https://example.com/a)");
    const link = screen.getByRole("link", { name: "docs (example.com)" });
    expect(link).toHaveAttribute("rel", "noopener noreferrer nofollow");
    expect(link).toHaveAttribute("target", "_blank");
    expect(link).toHaveAttribute("title", "https://example.com/a");
  });

  it("does not repeat a place that its text says", () => {
    shown("https://example.com/a and [example.com](https://example.com/b)");
    expect(screen.getByRole("link", { name: "https://example.com/a" })).toBeVisible();
    expect(screen.getByRole("link", { name: "example.com" })).toBeVisible();
  });

  it("says the real place where its text or a user name says another", () => {
    shown("[https://bank.example](https://evil.example/) https://bank.example@evil.example/x");
    expect(screen.getByRole("link", { name: "https://bank.example (evil.example)" })).toBeVisible();
    expect(screen.getByRole("link", { name: /really leads to evil\.example/ })).toBeVisible();
  });

  it.each([
    "javascript:alert(1)",
    "JAVASCRIPT:x",
    "data:text/html,x",
    "vbscript:x",
    "file:///x",
    "/api",
    "//evil.example",
    "tel:1",
  ])("to %s is text", (address) => {
    expect(shown(`[words](${address})`)).toHaveTextContent("words");
    expect(screen.queryByRole("link")).toBeNull();
  });
});

describe("an image", () => {
  it("is a link to itself, never fetched", () => {
    const container = shown("![a cat](https://pictures.example/cat.png)");
    expect(screen.getByRole("link", { name: "Image: a cat (pictures.example)" })).toBeVisible();
    expect(container.querySelector("img, [src]")).toBeNull();
  });

  it("in a link is only its name", () => {
    shown("[![badge](https://a.example/x.svg)](https://b.example/)");
    expect(screen.getByRole("link", { name: "Image: badge (b.example)" })).toHaveAttribute(
      "href",
      "https://b.example/",
    );
  });

  it("without an address that may be opened is its text", () => {
    shown("![x](data:image/svg+xml,y)");
    expect(screen.getByText("Image: x")).toBeVisible();
    expect(screen.queryByRole("link")).toBeNull();
  });
});

describe("a marker of a source", () => {
  it("opens the source", async () => {
    const opened = vi.fn();
    render(
      <Markdown text="So it is [1][2]." citations={[citation(1, 7), citation(2)]} onCitation={opened} />,
    );
    await userEvent.click(screen.getByRole("button", { name: "Source 1: report.pdf, page 7" }));
    await userEvent.click(screen.getByRole("button", { name: "Source 2: report.pdf" }));
    expect(opened.mock.calls).toEqual([[1], [2]]);
  });

  it("without a source stays text, and so does one in code, in a link or in math", () => {
    const text = "a [3] `[1]` [see [1]](https://a.example)\n\n```\n[1]\n```";
    const { container } = render(
      <Markdown text={text} citations={[citation(1)]} onCitation={() => undefined} />,
    );
    expect(within(container).queryByRole("button", { name: /Source/ })).toBeNull();
    expect(container).toHaveTextContent("a [3] [1]");
  });

  it("is not turned into a link by a definition in the text", () => {
    const text = "So it is [1].\n\n[1]: https://evil.example/";
    render(<Markdown text={text} citations={[citation(1)]} onCitation={() => undefined} />);
    expect(screen.getByRole("button", { name: /Source 1/ })).toBeVisible();
    expect(screen.queryByRole("link")).toBeNull();
  });

  it("calls the latest function", async () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const { rerender } = render(<Markdown text="x [1]" citations={[citation(1)]} onCitation={first} />);
    rerender(<Markdown text="x [1]" citations={[citation(1)]} onCitation={second} />);
    await userEvent.click(screen.getByRole("button"));
    expect([first.mock.calls, second.mock.calls]).toEqual([[], [[1]]]);
  });
});

describe("code", () => {
  it("has its language's name and colours, and is copied as it is", async () => {
    const user = userEvent.setup();
    const container = shown("```py\ndef f():\n    return 'x'\n```");
    await waitFor(() => expect(container.querySelector("pre .keyword")).toHaveTextContent("def"));
    expect(screen.getByText("Python")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Copy code" }));
    expect(await navigator.clipboard.readText()).toBe("def f():\n    return 'x'");
    expect(screen.getByRole("status")).toHaveTextContent("Copied");
  });

  it("says so when the browser does not let it be copied", async () => {
    const user = userEvent.setup();
    shown("```\nx\n```");
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("denied"));
    document.execCommand = () => false;
    await user.click(screen.getByRole("button", { name: "Copy code" }));
    expect(screen.getByRole("status")).toHaveTextContent("does not allow it");
  });

  it("is copied by the old command where there is no clipboard, as over plain HTTP", async () => {
    const user = userEvent.setup();
    shown("```\nx\n```");
    vi.spyOn(navigator, "clipboard", "get").mockReturnValue(undefined as unknown as Clipboard);
    let selected: string | undefined;
    document.execCommand = () => {
      selected = document.querySelector("textarea")?.value;
      return true;
    };
    await user.click(screen.getByRole("button", { name: "Copy code" }));
    expect(screen.getByRole("status")).toHaveTextContent("Copied");
    expect(selected).toBe("x");
  });

  it("of 100 kB or of an unknown language stays plain and whole", async () => {
    const code = "let a = 1;\n".repeat(10_000);
    const container = shown(`\`\`\`js\n${code}\`\`\`\n\n\`\`\`made-up\nlet\n\`\`\``);
    await settled();
    expect(container.querySelectorAll("pre span")).toHaveLength(0);
    expect(container.querySelector("pre")?.textContent).toBe(code.trimEnd());
  });

  it("keeps every character while it is streamed", () => {
    const code = "let a = `b`;\n// done";
    const { container, rerender } = render(<Markdown text="" streaming />);
    for (let length = 1; length <= code.length; length += 1) {
      rerender(<Markdown text={`\`\`\`js\n${code.slice(0, length)}`} streaming />);
      expect(container.querySelector("pre")?.textContent).toBe(code.slice(0, length).replace(/\n$/, ""));
    }
  });
});

describe("math", () => {
  it.each([
    ["$x^2$", "inline"],
    ["\\(x^2\\)", "inline"],
    ["$$x^2$$", "display"],
    ["$$\nx^2\n$$", "display"],
    ["\\[x^2\\]", "display"],
    ["\\[\nx\n+ y^2\n\\]", "display"],
  ])("%j is math (%s)", async (text, kind) => {
    const container = shown(text);
    await waitFor(() => expect(container.querySelector("math")).not.toBeNull());
    const math = container.querySelector("math");
    expect(math?.querySelector("msup")).not.toBeNull();
    expect(math?.getAttribute("display") ?? "inline").toBe(kind === "display" ? "block" : "inline");
  });

  it.each([
    "$5 and $6",
    "It costs $5/$6, US$7 or A$8.",
    "from $1,000 to $2,000",
    "$ x $",
    "a\\$b$",
    "`$x$`",
    "**$5** or **$6**",
    "\\(open",
    "$HOME:$PATH",
  ])("%j is none", async (text) => {
    const container = shown(text);
    await settled();
    expect(container.querySelector("math, .math, .displayMath")).toBeNull();
  });

  it("beside money is still math", async () => {
    const container = shown("For $5 you get $x+1$ of them.");
    await waitFor(() => expect(container.querySelectorAll("math")).toHaveLength(1));
    expect(container).toHaveTextContent(/^For \$5 you get/);
  });

  it("with a mistake in it is shown as its source", async () => {
    const container = shown("$\\frac{1}{$");
    await settled();
    expect(container.querySelector("math")).toBeNull();
    expect(container).toHaveTextContent("\\frac{1}{");
  });
});

describe("streaming", () => {
  const ANSWER =
    "# Title\n\nSome **bold** and *soft* text with `code`, see [the docs](https://a.example/x) [1].\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- one\n- **two**\n\n```js\nlet a = 1;\n\nlet b;\n```\n\n![pic](https://a.example/p.png)\n\n$$\nx\n$$\n\nEnd ~~old~~.";

  it("never shows marks that will not be there in the end", () => {
    const { container, rerender } = render(<Markdown text="" streaming />);
    const cited = [citation(1)];
    const open = (): void => undefined;
    for (let length = 1; length <= ANSWER.length; length += 1) {
      rerender(<Markdown text={ANSWER.slice(0, length)} streaming citations={cited} onCitation={open} />);
      const outside = [...container.querySelectorAll("p, li, td, th, h3")]
        .map((each) => each.textContent)
        .join("\n");
      expect(outside, JSON.stringify(ANSWER.slice(0, length))).not.toMatch(/[*`|~#]|\]\(|^--|!\[/m);
    }
  });

  it("leaves the elements of finished blocks where they are", () => {
    const { container, rerender } = render(<Markdown text={"One.\n\nTwo"} streaming />);
    const first = container.querySelector("p");
    rerender(<Markdown text={"One.\n\nTwo and\n\n- three"} streaming />);
    rerender(<Markdown text={"One.\n\nTwo and\n\n- three"} />);
    expect(container.querySelector("p")).toBe(first);
  });

  it("ends as the text that was never streamed", () => {
    const { container, rerender } = render(<Markdown text={ANSWER.slice(0, 50)} streaming />);
    rerender(<Markdown text={ANSWER} streaming />);
    rerender(<Markdown text={ANSWER} />);
    const whole = render(<Markdown text={ANSWER} />).container;
    expect(container.textContent).toBe(whole.textContent);
  });
});
