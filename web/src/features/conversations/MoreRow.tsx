import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "~/i18n/errorText";
import { Button } from "~/ui/Button";
import styles from "./ConversationList.module.css";
import type { OlderPages } from "./queries";

/** The end of what is loaded. It is in the document only when the list was scrolled near it: then the next page is fetched. */
export function MoreRow({ older, searching }: { readonly older: OlderPages; readonly searching: boolean }) {
  const { t } = useTranslation("conversations");
  const { t: common } = useTranslation();
  const { load, loading, error } = older;
  const goOn = !loading && error === undefined;
  useEffect(() => {
    if (goOn) load();
  }, [goOn, load]);
  if (error === undefined) return <p className={styles.note}>{common("loading")}…</p>;
  return (
    <div className={styles.note} role="alert">
      <span>
        {t(searching ? "searchBroken" : "olderFailed")} {errorText(common, error)}
      </span>
      <Button onClick={load}>{common("retry")}</Button>
    </div>
  );
}
