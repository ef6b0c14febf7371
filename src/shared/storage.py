"""What every store computes alike: times of a turn, its usage, expiry and cursors. Pure."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from shared.errors import ClaimLost, ConversationChanged, InvalidRequest, KeyConflict
from shared.models import CONVERSATION_ID, Page, TokenUsage, TurnRecord, UsageRecord

T = TypeVar("T")

_TICK = timedelta(microseconds=1)
# Years from 1000 on only, so that stepping back from any accepted time stays representable.
_TIMESTAMP = re.compile(r"[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_CONVERSATION_ID = re.compile(CONVERSATION_ID, re.ASCII)
_LONGEST_CURSOR = 200


def format_timestamp(moment: datetime) -> str:
    """ISO-8601 UTC with exactly six decimals: such strings sort as the times do."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_timestamp(text: str) -> datetime:
    """The inverse of ``format_timestamp``, and nothing more lenient. Raises ``ValueError``."""
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError("not a timestamp of this program")
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


def next_timestamp(timestamp: str) -> str:
    """The earliest time after this one."""
    return format_timestamp(parse_timestamp(timestamp) + _TICK)


def previous_timestamp(timestamp: str) -> str:
    """The latest time before this one."""
    return format_timestamp(parse_timestamp(timestamp) - _TICK)


def turn_times(turn: TurnRecord, last: str | None) -> tuple[str, str]:
    """Timestamps of the turn's two messages, after ``last``, the conversation's newest one so far.

    Both follow from ``last`` in one step, so turns saved one after the other never interleave, whenever they began.
    Raises ``ConversationChanged`` for an imported turn that would have to be moved.
    """
    if turn.imported and last and last >= turn.received_at:
        raise already_said()
    user_time = max(turn.received_at, next_timestamp(last)) if last else turn.received_at
    return user_time, max(turn.finished_at, next_timestamp(user_time))


def epoch_seconds(moment: datetime) -> int:
    """Whole seconds; whatever expires at or before them has expired."""
    return math.floor(moment.timestamp())


def turn_usage(turn: TurnRecord) -> UsageRecord:
    """What the turn adds to its day and model."""
    reply = turn.assistant_message
    return model_usage(turn.finished_at[:10], reply.model or "unknown", reply.usage or TokenUsage(), reply.cost_usd)


def model_usage(day: str, model: str, usage: TokenUsage, cost_usd: float | None) -> UsageRecord:
    """One answer of a model as the daily counters take it. ``cost_usd`` is ``None`` where the price is not known."""
    return UsageRecord(
        day=day,
        model=model,
        turns=1,
        usage=usage,
        cost_usd=cost_usd or 0.0,
        unpriced_turns=1 if cost_usd is None else 0,
    )


def key_conflict() -> KeyConflict:
    return KeyConflict(
        "The conversation was deleted, or begun anew elsewhere, while this message was being answered; the answer was "
        "not saved. Send the message again."
    )


def conversation_changed() -> ConversationChanged:
    return ConversationChanged(
        "The conversation went on or was changed elsewhere while this message was being answered, so nothing was "
        "replaced and the answer was not kept. Look at the conversation as it is now, then send the message again."
    )


def already_said() -> ConversationChanged:
    return ConversationChanged(
        "Messages as late as this turn stand under this conversation_id already, perhaps of a conversation that was "
        "deleted or has expired. Leave the conversation_id out, to import it as a conversation of its own."
    )


def claim_lost() -> ClaimLost:
    return ClaimLost(
        "Answering took so long that the same request was taken over by another process; this answer was not saved. "
        "Send the request again to get the other answer.",
        retry_after=1.0,
    )


def encode_message_cursor(timestamp: str) -> str:
    """A place among the messages of a conversation: before this one."""
    return _encode(f"m1|{timestamp}")


def decode_message_cursor(cursor: str) -> str:
    """Raises ``InvalidRequest`` for anything but what ``encode_message_cursor`` returns."""
    parts = _decode(cursor, "m1", 1)
    return _valid_timestamp(parts[0])


def encode_conversation_cursor(updated_at: str, conversation_id: str) -> str:
    """A place in a list of conversations: after this one. Whose list, only the reader's own user id says."""
    return _encode(f"c1|{updated_at}|{conversation_id}")


def decode_conversation_cursor(cursor: str) -> tuple[str, str]:
    """Raises ``InvalidRequest`` for anything but what ``encode_conversation_cursor`` returns."""
    updated_at, conversation_id = _decode(cursor, "c1", 2)
    if not _CONVERSATION_ID.fullmatch(conversation_id):
        raise _bad_cursor()
    return _valid_timestamp(updated_at), conversation_id


def page(rows: Sequence[T], limit: int, cursor_of: Callable[[T], str], *, reverse: bool = False) -> Page[T]:
    """A page of the first ``limit`` rows; one row more than that tells that the listing goes on.

    ``reverse`` turns the rows of the page around after the cut.
    """
    kept = tuple(rows[:limit])
    cursor = cursor_of(kept[-1]) if kept and len(rows) > limit else None
    return Page(kept[::-1] if reverse else kept, cursor)


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, kind: str, count: int) -> list[str]:
    """The parts of a cursor, which must be exactly what ``_encode`` makes of them."""
    if len(cursor) > _LONGEST_CURSOR:
        raise _bad_cursor()
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise _bad_cursor() from None
    parts = text.split("|")
    if _encode(text) != cursor or parts[0] != kind or len(parts) != count + 1:
        raise _bad_cursor()
    return parts[1:]


def _valid_timestamp(text: str) -> str:
    try:
        parse_timestamp(text)
    except ValueError:
        raise _bad_cursor() from None
    return text


def _bad_cursor() -> InvalidRequest:
    return InvalidRequest(
        "The cursor is not one that this listing gave out; leave it away to start from the first page.", field="cursor"
    )
