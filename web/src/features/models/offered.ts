/** Which models there are to choose from, and which one a choice comes to. Pure. */
import type { Schemas } from "~/api/client";

export type ModelView = Schemas["ModelView"];

/** The model that answers when `chosen` is asked for; `gone` where it is no longer offered, so that the server's default does. */
export function modelOf(
  models: readonly ModelView[],
  chosen: string | undefined,
): { readonly model: ModelView | undefined; readonly gone: boolean } {
  const found = models.find((model) => model.id === chosen);
  const fallback = models.find((model) => model.default) ?? models[0];
  return { model: found ?? fallback, gone: chosen !== undefined && found === undefined && models.length > 0 };
}
