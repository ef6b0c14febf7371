import { describe, expect, it } from "vitest";
import { english } from "./english";
import german from "./german";

const SOURCES = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.{ts,tsx}", "!../test/**"], {
  query: "?raw",
  import: "default",
  eager: true,
});

type Texts = Readonly<Record<string, string>>;

/** `{a: {b: "text"}}` as `{"a.b": "text"}`. */
function flat(node: object, path = ""): Texts {
  const entries = Object.entries(node).flatMap(([name, value]: [string, unknown]) => {
    const key = path ? `${path}.${name}` : name;
    return typeof value === "string" ? [[key, value]] : Object.entries(flat(value as object, key));
  });
  return Object.fromEntries(entries) as Texts;
}

const marksIn = (text: string): string[] => (text.match(/\{\{\s*\w+\s*\}\}|<\/?\w+\/?>/g) ?? []).sort();

describe.each(Object.keys(english) as (keyof typeof english)[])("the texts of %s", (namespace) => {
  const [en, de] = [flat(english[namespace]), flat(german[namespace])];

  it("have the same keys in both languages", () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });

  it("have the same places for values and marks in both languages", () => {
    for (const [key, text] of Object.entries(en))
      expect([key, marksIn(de[key] ?? "")]).toEqual([key, marksIn(text)]);
  });

  it("say something in both languages", () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(de)]) {
      expect([key, text.trim()]).not.toEqual([key, ""]);
    }
  });

  it("are all used", () => {
    const used = usedIn(namespace);
    const unused = Object.keys(en).filter((key) => !used(key.replace(/_(zero|one|two|few|many|other)$/, "")));
    expect(unused).toEqual([]);
  });
});

/** Whether a key stands in a source that speaks of the namespace: as it is, or made by a template such as `theme.${name}`. */
function usedIn(namespace: string): (key: string) => boolean {
  const code = Object.entries(SOURCES)
    .filter(
      ([, text]) =>
        namespace === "common" || text.includes(`"${namespace}"`) || text.includes(`${namespace}:`),
    )
    .map(([, text]) => text)
    .join("\n");
  const literals = new Set([...code.matchAll(/["'`](?:\w+:)?([\w.]+)["'`]/g)].map(([, literal]) => literal));
  const templates = [...code.matchAll(/`(?:\w+:)?([\w.]*\$\{[^`]*?)`/g)].flatMap(([, template = ""]) => {
    const parts = template.split(/\$\{[^}]*\}/);
    // Nothing but a hole would fit everything.
    return parts.some((part) => part) ? [new RegExp(`^${parts.map(escaped).join("[\\w.]+")}$`)] : [];
  });
  return (key) => literals.has(key) || templates.some((template) => template.test(key));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

describe("components", () => {
  it.each([
    "<p>Hello there</p>",
    '<p className="a">\n  Hello\n</p>',
    '<input placeholder="type here" />',
    '<IconButton icon="x" label="Close it" />',
  ])("with words in them would be found: %s", (code) => {
    expect(wordsIn(code)).toHaveLength(1);
  });

  it("have no words of their own: what is read stands in the texts", () => {
    const found = Object.entries(SOURCES)
      .filter(([path]) => path.endsWith(".tsx"))
      .flatMap(([path, code]) => wordsIn(code).map((words) => `${path}: ${words}`));
    expect(found).toEqual([]);
  });
});

/** Words between tags, and in attributes that are read out or shown. */
function wordsIn(code: string): string[] {
  const bare = code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
  const between = bare.matchAll(/<[a-zA-Z][^<>=]*(?:="[^"]*"[^<>=]*)*>\s*([A-Z][a-z]+[^<>{}]*)<\//g);
  const attributes = bare.matchAll(
    /\s(?:aria-label|aria-description|title|placeholder|alt|label)="([^"]*[A-Za-z]{2}[^"]*)"/g,
  );
  return [...between, ...attributes].map(([, words = ""]) => words.trim());
}
