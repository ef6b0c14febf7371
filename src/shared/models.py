"""Domain models: plain frozen data, without I/O and without any vendor's names.

A *record* is what a store keeps: its ``content`` and ``title`` are ciphertext. A *message* or *conversation* without
that word is plaintext and lives only in the process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

#: The only user until there are several.
OWNER = "owner"
#: Characters of a message.
LONGEST_MESSAGE = 32_000
#: Pattern of a whole conversation id.
CONVERSATION_ID = r"[A-Za-z0-9._-]{1,64}"
#: Turns that one turn may replace. DynamoDB takes 100 actions in a transaction; these are 40 of them.
MOST_REPLACED_TURNS = 20
#: Pattern of a whole message id.
MESSAGE_ID = r"[A-Za-z0-9-]{1,64}"

Role = Literal["user", "assistant"]
Retrieval = Literal["used", "no_match", "disabled", "unavailable"]

#: What goes on in a turn: documents are searched, their index wakes up, or cannot be reached; a model writes, or gives
#: way to another one.
Stage = Literal["retrieving", "waking_index", "documents_unavailable", "generating", "fallback"]

#: Why a reply ended. ``end_turn`` is the ordinary end, ``max_tokens`` an answer that was cut, ``stopped`` one that its
#: user stopped.
StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "content_filtered",
    "guardrail_intervened",
    "context_exceeded",
    "stopped",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a listing. ``next_cursor`` is opaque, and ``None`` on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None = None


# --- models -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one model call. ``input_tokens`` does not count those read from or written to the provider's cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: TokenUsage) -> TokenUsage:
        return TokenUsage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    @property
    def total_tokens(self) -> int:
        """All that was read and written."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model: ``bedrock:<id>``, ``openai:<model>@<base url>``, ``gguf:<path>`` or ``builtin``."""

    provider: Literal["bedrock", "openai", "gguf", "builtin"]
    model_id: str
    base_url: str | None = None

    @property
    def name(self) -> str:
        """The name under which requests, answers and listings know the model."""
        if self.provider == "builtin":
            return "builtin"
        suffix = f"@{self.base_url}" if self.base_url else ""
        return f"{self.provider}:{self.model_id}{suffix}"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message as a model reads it."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model, already shaped to what that model supports; an adapter decides nothing.

    ``messages`` start and end with the user's and alternate. ``temperature`` is ``None`` where the model takes none.
    ``cache_system`` and ``cache_history`` ask the provider to keep the prompt up to the end of the system text, and up
    to the message before the last. ``deadline`` is a ``time.monotonic()`` reading in seconds.
    """

    system: str
    messages: tuple[ChatMessage, ...]
    max_tokens: int
    deadline: float
    temperature: float | None = None
    disable_thinking: bool = False
    cache_system: bool = False
    cache_history: bool = False


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of a reply; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """The end of a reply: the last event of every model stream that did not fail."""

    stop_reason: StopReason
    usage: TokenUsage


ModelEvent = TextDelta | Completion


# --- stored records ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """The header of a conversation.

    ``wrapped_key`` is its data key under the owner's key; without it nothing of the conversation can be read. Times are
    ISO-8601 UTC with microseconds; ``expires_at`` is in epoch seconds. ``created_at`` is the time of the first message:
    anything older under the same id belongs to a conversation deleted before.
    """

    user_id: str
    conversation_id: str
    wrapped_key: bytes
    title: bytes
    created_at: str
    updated_at: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One stored message; ``content`` is ciphertext.

    ``model``, ``stop_reason``, ``retrieval`` and ``usage`` stand on the assistant's messages only. ``timestamp`` is
    given by the store on saving (empty before): ISO-8601 UTC, microseconds, strictly increasing in a conversation.
    """

    message_id: str
    role: Role
    content: bytes
    timestamp: str = ""
    model: str | None = None
    stop_reason: StopReason | None = None
    retrieval: Retrieval | None = None
    usage: TokenUsage | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class RequestClaim:
    """An idempotency key, taken: whoever holds it answers the request, everybody else waits for that answer.

    ``key_hash`` and ``fingerprint`` are digests, so that neither the key nor the request stands in the store.
    ``message_id`` is the reply's, and names the holder. The claim is free again after ``lease_expires_at`` (epoch
    seconds) unless it is ``done``; then ``message_timestamp`` finds the reply, until ``expires_at`` (epoch seconds).
    """

    user_id: str
    key_hash: str
    fingerprint: str
    conversation_id: str
    message_id: str
    lease_expires_at: float
    expires_at: int
    done: bool = False
    message_timestamp: str | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """What of its conversation gives way to a turn: at least one message and all after it, as they were seen.

    ``timestamps`` are the messages' own, at most ``MOST_REPLACED_TURNS`` turns of them; ``last_seen`` is the header's
    ``updated_at`` at that time. ``old_title`` is the sealed title that gives way to the turn's, if it does.
    """

    timestamps: tuple[str, ...]
    last_seen: str
    old_title: bytes | None = None


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn, sealed and ready to be written whole.

    ``new_conversation`` says that no conversation stood under the id when the turn began. ``title`` is used only then,
    and where it replaces an old one. ``received_at`` and ``finished_at`` are ISO-8601 UTC with microseconds; the store
    moves them forward where needed to keep timestamps strictly increasing and the two messages of a turn next to each
    other. An ``imported`` turn was answered elsewhere: it counts no usage, and stands at its own time or not at all.
    """

    user_id: str
    conversation_id: str
    wrapped_key: bytes
    title: bytes
    new_conversation: bool
    user_message: MessageRecord
    assistant_message: MessageRecord
    received_at: str
    finished_at: str
    expires_at: int
    claim: RequestClaim | None = None
    replaces: Replacement | None = None
    imported: bool = False


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """What one model was used for on one day (UTC, ``YYYY-MM-DD``).

    ``unpriced_turns`` counts the turns whose price is not known: where it is not 0, ``cost_usd`` is not the whole cost.
    """

    day: str
    model: str
    turns: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)
    cost_usd: float = 0.0
    unpriced_turns: int = 0


@dataclass(frozen=True, slots=True)
class DataKey:
    """A fresh data key: 32 bytes in the clear, for the process, and wrapped, for the store."""

    plaintext: bytes = field(repr=False)
    wrapped: bytes
