import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { paths } from "~/app/routes";
import { errorText } from "~/i18n/errorText";
import { Button } from "~/ui/Button";
import { EmptyState } from "~/ui/EmptyState";
import { Skeleton } from "~/ui/Skeleton";
import { Announcer } from "./Announcer";
import { takeBackUnlisted } from "./asking";
import { Composer } from "./Composer";
import styles from "./ConversationPage.module.css";
import { connectTurns } from "./connect";
import { Greeting } from "./Greeting";
import { rescueTyped } from "./givingBack";
import { MessageList } from "./MessageList";
import { useChatCommands } from "./useChatCommands";
import { type ConversationViewState, useConversationView } from "./useConversationView";

interface ConversationPageProps {
  readonly conversationId: string | undefined;
}

/** A conversation, or the beginning of a new one. */
export function ConversationPage({ conversationId }: ConversationPageProps) {
  const client = useQueryClient();
  const [isConnected, setConnected] = useState(false);
  useLayoutEffect(() => {
    connectTurns(client);
    setConnected(true);
  }, [client]);
  // Turns that were left unanswered are known from here on: a conversation that begins with one is not on the server.
  return isConnected ? <Conversation conversationId={conversationId} /> : null;
}

function Conversation({ conversationId }: ConversationPageProps) {
  const { t } = useTranslation("chat");
  const view = useConversationView(conversationId);
  useChatCommands(conversationId, view.rows);
  const isMissing = view.state === "missing";
  useEffect(() => takeBackUnlisted(conversationId), [conversationId]);
  useEffect(() => {
    if (conversationId !== undefined && isMissing) rescueTyped(conversationId);
  }, [conversationId, isMissing]);
  const hasComposer = !isMissing && view.state !== "failed";
  return (
    <div className={styles.page}>
      <h1 className="visually-hidden">{view.data?.conversation.title ?? t("newConversation")}</h1>
      <Announcer key={conversationId} turns={view.turns} />
      <Content conversationId={conversationId} view={view} />
      {hasComposer && <Composer conversationId={conversationId} answering={view.answering} />}
    </div>
  );
}

interface ContentProps {
  readonly conversationId: string | undefined;
  readonly view: ConversationViewState;
}

function Content({ conversationId, view }: ContentProps) {
  const { t } = useTranslation("chat");
  const { t: common } = useTranslation();
  if (conversationId === undefined) return <Greeting />;
  switch (view.state) {
    case "missing":
      return (
        <div className={styles.middle}>
          <EmptyState
            icon="chat"
            title={t("load.missing")}
            actions={<Link href={paths.home}>{t("load.toNew")}</Link>}
          >
            {t("load.missingHint")}
          </EmptyState>
        </div>
      );
    case "failed":
      return (
        <div className={styles.middle} role="alert">
          <EmptyState
            icon="warning"
            tone="danger"
            title={t("load.failed")}
            actions={
              <Button icon="refresh" onClick={view.reload}>
                {common("retry")}
              </Button>
            }
          >
            {errorText(common, view.error)}
          </EmptyState>
        </div>
      );
    case "loading":
      return (
        <div className={styles.loading}>
          <Skeleton lines={6} />
        </div>
      );
    default:
      return <MessageList key={conversationId} conversationId={conversationId} rows={view.rows} />;
  }
}
