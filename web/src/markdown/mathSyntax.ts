/**
 * Which dollars are math. remark-math takes any two; here they are math as in Pandoc, so that "$5 and $6" stays money: the opening one
 * has something other than a space to its right and no letter or digit to its left, the closing one has no space to its left and no
 * digit or capital to its right. And `\(x\)`, `\[x\]`, which models write as often, are math too.
 */
import type { Paragraph, PhrasingContent, Root } from "mdast";
import type { Code, Construct, Effects, State, TokenizeContext } from "micromark-util-types";
import type {} from "remark-parse";
import type { Processor } from "unified";

declare module "micromark-util-types" {
  interface TokenTypeMap {
    mathText: "mathText";
    mathTextSequence: "mathTextSequence";
    mathTextData: "mathTextData";
  }
}

const DOLLAR = 36;
const BACKSLASH = 92;
const OPENERS = new Map([
  [40, 41], // ( )
  [91, 93], // [ ]
]);

const isEnd = (code: Code): code is null => code === null;
const isLineEnding = (code: Code): boolean => code !== null && code < -2;
const isSpace = (code: Code): boolean => code === null || code < 0 || code === 32;
const isDigit = (code: Code): boolean => code !== null && code >= 48 && code <= 57;
const isCapital = (code: Code): boolean => code !== null && code >= 65 && code <= 90;
const isSmall = (code: Code): boolean => code !== null && code >= 97 && code <= 122;

/** Fails where a math text may begin, for remark-math to read it; takes the dollar as a character of the text otherwise. */
const moneyDollar: Construct = {
  name: "moneyDollar",
  tokenize(effects, ok, nok) {
    const before = this.previous;
    const afterWord = isDigit(before) || isCapital(before) || isSmall(before);
    const take: State = (code) => {
      effects.enter("data");
      effects.consume(code);
      effects.exit("data");
      return ok;
    };
    if (before === DOLLAR) return nok;
    return afterWord ? effects.check(doubleDollar, nok, take) : effects.check(mathAhead, nok, take);
  },
};

const doubleDollar: Construct = {
  partial: true,
  tokenize(effects, ok, nok) {
    return dollar(effects, (code) => (code === DOLLAR ? ok(code) : nok(code)));
  },
};

/** Two dollars, or one that another closes. */
const mathAhead: Construct = {
  partial: true,
  tokenize(effects, ok, nok) {
    let last: Code = null;
    const afterClose: State = (code) =>
      isDigit(code) || isCapital(code) || code === DOLLAR ? nok(code) : ok(code);
    const inside: State = (code) => {
      if (isEnd(code)) return nok(code);
      if (code === DOLLAR) {
        return isSpace(last) || last === BACKSLASH ? nok(code) : dollar(effects, afterClose)(code);
      }
      last = code;
      const type = isLineEnding(code) ? "lineEnding" : "data";
      effects.enter(type);
      effects.consume(code);
      effects.exit(type);
      return inside;
    };
    return dollar(effects, (code) => {
      if (code === DOLLAR) return ok(code);
      return isSpace(code) ? nok(code) : inside(code);
    });
  },
};

function dollar(effects: Effects, next: State): State {
  return (code) => {
    effects.enter("data");
    effects.consume(code);
    effects.exit("data");
    return next;
  };
}

/** `\(x\)` and `\[x\]`. */
const backslashMath: Construct = {
  name: "backslashMath",
  tokenize(effects, ok, nok) {
    let opener: Code = null;
    let closer: Code = null;
    const done: State = (code) => {
      effects.exit("mathText");
      return ok(code);
    };
    const pair: State = (code) => {
      // Another opener: this one stands for itself. Without this the time to fail would grow with the square of their number.
      if (isEnd(code) || code === opener) return nok(code);
      if (isLineEnding(code)) return between(code);
      effects.consume(code);
      return data;
    };
    const data: State = (code) => {
      if (isEnd(code) || isLineEnding(code) || code === BACKSLASH) {
        effects.exit("mathTextData");
        return between(code);
      }
      effects.consume(code);
      return data;
    };
    const escaped: State = (code) => {
      effects.enter("mathTextData");
      effects.consume(code);
      return (next) => {
        if (isLineEnding(next)) {
          effects.exit("mathTextData");
          return between(next);
        }
        return pair(next);
      };
    };
    const between: State = (code) => {
      if (isEnd(code)) return nok(code);
      if (isLineEnding(code)) {
        effects.enter("lineEnding");
        effects.consume(code);
        effects.exit("lineEnding");
        return between;
      }
      if (code === BACKSLASH)
        return effects.attempt(
          sequence(() => closer),
          done,
          escaped,
        )(code);
      effects.enter("mathTextData");
      return data(code);
    };
    return (code) => {
      effects.enter("mathText");
      effects.enter("mathTextSequence");
      effects.consume(code);
      return (next) => {
        const found = next === null ? undefined : OPENERS.get(next);
        if (found === undefined) return nok(next);
        opener = next;
        closer = found;
        effects.consume(next);
        effects.exit("mathTextSequence");
        return between;
      };
    };
  },
};

/** A backslash and the code. */
function sequence(wanted: () => Code): Construct {
  return {
    partial: true,
    tokenize(this: TokenizeContext, effects, ok, nok) {
      return (code) => {
        effects.enter("mathTextSequence");
        effects.consume(code);
        return (next) => {
          if (next !== wanted()) return nok(next);
          effects.consume(next);
          effects.exit("mathTextSequence");
          return ok;
        };
      };
    },
  };
}

/** A remark plugin, to be used after remark-math. */
export function remarkMathRules(this: Processor) {
  const data = this.data();
  data.micromarkExtensions ??= [];
  data.micromarkExtensions.push({ text: { [DOLLAR]: moneyDollar, [BACKSLASH]: backslashMath } });
  return (tree: Root, file: { readonly value: unknown }) => {
    const source = String(file.value);
    for (const paragraph of paragraphsOf(tree)) markDisplay(paragraph, source);
  };
}

/** `$$x$$` alone in its paragraph, and `\[x\]` anywhere, is math on a line of its own. */
function markDisplay(paragraph: Paragraph, source: string): void {
  for (const child of paragraph.children) {
    if (child.type !== "inlineMath") continue;
    const start = child.position?.start.offset ?? 0;
    const isAlone = paragraph.children.length === 1 && source.startsWith("$$", start);
    if (isAlone || source.startsWith("\\[", start)) {
      child.data = { ...child.data, hProperties: { className: ["language-math", "math-display"] } };
    }
  }
}

function* paragraphsOf(tree: Root): Generator<Paragraph> {
  const left: (Root | Root["children"][number] | PhrasingContent)[] = [tree];
  for (let node = left.pop(); node; node = left.pop()) {
    if (node.type === "paragraph") yield node;
    else if ("children" in node) left.push(...(node.children as Root["children"]));
  }
}
