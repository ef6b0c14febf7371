/** Server-sent events out of bytes that arrive in any pieces. */

export interface ServerSentEvent {
  /** `message` where the sender named none. */
  readonly event: string;
  readonly data: string;
}

/** More than any answer has; a sender that never ends a line must not fill the memory. */
const LONGEST_LINE = 16 * 1024 * 1024;

/**
 * Reads as the HTML standard says: UTF-8, lines ended by LF, CRLF or CR, an event ended by an empty line; comments and fields that
 * nobody uses are skipped. What the stream ends in the middle of is no event.
 */
export class EventStreamReader {
  private readonly decoder = new TextDecoder();
  private rest = "";
  /** The last piece ended with CR; a LF that follows belongs to it. */
  private afterReturn = false;
  private event = "";
  private data: string[] = [];

  /** The events that these bytes complete. Throws `RangeError` for a line without end. */
  read(bytes: Uint8Array): ServerSentEvent[] {
    let text = this.decoder.decode(bytes, { stream: true });
    if (!text) return [];
    if (this.afterReturn && text.startsWith("\n")) text = text.slice(1);
    this.afterReturn = text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    lines[0] = this.rest + (lines[0] ?? "");
    this.rest = lines.pop() ?? "";
    if (this.rest.length > LONGEST_LINE) throw new RangeError("a line of the event stream has no end");
    return lines.flatMap((line) => this.take(line) ?? []);
  }

  private take(line: string): ServerSentEvent | undefined {
    if (line === "") return this.complete();
    const colon = line.indexOf(":");
    if (colon === 0) return undefined;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    return undefined;
  }

  private complete(): ServerSentEvent | undefined {
    const { event, data } = this;
    this.event = "";
    this.data = [];
    return data.length > 0 ? { event: event || "message", data: data.join("\n") } : undefined;
  }
}
