import type { TFunction } from "i18next";
import { ApiError } from "~/api/errors";
import { errorText } from "~/i18n/errorText";

const OWN = ["upload_refused", "file_unreadable", "reading_failed"] as const;

/** What went wrong with a document, and what to do; the server's own sentence first. */
export function uploadErrorText(
  t: TFunction<"documents">,
  common: TFunction<"common">,
  error: unknown,
): string {
  if (!(error instanceof ApiError) || error.message) return errorText(common, error);
  const own = OWN.find((code) => code === error.code);
  if (own) return t(`error.${own}`, { status: error.status });
  if (error.code === "not_found") return t("error.gone");
  // The queue gives up only after several attempts.
  if (error.status === 0 && error.code !== "unreadable") return t("error.upload_broken");
  return errorText(common, error);
}
