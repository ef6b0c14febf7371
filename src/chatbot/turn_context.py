"""What a new turn begins from: the messages before it, and those that give way to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatbot.markers import without_markers
from chatbot.prompt import title_from
from chatbot.sealing import ConversationSealer
from shared.errors import DecryptionError, InvalidRequest, NotFound
from shared.models import (
    MOST_REPLACED_TURNS,
    ChatMessage,
    ConversationRecord,
    MessageRecord,
    Page,
    Replacement,
)
from shared.ports import ConversationStore

#: Messages at the end of a conversation that may be replaced: two for each turn.
_REACH = 2 * MOST_REPLACED_TURNS
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Context:
    """What a new turn begins from. ``record`` is ``None`` where it begins a conversation."""

    conversation_id: str
    record: ConversationRecord | None
    history: tuple[ChatMessage, ...]
    #: Whether ``history`` is all that comes before the turn.
    whole: bool
    replaces: Replacement | None = None

    @classmethod
    def empty(cls, conversation_id: str) -> Context:
        """The beginning of a conversation."""
        return cls(conversation_id, None, (), whole=True)


class ContextReader:
    """Reads contexts from the store."""

    def __init__(self, store: ConversationStore, sealer: ConversationSealer) -> None:
        self._store = store
        self._sealer = sealer

    def read(self, user_id: str, conversation_id: str, limit: int, replaces: str | None = None) -> Context:
        """The last ``limit`` messages, oldest first; an empty context where there is no such conversation yet.

        ``replaces`` is the id of a message: the context ends before its turn. Raises ``NotFound`` where there is none,
        ``InvalidRequest`` (field ``replaces``) where it lies too far back.
        """
        record = self._store.get(user_id, conversation_id)
        if record is None:
            if replaces is not None:
                raise _no_such_message()
            return Context.empty(conversation_id)
        # One more than asked tells whether there are older ones.
        stored = self._store.recent_messages(record, limit + 1 + (_REACH if replaces is not None else 0))
        end = len(stored) if replaces is None else self._turn_start(record, stored, replaces)
        begin = max(0, end - limit)
        history = tuple(
            ChatMessage(message.role, without_markers(message.text) if message.citations else message.text)
            for message in self._sealer.open_messages(record, stored[begin:end])
        )
        replacement = self._replacement(record, stored, end) if replaces is not None else None
        return Context(conversation_id, record, history, whole=begin == 0, replaces=replacement)

    def _turn_start(self, record: ConversationRecord, stored: Sequence[MessageRecord], message_id: str) -> int:
        """Where the turn of this message begins."""
        found = next((index for index, message in enumerate(stored) if message.message_id == message_id), None)
        if found is None:
            known = (message.message_id for page in pages(self._store, record) for message in page.items)
            raise _too_far_back() if message_id in known else _no_such_message()
        start = found - 1 if found and stored[found].role == "assistant" else found
        if len(stored) - start > _REACH:
            raise _too_far_back()
        return start

    def _replacement(self, record: ConversationRecord, stored: Sequence[MessageRecord], start: int) -> Replacement:
        """Everything from there on gives way; with the first question a title that was made of it does, too."""
        timestamps = tuple(message.timestamp for message in stored[start:])
        titled = start == 0 and self._is_title_of(record, stored[0])
        return Replacement(timestamps, record.updated_at, record.title if titled else None)

    def _is_title_of(self, record: ConversationRecord, question: MessageRecord) -> bool:
        try:
            [asked] = self._sealer.open_messages(record, [question])
            return self._sealer.open_title(record) == title_from(asked.text)
        except DecryptionError:
            # Asking again is the way out of a damaged question: it must not fail because of it.
            return False


def pages(store: ConversationStore, record: ConversationRecord) -> Iterator[Page[MessageRecord]]:
    """All messages of a conversation, the newest page first."""
    page = store.messages(record, _PAGE)
    yield page
    while page.next_cursor:
        page = store.messages(record, _PAGE, page.next_cursor)
        yield page


def no_conversation_named() -> InvalidRequest:
    return InvalidRequest(
        "A message can only be replaced in its conversation, and none was named; send conversation_id, too.",
        field="replaces",
    )


def _too_far_back() -> InvalidRequest:
    return InvalidRequest(
        f"This message lies more than {MOST_REPLACED_TURNS} turns back, and no more can be replaced at once. Choose a "
        "later one, or begin a new conversation.",
        field="replaces",
    )


def _no_such_message() -> NotFound:
    return NotFound(
        "There is no such message in this conversation; it may have been replaced or deleted, or have expired. Look at "
        "the conversation as it is now, then send the message again."
    )
