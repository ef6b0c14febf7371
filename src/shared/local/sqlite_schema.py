"""What stands in a local database file, and the check that a file holds it before anything is written."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from shared.errors import ConfigurationError

# Every key begins with the user, so that no statement can reach another user's rows by a conversation id alone.
# Messages go with their header: a message without one could not be decrypted anyway.
_VERSION_1 = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE conversations (
    user_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    title BLOB NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, conversation_id)
);
CREATE INDEX conversations_by_time ON conversations (user_id, updated_at, conversation_id);
CREATE INDEX conversations_by_expiry ON conversations (expires_at);

CREATE TABLE messages (
    user_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    message_id TEXT NOT NULL,
    role TEXT NOT NULL,
    content BLOB NOT NULL,
    model TEXT,
    stop_reason TEXT,
    retrieval TEXT,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_write_tokens INTEGER,
    cost_usd REAL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, conversation_id, timestamp),
    FOREIGN KEY (user_id, conversation_id) REFERENCES conversations ON DELETE CASCADE
);
CREATE INDEX messages_by_expiry ON messages (expires_at);

CREATE TABLE claims (
    user_id TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    lease_expires_at REAL NOT NULL,
    expires_at INTEGER NOT NULL,
    done INTEGER NOT NULL,
    message_timestamp TEXT,
    PRIMARY KEY (user_id, key_hash)
);
CREATE INDEX claims_by_expiry ON claims (expires_at);

CREATE TABLE usage (
    user_id TEXT NOT NULL,
    day TEXT NOT NULL,
    model TEXT NOT NULL,
    turns INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    unpriced_turns INTEGER NOT NULL,
    PRIMARY KEY (user_id, day, model)
);
"""

_VERSION_2 = """
CREATE TABLE stops (
    user_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, message_id)
) WITHOUT ROWID;
CREATE INDEX stops_by_expiry ON stops (expires_at);
ALTER TABLE claims ADD COLUMN holder TEXT;
"""


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one kind of file.

    ``application_id`` marks a file as this kind; see https://www.sqlite.org/fileformat.html#application_id.
    ``migrations`` are the scripts that lead from each version to the next; the file's own stands in ``user_version``.
    ``read_whole`` has every page looked at when a file is opened.
    """

    application_id: int
    migrations: tuple[str, ...]
    read_whole: bool = True

    def check_file(self, connection: sqlite3.Connection, path: Path) -> None:
        """Raises ``ConfigurationError`` for a database that is damaged, newer, or another program's. Writes nothing."""
        # One snapshot: another process may be making its tables at this moment.
        connection.execute("BEGIN")
        application, version = _stamp(connection)
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        connection.execute("COMMIT")
        if application != self.application_id and (tables or application or version):
            raise ConfigurationError(
                f"{path} is a database of another program. Choose another data folder; the file was left as it is."
            )
        if version > len(self.migrations):
            raise ConfigurationError(
                f"The database {path} was written by a newer version of this program (schema {version}, this version "
                f"knows {len(self.migrations)}). Update the program, or choose another data folder; the file was left "
                "as it is."
            )
        if self.read_whole and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise damaged(path)

    def migrate(self, connection: sqlite3.Connection) -> None:
        """Brings the tables up to date in one transaction; several processes may do so at once."""
        if _stamp(connection) == (self.application_id, len(self.migrations)):
            return  # stamping it again would be a write: a start that is refused later must leave the file as it is
        connection.execute("BEGIN IMMEDIATE")
        if _stamp(connection) == (self.application_id, len(self.migrations)):
            connection.execute("ROLLBACK")  # another one was first; a commit of nothing would make the next one wait
            return
        for script in self.migrations[_stamp(connection)[1] :]:
            # Not executescript(): that would commit first.
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {self.application_id}")
        connection.execute(f"PRAGMA user_version = {len(self.migrations)}")
        connection.execute("COMMIT")


#: Conversations ("CBOT").
CONVERSATIONS = Schema(0x43424F54, (_VERSION_1, _VERSION_2))


def damaged(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not a database, or it is damaged. Put it back from a backup, or move it away to start anew; the "
        "file was left as it is."
    )


def _stamp(connection: sqlite3.Connection) -> tuple[int, int]:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return application, connection.execute("PRAGMA user_version").fetchone()[0]
