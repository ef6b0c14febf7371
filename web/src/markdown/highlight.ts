/** Code as coloured pieces. Loaded when the first block of code is shown; the languages are those that people ask about most. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import lua from "highlight.js/lib/languages/lua";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import powershell from "highlight.js/lib/languages/powershell";
import python from "highlight.js/lib/languages/python";
import r from "highlight.js/lib/languages/r";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

/** A piece of code with what it is (`keyword`, `string`, ...), or nothing in particular. */
export interface Token {
  readonly text: string;
  readonly kind: string | undefined;
}

const languages = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  lua,
  makefile,
  markdown,
  php,
  powershell,
  python,
  r,
  ruby,
  rust,
  sql,
  swift,
  typescript,
  xml,
  yaml,
};

/** Takes the pieces from the highlighter, in place of its own that writes HTML. The names are highlight.js's. */
class TokenList {
  readonly tokens: Token[] = [];
  private readonly kinds: string[] = [];

  addText(text: string): void {
    if (text === "") return;
    const kind = this.kinds.at(-1);
    const last = this.tokens.at(-1);
    if (last && last.kind === kind) this.tokens[this.tokens.length - 1] = { text: last.text + text, kind };
    else this.tokens.push({ text, kind });
  }

  startScope(scope: string): void {
    // `title.function` is a title; a language within another has no colour itself.
    const kind = scope.startsWith("language:") ? undefined : scope.split(".")[0];
    this.kinds.push(kind ?? this.kinds.at(-1) ?? "");
  }

  endScope(): void {
    this.kinds.pop();
  }

  openNode(scope: string): void {
    this.startScope(scope);
  }

  closeNode(): void {
    this.endScope();
  }

  __addSublanguage({ tokens }: TokenList): void {
    for (const { text, kind } of tokens) this.tokens.push({ text, kind: kind ?? this.kinds.at(-1) });
  }

  finalize(): void {}

  toHTML(): string {
    return "";
  }
}

for (const [name, definition] of Object.entries(languages)) hljs.registerLanguage(name, definition);
hljs.configure({ __emitter: TokenList as never });

/** `undefined` for a language that is not known. The pieces together are the code. */
export function tokensOf(code: string, language: string): readonly Token[] | undefined {
  if (!hljs.getLanguage(language)) return undefined;
  const { _emitter } = hljs.highlight(code, { language, ignoreIllegals: true });
  const { tokens } = _emitter as unknown as TokenList;
  // It gives up on what it cannot read, and then has left something out.
  return tokens.reduce((length, { text }) => length + text.length, 0) === code.length ? tokens : undefined;
}
