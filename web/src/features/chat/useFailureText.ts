import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "~/api/errors";
import { errorText } from "~/i18n/errorText";

const OWN = ["offline", "stream_broken", "timeout", "unfinished", "unauthorized"] as const;

/** Why a turn was not answered, as a sentence. Of a turn more can be said than of any request: trying again doubles nothing. */
export function useFailureText(): (error: unknown) => string {
  const { t } = useTranslation("chat");
  const { t: common } = useTranslation();
  return useCallback(
    (error) => {
      if (!(error instanceof ApiError)) return errorText(common, error);
      const own = OWN.find((code) => code === error.code);
      if (own) return t(`failure.${own}`);
      // How long to wait is counted on the button.
      const { status, code, message } = error;
      return errorText(common, new ApiError(status, code, message));
    },
    [t, common],
  );
}
