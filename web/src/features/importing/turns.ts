/** Messages as the turns that the API takes: a question and its reply each, in strictly increasing time, none too long. Pure. */
import type { Schemas } from "~/api/client";
import { type Conversation, isoOf, type Message, type Notes } from "./conversation";

export type Turn = Schemas["ImportedTurn"];

export const LONGEST_QUESTION = 32_000;
export const LONGEST_REPLY = 64_000;
/** Of one request. */
export const MOST_TURNS = 50;
export const MOST_BYTES = 300_000;

/** Where an export says no times at all, so that the same turns get the same times whenever they are imported. */
const BEFORE_ALL = Date.UTC(2022, 10, 30) * 1_000;
/** Microseconds between messages whose times do not follow each other. */
const STEP = 1_000;

interface Pair {
  readonly question: readonly Message[];
  readonly reply: readonly Message[];
}

export function turnsOf({ messages, begun }: Conversation, notes: Notes): Turn[] {
  let last = (begun ?? messages.find(({ time }) => time !== undefined)?.time ?? BEFORE_ALL) - STEP;
  // Each time depends on what came before only: a longer export of the same conversation begins with the same turns.
  const next = (wanted: number | undefined): number => {
    last = Math.max(wanted ?? 0, last + STEP);
    return last;
  };
  return pairsOf(messages).flatMap((pair) => {
    const pieces = piecesOf(pair, notes);
    const model = pair.reply.findLast((message) => message.model)?.model;
    return pieces.map(([question, reply], index): Turn => {
      const asked = next(index === 0 ? pair.question[0]?.time : undefined);
      const answered = next(index === pieces.length - 1 ? pair.reply.at(-1)?.time : undefined);
      return {
        question,
        reply,
        asked_at: isoOf(asked),
        answered_at: isoOf(answered),
        ...(model ? { model } : {}),
      };
    });
  });
}

/** Messages of one role in a row belong together: a question, then its reply. */
function pairsOf(messages: readonly Message[]): Pair[] {
  const pairs: { question: Message[]; reply: Message[] }[] = [];
  for (const message of messages) {
    const pair = pairs.at(-1);
    if (message.role === "user") {
      if (pair && pair.reply.length === 0) pair.question.push(message);
      else pairs.push({ question: [message], reply: [] });
    } else if (pair) pair.reply.push(message);
    else pairs.push({ question: [], reply: [message] });
  }
  return pairs;
}

/** The pair's text in as many turns as it needs. */
function piecesOf({ question, reply }: Pair, notes: Notes): [question: string, reply: string][] {
  const questions = cut(joined(question) || `(${notes.noQuestion})`, LONGEST_QUESTION);
  const replies = cut(joined(reply) || `(${notes.noAnswer})`, LONGEST_REPLY);
  const continued = `(${notes.continued})`;
  const before = questions.slice(0, -1).map((part): [string, string] => [part, continued]);
  const after = replies.slice(1).map((part): [string, string] => [continued, part]);
  return [...before, [questions.at(-1) ?? continued, replies[0] ?? continued], ...after];
}

const joined = (messages: readonly Message[]): string => messages.map(({ text }) => text).join("\n\n");

/** Pieces of so many characters at most, at a line's end or a space where there is one. The API counts whole characters. */
export function cut(text: string, longest: number): string[] {
  // As many UTF-16 units at most are as many characters at most.
  if (text.length <= longest) return [text];
  const pieces: string[] = [];
  let rest = [...text];
  while (rest.length > longest) {
    const end = goodEnd(rest, longest);
    const piece = rest.slice(0, end).join("").trim();
    if (piece !== "") pieces.push(piece);
    rest = rest.slice(end);
  }
  const piece = rest.join("").trim();
  return piece === "" ? pieces : [...pieces, piece];
}

function goodEnd(characters: readonly string[], longest: number): number {
  const earliest = Math.floor(longest * 0.8);
  for (const wanted of ["\n", " "]) {
    const at = characters.lastIndexOf(wanted, longest - 1);
    if (at >= earliest) return at + 1;
  }
  return longest;
}

/** Turns as requests take them. */
export function chunksOf(turns: readonly Turn[]): Turn[][] {
  const chunks: Turn[][] = [];
  let bytes = 0;
  for (const turn of turns) {
    const size = sizeOf(turn);
    const chunk = chunks.at(-1);
    if (chunk && chunk.length < MOST_TURNS && bytes + size <= MOST_BYTES) {
      chunk.push(turn);
      bytes += size;
    } else {
      chunks.push([turn]);
      bytes = size;
    }
  }
  return chunks;
}

const encoder = new TextEncoder();
export const sizeOf = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;
