/** Conversations whose delete may not have arrived. */
import { unfinishedDeletes as kept } from "~/state/unfinished";

const conversations = kept("deleting");

export const unfinishedDeletes = conversations.ids;
export const rememberDelete = (id: string): void => conversations.remember([id]);
export const forgetDelete = (id: string): void => conversations.forget([id]);
