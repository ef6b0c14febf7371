"""Connections to a local database: opened with the right settings, shared by threads, errors translated."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.errors import ConfigurationError, StoreError, StoreFull
from shared.local.sqlite_schema import Schema, damaged

#: How long a writer waits for another one, here or in another process.
BUSY_SECONDS = 10.0

_KEPT_IDLE = 8
# Besides SQLITE_FULL: quotas and file size limits reach SQLite as failed writes.
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


class Connections:
    """A pool that hands out the connection used last. Safe to call from several threads.

    Writers of this process take turns at a lock, which is fairer and quicker than SQLite's own polling; that one is
    left for other processes.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        """Opens the file, or makes it with mode 0600. Raises ``ConfigurationError``, ``StoreFull``, ``StoreError``."""
        self._path = path
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._closed = False
        # Set while deleted bytes may still stand in the write-ahead log, because it could not be emptied.
        self._log_due = threading.Event()
        self._idle: list[sqlite3.Connection] = []
        _make_file(path)
        connection = _connect(path)
        try:
            schema.check_file(connection, path)
            _configure(connection)
            schema.migrate(connection)
        except sqlite3.Error as error:
            raise _opening_error(error, path) from None
        else:
            self._idle.append(connection)
        finally:
            if not self._idle:
                connection.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection for one statement: each statement is a consistent snapshot."""
        with self._translated(), self._borrowed() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements all read the database as it is at the first of them."""
        with self.read() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction that commits at the end, durably, or leaves nothing behind."""
        with self._transaction() as connection:
            yield connection
        if self._log_due.is_set():
            self.empty_log()

    def empty_log(self) -> None:
        """Empties the log of deleted bytes: now, or with a later write where a reader is in the way. Never fails."""
        self._log_due.set()
        with suppress(StoreError):
            if self.truncate_log():
                self._log_due.clear()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._turn(), self._borrowed() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has already rolled back after some errors, a full disk among them.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def truncate_log(self) -> bool:
        """Moves the write-ahead log into the database and empties it, so that deleted bytes are in neither.

        ``False`` where a reader or another process is in the way just now.
        """
        with self._translated(), self._borrowed() as connection:
            connection.execute("PRAGMA busy_timeout = 250")
            try:
                return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
            finally:
                connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def close(self) -> None:
        """Closes idle connections now, and those in use when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._closed:
                raise StoreError("The database is closed; start the program again.")
            idle = self._idle.pop() if self._idle else None
        connection = idle or self._open_another()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < _KEPT_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _open_another(self) -> sqlite3.Connection:
        connection = _connect(self._path)
        try:
            _configure(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise _busy()
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _running_error(error, self._path) from None


def _make_file(path: Path) -> None:
    """Makes an empty file that others cannot read. SQLite gives its companion files the same mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"The database {path} could not be opened for writing ({error.strerror}). Make the file and its folder "
            "writable, or choose another data folder."
        ) from None


def _connect(path: Path) -> sqlite3.Connection:
    # Autocommit, so that transactions begin and end where the code says so. The pool lends a connection to one thread
    # at a time, which is all that SQLite asks for.
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit has reached the disk when it returns. WAL's usual NORMAL may lose the last ones at a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Deleted bytes are overwritten: a deleted conversation's wrapped key must be gone from the file.
    connection.execute("PRAGMA secure_delete = ON")


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _opening_error(error: sqlite3.Error, path: Path) -> ConfigurationError | StoreError:
    primary = _code(error) & 0xFF
    if _code(error) in _FULL:
        return _full(path)
    if primary in _LOCKED:
        return _busy()
    if primary in _DAMAGED:
        return damaged(path)
    return ConfigurationError(
        f"The database {path} could not be opened (SQLite: {getattr(error, 'sqlite_errorname', 'unknown')}). Make the "
        "file and its folder readable and writable, or choose another data folder; the file was left as it is."
    )


def _running_error(error: sqlite3.Error, path: Path) -> StoreError:
    primary = _code(error) & 0xFF
    if _code(error) in _FULL:
        return _full(path)
    if primary in _LOCKED:
        return _busy()
    if primary in _DAMAGED:
        return StoreError(f"The database {path} is damaged. Stop the program and put the file back from a backup.")
    return StoreError(
        f"The database {path} failed (SQLite: {getattr(error, 'sqlite_errorname', 'unknown')}). Check that the disk "
        "and the folder are there and writable, then try again.",
        retry_after=1.0,
    )


def _full(path: Path) -> StoreFull:
    return StoreFull(
        f"The database {path} could not grow: the disk, or this user's share of it, is full. Free some space and try "
        "again; what was stored before is intact."
    )


def _busy() -> StoreError:
    return StoreError(
        f"The database was locked by another writer for more than {BUSY_SECONDS:.0f} seconds; try again.",
        retry_after=1.0,
    )
