"""The local database of documents beyond the contracts: the file, what deletion leaves in it, and errors."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.document_ports import ChunkIndex
from shared.documents import EmbeddedChunk, Generation
from shared.errors import ConfigurationError, IndexUnavailable, StoreError, StoreFull
from shared.local import sqlite_catalogue, sqlite_connections, sqlite_index_corpus, sqlite_index_rows
from shared.local.sqlite_documents import DocumentDatabase
from shared.local.sqlite_store import SQLiteStore
from tests.contract.document_stores import (
    by_keyword,
    by_vector,
    chunk,
    embedded,
    generation,
    random_unit,
    record,
    search,
)
from tests.contract.stores import MovableClock, together


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "documents.db"


@pytest.fixture
def database(path: Path) -> Iterator[DocumentDatabase]:
    with closing(DocumentDatabase(path)) as opened:
        yield opened


def bytes_on_disk(path: Path) -> bytes:
    """The database and its write-ahead log."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


# --- the file ---------------------------------------------------------------------------------------------------------


def test_only_the_owner_can_read_the_files(database: DocumentDatabase, path: Path) -> None:
    database.catalogue.save(record())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("documents.db", "documents.db-wal", "documents.db-shm"), 0o600)


def test_what_was_stored_is_there_after_reopening(path: Path) -> None:
    mine = generation()
    with closing(DocumentDatabase(path)) as database:
        database.index.add(mine, embedded(["apple", "banana"]))
        saved = database.catalogue.save(record())
    with closing(DocumentDatabase(path)) as database:
        assert by_vector(database.index, random_unit(1)) == ["banana", "apple"]
        assert by_keyword(database.index, "apples") == ["apple"]
        assert database.catalogue.get("owner", saved.document_id) == saved


def test_many_may_open_a_new_database_at_once(path: Path) -> None:
    def work(number: int) -> None:
        with closing(DocumentDatabase(path)) as database:
            database.index.add(generation(f"{number}"), embedded([f"text {number}"]))

    together(8, work)
    with closing(DocumentDatabase(path)) as database:
        assert len(by_keyword(database.index, "text")) == 8


def test_conversations_and_documents_are_not_taken_for_each_other(tmp_path: Path) -> None:
    conversations, documents = tmp_path / "chatbot.db", tmp_path / "documents.db"
    SQLiteStore(conversations, MovableClock()).close()
    DocumentDatabase(documents).close()
    with pytest.raises(ConfigurationError, match="database of another program"):
        DocumentDatabase(conversations)
    with pytest.raises(ConfigurationError, match="database of another program"):
        SQLiteStore(documents, MovableClock())


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        (sqlite_catalogue.GET, 2),
        (sqlite_catalogue.LIST, 3),
        (sqlite_catalogue.UNFINISHED, 2),
        (sqlite_index_rows.FIND_GENERATION, 3),
        (sqlite_index_rows.GENERATIONS, 2),
        (sqlite_index_rows.DELETE_CHUNK, 2),
        (sqlite_index_rows.DELETE_SOME, 2),
        (sqlite_index_rows.COUNT, 1),
        (sqlite_index_rows.CHUNKS, 3),
        (sqlite_index_rows.VECTORS, 1),
        (sqlite_index_rows.select_vectors(3), 3),
        (sqlite_index_rows.select_chunks(3), 3),
        (sqlite_index_corpus.VERSION, 1),
        (sqlite_index_corpus.GENERATIONS, 1),
        (sqlite_index_corpus.FEATURES, 2),
    ],
)
def test_no_statement_reads_or_sorts_a_whole_table(database: DocumentDatabase, sql: str, count: int) -> None:
    with database._connections.read() as connection:
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("1",) * count).fetchall()
    plan = " ".join(str(row[3]) for row in rows)
    # The index of unfinished records holds those only.
    assert "SCAN" not in plan.replace("SCAN documents USING INDEX documents_unfinished", "")
    assert "TEMP B-TREE" not in plan


# --- deleting ---------------------------------------------------------------------------------------------------------

SECRETS = [b"xylophonist", b"Quarterly", b"hedgehogs", b"Secret plan", b"plans/2026.txt"]


def store_secrets(database: DocumentDatabase, path: Path) -> Generation:
    mine = generation("plans/2026.txt")
    text = "Quarterly figures of the xylophonist. " + "hedgehogs " * 2000
    for first in range(0, 600, 100):
        database.index.add(mine, embedded([f"{text} {number}" for number in range(100)], first=first))
    database.index.add(mine, [EmbeddedChunk(chunk(600, "text", "Secret plan"), random_unit(600))])
    database.catalogue.save(record("plans/2026.txt"))
    assert by_keyword(database.index, "xylophonist")
    assert all(secret in bytes_on_disk(path) for secret in SECRETS)
    return mine


def vector_bytes(number: int) -> bytes:
    return sqlite_index_rows.to_halves(random_unit(number))


def test_a_removed_document_is_gone_from_the_files(database: DocumentDatabase, path: Path) -> None:
    kept = generation("kept.txt")
    database.index.add(kept, embedded(["kept words"], first=10_000))
    mine = store_secrets(database, path)
    assert vector_bytes(333) in bytes_on_disk(path)
    database.index.remove("owner", mine.document_id)
    saved = database.catalogue.get("owner", mine.document_id)
    assert saved
    database.catalogue.remove(saved)
    left = bytes_on_disk(path)
    assert [secret for secret in SECRETS if secret in left] == []
    assert [number for number in range(0, 601, 40) if vector_bytes(number) in left] == []
    assert mine.generation.encode() not in left
    assert b"kept words" in left
    assert vector_bytes(10_000) in left


def test_a_replaced_chunk_is_gone_from_the_file_with_its_log(path: Path) -> None:
    with closing(DocumentDatabase(path)) as database:
        mine = generation()
        database.index.add(mine, embedded(["xylophonist"]))
        database.index.add(mine, embedded(["another text"]))
        database.index.remove("owner", mine.document_id, keep=[mine.generation])
    assert b"xylophonist" not in bytes_on_disk(path)


def test_a_reader_only_puts_off_emptying_the_log(database: DocumentDatabase, path: Path) -> None:
    mine = store_secrets(database, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM chunks").fetchone()
        database.index.remove("owner", mine.document_id)
        reader.execute("COMMIT")
    database.catalogue.save(record("another.txt"))
    assert b"xylophonist" not in bytes_on_disk(path)


def test_chunks_are_found_no_more_from_the_first_moment_of_their_removal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = generation()
    with closing(DocumentDatabase(path)) as one, closing(DocumentDatabase(path)) as two:
        one.index.add(mine, embedded([f"night {number}" for number in range(600)]))
        seen: list[tuple[list[str], int]] = []
        plain = one.index._delete_some

        def look(number: int) -> bool:
            seen.append((by_vector(two.index, random_unit(0)), two.index.count(mine)))
            return plain(number)

        monkeypatch.setattr(one.index, "_delete_some", look)
        one.index.remove("owner", mine.document_id)
        assert len(seen) > 1, "a large removal is one transaction"
        assert seen == [([], 0)] * len(seen)


def test_a_removal_that_broke_off_is_taken_up_by_the_next(
    path: Path, database: DocumentDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = store_secrets(database, path)

    def break_off(_: int) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(database.index, "_delete_some", break_off)
        with pytest.raises(KeyboardInterrupt):
            database.index.remove("owner", mine.document_id)
    assert by_keyword(database.index, "xylophonist") == []
    # The same name again, while the old one is still there: they are not mixed up.
    database.index.add(mine, embedded(["new words"]))
    assert database.index.count(mine) == 1
    database.index.remove("owner", mine.document_id, keep=[mine.generation])
    assert by_keyword(database.index, "new") == ["new words"]
    assert b"xylophonist" not in bytes_on_disk(path)


# --- errors -----------------------------------------------------------------------------------------------------------


def fill(database: DocumentDatabase) -> None:
    """Lets the file grow by two pages only."""
    with database._connections.read() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")


def test_a_full_disk_is_told_and_leaves_what_was_stored(database: DocumentDatabase, path: Path) -> None:
    mine = generation()
    database.index.add(mine, embedded(["kept"]))
    fill(database)
    with pytest.raises(StoreFull, match="Free some space") as full:
        database.index.add(mine, embedded(["x " * 30_000], first=1))
    assert str(path) in full.value.message
    with pytest.raises(StoreFull):
        database.catalogue.save(record(error="x" * 30_000))
    assert by_vector(database.index, random_unit(0)) == ["kept"]
    assert database.index.count(mine) == 1


def test_a_database_locked_for_too_long_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.05)
    with closing(DocumentDatabase(path)) as database:
        mine = generation()
        database.index.add(mine, embedded(["kept"]))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(IndexUnavailable, match="locked") as locked:
                database.index.add(mine, embedded(["more"], first=1))
            assert locked.value.retry_after
            with pytest.raises(IndexUnavailable, match="locked"):
                database.index.remove("owner", mine.document_id)
            with pytest.raises(StoreError, match="locked"):
                database.catalogue.save(record())
            assert by_vector(database.index, random_unit(0)) == ["kept"]
            other.execute("ROLLBACK")
        assert database.catalogue.save(record()).revision == 1


CALLS: list[Callable[[ChunkIndex], object]] = [
    lambda index: index.add(generation(), embedded(["text"])),
    lambda index: index.count(generation()),
    lambda index: index.remove("owner", "0" * 32),
    lambda index: search(index, "text", random_unit(0)),
    lambda index: index.chunks(generation()),
    lambda index: index.vectors(generation()),
    lambda index: index.ping(),
]


@pytest.mark.parametrize("call", CALLS, ids=["add", "count", "remove", "search", "chunks", "vectors", "ping"])
def test_a_closed_index_says_so(path: Path, call: Callable[[ChunkIndex], object]) -> None:
    database = DocumentDatabase(path)
    database.index.add(generation(), embedded(["text"]))
    by_keyword(database.index, "text")
    database.close()
    with pytest.raises(IndexUnavailable, match="closed"):
        call(database.index)


def test_a_file_that_is_damaged_while_running_is_told(database: DocumentDatabase, path: Path) -> None:
    mine = generation()
    database.index.add(mine, embedded([f"text {number} " * 200 for number in range(100)]))
    assert database._connections.truncate_log()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    # A fresh connection has no page in its cache.
    database._connections._idle.pop().close()
    with pytest.raises(IndexUnavailable, match="damaged"):
        database.index.chunks(mine)
