import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "~/i18n/format";
import { uploadErrorText } from "./uploadErrorText";
import type { UploadItem } from "./uploadItems";

/** The state of an upload in words. */
export function useUploadText(): (item: UploadItem) => string {
  const { t } = useTranslation("documents");
  const { t: common } = useTranslation();
  const format = useFormat();
  return useCallback(
    ({ state, size }) => {
      switch (state.name) {
        case "failed":
          return uploadErrorText(t, common, state.error);
        case "processing":
          return state.progress === undefined
            ? t("uploads.state.queued")
            : t("uploads.state.processing", { percent: format.percent(state.progress) });
        case "uploading":
          return t("uploads.state.uploading", { percent: format.percent(size ? state.sent / size : 0) });
        default:
          return t(`uploads.state.${state.name}`);
      }
    },
    [t, common, format],
  );
}
