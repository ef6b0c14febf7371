import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { API_BASE, apiFetch, type Schemas } from "~/api/client";
import { useHealth } from "~/api/queries";
import { paths } from "~/app/routes";
import { useModelName } from "~/features/models/useModelName";
import { errorText } from "~/i18n/errorText";
import { useFormat } from "~/i18n/format";
import { showToast } from "~/state/toasts";
import { Badge } from "~/ui/Badge";
import { Button } from "~/ui/Button";
import { Skeleton } from "~/ui/Skeleton";
import { saveFile } from "~/ui/saveFile";
import { Section } from "./Section";
import styles from "./SettingsPage.module.css";
import { serverHealth } from "./serverHealth";

type Dependency = Schemas["DependencyHealth"];

const TONES = { ok: "success", failed: "danger", resting: "plain" } as const;

export function About() {
  const { t } = useTranslation("settings");
  const nameOf = useModelName();
  const { t: common } = useTranslation();
  const health = useHealth().data;
  const failed = (error: unknown): void =>
    void showToast({ kind: "error", text: t("about.apiFailed", { reason: errorText(common, error) }) });
  return (
    <Section title={t("about.title")}>
      <dl className={styles.facts}>
        <dt>{t("about.version")}</dt>
        <dd>{health?.version ?? "-"}</dd>
        <dt>{t("about.model")}</dt>
        <dd>{health ? nameOf(health.model) : "-"}</dd>
      </dl>
      <ServerHealth />
      <p>
        <Link href={paths.welcome}>{t("about.welcome")}</Link>
      </p>
      <div className={styles.actions}>
        <Button icon="download" onClick={() => void saveApi().catch(failed)}>
          {t("about.api")}
        </Button>
      </div>
    </Section>
  );
}

/** A link would not do: a server that asks for a key refuses whoever follows one. */
async function saveApi(): Promise<void> {
  const response = await apiFetch(new URL(`${API_BASE}/openapi.json`, location.origin));
  saveFile(await response.blob(), "openapi.json");
}

/** How what the server depends on is doing, as it says itself. */
function ServerHealth() {
  const { t } = useTranslation("settings");
  const { t: common } = useTranslation();
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ["health", "detailed"],
    queryFn: ({ signal }) => serverHealth(signal),
    retry: false,
  });
  return (
    <div className={styles.row}>
      <h3>{t("health.title")}</h3>
      {data && (
        <ul className={styles.health}>
          {Object.entries(data.dependencies).map(([name, dependency]) => (
            <HealthLine key={name} name={name} dependency={dependency} />
          ))}
        </ul>
      )}
      <div role="alert">{error && <p className={styles.problem}>{errorText(common, error)}</p>}</div>
      {!data && !error && <Skeleton lines={2} />}
      <div className={styles.actions}>
        <Button icon="refresh" onClick={() => void refetch()} disabled={isFetching}>
          {t("health.again")}
        </Button>
      </div>
    </div>
  );
}

function HealthLine({ name, dependency }: { readonly name: string; readonly dependency: Dependency }) {
  const { t } = useTranslation("settings");
  const format = useFormat();
  const { status, latency_ms, message } = dependency;
  return (
    <li>
      <Badge tone={TONES[status]}>{t(`health.${status}`)}</Badge>
      <span>{name.replaceAll("_", " ")}</span>
      {typeof latency_ms === "number" && (
        <span className={styles.muted}>{t("health.latency", { ms: format.number(latency_ms) })}</span>
      )}
      {message && <span className={styles.muted}>{message}</span>}
    </li>
  );
}
