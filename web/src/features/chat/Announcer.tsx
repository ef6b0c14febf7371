import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { textOf } from "./liveTurns";
import { isAnswering, type LiveTurn } from "./turn";
import { useFailureText } from "./useFailureText";

/** So much of an answer is read out when it is complete; the rest is there to be read. */
const BEGINNING = 160;

/**
 * Says to a screen reader what happens to the turns of a conversation: that one is being answered, what goes on meanwhile, how it
 * ended. Not the words as they arrive: nobody can listen to those.
 */
export function Announcer({ turns }: { readonly turns: readonly LiveTurn[] }) {
  const { t } = useTranslation("chat");
  const failureText = useFailureText();
  const [said, say] = useState("");
  const known = useRef<ReadonlyMap<string, LiveTurn>>(new Map());
  useEffect(() => {
    const before = known.current;
    known.current = new Map(turns.map((turn) => [turn.key, turn]));
    const changed = turns.findLast((turn) => nameOf(turn) !== nameOf(before.get(turn.key)));
    // A turn that is gone was taken up by the saved messages, or taken back: nothing to say.
    if (!changed) return;
    if (changed.phase === "failed") say(t("failure.announce", { error: failureText(changed.error) }));
    else if (changed.phase === "done")
      say(completeText(changed, t("ended"), (beginning) => t("complete", { beginning })));
    else if (changed.phase === "stopping") say(t("stage.stopping"));
    else if (changed.stage && changed.stage !== "generating" && changed.stage !== "fallback")
      say(t(`stage.${changed.stage}`));
    else say(t("answering"));
  }, [turns, t, failureText]);
  return (
    <p className="visually-hidden" role="status">
      {said}
    </p>
  );
}

/** What of a turn is worth saying. */
function nameOf(turn: LiveTurn | undefined): string {
  if (!turn) return "";
  return isAnswering(turn)
    ? `${turn.phase} ${turn.stage === "generating" ? "" : (turn.stage ?? "")}`
    : turn.phase;
}

function completeText(turn: LiveTurn, empty: string, say: (beginning: string) => string): string {
  const text = textOf(turn.key).replace(/\s+/g, " ").trim();
  if (!text) return empty;
  return say(text.length > BEGINNING ? `${text.slice(0, BEGINNING).replace(/\S*$/, "")}…` : text);
}
