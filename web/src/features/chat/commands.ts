/** What can be done from anywhere, by keyboard shortcuts for example. Each returns whether there was something to do. */
export interface ChatCommands {
  readonly focusComposer: () => boolean;
  readonly stopCurrent: () => boolean;
  readonly copyLast: () => boolean;
  readonly regenerateLast: () => boolean;
  readonly editLast: () => boolean;
}

const offered: Partial<ChatCommands>[] = [];

/** Offers commands as long as something is on the page; of two offers the later counts. Returns how to withdraw them. */
export function offerCommands(commands: Partial<ChatCommands>): () => void {
  offered.push(commands);
  return () => {
    const at = offered.indexOf(commands);
    if (at >= 0) offered.splice(at, 1);
  };
}

const run = (name: keyof ChatCommands): boolean =>
  offered.findLast((commands) => commands[name])?.[name]?.() ?? false;

export const focusComposer = (): boolean => run("focusComposer");
/** Ends the answer that is being written. */
export const stopCurrent = (): boolean => run("stopCurrent");
/** Copies the last answer, as Markdown. */
export const copyLast = (): boolean => run("copyLast");
export const regenerateLast = (): boolean => run("regenerateLast");
/** Opens the last question for editing. */
export const editLast = (): boolean => run("editLast");
