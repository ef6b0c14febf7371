"""Rows of the local database to records and back, and the statements that name their columns."""

# ruff: noqa: S608 - statements are put together from the constants of this module only; values are always bound.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.models import ConversationRecord, MessageRecord, RequestClaim, TokenUsage, TurnRecord, UsageRecord

#: Sorts after every timestamp.
AFTER_ALL_TIMES = "~"

_CONVERSATION = "user_id, conversation_id, wrapped_key, title, created_at, updated_at, expires_at"
_MESSAGE = (
    "message_id, role, content, timestamp, model, stop_reason, retrieval, cost_usd,"
    " input_tokens, output_tokens, cache_read_tokens, cache_write_tokens"
)
_CLAIM = (
    "user_id, key_hash, fingerprint, conversation_id, message_id, lease_expires_at, expires_at, done, message_timestamp"
)
_USAGE = (
    "day, model, turns, cost_usd, unpriced_turns, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens"
)

SELECT_CONVERSATION = (
    f"SELECT {_CONVERSATION} FROM conversations WHERE user_id = ? AND conversation_id = ? AND expires_at > ?"
)
INSERT_CONVERSATION = f"INSERT INTO conversations ({_CONVERSATION}) VALUES (?, ?, ?, ?, ?, ?, ?)"
SELECT_HEADER = (
    "SELECT updated_at, wrapped_key, expires_at FROM conversations WHERE user_id = ? AND conversation_id = ?"
)
# A title set meanwhile stays. Nothing equals NULL, so without an old title none is replaced.
MOVE_CONVERSATION = """
    UPDATE conversations SET updated_at = ?, expires_at = ?, title = CASE WHEN title = ? THEN ? ELSE title END
    WHERE user_id = ? AND conversation_id = ?
"""
# Row values compare as the index sorts, so that a page starts where the one before ended, without counting.
LIST_CONVERSATIONS = f"""
    SELECT {_CONVERSATION} FROM conversations
    WHERE user_id = ? AND (updated_at, conversation_id) < (?, ?) AND expires_at > ?
    ORDER BY updated_at DESC, conversation_id DESC LIMIT ?
"""
SELECT_MESSAGE = f"""
    SELECT {_MESSAGE} FROM messages
    WHERE user_id = ? AND conversation_id = ? AND timestamp = ? AND timestamp >= ? AND expires_at > ?
"""
LIST_MESSAGES = f"""
    SELECT {_MESSAGE} FROM messages
    WHERE user_id = ? AND conversation_id = ? AND timestamp >= ? AND timestamp < ? AND expires_at > ?
    ORDER BY timestamp DESC LIMIT ?
"""
INSERT_MESSAGE = f"""
    INSERT INTO messages ({_MESSAGE}, user_id, conversation_id, expires_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
TAKE_CLAIM = f"""
    INSERT INTO claims ({_CLAIM}, holder) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (user_id, key_hash) DO UPDATE SET
        fingerprint = excluded.fingerprint, conversation_id = excluded.conversation_id,
        message_id = excluded.message_id, lease_expires_at = excluded.lease_expires_at,
        expires_at = excluded.expires_at, done = excluded.done, message_timestamp = excluded.message_timestamp,
        holder = excluded.holder
    WHERE claims.expires_at <= ? OR (NOT claims.done AND claims.lease_expires_at <= ?)
"""
SELECT_HOLDER = "SELECT holder FROM claims WHERE user_id = ? AND key_hash = ? AND NOT done"
FREE_CLAIM = "DELETE FROM claims WHERE user_id = ? AND key_hash = ? AND NOT done"
SELECT_CLAIM = f"SELECT {_CLAIM} FROM claims WHERE user_id = ? AND key_hash = ?"
SELECT_USAGE = f"SELECT {_USAGE} FROM usage WHERE user_id = ? AND day >= ? ORDER BY day, model"
ADD_USAGE = f"""
    INSERT INTO usage ({_USAGE}, user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (user_id, day, model) DO UPDATE SET
        turns = turns + excluded.turns, cost_usd = cost_usd + excluded.cost_usd,
        unpriced_turns = unpriced_turns + excluded.unpriced_turns,
        input_tokens = input_tokens + excluded.input_tokens,
        output_tokens = output_tokens + excluded.output_tokens,
        cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
        cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens
"""
DELETE_MESSAGE = "DELETE FROM messages WHERE user_id = ? AND conversation_id = ? AND timestamp = ?"
ASK_TO_STOP = "INSERT OR REPLACE INTO stops (user_id, message_id, expires_at) VALUES (?, ?, ?)"
SELECT_STOP = "SELECT 1 FROM stops WHERE user_id = ? AND message_id = ? AND expires_at > ?"
PURGE = tuple(
    f"DELETE FROM {table} WHERE expires_at <= ?" for table in ("conversations", "messages", "claims", "stops")
)


def conversation(row: Sequence[Any]) -> ConversationRecord:
    return ConversationRecord(*row)


def message(row: Sequence[Any]) -> MessageRecord:
    message_id, role, content, timestamp, model, stop_reason, retrieval, cost_usd, *tokens = row
    usage = None if tokens[0] is None else TokenUsage(*tokens)
    return MessageRecord(message_id, role, content, timestamp, model, stop_reason, retrieval, usage, cost_usd)


def message_values(turn: TurnRecord, record: MessageRecord, timestamp: str) -> tuple[Any, ...]:
    return (
        *(record.message_id, record.role, record.content, timestamp),
        *(record.model, record.stop_reason, record.retrieval, record.cost_usd),
        *(_tokens(record.usage) if record.usage else (None,) * 4),
        *(turn.user_id, turn.conversation_id, turn.expires_at),
    )


def claim(row: Sequence[Any]) -> RequestClaim:
    record = RequestClaim(*row)
    return replace(record, done=bool(record.done))


def claim_values(record: RequestClaim) -> tuple[Any, ...]:
    return (
        *(record.user_id, record.key_hash, record.fingerprint, record.conversation_id, record.message_id),
        *(record.lease_expires_at, record.expires_at, record.done, record.message_timestamp),
    )


def usage(row: Sequence[Any]) -> UsageRecord:
    day, model, turns, cost_usd, unpriced_turns, *tokens = row
    return UsageRecord(day, model, turns, TokenUsage(*tokens), cost_usd, unpriced_turns)


def usage_values(user_id: str, record: UsageRecord) -> tuple[Any, ...]:
    return (
        *(record.day, record.model, record.turns, record.cost_usd, record.unpriced_turns),
        *_tokens(record.usage),
        user_id,
    )


def _tokens(usage: TokenUsage) -> tuple[int, int, int, int]:
    return usage.input_tokens, usage.output_tokens, usage.cache_read_tokens, usage.cache_write_tokens
