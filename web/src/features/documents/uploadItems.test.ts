import { describe, expect, it } from "vitest";
import { ApiError } from "~/api/errors";
import type { DocumentView } from "./transport";
import {
  countsOf,
  isBusy,
  isSending,
  MOST_ATTEMPTS,
  overallProgress,
  progressOf,
  stateOfView,
  type UploadItem,
  type UploadState,
  verdictOn,
} from "./uploadItems";

const item = (state: UploadState, size = 100): UploadItem =>
  ({ id: 1, path: "a", size, state }) as unknown as UploadItem;
const failed: UploadState = { name: "failed", stage: "upload", error: new ApiError(422, "x", "") };

describe("progress", () => {
  it("is half way when all bytes are sent, and whole when the document is ready", () => {
    expect(progressOf(item({ name: "uploading", sent: 50 }))).toBe(0.25);
    expect(progressOf(item({ name: "processing", progress: undefined }))).toBe(0.5);
    expect(progressOf(item({ name: "processing", progress: 0.5 }))).toBe(0.75);
    expect(progressOf(item({ name: "ready" }))).toBe(1);
  });

  it("does not pass its end where more is sent than the file has, and is none of an empty one", () => {
    expect(progressOf(item({ name: "uploading", sent: 500 }))).toBe(0.5);
    expect(progressOf(item({ name: "uploading", sent: 5 }, 0))).toBe(0);
  });

  it("of all does not wait for what failed or was cancelled", () => {
    expect(overallProgress([item({ name: "ready" }), item(failed), item({ name: "cancelled" })])).toBe(1);
    expect(overallProgress([item({ name: "ready" }), item({ name: "waiting" })])).toBe(0.5);
    expect(overallProgress([item(failed)])).toBe(1);
    expect(overallProgress([])).toBe(1);
  });
});

it("leaving the page loses what waits or is being sent, not what is being read", () => {
  expect(isSending(countsOf([item({ name: "waiting" })]))).toBe(true);
  expect(isSending(countsOf([item({ name: "uploading", sent: 1 })]))).toBe(true);
  const reading = countsOf([item({ name: "processing", progress: 0 }), item({ name: "ready" })]);
  expect(isSending(reading)).toBe(false);
  expect(isBusy(reading)).toBe(true);
});

describe("a document of the server", () => {
  const view = (change: Partial<DocumentView>): DocumentView => change as DocumentView;
  it("is one that waits, is read, is ready or has failed with a reason", () => {
    expect(stateOfView(view({ status: "queued" }))).toEqual({ name: "processing", progress: undefined });
    expect(stateOfView(view({ status: "processing", progress: null }))).toEqual({
      name: "processing",
      progress: 0,
    });
    expect(stateOfView(view({ status: "ready" }))).toEqual({ name: "ready" });
    expect(stateOfView(view({ status: "failed", error: "No text in it." }))).toMatchObject({
      stage: "reading",
      error: { message: "No text in it." },
    });
  });
});

describe("what is done about an error", () => {
  const error = (status: number, code: string, retryAfter?: number): ApiError =>
    new ApiError(status, code, "", { retryAfter });

  it.each([
    ["an empty file", error(422, "invalid_field")],
    ["a file that is too large", error(413, "too_large")],
    ["documents that are switched off", error(404, "documents_disabled")],
    ["a file that cannot be read any more", error(0, "file_unreadable")],
    ["an answer of somebody else", error(0, "unreadable")],
    ["a full disk", error(503, "store_full")],
    ["a method that is not taken", error(405, "method_not_allowed")],
  ])("%s: it fails at once", (_, problem) => {
    expect(verdictOn(problem, "announce", 0)).toEqual({ kind: "fail" });
    expect(verdictOn(problem, "send", 0)).toEqual({ kind: "fail" });
  });

  it("no connection: all wait; only broken sendings count", () => {
    expect(verdictOn(error(0, "offline"), "announce", 99)).toEqual({
      kind: "hold",
      reason: "offline",
      counts: false,
    });
    expect(verdictOn(error(0, "timeout"), "send", 0)).toEqual({
      kind: "hold",
      reason: "offline",
      counts: true,
    });
    expect(verdictOn(error(0, "offline"), "send", MOST_ATTEMPTS - 1)).toEqual({ kind: "fail" });
  });

  it("no key, or a wrong one: all wait for one", () => {
    expect(verdictOn(error(403, "unauthorized"), "announce", 99)).toMatchObject({ reason: "unauthorized" });
  });

  it("a bucket that refuses a signed address is not asking for our key: a new address is fetched", () => {
    expect(verdictOn(error(403, "upload_refused"), "send", 0)).toEqual({ kind: "again", seconds: 2 });
    expect(verdictOn(error(403, "upload_refused"), "send", MOST_ATTEMPTS - 1)).toEqual({ kind: "fail" });
  });

  it("a server in trouble is given more time each attempt, or the time it names", () => {
    expect(verdictOn(error(503, "store_unavailable"), "announce", 0)).toEqual({ kind: "again", seconds: 2 });
    expect(verdictOn(error(503, "store_unavailable"), "announce", 2)).toEqual({ kind: "again", seconds: 8 });
    expect(verdictOn(error(409, "document_conflict", 5), "announce", 0)).toEqual({
      kind: "again",
      seconds: 5,
    });
    expect(verdictOn(error(500, "internal_error"), "send", MOST_ATTEMPTS - 1)).toEqual({ kind: "fail" });
  });

  it("too many requests: all wait, however often", () => {
    expect(verdictOn(error(429, "throttled", 7), "announce", 99)).toMatchObject({ reason: "throttled" });
  });
});
