import type { Schemas } from "~/api/client";

export interface ConversationCost {
  /** US dollars, of the answers whose price is known. */
  readonly cost: number;
  /** Answers whose price is not known; they are not in `cost`. */
  readonly unpriced: number;
  readonly tokens: number;
}

/** What the answers among these messages cost, as far as it is known. Pure. */
export function conversationCost(
  messages: readonly Pick<Schemas["MessageView"], "usage">[],
): ConversationCost {
  const usages = messages.flatMap(({ usage }) => (usage ? [usage] : []));
  return {
    cost: usages.reduce((sum, usage) => sum + (usage.cost_usd ?? 0), 0),
    unpriced: usages.filter((usage) => usage.cost_usd == null).length,
    tokens: usages.reduce((sum, usage) => sum + usage.input_tokens + usage.output_tokens, 0),
  };
}
