import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { showToast } from "~/state/toasts";
import { copyText } from "~/ui/copyText";
import { stop } from "./answering";
import { regenerate } from "./asking";
import { type ChatCommands, offerCommands } from "./commands";
import { openEdit } from "./editing";
import { answeringTurnOf, textOf } from "./liveTurns";
import type { Row } from "./rows";

/** Offers what can be done with the conversation that is open. */
export function useChatCommands(conversationId: string | undefined, rows: readonly Row[]): void {
  const { t } = useTranslation();
  const now = useRef(rows);
  now.current = rows;
  useEffect(() => {
    if (conversationId === undefined) return;
    const copied = (isCopied: boolean): void => {
      showToast({
        kind: isCopied ? "success" : "error",
        text: t(isCopied ? "copied" : "copyFailed"),
        stays: isCopied ? 2_500 : undefined,
      });
    };
    const commands: Partial<ChatCommands> = {
      stopCurrent: () => {
        const turn = answeringTurnOf(conversationId);
        return turn ? stop(turn.key) : false;
      },
      copyLast: () => {
        const text = lastAnswer(now.current);
        if (text) void copyText(text).then(copied);
        return text !== "";
      },
      regenerateLast: () => {
        const row = now.current.findLast((each) => each.kind === "answer");
        if (!row?.message || row.regenerates === undefined) return false;
        return regenerate(conversationId, row.regenerates, row.message.message_id);
      },
      editLast: () => {
        const row = now.current.findLast((each) => each.kind === "question" && each.message && each.editable);
        if (row?.kind !== "question" || !row.message) return false;
        openEdit(row.message.message_id, row.text, conversationId);
        return true;
      },
    };
    return offerCommands(commands);
  }, [conversationId, t]);
}

function lastAnswer(rows: readonly Row[]): string {
  const row = rows.findLast((each) => each.kind === "answer");
  return row?.message?.text ?? (row?.turn ? textOf(row.turn.key) : "");
}
