"""The store of a laptop: one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from shared import storage
from shared.errors import StoreError
from shared.local import sqlite_rows as rows
from shared.local.processes import is_gone, this_process
from shared.local.sqlite_connections import Connections
from shared.local.sqlite_schema import CONVERSATIONS
from shared.models import ConversationRecord, MessageRecord, Page, RequestClaim, TurnRecord, UsageRecord
from shared.ports import Clock

_PURGE_EVERY_SECONDS = 3600


class SQLiteStore:
    """The port ``Store`` over one file, which several threads and processes may share.

    A turn is one transaction with both messages, the header, the claim and the usage counters, and is on the disk when
    ``save_turn`` returns.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Opens or makes the file, its tables brought up to date.

        Of what stands in them nothing is changed yet: the key may turn out to be missing.

        Raises ``ConfigurationError`` for a file or folder that cannot be used, ``StoreFull``, ``StoreError``.
        """
        self._clock = clock
        self._connections = Connections(path, CONVERSATIONS)
        self._purged_at = 0

    # --- claims -------------------------------------------------------------------------------------------------------

    def claim(self, claim: RequestClaim) -> RequestClaim:
        now, key = self._clock().timestamp(), (claim.user_id, claim.key_hash)
        with self._connections.write() as connection:
            held = connection.execute(rows.SELECT_HOLDER, key).fetchone()
            if held and held[0] and is_gone(held[0]):
                # Its lease may have minutes to run, and whoever asks again after a crash would wait for nobody.
                connection.execute(rows.FREE_CLAIM, key)
            connection.execute(rows.TAKE_CLAIM, (*rows.claim_values(claim), this_process(), now, now))
            standing = connection.execute(rows.SELECT_CLAIM, key).fetchone()
        return rows.claim(standing)

    def release(self, claim: RequestClaim) -> None:
        with self._connections.write() as connection:
            connection.execute(
                "DELETE FROM claims WHERE user_id = ? AND key_hash = ? AND message_id = ? AND NOT done",
                (claim.user_id, claim.key_hash, claim.message_id),
            )

    # --- stopping -----------------------------------------------------------------------------------------------------

    def ask_to_stop(self, user_id: str, message_id: str, expires_at: int) -> None:
        with self._connections.write() as connection:
            connection.execute(rows.ASK_TO_STOP, (user_id, message_id, expires_at))

    def stop_asked(self, user_id: str, message_id: str, *, latest: bool = False) -> bool:  # noqa: ARG002 - always is
        return bool(self._select(rows.SELECT_STOP, user_id, message_id, self._now()))

    # --- usage --------------------------------------------------------------------------------------------------------

    def add_usage(self, user_id: str, record: UsageRecord) -> None:
        with self._connections.write() as connection:
            connection.execute(rows.ADD_USAGE, rows.usage_values(user_id, record))

    def usage(self, user_id: str, since: str) -> list[UsageRecord]:
        return [rows.usage(row) for row in self._select(rows.SELECT_USAGE, user_id, since)]

    # --- conversations ------------------------------------------------------------------------------------------------

    def get(self, user_id: str, conversation_id: str) -> ConversationRecord | None:
        found = self._select(rows.SELECT_CONVERSATION, user_id, conversation_id, self._now())
        return rows.conversation(found[0]) if found else None

    def recent_messages(self, conversation: ConversationRecord, limit: int) -> list[MessageRecord]:
        return [*reversed(self._newest(conversation, limit))]

    def messages(self, conversation: ConversationRecord, limit: int, cursor: str | None = None) -> Page[MessageRecord]:
        before = storage.decode_message_cursor(cursor) if cursor is not None else rows.AFTER_ALL_TIMES
        found = self._newest(conversation, limit + 1, before)
        return storage.page(found, limit, lambda last: storage.encode_message_cursor(last.timestamp), reverse=True)

    def message_at(self, conversation: ConversationRecord, timestamp: str) -> MessageRecord | None:
        found = self._select(
            rows.SELECT_MESSAGE,
            *(conversation.user_id, conversation.conversation_id, timestamp, conversation.created_at, self._now()),
        )
        return rows.message(found[0]) if found else None

    def conversations(self, user_id: str, limit: int, cursor: str | None = None) -> Page[ConversationRecord]:
        after = storage.decode_conversation_cursor(cursor) if cursor is not None else (rows.AFTER_ALL_TIMES, "")
        found = self._select(rows.LIST_CONVERSATIONS, user_id, *after, self._now(), limit + 1)
        records = [rows.conversation(row) for row in found]
        return storage.page(
            records, limit, lambda last: storage.encode_conversation_cursor(last.updated_at, last.conversation_id)
        )

    def save_turn(self, turn: TurnRecord) -> str:
        """As the port says. The bytes of what is replaced are overwritten in the file and gone from its log."""
        now = self._now()
        with self._connections.write() as connection:
            user_time, reply_time = _write_header(connection, turn, now)
            if turn.claim:
                _finish_claim(connection, turn.claim, reply_time, now)
            for message, timestamp in ((turn.user_message, user_time), (turn.assistant_message, reply_time)):
                connection.execute(rows.INSERT_MESSAGE, rows.message_values(turn, message, timestamp))
            for timestamp in turn.replaces.timestamps if turn.replaces else ():
                connection.execute(rows.DELETE_MESSAGE, (turn.user_id, turn.conversation_id, timestamp))
            if not turn.imported:
                connection.execute(rows.ADD_USAGE, rows.usage_values(turn.user_id, storage.turn_usage(turn)))
        if turn.replaces:
            self._connections.empty_log()
        self.purge_expired()
        return reply_time

    def rename(self, user_id: str, conversation_id: str, title: bytes) -> bool:
        with self._connections.write() as connection:
            changed = connection.execute(
                "UPDATE conversations SET title = ? WHERE user_id = ? AND conversation_id = ? AND expires_at > ?",
                (title, user_id, conversation_id, self._now()),
            )
        return changed.rowcount == 1

    def delete(self, user_id: str, conversation_id: str) -> bool:
        """Deletes header and messages at once; their bytes are overwritten in the file and gone from its log."""
        with self._connections.write() as connection:
            deleted = connection.execute(
                "DELETE FROM conversations WHERE user_id = ? AND conversation_id = ? RETURNING expires_at",
                (user_id, conversation_id),
            ).fetchall()
        self._connections.empty_log()
        return bool(deleted) and bool(deleted[0][0] > self._now())

    def ping(self) -> None:
        self._select("SELECT count(*) FROM meta")

    def close(self) -> None:
        self._connections.close()

    # --- facts about the file itself (not in the port) ----------------------------------------------------------------

    def get_meta(self, name: str) -> bytes | None:
        """The value that ``set_meta`` stored under the name."""
        found = self._select("SELECT value FROM meta WHERE name = ?", name)
        return bytes(found[0][0]) if found else None

    def set_meta(self, name: str, value: bytes) -> None:
        with self._connections.write() as connection:
            connection.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def purge_expired(self) -> None:
        """Deletes expired rows, at most once an hour, so that the file does not grow. Readers never see them anyway.

        Called at start, once the key is known to be the right one, and after every turn. Never fails the caller.
        """
        now = self._now()
        if now - self._purged_at < _PURGE_EVERY_SECONDS:
            return
        self._purged_at = now
        deleted = 0
        with suppress(StoreError), self._connections.write() as connection:
            deleted = sum(connection.execute(sql, (now,)).rowcount for sql in rows.PURGE)
        if deleted:
            self._connections.empty_log()

    # --- internals ----------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return storage.epoch_seconds(self._clock())

    def _select(self, sql: str, *values: Any) -> Sequence[tuple[Any, ...]]:
        with self._connections.read() as connection:
            return connection.execute(sql, values).fetchall()

    def _newest(
        self, conversation: ConversationRecord, limit: int, before: str = rows.AFTER_ALL_TIMES
    ) -> Sequence[MessageRecord]:
        """Up to ``limit`` messages before a time, newest first."""
        found = self._select(
            rows.LIST_MESSAGES,
            *(conversation.user_id, conversation.conversation_id, conversation.created_at, before, self._now(), limit),
        )
        return [rows.message(row) for row in found]


def _write_header(connection: sqlite3.Connection, turn: TurnRecord, now: int) -> tuple[str, str]:
    """Makes or moves on the header; returns the times of the turn's messages.

    Raises ``KeyConflict``, ``ConversationChanged``.
    """
    standing = connection.execute(rows.SELECT_HEADER, (turn.user_id, turn.conversation_id)).fetchone()
    live = standing is not None and standing[2] > now
    if live == turn.new_conversation or (live and standing[1] != turn.wrapped_key):
        raise storage.key_conflict()
    if turn.replaces and standing[0] != turn.replaces.last_seen:
        raise storage.conversation_changed()
    user_time, reply_time = storage.turn_times(turn, standing[0] if live else None)
    if live:
        old_title = turn.replaces.old_title if turn.replaces else None
        connection.execute(
            rows.MOVE_CONVERSATION,
            (reply_time, turn.expires_at, old_title, turn.title, turn.user_id, turn.conversation_id),
        )
    else:
        # An expired header goes first, and its messages with it.
        connection.execute(
            "DELETE FROM conversations WHERE user_id = ? AND conversation_id = ?", (turn.user_id, turn.conversation_id)
        )
        connection.execute(
            rows.INSERT_CONVERSATION,
            (turn.user_id, turn.conversation_id, turn.wrapped_key, turn.title, user_time, reply_time, turn.expires_at),
        )
    return user_time, reply_time


def _finish_claim(connection: sqlite3.Connection, claim: RequestClaim, reply_time: str, now: int) -> None:
    finished = connection.execute(
        "UPDATE claims SET done = 1, message_timestamp = ?"
        " WHERE user_id = ? AND key_hash = ? AND message_id = ? AND NOT done AND expires_at > ?",
        (reply_time, claim.user_id, claim.key_hash, claim.message_id, now),
    )
    if finished.rowcount != 1:
        raise storage.claim_lost()
