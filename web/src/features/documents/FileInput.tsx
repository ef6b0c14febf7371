import { type Ref, useImperativeHandle, useRef } from "react";
import { type Found, filesOfFolder } from "./walk";

export interface FileInputHandle {
  /** Opens the system's dialogue for choosing files. */
  readonly open: () => void;
}

interface FileInputProps {
  readonly ref: Ref<FileInputHandle>;
  readonly folder?: boolean;
  readonly onFound: (found: Found) => void;
}

/** The system's own way of choosing files or a folder, opened by a button that stands elsewhere. */
export function FileInput({ ref, folder = false, onFound }: FileInputProps) {
  const input = useRef<HTMLInputElement | null>(null);
  useImperativeHandle(ref, () => ({ open: () => input.current?.click() }), []);
  return (
    <input
      ref={(element) => {
        input.current = element;
        // Not among the attributes that React knows.
        if (folder) element?.setAttribute("webkitdirectory", "");
      }}
      type="file"
      multiple
      hidden
      onChange={(event) => {
        const chosen = [...(event.target.files ?? [])];
        // Else choosing the same files again would be no change.
        event.target.value = "";
        if (chosen.length) onFound(folder ? filesOfFolder(chosen) : asFound(chosen));
      }}
    />
  );
}

/** Files that were chosen one by one are all meant. */
export function asFound(files: readonly File[]): Found {
  return {
    files: files.map((file) => ({ file, path: file.name })),
    hidden: 0,
    unreadable: [],
    isCut: false,
  };
}
