import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import { CopyButton } from "~/ui/CopyButton";
import { EmptyState } from "~/ui/EmptyState";
import styles from "./ErrorPage.module.css";

/** In place of a page that broke. */
export function ErrorPage({ error, where }: { readonly error: unknown; readonly where: string }) {
  const { t } = useTranslation("shell");
  const details = detailsOf(error, where);
  return (
    <div role="alert" className={styles.page}>
      <EmptyState
        icon="warning"
        tone="danger"
        level={1}
        title={t("broken.title")}
        actions={
          <Button variant="primary" icon="refresh" onClick={() => location.reload()}>
            {t("broken.reload")}
          </Button>
        }
      >
        <p>{isMissingPart(error) ? t("broken.missingPart") : t("broken.text")}</p>
      </EmptyState>
      <details className={styles.details}>
        <summary>{t("broken.details")}</summary>
        <div className={styles.copy}>
          <CopyButton text={details} label={t("broken.copy")} />
        </div>
        <pre>{details}</pre>
      </details>
    </div>
  );
}

/** A part that is loaded when it is needed could not be: no connection, or another version stands on the server now. */
export function isMissingPart(error: unknown): boolean {
  return (
    error instanceof Error &&
    /dynamically imported module|importing a module script|preload/i.test(error.message)
  );
}

/** For a report: what broke and where in the code; nothing of what was said. */
export function detailsOf(error: unknown, where: string): string {
  const what = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
  return [what, where.trim(), `at ${new Date().toISOString()}`, navigator.userAgent]
    .filter(Boolean)
    .join("\n\n");
}
