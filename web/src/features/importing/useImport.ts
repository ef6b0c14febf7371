import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer, useRef } from "react";
import { keys } from "~/api/queries";
import { tellTabs } from "~/features/chat/tabs";
import { knownIds, sendTurns, wait } from "./api";
import type { Notes } from "./conversation";
import { type OpenExport, openExport, type Summary } from "./exportReader";
import { importAll, type Outcome } from "./importAll";

export type Stage =
  | { readonly name: "choosing"; readonly error?: unknown }
  | { readonly name: "reading" }
  | { readonly name: "picking" | "importing"; readonly opened: OpenExport; readonly error?: unknown };

interface State {
  readonly stage: Stage;
  /** Ids of conversations that the server holds already. */
  readonly known: ReadonlySet<string>;
  readonly picked: ReadonlySet<string>;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

type Action =
  | { readonly type: "stage"; readonly stage: Stage }
  | { readonly type: "known"; readonly ids: readonly string[] }
  | { readonly type: "pick"; readonly ids: readonly string[]; readonly on: boolean }
  | { readonly type: "outcome"; readonly id: string; readonly outcome: Outcome }
  | { readonly type: "stopped"; readonly error?: unknown };

const START: State = {
  stage: { name: "choosing" },
  known: new Set(),
  picked: new Set(),
  outcomes: new Map(),
};

function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "stage":
      return action.stage.name === "importing"
        ? { ...state, stage: action.stage }
        : { ...START, known: state.known, stage: action.stage };
    case "known":
      return { ...state, known: new Set([...state.known, ...action.ids]) };
    case "pick": {
      const picked = new Set(state.picked);
      for (const id of action.ids) action.on ? picked.add(id) : picked.delete(id);
      return { ...state, picked };
    }
    case "outcome":
      return withOutcome(state, action.id, action.outcome);
    case "stopped":
      return stopped(state, action.error);
  }
}

function withOutcome(state: State, id: string, outcome: Outcome): State {
  const outcomes = new Map(state.outcomes).set(id, outcome);
  if (outcome.state !== "done") return { ...state, outcomes };
  const picked = new Set(state.picked);
  picked.delete(id);
  return { ...state, outcomes, picked, known: new Set(state.known).add(id) };
}

/** What was imported stays; what was not is still picked. */
function stopped(state: State, error: unknown): State {
  if (state.stage.name !== "importing") return state;
  const outcomes = new Map([...state.outcomes].filter(([, outcome]) => outcome.state !== "running"));
  return { ...state, outcomes, stage: { name: "picking", opened: state.stage.opened, error } };
}

export interface Import extends State {
  readonly read: (files: readonly Blob[], notes: Notes) => void;
  readonly pick: (ids: readonly string[], on: boolean) => void;
  readonly start: (chosen: readonly Summary[]) => void;
  readonly cancel: () => void;
  readonly reset: () => void;
}

export function useImport(): Import {
  const [state, dispatch] = useReducer(reduce, START);
  const client = useQueryClient();
  const running = useRef<AbortController>(undefined);
  const opened = useRef<OpenExport>(undefined);
  useKnownIds(useCallback((ids) => dispatch({ type: "known", ids }), []));
  useEffect(
    () => () => {
      running.current?.abort();
      opened.current?.close();
    },
    [],
  );
  const begin = (): AbortSignal => {
    running.current?.abort();
    running.current = new AbortController();
    return running.current.signal;
  };
  /** Ends the worker, which keeps all of the export. */
  const close = (): void => {
    opened.current?.close();
    opened.current = undefined;
  };
  const read = async (files: readonly Blob[], notes: Notes): Promise<void> => {
    const signal = begin();
    dispatch({ type: "stage", stage: { name: "reading" } });
    try {
      close();
      const found = await openExport(files, notes, signal);
      opened.current = found;
      dispatch({ type: "stage", stage: { name: "picking", opened: found } });
    } catch (error) {
      if (!signal.aborted) dispatch({ type: "stage", stage: { name: "choosing", error } });
    }
  };
  const start = async (chosen: readonly Summary[]): Promise<void> => {
    const source = opened.current;
    if (!source) return;
    const signal = begin();
    dispatch({ type: "stage", stage: { name: "importing", opened: source } });
    const onOutcome = (id: string, outcome: Outcome): void => dispatch({ type: "outcome", id, outcome });
    try {
      await importAll({ turnsOf: source.turnsOf, send: sendTurns, wait }, chosen, onOutcome, signal);
      dispatch({ type: "stopped" });
    } catch (error) {
      dispatch({ type: "stopped", error: signal.aborted ? undefined : error });
    }
    // Conversations of the past come anywhere in the listing.
    void client.resetQueries({ queryKey: keys.conversations });
    tellTabs({ type: "conversations" });
    for (const { id } of chosen) void client.invalidateQueries({ queryKey: keys.conversation(id) });
  };
  return {
    ...state,
    read: (files, notes) => void read(files, notes),
    pick: (ids, on) => dispatch({ type: "pick", ids, on }),
    start: (chosen) => void start(chosen),
    cancel: () => running.current?.abort(new DOMException("cancelled", "AbortError")),
    reset: () => {
      running.current?.abort();
      close();
      dispatch({ type: "stage", stage: { name: "choosing" } });
    },
  };
}

/** Without them nothing is marked as there already, which does no harm: the server skips what it has. */
function useKnownIds(onKnown: (ids: readonly string[]) => void): void {
  useEffect(() => {
    const stop = new AbortController();
    const load = async (): Promise<void> => {
      for await (const ids of knownIds(stop.signal)) onKnown(ids);
    };
    load().catch(() => undefined);
    return () => stop.abort();
  }, [onKnown]);
}
