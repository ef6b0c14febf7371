"""The ports: what the use-cases need of the outside. Each has one contract suite, run against every adapter.

All are synchronous and safe to call from several threads at once. Adapters translate the errors of their library into
``shared.errors`` and let nothing else out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import datetime
from typing import Literal, Protocol

from shared.models import (
    ConversationRecord,
    DataKey,
    MessageRecord,
    ModelEvent,
    ModelRequest,
    Page,
    RequestClaim,
    TurnRecord,
    UsageRecord,
)

#: The present time, timezone-aware UTC. Given to whatever needs it, so that tests can move it.
Clock = Callable[[], datetime]


class KeyWrapper(Protocol):
    """Makes data keys and wraps them under a key that never leaves its keeper."""

    def new_key(self, context: Mapping[str, str]) -> DataKey:
        """A new 32-byte data key, wrapped under the context. Raises ``KeyUnavailable``."""
        ...

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The data key again. Raises ``DecryptionError`` where bytes or context differ, ``KeyUnavailable``."""
        ...

    def check(self) -> None:
        """Returns where the wrapping key can be used; raises ``KeyUnavailable`` otherwise."""
        ...


class ConversationStore(Protocol):
    """Conversations and their messages, sealed. Expired items do not exist for any reader."""

    def get(self, user_id: str, conversation_id: str) -> ConversationRecord | None:
        """The conversation's header, read consistently; ``None`` for a missing, foreign or expired one."""
        ...

    def recent_messages(self, conversation: ConversationRecord, limit: int) -> list[MessageRecord]:
        """The last ``limit`` messages, oldest first, read consistently."""
        ...

    def messages(self, conversation: ConversationRecord, limit: int, cursor: str | None = None) -> Page[MessageRecord]:
        """The newest ``limit`` messages, oldest first; the cursor leads to the ones before.

        Raises ``InvalidRequest`` (field ``cursor``) for a cursor that is not one of its own.
        """
        ...

    def message_at(self, conversation: ConversationRecord, timestamp: str) -> MessageRecord | None:
        """The message with exactly this timestamp."""
        ...

    def conversations(self, user_id: str, limit: int, cursor: str | None = None) -> Page[ConversationRecord]:
        """The user's conversations, latest turn first. Raises ``InvalidRequest`` as ``messages`` does."""
        ...

    def save_turn(self, turn: TurnRecord) -> str:
        """Writes the turn whole or not at all, and counts its usage. Returns the reply's timestamp.

        In one transaction: both messages, the header (made, or its time and expiry moved on), the claim marked done,
        and what the turn replaces deleted. The usage is counted with it or right after it; that of replaced turns
        stays counted. Raises ``KeyConflict`` where the header is gone or stands under another wrapped key (for a new
        conversation: where one stands already), ``ConversationChanged`` where a turn that replaces others finds one
        that it has not seen, or an imported one a message as late as itself, ``ClaimLost`` where the claim is no
        longer this turn's, ``StoreFull``, ``StoreError``. After any of them nothing of the turn is stored and nothing
        replaced, with one exception: where a remote store's answer was lost for good, it may have written the turn
        before. Its claim is done then, so that a retry finds the reply.

        So whatever was added or replaced since the turn was begun stays: of two that replace the same message, one is
        saved. The new messages come after those that they replace, in time too.
        """
        ...

    def rename(self, user_id: str, conversation_id: str, title: bytes) -> bool:
        """Sets the sealed title. ``False`` where there is no such conversation. Does not move it in the list."""
        ...

    def delete(self, user_id: str, conversation_id: str) -> bool:
        """Deletes the header with its wrapped key first, then the messages. ``False`` where there was none."""
        ...

    def ping(self) -> None:
        """Returns where the store can be read; raises ``StoreError`` otherwise."""
        ...

    def close(self) -> None:
        """Frees connections and files. The store is not used afterwards."""
        ...


class ClaimStore(Protocol):
    """Idempotency keys."""

    def claim(self, claim: RequestClaim) -> RequestClaim:
        """Takes the key if it is free, expired, or its lease ran out undone; returns the claim that now stands.

        A store that can tell that the holder's process does not run any more takes the key at once.
        The caller holds the key where the returned ``message_id`` is its own.
        """
        ...

    def release(self, claim: RequestClaim) -> None:
        """Gives the key back after a failed turn. Nothing happens where it is done, or another's by now."""
        ...


class StopStore(Protocol):
    """Requests to stop a reply that another process may be writing."""

    def ask_to_stop(self, user_id: str, message_id: str, expires_at: int) -> None:
        """Keeps the request until ``expires_at`` (epoch seconds). Asking again changes nothing but that."""
        ...

    def stop_asked(self, user_id: str, message_id: str, *, latest: bool = False) -> bool:
        """Whether this user asked for it. Without ``latest`` that may be told a moment late, which costs less."""
        ...


class UsageStore(Protocol):
    """Daily counters of tokens and cost, a row for each model."""

    def add_usage(self, user_id: str, record: UsageRecord) -> None:
        """Adds the record's figures to its day and model, atomically. For calls that no saved turn accounts for."""
        ...

    def usage(self, user_id: str, since: str) -> list[UsageRecord]:
        """The rows from day ``since`` (``YYYY-MM-DD``, inclusive) on, by day and model."""
        ...


class Store(ConversationStore, ClaimStore, UsageStore, StopStore, Protocol):
    """What one database gives: a saved turn touches the first three."""


class ChatModel(Protocol):
    """A language model that answers in a stream."""

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        """Yields ``TextDelta`` events, then one ``Completion``, last.

        Raises the ``ModelError`` that fits, before or between events; a stream that ends without a ``Completion`` was
        broken, and raises ``ModelStreamBroken``. Where the deadline of the request passes, raises ``ModelTimeout``.
        Closing the generator early frees its connection.
        """
        ...

    def close(self) -> None:
        """Frees memory and connections. The model is not used afterwards."""
        ...


MetricUnit = Literal["Count", "Milliseconds", "None"]


class Metrics(Protocol):
    """Figures for dashboards and alarms; never ids of conversations, never content."""

    def record(self, figures: Mapping[str, tuple[float, MetricUnit]], details: Mapping[str, str]) -> None:
        """Writes the figures, name to (value, unit), and what they are about. Never fails the caller."""
        ...
