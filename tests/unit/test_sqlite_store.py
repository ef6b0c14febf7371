"""The SQLite store beyond the contract: the file, its damages, its locks, and what deletion leaves in it."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.errors import ConfigurationError, StoreError, StoreFull
from shared.local import sqlite_connections, sqlite_rows
from shared.local.sqlite_schema import CONVERSATIONS
from shared.local.sqlite_store import SQLiteStore
from shared.models import Replacement
from tests.contract.stores import DAY, MovableClock, Turns, texts, together


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def turn(clock: MovableClock) -> Turns:
    return Turns(clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "chatbot.db"


@pytest.fixture
def store(path: Path, clock: MovableClock) -> Iterator[SQLiteStore]:
    opened = SQLiteStore(path, clock)
    yield opened
    opened.close()


def bytes_on_disk(path: Path) -> bytes:
    """The database and its write-ahead log."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


# --- opening ----------------------------------------------------------------------------------------------------------


def test_only_the_owner_can_read_the_files(store: SQLiteStore, path: Path, turn: Turns) -> None:
    store.save_turn(turn(new=True))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("chatbot.db", "chatbot.db-wal", "chatbot.db-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_stored_is_there_after_reopening(path: Path, clock: MovableClock, turn: Turns) -> None:
    with closing(SQLiteStore(path, clock)) as store:
        store.save_turn(turn(new=True))
        store.set_meta("check", b"\x00value")
        store.set_meta("check", b"\x01value")
        before = store.get("owner", "c1")
    with closing(SQLiteStore(path, clock)) as store:
        assert store.get("owner", "c1") == before
        assert store.get_meta("check") == b"\x01value"
        assert store.get_meta("missing") is None


def test_a_file_of_an_older_version_is_brought_up_to_date(path: Path, clock: MovableClock, turn: Turns) -> None:
    older = replace(CONVERSATIONS, migrations=CONVERSATIONS.migrations[:1])
    sqlite_connections.Connections(path, older).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO usage VALUES ('owner', '2026-11-20', 'builtin', 1, 2, 3, 4, 5, 0.5, 0)")
        connection.commit()
    with closing(SQLiteStore(path, clock)) as store:
        store.ask_to_stop("owner", "reply", int(clock().timestamp()) + 100)
        assert store.stop_asked("owner", "reply")
        assert [row.cost_usd for row in store.usage("owner", "2026-11-01")] == [0.5]
    assert query(path, "PRAGMA user_version") == [(len(CONVERSATIONS.migrations),)]


def test_commits_are_durable_and_deletions_overwrite(store: SQLiteStore) -> None:
    with store._connections.read() as first, store._connections.read() as second:
        for connection in (first, second):
            found = {
                name: connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
            }
            assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_many_may_open_a_new_database_at_once(path: Path, clock: MovableClock, turn: Turns) -> None:
    def work(number: int) -> None:
        with closing(SQLiteStore(path, clock)) as store:
            store.save_turn(turn(conversation_id=f"c{number}", new=True))

    together(8, work)
    assert query(path, "SELECT count(*) FROM conversations") == [(8,)]


def not_a_database(path: Path) -> None:
    path.write_bytes(b"These are my notes, and I want to keep them.\n" * 100)


def damaged_inside(path: Path) -> None:
    with closing(SQLiteStore(path, MovableClock())) as store:
        for number in range(50):
            store.save_turn(Turns(MovableClock())("x" * 500, new=number == 0))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = b"\xff" * 8192
    path.write_bytes(content)


def cut_off(path: Path) -> None:
    with closing(SQLiteStore(path, MovableClock())) as store:
        store.save_turn(Turns(MovableClock())("x" * 50_000, new=True))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE conversations (id)")


def of_a_newer_version(path: Path) -> None:
    SQLiteStore(path, MovableClock()).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (not_a_database, "is not a database, or it is damaged. Put it back from a backup"),
        (damaged_inside, "is not a database, or it is damaged. Put it back from a backup"),
        (cut_off, "is not a database, or it is damaged. Put it back from a backup"),
        (of_another_program, "is a database of another program. Choose another data folder"),
        (of_a_newer_version, "newer version of this program .schema 99, this version knows 2.. Update"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_and_left_alone(tmp_path: Path, make: object, sentence: str) -> None:
    path = tmp_path / "chatbot.db"
    assert callable(make)
    make(path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=sentence) as refused:
        SQLiteStore(path, MovableClock())
    assert str(path) in refused.value.message
    assert path.read_bytes() == before


def test_an_empty_file_is_a_new_database(tmp_path: Path, clock: MovableClock) -> None:
    path = tmp_path / "chatbot.db"
    path.touch(0o600)
    with closing(SQLiteStore(path, clock)) as store:
        store.ping()


@pytest.mark.parametrize("place", ["folder", "file/chatbot.db"])
def test_a_path_that_cannot_be_a_file_is_told(tmp_path: Path, clock: MovableClock, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="could not be opened for writing") as refused:
        SQLiteStore(tmp_path / place, clock)
    assert str(tmp_path / place) in refused.value.message


# --- running ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_leaves_what_was_stored(store: SQLiteStore, turn: Turns, path: Path) -> None:
    store.save_turn(turn("kept", new=True))
    with store._connections.read() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreFull, match="Free some space") as full:
        store.save_turn(turn("x" * 100_000))
    assert str(path) in full.value.message
    conversation = store.get("owner", "c1")
    assert conversation is not None
    assert texts(store.recent_messages(conversation, 10)) == ["kept", "reply to kept"]
    store.save_turn(turn("small"))


def test_a_database_locked_for_too_long_is_told(
    path: Path, clock: MovableClock, turn: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.05)
    with closing(SQLiteStore(path, clock)) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked") as locked:
            store.save_turn(turn(new=True))
        assert locked.value.retry_after
        assert store.get("owner", "c1") is None
        other.execute("ROLLBACK")
        store.save_turn(turn(new=True))


def test_two_programs_may_write_one_conversation(path: Path, clock: MovableClock, turn: Turns) -> None:
    # Two stores share no lock but SQLite's own, as two processes do.
    with closing(SQLiteStore(path, clock)) as one, closing(SQLiteStore(path, clock)) as two:
        one.save_turn(turn("first", new=True))

        def work(number: int) -> None:
            for index in range(40):
                (one, two)[number].save_turn(turn(f"{number}-{index}"))

        together(2, work)
        conversation = two.get("owner", "c1")
        assert conversation is not None
        found = texts(one.recent_messages(conversation, 1000))
    assert len(found) == 2 * 81
    assert found[1::2] == [f"reply to {question}" for question in found[0::2]]


def test_a_writer_of_this_process_that_never_ends_is_told(
    store: SQLiteStore, turn: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.05)
    with store._connections.write(), pytest.raises(StoreError, match="locked"):
        store.save_turn(turn(new=True))


def test_a_file_that_is_damaged_while_running_is_told(store: SQLiteStore, turn: Turns, path: Path) -> None:
    for number in range(50):
        store.save_turn(turn("x" * 2000, new=number == 0))
    conversation = store.get("owner", "c1")
    assert conversation is not None
    assert store._connections.truncate_log()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    # A fresh connection has no page in its cache.
    store._connections._idle.pop().close()
    with pytest.raises(StoreError, match="damaged"):
        store.recent_messages(conversation, 100)


def test_a_closed_store_says_so(path: Path, clock: MovableClock) -> None:
    store = SQLiteStore(path, clock)
    with store._connections.read() as connection:
        store.close()
        store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
    with pytest.raises(StoreError, match="closed"):
        store.ping()


def test_idle_connections_are_few_and_the_last_used_comes_first(store: SQLiteStore) -> None:
    together(20, lambda _: store.ping())
    assert len(store._connections._idle) <= sqlite_connections._KEPT_IDLE
    with store._connections.read() as first:
        pass
    with store._connections.read() as second:
        assert first is second


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        (sqlite_rows.LIST_CONVERSATIONS, 5),
        (sqlite_rows.LIST_MESSAGES, 6),
        (sqlite_rows.SELECT_CONVERSATION, 3),
        (sqlite_rows.SELECT_MESSAGE, 5),
        (sqlite_rows.SELECT_CLAIM, 2),
        (sqlite_rows.SELECT_USAGE, 2),
        (sqlite_rows.SELECT_STOP, 3),
        (sqlite_rows.DELETE_MESSAGE, 3),
        (sqlite_rows.MOVE_CONVERSATION, 6),
        *((sql, 1) for sql in sqlite_rows.PURGE),
    ],
)
def test_no_statement_reads_or_sorts_a_whole_table(store: SQLiteStore, sql: str, count: int) -> None:
    plan = " ".join(str(row[3]) for row in store._select(f"EXPLAIN QUERY PLAN {sql}", *("1",) * count))
    assert "SEARCH" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


# --- deleting ---------------------------------------------------------------------------------------------------------

KEY = b"the wrapped key of a conversation"


def test_a_deleted_conversation_is_gone_from_the_files(store: SQLiteStore, path: Path, turn: Turns) -> None:
    for number in range(20):
        store.save_turn(turn("secret text", new=number == 0, key=KEY))
    assert KEY in bytes_on_disk(path)
    assert store.delete("owner", "c1")
    left = bytes_on_disk(path)
    assert KEY not in left
    assert b"secret text" not in left


def test_a_replaced_turn_is_gone_from_the_files(store: SQLiteStore, path: Path, turn: Turns) -> None:
    time = store.save_turn(turn("secret text", new=True))
    stored = store.get("owner", "c1")
    assert stored is not None
    assert b"secret text" in bytes_on_disk(path)
    store.save_turn(replace(turn("again"), replaces=Replacement((stored.created_at, time), time)))
    assert b"secret text" not in bytes_on_disk(path)


def test_a_reader_only_puts_off_emptying_the_log(store: SQLiteStore, path: Path, turn: Turns) -> None:
    store.save_turn(turn(new=True, key=KEY))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM conversations").fetchone()
        assert store.delete("owner", "c1")
        reader.execute("COMMIT")
    store.save_turn(turn(conversation_id="c2", new=True))
    assert KEY not in bytes_on_disk(path)


def test_expired_rows_go_when_that_is_asked_for_and_not_by_opening(
    path: Path, clock: MovableClock, turn: Turns
) -> None:
    with closing(SQLiteStore(path, clock)) as store:
        store.claim(turn.claim())
        store.ask_to_stop("owner", "reply", int(clock().timestamp()) + 100)
        store.save_turn(turn(new=True, lifetime=100, key=KEY))
        store.save_turn(turn("brief", conversation_id="c2", new=True, lifetime=100))
        store.save_turn(turn("kept", conversation_id="c2", lifetime=3 * DAY))
    clock.advance(DAY)
    with closing(SQLiteStore(path, clock)) as store:
        assert query(path, "SELECT count(*) FROM conversations") == [(2,)]
        store.purge_expired()
        assert query(path, "SELECT conversation_id FROM conversations") == [("c2",)]
        assert query(path, "SELECT content FROM messages") == [(b"kept",), (b"reply to kept",)]
        assert query(path, "SELECT count(*) FROM claims") == [(0,)]
        assert query(path, "SELECT count(*) FROM stops") == [(0,)]
        assert KEY not in bytes_on_disk(path)


def test_a_store_that_runs_for_long_does_not_grow(store: SQLiteStore, path: Path, clock: MovableClock) -> None:
    turn = Turns(clock)
    sizes = []
    for number in range(60):
        store.save_turn(turn("x" * 20_000, conversation_id=f"c{number}", new=True, lifetime=3600))
        clock.advance(3600)
        sizes.append(path.stat().st_size)
    assert sizes[-1] == sizes[10]
