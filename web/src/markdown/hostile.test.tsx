import { act, render } from "@testing-library/react";
import { beforeAll, describe, expect, it } from "vitest";
import type { Citation } from "~/state/panel";
import samples from "../../../tests/e2e/fixtures/hostile-markdown.json";
import { Markdown } from "./Markdown";
import { SHAPES } from "./shapes.fixture";

const ELEMENTS = new Set(
  (
    "div p h3 h4 h5 h6 ul ol li blockquote pre code em strong del br hr table thead tbody tr th td sup a span bdi button svg path " +
    "math mrow mi mn mo mtext mspace msup msub msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd mstyle mpadded mphantom menclose merror"
  ).split(" "),
);

const ATTRIBUTES = new Set(
  (
    "class dir id href title target rel referrerpolicy role type start tabindex aria-label aria-hidden " +
    "focusable width height viewbox fill stroke stroke-width stroke-linecap stroke-linejoin d " +
    "display mathvariant stretchy fence separator lspace rspace accent accentunder minsize maxsize largeop movablelimits linethickness columnalign columnspacing rowspacing displaystyle scriptlevel voffset notation mathcolor mathbackground"
  ).split(" "),
);

const CITATION: Citation = {
  number: 1,
  document_id: "d",
  document: "x.pdf",
  page: 3,
  section: null,
  text: "…",
  score: 1,
};

beforeAll(async () => {
  await Promise.all([import("./highlight"), import("./mathml")]);
});

async function shown(text: string, streaming = false): Promise<HTMLElement> {
  const { container } = render(
    <Markdown text={text} streaming={streaming} citations={[CITATION]} onCitation={() => undefined} />,
  );
  await act(async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
  });
  return container;
}

function expectHarmless(container: HTMLElement): void {
  for (const element of container.querySelectorAll("*")) {
    expect(ELEMENTS, element.outerHTML.slice(0, 200)).toContain(element.localName);
    for (const { name, value } of element.attributes) {
      expect(ATTRIBUTES, `${name}="${value.slice(0, 100)}"`).toContain(name.toLowerCase());
      // Titles and labels are words; nothing else may hold an address that CSS would fetch.
      if (name !== "title" && name !== "aria-label")
        expect(value.toLowerCase()).not.toMatch(/url\(|expression\(/);
    }
    const href = element.getAttribute("href");
    if (href !== null) expect(href).toMatch(/^(?:https?:\/\/|mailto:|#md)/);
    if (href?.startsWith("#") === false)
      expect(element).toHaveAttribute("rel", "noopener noreferrer nofollow");
  }
}

describe("hostile Markdown", () => {
  it("is tried with more than 120 samples", () => {
    expect(samples.length).toBeGreaterThan(120);
    expect(new Set(samples.map(({ name }) => name)).size).toBe(samples.length);
  });

  it.each(samples)("$name", async ({ markdown }) => {
    const text = markdown.replaceAll("{{CANARY}}", "canary.example");
    expectHarmless(await shown(text));
    expectHarmless(await shown(text.slice(0, Math.ceil(text.length * 0.6)), true));
  });

  it.each(Object.keys(SHAPES))("of the shape: %s", { timeout: 30_000 }, async (name) => {
    const text = SHAPES[name] ?? "";
    const container = await shown(text);
    expectHarmless(container);
    // Definitions alone show nothing.
    if (/\w/.test(text) && !/definition/.test(name)) expect(container.textContent).not.toBe("");
  });
});
