/** Runs turns: sends them, hears their answers, stops them, and keeps them until they are known to be answered. */
import i18next from "i18next";
import { chatStream } from "~/api/chatStream";
import { api } from "~/api/client";
import { ApiError } from "~/api/errors";
import { errorText } from "~/i18n/errorText";
import { showToast } from "~/state/toasts";
import { FrameText } from "./frames";
import { addText, changeTurn, clearText, dropTurn, putTurn, turnOf, turnsOf } from "./liveTurns";
import { forget, ifFree, keep, keptTurn, whenFree } from "./pendingTurns";
import { tellSaved } from "./savedNews";
import { endStopped } from "./stopped";
import { type Asked, begun, isAnswering, isUnsettled, withEvent } from "./turn";

/** What a server that was told to stop is given to say its last word: a process that was told through the store looks once a second. */
const LAST_WORD_MS = 3_000;
const IN_PROGRESS_SECONDS = 2;

const connections = new Map<string, AbortController>();

/** Sends a turn, new or again; `resumed` where a page before this one had sent it. */
export function start(asked: Asked, resumed = false): void {
  const turn = begun(asked, Date.now(), resumed);
  keep(turn);
  putTurn(turn);
  void ifFree(asked.key, () => run(asked.key)).then((ran) => {
    if (!ran) follow(asked.key);
  });
}

/** Shows a turn that another tab is at; should that tab go away, this one takes over. */
export function follow(key: string): void {
  const kept = keptTurn(key);
  if (!kept || kept.refusal) {
    leave(key);
    return;
  }
  putTurn({ ...begun(kept, Date.now()), elsewhere: true });
  void whenFree(key, async () => {
    const still = keptTurn(key);
    if (!turnOf(key)?.elsewhere) return;
    if (!still || still.refusal) {
      leave(key);
      return;
    }
    putTurn(begun(still, Date.now(), true));
    await run(key);
  });
}

/** It ended in the other tab, which shows what came of it. */
function leave(key: string): void {
  const turn = turnOf(key);
  dropTurn(key);
  if (turn) tellSaved(turn.conversationId);
}

async function run(key: string): Promise<void> {
  const connection = new AbortController();
  connections.set(key, connection);
  const text = new FrameText((piece) => addText(key, piece));
  try {
    await hear(key, connection.signal, text);
    text.flush();
    finish(key);
  } catch (error) {
    text.flush();
    await fail(key, error);
  } finally {
    connections.delete(key);
  }
}

/** Hears the answer to its end. Where the same request is still being answered elsewhere, asks again until it is not. */
async function hear(key: string, signal: AbortSignal, text: FrameText): Promise<void> {
  for (;;) {
    try {
      await hearOnce(key, signal, text);
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "request_in_progress") throw error;
      await pause((error.retryAfter ?? IN_PROGRESS_SECONDS) * 1000, signal);
    }
  }
}

async function hearOnce(key: string, signal: AbortSignal, text: FrameText): Promise<void> {
  const body = turnOf(key)?.body;
  if (!body) return;
  for await (const event of chatStream({ body, idempotencyKey: key, signal })) {
    if (event.type === "delta") {
      text.add(event.text);
      continue;
    }
    // What was written before this event belongs before it.
    text.flush();
    changeTurn(key, (turn) => withEvent(turn, event));
    if (event.type === "start") onStart(key, event.message_id);
  }
}

function onStart(key: string, messageId: string): void {
  const turn = turnOf(key);
  if (!turn) return;
  clearText(key);
  keep(turn);
  if (turn.phase === "stopping") void askToStop(key, messageId);
}

function finish(key: string): void {
  const turn = turnOf(key);
  forget(key);
  if (!turn) return;
  changeTurn(key, (now) => ({ ...now, savedBy: Date.now() }));
  // Turns of the same conversation that failed before no longer begin it.
  for (const other of turnsOf(turn.conversationId)) {
    if (!other.begins || other.key === key) continue;
    changeTurn(other.key, (now) => ({ ...now, begins: false }));
  }
  tellSaved(turn.conversationId);
}

async function fail(key: string, error: unknown): Promise<void> {
  const turn = turnOf(key);
  if (!turn) {
    // It was taken out of view: answered, or its conversation deleted.
    forget(key);
    return;
  }
  const failure = error instanceof ApiError ? error : new ApiError(0, "unexpected", "");
  // Whoever stopped it, here or in another tab, wanted that.
  if (turn.phase === "stopping" || failure.code === "stopped") {
    // Within the lock: another tab that shows the turn must not ask for it again meanwhile.
    await endStopped(turn, failure.code !== "unexpected" && !isUnsettled(turn, failure));
    return;
  }
  const mayBeAnswered = isUnsettled(turn, failure);
  const { status, code, message, requestId } = failure;
  keep({ ...turn, mayBeAnswered, ...(!mayBeAnswered && { refusal: { status, code, message, requestId } }) });
  const retryAt = failure.retryAfter ? Date.now() + failure.retryAfter * 1000 : undefined;
  changeTurn(key, (now) => ({ ...now, phase: "failed", mayBeAnswered, error: failure, retryAt }));
  // It may have been answered, or have found the conversation changed.
  if (!turn.begins || mayBeAnswered) tellSaved(turn.conversationId);
}

/** Ends the answer that is being written. What was written stays. Returns whether there was one to stop. */
export function stop(key: string): boolean {
  const turn = turnOf(key);
  if (!turn || !isAnswering(turn)) return false;
  if (turn.phase === "stopping") return true;
  changeTurn(key, (now) => ({ ...now, phase: "stopping" }));
  // Where another tab is at it, that tab keeps the id.
  const messageId = turn.messageId ?? keptTurn(key)?.messageId;
  if (messageId) void askToStop(key, messageId);
  // Without a beginning there is nothing on the server to name; it is not waited for much longer.
  else setTimeout(() => !turnOf(key)?.messageId && connections.get(key)?.abort(), LAST_WORD_MS);
  return true;
}

async function askToStop(key: string, messageId: string): Promise<void> {
  try {
    await api.POST("/chat/{message_id}/stop", { params: { path: { message_id: messageId } } });
  } catch (error) {
    // The answer goes on: it can be stopped again.
    changeTurn(key, (turn) => (turn.phase === "stopping" ? { ...turn, phase: "running" } : turn));
    showToast({ kind: "error", text: errorText(i18next.getFixedT(null, "common"), error) });
    return;
  }
  // Also where nothing is written yet: a piece may be, before another process of the server looks.
  setTimeout(() => connections.get(key)?.abort(), LAST_WORD_MS);
}

/** Takes a failed turn out of view. */
export function dismiss(key: string): void {
  forget(key);
  dropTurn(key);
}

/** Gives a turn up, whatever becomes of it: nobody wants to see it any more. */
export function abandon(key: string): void {
  const turn = turnOf(key);
  const messageId = turn?.messageId ?? keptTurn(key)?.messageId;
  dismiss(key);
  connections.get(key)?.abort();
  if (!turn || !isAnswering(turn) || !messageId) return;
  const params = { path: { message_id: messageId } };
  // Where this fails the answer is written to its end, and seen by nobody.
  api.POST("/chat/{message_id}/stop", { params }).catch(() => undefined);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(new DOMException("the wait was ended", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
