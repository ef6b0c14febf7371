import { useCallback, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { showToast } from "~/state/toasts";
import { copyText } from "~/ui/copyText";
import { stop } from "./answering";
import { regenerate } from "./asking";
import { type ChatCommands, offerCommands } from "./commands";
import { openEdit } from "./editing";
import { answeringTurnOf, textOf } from "./liveTurns";
import type { Row } from "./rows";
import { isAnswering } from "./turn";

/** Offers what can be done with the conversation that is open. */
export function useChatCommands(conversationId: string | undefined, rows: readonly Row[]): void {
  const { t } = useTranslation();
  const now = useRef(rows);
  now.current = rows;
  const whenSaved = useWhenSaved(conversationId, rows);
  useEffect(() => {
    if (conversationId === undefined) return;
    const copied = (isCopied: boolean): void => {
      showToast({
        kind: isCopied ? "success" : "error",
        text: t(isCopied ? "copied" : "copyFailed"),
        stays: isCopied ? 2_500 : undefined,
      });
    };
    const commands: Omit<ChatCommands, "focusComposer"> = {
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
        if (isBeingSaved(now.current)) return whenSaved(commands.regenerateLast);
        const row = now.current.findLast((each) => each.kind === "answer");
        if (!row?.message || row.regenerates === undefined) return false;
        return regenerate(conversationId, row.regenerates, row.message.message_id);
      },
      editLast: () => {
        if (isBeingSaved(now.current)) return whenSaved(commands.editLast);
        const row = now.current.findLast((each) => each.kind === "question" && each.message && each.editable);
        if (row?.kind !== "question" || !row.message) return false;
        openEdit(row.message.message_id, row.text, conversationId);
        return true;
      },
    };
    return offerCommands(commands);
  }, [conversationId, t, whenSaved]);
}

/** Whether the last answer is there whole, and is read as a saved message in a moment. */
function isBeingSaved(rows: readonly Row[]): boolean {
  const turns = rows.flatMap((row) => (row.kind === "answer" && row.turn ? [row.turn] : []));
  return turns.some((turn) => turn.phase === "done") && !turns.some(isAnswering);
}

/** Keeps a command for when the last answer is a saved message; whoever does something else meanwhile has given it up. */
function useWhenSaved(
  conversationId: string | undefined,
  rows: readonly Row[],
): (command: () => void) => true {
  const kept = useRef<{ readonly conversationId: string | undefined; readonly command: () => void }>(
    undefined,
  );
  useEffect(() => {
    const giveUp = (): void => {
      kept.current = undefined;
    };
    // Before the key or the click has its own meaning, which may be another such command.
    document.addEventListener("keydown", giveUp, true);
    document.addEventListener("pointerdown", giveUp, true);
    return () => {
      document.removeEventListener("keydown", giveUp, true);
      document.removeEventListener("pointerdown", giveUp, true);
    };
  }, []);
  useEffect(() => {
    const wish = kept.current;
    const isHere = wish?.conversationId === conversationId;
    if (isHere && isBeingSaved(rows)) return;
    kept.current = undefined;
    if (isHere) wish?.command();
  }, [conversationId, rows]);
  return useCallback(
    (command) => {
      kept.current = { conversationId, command };
      return true;
    },
    [conversationId],
  );
}

function lastAnswer(rows: readonly Row[]): string {
  const row = rows.findLast((each) => each.kind === "answer");
  return row?.message?.text ?? (row?.turn ? textOf(row.turn.key) : "");
}
