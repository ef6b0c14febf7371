import type { TFunction } from "i18next";
import { ApiError } from "~/api/errors";

const OWN_CODES = [
  "offline",
  "unauthorized",
  "throttled",
  "server_failed",
  "stream_broken",
  "unreadable",
  "too_large",
  "not_found",
  "timeout",
] as const;
type OwnCode = (typeof OWN_CODES)[number];

/** What went wrong and what to do, for a person. The server's own sentence wins: it knows more. */
export function errorText(t: TFunction<"common">, error: unknown): string {
  if (!(error instanceof ApiError)) return t("error.unexpected");
  const own = OWN_CODES.find((code): code is OwnCode => code === error.code);
  const sentence =
    error.message || (own ? t(`error.${own}`, { status: error.status }) : t("error.unexpected"));
  const wait = error.retryAfter ? ` ${t("error.retryAfter", { count: error.retryAfter })}` : "";
  return sentence + wait;
}
