/** Why a file cannot be imported. Each has a sentence that says what to do. */
export const PROBLEMS = [
  "notAnExport",
  "brokenJson",
  "brokenZip",
  "encrypted",
  "tooLarge",
  "tooNew",
  "nothingInside",
  "unreadable",
] as const;

export type ProblemCode = (typeof PROBLEMS)[number];

export class ImportProblem extends Error {
  override readonly name = "ImportProblem";

  constructor(readonly code: ProblemCode) {
    super(code);
  }
}
