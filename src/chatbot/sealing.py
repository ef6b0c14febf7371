"""Between the sealed records of a store and messages in the clear: the one place that knows what is inside a seal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.encryption import DataKeys, SealContext, Sealer
from shared.errors import DecryptionError
from shared.models import ConversationRecord, MessageRecord, Retrieval, Role, StopReason, TokenUsage

_TITLE = "!title"
_UNREADABLE = "(this message cannot be decrypted)"

Citation = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message in the clear. What only a reply has is ``None`` on the user's."""

    message_id: str
    role: Role
    text: str
    created_at: str
    citations: tuple[Citation, ...] = ()
    model: str | None = None
    stop_reason: StopReason | None = None
    retrieval: Retrieval | None = None
    usage: TokenUsage | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class ConversationKey:
    """The data key of one conversation: ``wrapped`` as stored, ``plaintext`` for the process."""

    user_id: str
    conversation_id: str
    wrapped: bytes
    plaintext: bytes

    def __repr__(self) -> str:
        return f"ConversationKey({self.conversation_id})"


class ConversationSealer:
    """Seals and opens what belongs to conversations. Stateless but for the cached data keys."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys
        self._sealer = Sealer()

    def load(self) -> None:
        """Loads the library now; otherwise the first text does."""
        self._sealer.load()

    def new_key(self, user_id: str, conversation_id: str) -> ConversationKey:
        """A key for a conversation that is not stored yet. Raises ``KeyUnavailable``."""
        key = self._keys.new(user_id, conversation_id)
        return ConversationKey(user_id, conversation_id, key.wrapped, key.plaintext)

    def key_of(self, record: ConversationRecord) -> ConversationKey:
        """The key of a stored conversation. Raises ``KeyUnavailable``, ``DecryptionError``."""
        plaintext = self._keys.get(record.user_id, record.conversation_id, record.wrapped_key)
        return ConversationKey(record.user_id, record.conversation_id, record.wrapped_key, plaintext)

    def seal_title(self, key: ConversationKey, title: str) -> bytes:
        """The title as the header keeps it."""
        return self._sealer.seal(key.plaintext, title.encode(), _context(key, _TITLE, "title"))

    def open_title(self, record: ConversationRecord) -> str:
        """Raises ``DecryptionError``, ``KeyUnavailable``."""
        key = self.key_of(record)
        return self._sealer.open(key.plaintext, record.title, _context(key, _TITLE, "title")).decode()

    def seal_message(
        self, key: ConversationKey, message_id: str, role: Role, text: str, citations: Sequence[Citation] = ()
    ) -> bytes:
        """The content of a message: a JSON object, so that it can hold more than its text."""
        body: dict[str, Any] = {"text": text}
        if citations:
            body["citations"] = list(citations)
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return self._sealer.seal(key.plaintext, content, _context(key, message_id, role))

    def open_messages(
        self, record: ConversationRecord, stored: Sequence[MessageRecord], *, mark_unreadable: bool = False
    ) -> list[Message]:
        """The messages in the clear. Raises ``KeyUnavailable`` and ``DecryptionError``.

        ``mark_unreadable`` lets one that was damaged stand with a text that says so, where a person reads them: it must
        not hide the others. A model is never given one.
        """
        key = self.key_of(record) if stored else None
        return [self._open(key, message, mark_unreadable=mark_unreadable) for message in stored if key]

    def _open(self, key: ConversationKey, stored: MessageRecord, *, mark_unreadable: bool) -> Message:
        try:
            body = json.loads(
                self._sealer.open(key.plaintext, stored.content, _context(key, stored.message_id, stored.role))
            )
        except DecryptionError:
            if not mark_unreadable:
                raise
            body = {"text": _UNREADABLE}
        return Message(
            message_id=stored.message_id,
            role=stored.role,
            text=body["text"],
            created_at=stored.timestamp,
            citations=tuple(body.get("citations", ())),
            model=stored.model,
            stop_reason=stored.stop_reason,
            retrieval=stored.retrieval,
            usage=stored.usage,
            cost_usd=stored.cost_usd,
        )


def _context(key: ConversationKey, message_id: str, role: str) -> SealContext:
    return SealContext(key.user_id, key.conversation_id, message_id, role)
