"""Conversations as people and models read them: what a turn begins from, saving it, and looking after the rest."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from chatbot.prompt import title_from
from chatbot.sealing import Citation, ConversationKey, ConversationSealer, Message
from chatbot.turn_context import Context, ContextReader, pages
from shared.errors import DecryptionError, KeyConflict, NotFound
from shared.models import (
    ConversationRecord,
    MessageRecord,
    Page,
    RequestClaim,
    Retrieval,
    StopReason,
    TokenUsage,
    TurnRecord,
)
from shared.ports import Clock, ConversationStore
from shared.storage import format_timestamp

#: Keys of a listing that are unwrapped side by side: one KMS call each where none is cached.
_PARALLEL_UNWRAPS = 8
_UNREADABLE_TITLE = "(this conversation cannot be decrypted)"


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation as a listing shows it. Times are ISO-8601 UTC."""

    conversation_id: str
    title: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class FinishedTurn:
    """A question and its answer, ready to be kept."""

    question: str
    received: datetime
    message_id: str
    reply: str
    model: str
    stop_reason: StopReason
    usage: TokenUsage
    cost_usd: float | None
    retrieval: Retrieval
    citations: tuple[Citation, ...] = ()
    claim: RequestClaim | None = None


class ConversationService:
    """Reads and writes the conversations of all users; every method is told whose."""

    def __init__(self, store: ConversationStore, sealer: ConversationSealer, clock: Clock, ttl_days: int) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._ttl = timedelta(days=ttl_days)
        self._contexts = ContextReader(store, sealer)

    def context(self, user_id: str, conversation_id: str, limit: int, replaces: str | None = None) -> Context:
        """As ``ContextReader.read`` says."""
        return self._contexts.read(user_id, conversation_id, limit, replaces)

    def save_turn(self, user_id: str, context: Context, turn: FinishedTurn) -> None:
        """Writes the turn whole or not at all.

        Raises ``NotFound`` where the conversation was deleted meanwhile, ``ConversationChanged`` where a turn that
        replaces others finds one that its context did not hold.
        """
        try:
            self._store.save_turn(self._sealed(user_id, context, turn))
        except KeyConflict:
            # While the model was answering, the conversation was deleted, or another turn began it.
            current = None if context.record else self._store.get(user_id, context.conversation_id)
            if current is None:
                raise NotFound(
                    "The conversation was deleted while the reply was being written, so the reply was not kept."
                ) from None
            self._store.save_turn(self._sealed(user_id, replace(context, record=current), turn))

    def _sealed(self, user_id: str, context: Context, turn: FinishedTurn) -> TurnRecord:
        if context.record:
            key = self._sealer.key_of(context.record)
        else:
            key = self._sealer.new_key(user_id, context.conversation_id)
        question_id, now = str(uuid4()), self._clock()
        return TurnRecord(
            user_id=user_id,
            conversation_id=context.conversation_id,
            wrapped_key=key.wrapped,
            title=self._title(key, context, turn.question),
            new_conversation=context.record is None,
            user_message=MessageRecord(
                question_id, "user", self._sealer.seal_message(key, question_id, "user", turn.question)
            ),
            assistant_message=MessageRecord(
                turn.message_id,
                "assistant",
                self._sealer.seal_message(key, turn.message_id, "assistant", turn.reply, turn.citations),
                model=turn.model,
                stop_reason=turn.stop_reason,
                retrieval=turn.retrieval,
                usage=turn.usage,
                cost_usd=turn.cost_usd,
            ),
            received_at=format_timestamp(turn.received),
            finished_at=format_timestamp(now),
            expires_at=int((now + self._ttl).timestamp()),
            claim=turn.claim,
            replaces=context.replaces,
        )

    def _title(self, key: ConversationKey, context: Context, question: str) -> bytes:
        """The standing title, sealed; made of the question where there is none, or where it is to follow it."""
        stands = context.record and not (context.replaces and context.replaces.old_title)
        return context.record.title if context.record and stands else self._sealer.seal_title(key, title_from(question))

    def message_at(self, user_id: str, conversation_id: str, time: str) -> Message:
        """The saved message with this timestamp. Raises ``NotFound``."""
        record = self._record(user_id, conversation_id)
        stored = self._store.message_at(record, time)
        if stored is None:
            raise NotFound("There is no such message; it may have been replaced, or have expired.")
        return self._sealer.open_messages(record, [stored])[0]

    def list(self, user_id: str, limit: int, cursor: str | None = None) -> Page[Summary]:
        """The user's conversations, latest turn first."""
        page = self._store.conversations(user_id, limit, cursor)
        with ThreadPoolExecutor(_PARALLEL_UNWRAPS, thread_name_prefix="unwrap") as pool:
            return Page(tuple(pool.map(self._summary, page.items)), page.next_cursor)

    def read(self, user_id: str, conversation_id: str, limit: int, cursor: str | None) -> tuple[Summary, Page[Message]]:
        """The newest ``limit`` messages, oldest first; the cursor leads to the ones before. Raises ``NotFound``."""
        record = self._record(user_id, conversation_id)
        page = self._store.messages(record, limit, cursor)
        messages = self._sealer.open_messages(record, page.items, mark_unreadable=True)
        return self._summary(record), Page(tuple(messages), page.next_cursor)

    def read_whole(self, user_id: str, conversation_id: str) -> tuple[Summary, Sequence[Message]]:
        """The conversation with all its messages, oldest first. Raises ``NotFound``."""
        record = self._record(user_id, conversation_id)
        newest_first = list(pages(self._store, record))
        stored = [message for page in reversed(newest_first) for message in page.items]
        return self._summary(record), self._sealer.open_messages(record, stored, mark_unreadable=True)

    def rename(self, user_id: str, conversation_id: str, title: str) -> Summary:
        """Sets the title. Raises ``NotFound``."""
        record = self._record(user_id, conversation_id)
        sealed = self._sealer.seal_title(self._sealer.key_of(record), title)
        if not self._store.rename(user_id, conversation_id, sealed):
            raise _no_conversation()
        return Summary(conversation_id, title, record.created_at, record.updated_at)

    def delete(self, user_id: str, conversation_id: str) -> None:
        """Deletes the conversation and its key. Raises ``NotFound``."""
        if not self._store.delete(user_id, conversation_id):
            raise _no_conversation()

    def _record(self, user_id: str, conversation_id: str) -> ConversationRecord:
        record = self._store.get(user_id, conversation_id)
        if record is None:
            raise _no_conversation()
        return record

    def _summary(self, record: ConversationRecord) -> Summary:
        try:
            title = self._sealer.open_title(record)
        except DecryptionError:
            # One damaged conversation must not hide the others from a listing; reading it says what is wrong.
            title = _UNREADABLE_TITLE
        return Summary(record.conversation_id, title, record.created_at, record.updated_at)


def _no_conversation() -> NotFound:
    return NotFound("There is no such conversation; it may have been deleted, or have expired.")
