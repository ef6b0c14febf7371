/** What a title may be. Pure. */

/** Characters, as the server counts them. */
export const LONGEST_TITLE = 200;

export type TitleProblem = "empty" | "tooLong";

export const titleLength = (text: string): number => [...text.trim()].length;

export function titleProblem(text: string): TitleProblem | undefined {
  const length = titleLength(text);
  if (length === 0) return "empty";
  return length > LONGEST_TITLE ? "tooLong" : undefined;
}
