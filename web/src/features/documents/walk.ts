/** Files out of what was dropped or chosen: folders with all that lies below them, without what is nobody's document. */

export interface Found {
  readonly files: readonly { readonly file: File; readonly path: string }[];
  /** Hidden files and those that systems put beside others; not counted below a hidden folder. */
  readonly hidden: number;
  /** Names of what the browser could not read. */
  readonly unreadable: readonly string[];
  /** There were more than `limit`; the rest was left. */
  readonly isCut: boolean;
}

/** What lies in a folder may be more than anybody meant. */
export const MOST_FILES = 10_000;
const DEEPEST = 64;
const byName = new Intl.Collator(undefined, { numeric: true });
const NOBODYS = new Set(["thumbs.db", "desktop.ini", "icon\r", "__macosx"]);

export function isHidden(name: string): boolean {
  return name.startsWith(".") || name.startsWith("~$") || NOBODYS.has(name.toLowerCase());
}

/** What a transfer holds. To be called within the event: afterwards the browser empties the transfer. */
export function entriesOf(transfer: DataTransfer): { entries: FileSystemEntry[]; files: File[] } {
  const entries: FileSystemEntry[] = [];
  const files: File[] = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry?.();
    const file = entry ? null : item.getAsFile();
    if (entry) entries.push(entry);
    else if (file) files.push(file);
  }
  return { entries, files };
}

/** All files in and below the entries, with their paths, breadth first. A file that was given itself is never taken for hidden. */
export async function walk(entries: readonly FileSystemEntry[], limit = MOST_FILES): Promise<Found> {
  const files: { file: File; path: string }[] = [];
  const unreadable: string[] = [];
  let hidden = 0;
  const waiting = entries.map((entry) => ({ entry, path: entry.name, depth: 0 }));
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { entry, path, depth } = next;
    if (files.length >= limit) return { files, hidden, unreadable, isCut: true };
    try {
      if (isFileEntry(entry)) files.push({ file: await fileOf(entry), path });
      else if (isFolderEntry(entry) && depth < DEEPEST) {
        const children = await childrenOf(entry);
        const shown = children
          .filter((child) => !isHidden(child.name))
          .sort((a, b) => byName.compare(a.name, b.name));
        hidden += children.length - shown.length;
        waiting.push(
          ...shown.map((child) => ({ entry: child, path: `${path}/${child.name}`, depth: depth + 1 })),
        );
      }
    } catch {
      unreadable.push(path);
    }
  }
  return { files, hidden, unreadable, isCut: false };
}

/** Files of `<input webkitdirectory>`, which brings the hidden ones, too. */
export function filesOfFolder(chosen: Iterable<File>, limit = MOST_FILES): Found {
  const all = [...chosen].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
  // The folder that was chosen itself may be called what it likes, but the server takes no name that begins with a dot.
  const shown = all.filter(({ path }) => !path.split("/").some(isHidden));
  const files = shown.slice(0, limit);
  return {
    files,
    hidden: all.length - shown.length,
    unreadable: [],
    isCut: files.length < shown.length,
  };
}

const isFileEntry = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolderEntry = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const children: FileSystemEntry[] = [];
  // Browsers give a hundred at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!some.length) return children;
    children.push(...some);
  }
}
