/**
 * Reads chosen files out of a zip archive without reading all of it: exports hold pictures, too, and may have gigabytes. What a file
 * comes to is counted while it is unpacked, whatever the archive says.
 */
import { Inflate } from "fflate";
import { ImportProblem } from "./problem";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_SIZE = 22;
const LONGEST_COMMENT = 65_535;
const LARGEST_DIRECTORY = 64 * 1024 * 1024;
const SLICE = 1024 * 1024;

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly offset: number;
  readonly encrypted: boolean;
}

export async function isZip(file: Blob): Promise<boolean> {
  const start = await viewOf(file, 0, 4);
  return start.byteLength === 4 && start.getUint32(0, true) === LOCAL;
}

/** The archive's files, from the directory at its end. */
export async function entriesOf(file: Blob): Promise<ZipEntry[]> {
  const tail = await viewOf(file, Math.max(0, file.size - END_SIZE - LONGEST_COMMENT), file.size);
  let at = tail.byteLength - END_SIZE;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw new ImportProblem("brokenZip");
  const size = tail.getUint32(at + 12, true);
  const offset = tail.getUint32(at + 16, true);
  // Zip64 is for archives of more than 4 GB.
  if (size === 0xffffffff || offset === 0xffffffff) throw new ImportProblem("tooLarge");
  if (size > LARGEST_DIRECTORY || offset + size > file.size) throw new ImportProblem("brokenZip");
  return directoryOf(await viewOf(file, offset, offset + size));
}

function directoryOf(view: DataView): ZipEntry[] {
  const entries: ZipEntry[] = [];
  const decoder = new TextDecoder();
  let at = 0;
  while (at + 46 <= view.byteLength && view.getUint32(at, true) === ENTRY) {
    const nameSize = view.getUint16(at + 28, true);
    const next = at + 46 + nameSize + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > view.byteLength) throw new ImportProblem("brokenZip");
    entries.push({
      name: decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at + 46, nameSize)),
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      offset: view.getUint32(at + 42, true),
      encrypted: (view.getUint16(at + 8, true) & 1) === 1,
    });
    at = next;
  }
  return entries;
}

/** The text of a file of the archive; a problem where it has more than `most` bytes. */
export async function unpack(file: Blob, entry: ZipEntry, most: number): Promise<string> {
  if (entry.encrypted) throw new ImportProblem("encrypted");
  const local = await viewOf(file, entry.offset, entry.offset + 30);
  if (local.byteLength < 30 || local.getUint32(0, true) !== LOCAL) throw new ImportProblem("brokenZip");
  const start = entry.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  const packed = file.slice(start, start + entry.packed);
  if (packed.size < entry.packed) throw new ImportProblem("brokenZip");
  if (entry.method !== 0 && entry.method !== 8) throw new ImportProblem("brokenZip");
  const text = new LimitedText(most);
  const inflate = entry.method === 8 ? new Inflate((bytes) => text.add(bytes)) : undefined;
  for (let at = 0; at < packed.size; at += SLICE) {
    const bytes = new Uint8Array(await packed.slice(at, at + SLICE).arrayBuffer());
    if (inflate) inflated(() => inflate.push(bytes, at + SLICE >= packed.size));
    else text.add(bytes);
  }
  return text.end();
}

function inflated(push: () => void): void {
  try {
    push();
  } catch (error) {
    throw error instanceof ImportProblem ? error : new ImportProblem("brokenZip");
  }
}

/** UTF-8 that comes in pieces, up to a length. */
export class LimitedText {
  private readonly decoder = new TextDecoder();
  private readonly pieces: string[] = [];
  private left: number;

  constructor(most: number) {
    this.left = most;
  }

  add(bytes: Uint8Array): void {
    this.left -= bytes.length;
    if (this.left < 0) throw new ImportProblem("tooLarge");
    this.pieces.push(this.decoder.decode(bytes, { stream: true }));
  }

  end(): string {
    return this.pieces.join("") + this.decoder.decode();
  }
}

async function viewOf(file: Blob, start: number, end: number): Promise<DataView> {
  return new DataView(await file.slice(start, end).arrayBuffer());
}
