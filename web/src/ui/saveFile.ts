/** Gives the user a file to keep. */

const LONGEST_NAME = 80;
/** Control and bidirectional characters, and what Windows, macOS or Linux refuse in a name. */
const REFUSED = /[\p{Cc}\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\\/:*?"<>|\ud800-\udfff]+/gu;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/** A name that every file system takes, made of a title; `fallback` where nothing of the title is left. */
export function fileName(title: string, ending: string, fallback = "chatbot"): string {
  const words = title.replace(REFUSED, " ").replace(/\s+/g, " ");
  const cut = [...words].slice(0, LONGEST_NAME).join("");
  const trimmed = cut.replace(/^[\s.]+|[\s.]+$/g, "");
  const stem = RESERVED.test(trimmed) ? `${trimmed}_` : trimmed;
  return `${stem || fallback}.${ending}`;
}

export function saveFile(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // Not at once: some browsers read the address only after the click was dealt with.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
