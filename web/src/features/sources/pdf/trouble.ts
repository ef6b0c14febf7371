import { ApiError } from "~/api/errors";
import { LargeFile } from "../original/originals";

/** Why a document cannot be shown, as far as what to do about it differs. */
export type Trouble =
  | { readonly kind: "request"; readonly error: ApiError }
  | { readonly kind: "large"; readonly bytes: number }
  | { readonly kind: "password" | "broken" | "viewer" };

/** `undefined` for an abort, which is no trouble. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof ApiError) return { kind: "request", error };
  if (error instanceof LargeFile) return { kind: "large", bytes: error.bytes };
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "AbortError") return undefined;
  if (name === "PasswordException") return { kind: "password" };
  // pdf.js names its own errors; a TypeError is a part of the page that could not be loaded, or a fault of the viewer.
  return { kind: name.endsWith("Exception") || name === "FormatError" ? "broken" : "viewer" };
}
