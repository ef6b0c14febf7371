/** What every kind of export comes to. Pure. */

export interface Message {
  readonly role: "user" | "assistant";
  readonly text: string;
  /** Microseconds since 1970; `undefined`: the export does not say. */
  readonly time: number | undefined;
  readonly model?: string | undefined;
}

export interface Conversation {
  /** Id that it has here, the same each time it is imported. */
  readonly id: string;
  readonly title: string;
  /** Microseconds since 1970. */
  readonly begun: number | undefined;
  readonly changed: number | undefined;
  readonly messages: readonly Message[];
}

/** Words of ours that stand where the export holds something that is not text. */
export interface Notes {
  readonly image: string;
  readonly audio: string;
  readonly file: string;
  readonly noAnswer: string;
  readonly noQuestion: string;
  readonly continued: string;
}

const HALF_CHARACTER = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const LONGEST_TITLE = 200;
const EARLIEST = Date.UTC(1971, 0, 2) * 1_000;

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Text that the API takes: whole characters, no control characters but line ends and tabs. */
export function cleanText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  const plain = text.replace(/\r\n?/g, "\n").replace(/[\0-\x08\x0b-\x1f\x7f]/g, "");
  return plain.replace(HALF_CHARACTER, "\ufffd").trim();
}

export function cleanTitle(title: unknown, fallback: string): string {
  const line = cleanText(textOf(title)).replace(/\s+/g, " ");
  return [...(line || fallback)].slice(0, LONGEST_TITLE).join("").trim();
}

/** A name of a model as the API takes it. */
export function cleanModel(model: unknown): string | undefined {
  return typeof model === "string" && /^[!-~]{1,200}$/.test(model) ? model : undefined;
}

/** Seconds since 1970, as ChatGPT writes times, or the text of a time. `undefined` for what cannot be one. */
export function timeOf(value: unknown, now: number): number | undefined {
  const time = typeof value === "number" ? Math.round(value * 1e6) : microsecondsOf(value);
  return time !== undefined && time >= EARLIEST && time <= now ? time : undefined;
}

function microsecondsOf(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d[T ]/.test(value)) return undefined;
  const milliseconds = Date.parse(value);
  if (Number.isNaN(milliseconds)) return undefined;
  // Dates keep three digits; times of ours have six.
  const digits = /\.\d{3}(\d{1,3})/.exec(value)?.[1] ?? "";
  return milliseconds * 1_000 + Number(digits.padEnd(3, "0"));
}

export function isoOf(time: number): string {
  const text = new Date(Math.floor(time / 1_000)).toISOString();
  return text.replace("Z", `${String(time % 1_000).padStart(3, "0")}Z`);
}

/** An id that the API takes. The same source has the same one. */
export function idOf(prefix: string, source: string): string {
  const plain = prefix + source;
  const isSafe = source !== "" && /^[A-Za-z0-9._-]{1,64}$/.test(plain) && !/^\.+$/.test(plain);
  return isSafe ? plain : prefix + hashOf(source);
}

/** cyrb53: enough to tell the conversations of one person apart. */
function hashOf(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return `h${(4_294_967_296 * (2_097_151 & low) + (high >>> 0)).toString(16)}`;
}
