/** What the tabs of this browser tell each other, so that each shows what another has changed. */
export type TabMessage =
  /** The listing is no longer what it was. */
  | { readonly type: "conversations" }
  /** This conversation is no longer what it was. */
  | { readonly type: "conversation"; readonly id: string };

const CHANNEL = "chatbot";
let channel: BroadcastChannel | undefined;

function opened(): BroadcastChannel | undefined {
  if (!channel && typeof BroadcastChannel === "function") {
    channel = new BroadcastChannel(CHANNEL);
    // Node, in tests, would wait for an open channel.
    (channel as { unref?: () => void }).unref?.();
  }
  return channel;
}

/** Tells the other tabs; never this one. */
export function tellTabs(message: TabMessage): void {
  opened()?.postMessage(message);
}

/** Calls the listener with what other tabs tell. Returns how to stop listening. */
export function onTabMessage(listener: (message: TabMessage) => void): () => void {
  const take = (event: MessageEvent<unknown>): void => {
    // A tab with another version of this page may say other things.
    if (isTabMessage(event.data)) listener(event.data);
  };
  const heard = opened();
  heard?.addEventListener("message", take);
  return () => heard?.removeEventListener("message", take);
}

function isTabMessage(value: unknown): value is TabMessage {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  if (value.type === "conversations") return true;
  return value.type === "conversation" && "id" in value && typeof value.id === "string";
}
