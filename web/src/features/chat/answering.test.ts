import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useApiKey } from "~/state/apiKey";
import { NEW, useChoicesStore } from "~/state/choices";
import { draftOf, useDrafts } from "~/state/drafts";
import { useToasts } from "~/state/toasts";
import { start, stop } from "./answering";
import { regenerate, resend, retry, send, takeBack } from "./asking";
import { openEdit, useEditing, writeEdit } from "./editing";
import { forgetConversation } from "./forgetConversation";
import { answeringTurnOf, changeTurn, textOf, turnsOf } from "./liveTurns";
import { keep, keptTurns } from "./pendingTurns";
import { onTurnSaved } from "./savedNews";
import {
  askedTurn,
  delta,
  doneEvent,
  type FakeServer,
  failed,
  forgetPage,
  messagesOf,
  refusal,
  started,
  startServer,
} from "./testing";
import type { LiveTurn } from "./turn";

let server: FakeServer;

beforeEach(() => {
  server = startServer();
  forgetPage();
  useChoicesStore.setState({ byConversation: {} });
  useToasts.setState({ toasts: [] });
  history.replaceState(null, "", "/");
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const onlyTurn = (conversationId = "c"): LiveTurn => {
  const [turn] = turnsOf(conversationId);
  if (!turn) throw new Error("there is no turn");
  return turn;
};
const taken = (count: number): Promise<void> => vi.waitFor(() => expect(server.turns).toHaveLength(count));
const phase = (wanted: LiveTurn["phase"], conversationId = "c"): Promise<void> =>
  vi.waitFor(() => expect(onlyTurn(conversationId).phase).toBe(wanted));
const written = (text: string): Promise<void> => vi.waitFor(() => expect(textOf(onlyTurn().key)).toBe(text));
const conversationOf = (replyId: string): Response =>
  Response.json({
    ...{ conversation_id: "c", title: "", created_at: "", updated_at: "" },
    messages: messagesOf(1).map((message) =>
      message.role === "assistant" ? { ...message, message_id: replyId } : message,
    ),
  });
const last = () => server.turns[server.turns.length - 1];

describe("a message", () => {
  it("is sent with what was chosen for its conversation, and its answer is gathered", async () => {
    useChoicesStore.getState().choose("c", { model: "m", documentIds: ["d"] });
    send("c", "Why?");
    await taken(1);
    expect(last()?.body).toEqual({
      message: "Why?",
      conversation_id: "c",
      model: "m",
      use_documents: true,
      document_ids: ["d"],
      stream: true,
    });
    last()?.send(
      started(),
      { type: "status", stage: "generating" },
      delta("Because "),
      delta("so."),
      doneEvent,
    );
    await phase("done");
    expect(textOf(onlyTurn().key)).toBe("Because so.");
    expect(onlyTurn()).toMatchObject({ messageId: "reply-1", stopReason: "end_turn", model: "builtin" });
  });

  it("is kept until it is answered", async () => {
    const saved: string[] = [];
    const stopListening = onTurnSaved((id) => saved.push(id));
    send("c", "Why?");
    expect(keptTurns()).toHaveLength(1);
    await taken(1);
    last()?.send(started());
    await vi.waitFor(() => expect(keptTurns()[0]?.messageId).toBe("reply-1"));
    last()?.send(doneEvent);
    await phase("done");
    expect(keptTurns()).toEqual([]);
    expect(saved).toEqual(["c"]);
    stopListening();
  });

  it("begins a conversation whose address and choices are its own from then on", async () => {
    useChoicesStore.getState().choose(NEW, { model: "m" });
    const id = send(undefined, "Hello");
    await taken(1);
    expect(location.pathname).toBe(`/c/${id}`);
    expect(last()?.body).toMatchObject({ conversation_id: id, model: "m" });
    expect(useChoicesStore.getState().byConversation[id ?? ""]?.model).toBe("m");
  });

  it("is not sent while the one before is being answered", async () => {
    send("c", "One");
    expect(send("c", "Two")).toBeUndefined();
    expect(regenerate("c", "One", "a1")).toBe(false);
    expect(resend("c", "q1", "Three")).toBe(false);
    await taken(1);
    expect(turnsOf("c")).toHaveLength(1);
  });

  it("is answered beside others, in other conversations", async () => {
    send("one", "1");
    send("two", "2");
    await taken(2);
    for (const [index, turn] of server.turns.entries())
      turn.send(started(`reply-${index}`), delta(`Answer ${index}`), doneEvent);
    await phase("done", "one");
    await phase("done", "two");
    expect(textOf(onlyTurn("one").key)).toBe("Answer 0");
    expect(textOf(onlyTurn("two").key)).toBe("Answer 1");
  });

  it("is sent though the browser keeps nothing", async () => {
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    send("c", "Why?");
    await taken(1);
    last()?.send(started(), delta("So."), doneEvent);
    await phase("done");
  });
});

describe("a turn that fails", () => {
  it("keeps its question and what was written, and is tried again with the same key where the stream broke", async () => {
    send("c", "Why?");
    await taken(1);
    last()?.send(started(), delta("Beca"));
    await written("Beca");
    last()?.end();
    await phase("failed");
    expect(onlyTurn().error?.code).toBe("stream_broken");
    expect(textOf(onlyTurn().key)).toBe("Beca");
    expect(keptTurns()).toHaveLength(1);

    useChoicesStore.getState().choose("c", { model: "another" });
    retry(onlyTurn().key);
    await taken(2);
    expect(server.turns[1]?.key).toBe(server.turns[0]?.key);
    expect(server.turns[1]?.body).toEqual(server.turns[0]?.body);
    last()?.send(started(), delta("Because."), doneEvent);
    await phase("done");
    expect(textOf(onlyTurn().key)).toBe("Because.");
  });

  describe("that may have been answered", () => {
    const breakOff = async (): Promise<void> => {
      send("c", "Why?");
      await taken(1);
      last()?.send(started());
      await vi.waitFor(() => expect(onlyTurn().messageId).toBe("reply-1"));
      last()?.end();
      await phase("failed");
    };

    it.each([
      [429, "model_throttled"],
      [401, "unauthorized"],
      [403, "unauthorized"],
      [503, "store_unavailable"],
    ])("keeps its key though trying again was refused with %d", async (status, code) => {
      await breakOff();
      server.refuseNext = () => refusal(status, code);
      retry(onlyTurn().key);
      await vi.waitFor(() => expect(onlyTurn().error?.code).toBe(code));
      // Also after a reload.
      expect(keptTurns()).toMatchObject([{ mayBeAnswered: true }]);
      useChoicesStore.getState().choose("c", { model: "another" });
      retry(onlyTurn().key);
      await taken(3);
      expect(new Set(server.turns.map((turn) => turn.key)).size).toBe(1);
      expect(server.turns[2]?.body).toEqual(server.turns[0]?.body);
    });

    it("is asked anew once the turn itself has said that it failed", async () => {
      await breakOff();
      retry(onlyTurn().key);
      await taken(2);
      last()?.send(started(), failed("model_failed"));
      await phase("failed");
      retry(onlyTurn().key);
      await taken(3);
      expect(server.turns[2]?.key).not.toBe(server.turns[0]?.key);
    });

    it("is asked anew once its key is too old", async () => {
      await breakOff();
      const day = 24 * 60 * 60 * 1000;
      changeTurn(onlyTurn().key, (turn) => ({ ...turn, askedAt: turn.askedAt - day }));
      retry(onlyTurn().key);
      await taken(2);
      expect(server.turns[1]?.key).not.toBe(server.turns[0]?.key);
    });
  });

  it("is asked anew, with what is chosen now, where the server refused it", async () => {
    server.refuseNext = () => refusal(422, "unknown_model");
    useChoicesStore.getState().choose("c", { model: "gone" });
    send("c", "Why?");
    await phase("failed");
    useChoicesStore.getState().choose("c", { model: "there" });
    retry(onlyTurn().key);
    await taken(2);
    expect(server.turns[1]?.key).not.toBe(server.turns[0]?.key);
    expect(server.turns[1]?.body).toMatchObject({ message: "Why?", model: "there" });
    expect(turnsOf("c")).toHaveLength(1);
  });

  it("says from when on it may be tried again", async () => {
    server.refuseNext = () => refusal(429, "daily_budget_spent", { "retry-after": "30" });
    send("c", "Why?");
    await phase("failed");
    expect((onlyTurn().retryAt ?? 0) - Date.now()).toBeGreaterThan(25_000);
  });

  it("asks for the key of the API, and can be tried again with it", async () => {
    server.refuseNext = () => new Response("{}", { status: 401 });
    send("c", "Why?");
    await phase("failed");
    expect(useApiKey.getState().needed).toBe(true);
    useApiKey.getState().setKey("k");
    retry(onlyTurn().key);
    await taken(2);
    useApiKey.getState().setKey("");
  });

  it("goes back to the message box when the user wants to change it", async () => {
    server.refuseNext = () => refusal(413, "too_large");
    const id = send(undefined, "Long") ?? "";
    await phase("failed", id);
    useDrafts.getState().write(id, "typed meanwhile");
    takeBack(onlyTurn(id).key);
    expect(location.pathname).toBe("/");
    expect(draftOf(NEW)).toBe("Long\n\ntyped meanwhile");
    expect(turnsOf(id)).toEqual([]);
    expect(keptTurns()).toEqual([]);
  });

  it("no longer begins its conversation once another turn did", async () => {
    server.refuseNext = () => refusal(502, "model_failed");
    const id = send(undefined, "One") ?? "";
    await phase("failed", id);
    send(id, "Two");
    await taken(2);
    last()?.send(started(), delta("Yes."), doneEvent);
    await vi.waitFor(() =>
      expect(turnsOf(id).map((turn) => [turn.phase, turn.begins])).toEqual([
        ["failed", false],
        ["done", true],
      ]),
    );
  });
});

describe("a turn that is still being answered elsewhere", () => {
  it("is asked for again, with the same key, until it is answered", async () => {
    server.refuseNext = () => refusal(409, "request_in_progress", { "retry-after": "0" });
    vi.useFakeTimers();
    send("c", "Why?");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(server.turns).toHaveLength(2);
    expect(server.turns[1]?.key).toBe(server.turns[0]?.key);
    last()?.send(started(), delta("So."), doneEvent);
    await vi.advanceTimersByTimeAsync(300);
    expect(onlyTurn().phase).toBe("done");
  });

  it("can be given up meanwhile", async () => {
    server.refuseNext = () => refusal(409, "request_in_progress", { "retry-after": "60" });
    vi.useFakeTimers();
    send("c", "Why?");
    await vi.advanceTimersByTimeAsync(100);
    stop(onlyTurn().key);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(turnsOf("c")).toEqual([]);
    expect(draftOf("c")).toBe("Why?");
  });
});

describe("a conversation that is deleted", () => {
  it("takes its turns and edits with it: they are stopped, and not asked again", async () => {
    send("c", "Why?");
    await taken(1);
    last()?.send(started());
    await vi.waitFor(() => expect(onlyTurn().messageId).toBe("reply-1"));
    keep(askedTurn({ key: "kept-only" }));
    keep(askedTurn({ key: "other", conversationId: "other" }));
    openEdit("q1", "Question 1", "c");
    openEdit("q9", "Question 9", "other");
    forgetConversation("c");
    await vi.waitFor(() => expect(server.stopped).toEqual(["reply-1"]));
    await vi.waitFor(() => expect(last()?.aborted).toBe(true));
    expect(turnsOf("c")).toEqual([]);
    expect(keptTurns().map((turn) => turn.key)).toEqual(["other"]);
    expect(useEditing.getState().texts).toEqual({ q9: "Question 9" });
    expect(localStorage.getItem("chatbot.edit.q1")).toBeNull();
    expect(draftOf("c")).toBe("");
  });
});

describe("stopping", () => {
  it("asks the server, and takes what it has saved", async () => {
    send("c", "Why?");
    await taken(1);
    last()?.send(started(), delta("Beca"));
    await written("Beca");
    expect(stop(onlyTurn().key)).toBe(true);
    await vi.waitFor(() => expect(server.stopped).toEqual(["reply-1"]));
    expect(onlyTurn().phase).toBe("stopping");
    last()?.send({ ...doneEvent, stop_reason: "stopped" });
    await phase("done");
    expect(onlyTurn().stopReason).toBe("stopped");
    expect(keptTurns()).toEqual([]);
  });

  it("puts the question back where nothing was written yet", async () => {
    send("c", "Why?");
    await taken(1);
    last()?.send(started());
    await vi.waitFor(() => expect(onlyTurn().messageId).toBe("reply-1"));
    stop(onlyTurn().key);
    await vi.waitFor(() => expect(server.stopped).toEqual(["reply-1"]));
    last()?.send(failed("stopped"));
    await vi.waitFor(() => expect(turnsOf("c")).toEqual([]));
    expect(draftOf("c")).toBe("Why?");
    expect(keptTurns()).toEqual([]);
  });

  describe("before anything was written, where the server says nothing more", () => {
    const stopSilent = async (): Promise<void> => {
      vi.useFakeTimers();
      send("c", "Why?");
      await vi.advanceTimersByTimeAsync(10);
      last()?.send(started());
      await vi.advanceTimersByTimeAsync(10);
      stop(onlyTurn().key);
    };

    it("puts the question back once the server is known to have saved nothing", async () => {
      const told = vi.fn();
      const stopListening = onTurnSaved(told);
      await stopSilent();
      await vi.advanceTimersByTimeAsync(2_900);
      expect(onlyTurn().phase).toBe("stopping");
      expect(draftOf("c")).toBe("");
      await vi.advanceTimersByTimeAsync(300);
      expect(last()?.aborted).toBe(true);
      expect(turnsOf("c")).toEqual([]);
      expect(draftOf("c")).toBe("Why?");
      expect(told).toHaveBeenCalledWith("c");
      stopListening();
    });

    it.each([
      ["is there: it shows the answer", [{}], ["done"], ""],
      ["is not there: it puts the question back", [], [], "Why?"],
    ])(
      "asks the listing of a conversation that begins with it, which %s",
      async (_, listed, phases, draft) => {
        vi.useFakeTimers();
        const id = send(undefined, "Why?");
        if (!id) throw new Error("nothing was sent");
        const conversations = listed.map(() => ({ conversation_id: id }));
        server.pages.set("/conversations", () => Response.json({ conversations }));
        await vi.advanceTimersByTimeAsync(10);
        last()?.send(started());
        await vi.advanceTimersByTimeAsync(10);
        stop(onlyTurn(id).key);
        await vi.advanceTimersByTimeAsync(3_200);
        expect(turnsOf(id).map((turn) => turn.phase)).toEqual(phases);
        expect(draftOf(NEW)).toBe(draft);
      },
    );

    it("shows the answer, and gives nothing back, where a piece of it was saved", async () => {
      server.pages.set("/conversations/c", () => conversationOf("reply-1"));
      await stopSilent();
      await vi.advanceTimersByTimeAsync(3_200);
      expect(onlyTurn()).toMatchObject({ phase: "done", stopReason: "stopped" });
      expect(draftOf("c")).toBe("");
      expect(keptTurns()).toEqual([]);
    });

    it("takes a piece that comes late, and what was saved of it", async () => {
      await stopSilent();
      await vi.advanceTimersByTimeAsync(1_000);
      last()?.send(delta("Beca"), { ...doneEvent, stop_reason: "stopped" });
      await vi.advanceTimersByTimeAsync(300);
      expect(textOf(onlyTurn().key)).toBe("Beca");
      expect(onlyTurn()).toMatchObject({ phase: "done", stopReason: "stopped" });
      expect(draftOf("c")).toBe("");
    });

    it("leaves it open where that cannot be found out", async () => {
      server.pages.set("/conversations/c", () => refusal(503, "store_unavailable"));
      await stopSilent();
      await vi.advanceTimersByTimeAsync(20_000);
      expect(onlyTurn()).toMatchObject({ phase: "failed", error: { code: "stream_broken" } });
      expect(draftOf("c")).toBe("");
      retry(onlyTurn().key);
      await vi.advanceTimersByTimeAsync(10);
      expect(server.turns[1]?.key).toBe(server.turns[0]?.key);
    });
  });

  it("looks for what was written until it is saved, and otherwise leaves it open", async () => {
    vi.useFakeTimers();
    send("c", "Why?");
    await vi.advanceTimersByTimeAsync(10);
    last()?.send(started(), delta("Beca"));
    await vi.advanceTimersByTimeAsync(300);
    stop(onlyTurn().key);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(onlyTurn().phase).toBe("done");
    await vi.advanceTimersByTimeAsync(12_000);
    expect(onlyTurn()).toMatchObject({ phase: "failed", error: { code: "stream_broken" } });
    expect(textOf(onlyTurn().key)).toBe("Beca");
  });

  it("asks the server as soon as it knows whom to stop", async () => {
    send("c", "Why?");
    await taken(1);
    stop(onlyTurn().key);
    expect(server.stopped).toEqual([]);
    last()?.send(started("late"), failed("stopped"));
    await vi.waitFor(() => expect(server.stopped).toEqual(["late"]));
    await vi.waitFor(() => expect(turnsOf("c")).toEqual([]));
  });

  it("waits three seconds for a server that says nothing more, and keeps what was written", async () => {
    vi.useFakeTimers();
    send("c", "Why?");
    await vi.advanceTimersByTimeAsync(10);
    last()?.send(started(), delta("Beca"));
    await vi.advanceTimersByTimeAsync(300);
    stop(onlyTurn().key);
    await vi.advanceTimersByTimeAsync(2_900);
    expect(onlyTurn().phase).toBe("stopping");
    await vi.advanceTimersByTimeAsync(300);
    expect(onlyTurn()).toMatchObject({ phase: "done", stopReason: "stopped" });
    expect(last()?.aborted).toBe(true);
  });

  it("says so where the server cannot be told, and the answer goes on", async () => {
    server.stopFails = true;
    send("c", "Why?");
    await taken(1);
    last()?.send(started(), delta("Beca"));
    await written("Beca");
    stop(onlyTurn().key);
    await phase("running");
    expect(useToasts.getState().toasts.map((toast) => toast.kind)).toEqual(["error"]);
    last()?.send(delta("use."), doneEvent);
    await phase("done");
    expect(textOf(onlyTurn().key)).toBe("Because.");
  });

  it("takes a turn away that was stopped in another tab before anything was written", async () => {
    send("c", "Why?");
    await taken(1);
    last()?.send(started(), failed("stopped"));
    await vi.waitFor(() => expect(turnsOf("c")).toEqual([]));
    expect(draftOf("c")).toBe("Why?");
  });
});

describe("answering again and asking in other words", () => {
  it("names what gives way, under a new key", async () => {
    regenerate("c", "Why?", "a1", "other-model");
    await taken(1);
    expect(last()?.body).toMatchObject({ message: "Why?", replaces: "a1", model: "other-model" });
    last()?.send(started(), doneEvent);
    await phase("done");
    resend("c", "q1", "Why not?");
    await taken(2);
    expect(last()?.body).toMatchObject({ message: "Why not?", replaces: "q1" });
    expect(new Set(server.turns.map((turn) => turn.key)).size).toBe(2);
  });

  it("puts a changed question back into its editor, or, where its message is gone, into the message box", async () => {
    server.refuseNext = () => refusal(502, "model_failed");
    resend("c", "q1", "Why not?");
    await phase("failed");
    takeBack(onlyTurn().key);
    expect(useEditing.getState().texts).toEqual({ q1: "Why not?" });

    resend("c", "q1", "Why not?");
    expect(useEditing.getState().texts).toEqual({});
    await taken(2);
    last()?.send(started(), failed("conversation_changed"));
    await phase("failed");
    takeBack(onlyTurn().key);
    expect(useEditing.getState().texts).toEqual({});
    expect(draftOf("c")).toBe("Why not?");
  });

  it("joins a changed question that was refused with what its editor holds by now", async () => {
    server.refuseNext = () => refusal(502, "model_failed");
    openEdit("q1", "Why?", "c");
    writeEdit("q1", "Why not?");
    resend("c", "q1", "Why not?");
    await phase("failed");
    openEdit("q1", "Why?", "c");
    writeEdit("q1", "Why ever?");
    takeBack(onlyTurn().key);
    expect(useEditing.getState().texts).toEqual({ q1: "Why not?\n\nWhy ever?" });
  });

  it("leaves no text behind where an answer was to be written again", async () => {
    regenerate("c", "Why?", "a1");
    await taken(1);
    last()?.send(started(), failed("stopped"));
    await vi.waitFor(() => expect(turnsOf("c")).toEqual([]));
    expect(draftOf("c")).toBe("");
  });
});

describe("a turn of a page that was closed", () => {
  it("is asked for again with its key and body", async () => {
    const asked = askedTurn({ key: "kept-key", messageId: "reply-1" });
    keep(asked);
    start(asked, true);
    expect(onlyTurn().resumed).toBe(true);
    await taken(1);
    expect(last()?.key).toBe("kept-key");
    last()?.send(started(), delta("All of it."), doneEvent);
    await phase("done");
    expect(textOf("kept-key")).toBe("All of it.");
    expect(answeringTurnOf("c")).toBeUndefined();
  });
});
