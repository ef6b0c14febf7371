import { describe, expect, it } from "vitest";
import { EventStreamReader, type ServerSentEvent } from "./sse";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function readAll(pieces: readonly Uint8Array[]): ServerSentEvent[] {
  const reader = new EventStreamReader();
  return pieces.flatMap((piece) => reader.read(piece));
}

const EVENTS = 'event: delta\ndata: {"text":"Grüße 👩‍👩‍👧 שלום"}\n\nevent: done\ndata: {}\n\n';
const EXPECTED = [
  { event: "delta", data: '{"text":"Grüße 👩‍👩‍👧 שלום"}' },
  { event: "done", data: "{}" },
];

describe("a stream of server-sent events", () => {
  it("is read whole", () => {
    expect(readAll([bytes(EVENTS)])).toEqual(EXPECTED);
  });

  it("is the same however its bytes are cut", () => {
    const all = bytes(EVENTS);
    for (let size = 1; size < 40; size += 1) {
      const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
        all.subarray(index * size, (index + 1) * size),
      );
      expect(readAll(pieces)).toEqual(EXPECTED);
    }
  });

  it.each(["\r\n", "\r"])("may end its lines with %j, cut anywhere", (end) => {
    const all = bytes(EVENTS.replaceAll("\n", end));
    expect(readAll([all])).toEqual(EXPECTED);
    expect(readAll([...all].map((byte) => Uint8Array.of(byte)))).toEqual(EXPECTED);
  });

  it("may hold comments, fields that nobody knows and a byte order mark", () => {
    const text = "\uFEFF: still working\n\nid: 7\nretry: 5\nnonsense\ndata: a\n: comment inside\ndata: b\n\n";
    expect(readAll([bytes(text)])).toEqual([{ event: "message", data: "a\nb" }]);
  });

  it("keeps what follows the first space of a value", () => {
    expect(readAll([bytes("data:  two\ndata:none\ndata\n\n")])).toEqual([
      { event: "message", data: " two\nnone\n" },
    ]);
  });

  it("does not count an event that it ends in the middle of", () => {
    expect(readAll([bytes("data: whole\n\ndata: cut")])).toEqual([{ event: "message", data: "whole" }]);
    expect(readAll([bytes("data: whole\n\ndata: cut\n")])).toEqual([{ event: "message", data: "whole" }]);
  });

  it("forgets the name of an event that had no data", () => {
    expect(readAll([bytes("event: delta\n\ndata: x\n\n")])).toEqual([{ event: "message", data: "x" }]);
  });

  it("reads bytes that are no UTF-8 as replacement characters", () => {
    expect(readAll([Uint8Array.of(...bytes("data: "), 0xff, 0xc3, ...bytes("\n\n"))])).toEqual([
      { event: "message", data: "\uFFFD\uFFFD" },
    ]);
  });

  it("refuses a line that never ends", () => {
    const reader = new EventStreamReader();
    const piece = new Uint8Array(4 * 1024 * 1024).fill(97);
    expect(() => {
      for (let count = 0; count < 5; count += 1) reader.read(piece);
    }).toThrow(RangeError);
  });
});
