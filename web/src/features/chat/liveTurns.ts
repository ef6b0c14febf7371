/** The turns of this page that are not among the saved messages yet: being answered, just answered, or failed. */
import { useMemo } from "react";
import { create } from "zustand";
import { useShallow } from "zustand/react/shallow";
import { isAnswering, type LiveTurn } from "./turn";

interface LiveTurns {
  /** By key, in the order in which they were asked. */
  readonly turns: Readonly<Record<string, LiveTurn>>;
  /** What is written of each, apart: it changes with every frame, and only the row that shows it shall notice. */
  readonly texts: Readonly<Record<string, string>>;
}

export const useLiveTurns = create<LiveTurns>(() => ({ turns: {}, texts: {} }));

export const turnOf = (key: string): LiveTurn | undefined => useLiveTurns.getState().turns[key];

export const turnsOf = (conversationId: string): LiveTurn[] =>
  Object.values(useLiveTurns.getState().turns).filter((turn) => turn.conversationId === conversationId);

/** The turn of the conversation that is being answered; there is at most one. */
export const answeringTurnOf = (conversationId: string): LiveTurn | undefined =>
  turnsOf(conversationId).find(isAnswering);

/** Adds the turn, or puts it in the place of the one with its key. Its text begins anew. */
export function putTurn(turn: LiveTurn): void {
  useLiveTurns.setState(({ turns, texts }) => ({
    turns: { ...turns, [turn.key]: turn },
    texts: { ...texts, [turn.key]: "" },
  }));
}

/** Changes a turn, if it is still there. */
export function changeTurn(key: string, change: (turn: LiveTurn) => LiveTurn): void {
  useLiveTurns.setState(({ turns }) => {
    const turn = turns[key];
    return turn ? { turns: { ...turns, [key]: change(turn) } } : {};
  });
}

export function addText(key: string, text: string): void {
  useLiveTurns.setState(({ texts }) =>
    key in texts ? { texts: { ...texts, [key]: (texts[key] ?? "") + text } } : {},
  );
}

export function clearText(key: string): void {
  useLiveTurns.setState(({ texts }) => (key in texts ? { texts: { ...texts, [key]: "" } } : {}));
}

export function dropTurn(key: string): void {
  useLiveTurns.setState(({ turns, texts }) => {
    if (!(key in turns)) return {};
    const { [key]: _turn, ...otherTurns } = turns;
    const { [key]: _text, ...otherTexts } = texts;
    return { turns: otherTurns, texts: otherTexts };
  });
}

export const textOf = (key: string): string => useLiveTurns.getState().texts[key] ?? "";

/** The turns of a conversation, as a value that changes with them, but not with their text. */
export const useTurnsOf = (conversationId: string): readonly LiveTurn[] =>
  useLiveTurns(
    useShallow(({ turns }) => Object.values(turns).filter((turn) => turn.conversationId === conversationId)),
  );

/** Ids of the conversations that are being answered now. */
export function useAnsweringIds(): ReadonlySet<string> {
  const ids = useLiveTurns(
    useShallow(({ turns }) =>
      Object.values(turns)
        .filter(isAnswering)
        .map((turn) => turn.conversationId),
    ),
  );
  return useMemo(() => new Set(ids), [ids]);
}
