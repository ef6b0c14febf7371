"""The local database of documents beyond the contract: memory, what deletion leaves, errors, and quality."""

from __future__ import annotations

import json
import math
import random
import sqlite3
import stat
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.document_ports import ChunkIndex
from shared.documents import Chunk, EmbeddedChunk, Generation, SearchQuery
from shared.errors import ConfigurationError, IndexUnavailable, StoreError, StoreFull
from shared.local import (
    sqlite_catalogue,
    sqlite_connections,
    sqlite_index,
    sqlite_index_corpus,
    sqlite_index_rows,
    sqlite_index_segment,
)
from shared.local.sqlite_documents import DocumentDatabase
from shared.local.sqlite_store import SQLiteStore
from tests.contract.document_stores import (
    by_keyword,
    by_vector,
    chunk,
    cosine,
    embedded,
    generation,
    random_unit,
    record,
    search,
    unit,
)
from tests.contract.stores import MovableClock, together

CRANFIELD = Path(__file__).parents[2] / "../shared/data/cranfield"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "documents.db"


@pytest.fixture
def database(path: Path) -> Iterator[DocumentDatabase]:
    with closing(DocumentDatabase(path)) as opened:
        yield opened


@pytest.fixture
def index(database: DocumentDatabase) -> ChunkIndex:
    return database.index


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


# --- what is remembered -----------------------------------------------------------------------------------------------


def test_what_another_process_wrote_is_found(path: Path) -> None:
    # Two databases share no memory, as two processes do.
    with closing(DocumentDatabase(path)) as one, closing(DocumentDatabase(path)) as two:
        mine = generation()
        for number in range(5):
            (one, two)[number % 2].index.add(mine, embedded([f"text {number}"], first=number))
            for database in (one, two):
                assert len(by_vector(database.index, random_unit(0))) == number + 1
                assert len(by_keyword(database.index, "text")) == number + 1
        two.index.add(mine, embedded(["replaced"], first=3))
        assert by_vector(one.index, random_unit(3))[0] == "replaced"
        two.index.remove("owner", mine.document_id)
        assert by_vector(one.index, random_unit(0)) == []
        assert by_keyword(one.index, "text replaced") == []


class Model:
    """What the index should hold, in plain lists."""

    def __init__(self) -> None:
        self.stored: dict[Generation, dict[int, EmbeddedChunk]] = defaultdict(dict)

    def expected(self, query: SearchQuery) -> list[tuple[str, float]]:
        """All texts with their cosines, best first."""
        found = [
            (each.chunk.text, cosine(query.vectors[owner.embedder], each.vector))
            for owner, chunks in self.stored.items()
            if owner.user_id == query.user_id and owner.embedder in query.vectors
            if query.document_ids is None or owner.document_id in query.document_ids
            if owner.generation not in query.without
            for each in chunks.values()
        ]
        return sorted(found, key=lambda each: -each[1])


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_written_in_whatever_order_is_found(path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    # Small ones, so that they are joined, thinned out and filled in many ways.
    monkeypatch.setattr(sqlite_index_segment, "LARGEST", 16)
    monkeypatch.setattr(sqlite_index_corpus, "LARGEST", 16)
    monkeypatch.setattr(sqlite_index, "_AT_ONCE", 7)
    generator, model = random.Random(seed), Model()
    made = [generation(f"{number % 3}", f"user-{number % 2}", f"embedder-{number % 5 % 2}") for number in range(12)]
    with closing(DocumentDatabase(path)) as one, closing(DocumentDatabase(path)) as two:
        for step in range(60):
            index, mine = generator.choice((one, two)).index, generator.choice(made)
            if generator.random() < 0.2:
                gone = [each for each in made if (each.user_id, each.document_id) == (mine.user_id, mine.document_id)]
                kept = {each.generation for each in gone if generator.random() < 0.3}
                index.remove(mine.user_id, mine.document_id, kept)
                for each in gone:
                    if each.generation not in kept:
                        model.stored.pop(each, None)
            else:
                numbers = generator.sample(range(30), generator.randrange(20))
                chunks = [
                    EmbeddedChunk(chunk(number, f"{mine.generation} {number} {step}"), random_unit(step * 100 + number))
                    for number in numbers
                ]
                index.add(mine, chunks)
                model.stored[mine].update((each.chunk.number, each) for each in chunks)
            if generator.random() < 0.5:
                compare(generator.choice((one, two)).index, model, generator, made)


def compare(index: ChunkIndex, model: Model, generator: random.Random, made: Sequence[Generation]) -> None:
    """One random search, against the model; and what is read of a random generation."""
    document_ids = tuple(each.document_id for each in generator.sample(made, 3)) if generator.random() < 0.5 else None
    without = frozenset(each.generation for each in generator.sample(made, 2))
    vectors = {
        name: random_unit(generator.randrange(10**6)) for name in generator.sample(["embedder-0", "embedder-1"], 1)
    }
    query = SearchQuery(f"user-{generator.randrange(2)}", "1 2 3 4 5", vectors, 12, document_ids, without)
    hits, expected = index.search(query), model.expected(query)
    assert [hit.score for hit in hits.by_vector] == pytest.approx([score for _, score in expected[:12]], abs=0.003)
    cosines = dict(expected)
    for hit in hits.by_vector:
        assert hit.score == pytest.approx(cosines[hit.chunk.text], abs=0.003)
    every = replace(query, vectors={"embedder-0": random_unit(0), "embedder-1": random_unit(0)})
    assert {hit.chunk.text for hit in hits.by_keyword} <= {text for text, _ in model.expected(every)}
    mine = generator.choice(made)
    stored = [each.chunk for _, each in sorted(model.stored.get(mine, {}).items())]
    assert (index.chunks(mine), index.count(mine)) == (stored, len(stored))


def test_many_small_additions_are_few_segments(database: DocumentDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_index_segment, "LARGEST", 64)
    mine = generation()
    for number in range(200):
        database.index.add(mine, embedded([f"text {number}"], first=number))
        assert len(by_vector(database.index, random_unit(0), limit=500)) == number + 1
    segments = database.index._corpora.current("owner").segments
    assert sum(map(len, segments)) == 200
    assert max(map(len, segments)) <= 64
    assert len(segments) <= 200 / 32 + math.log2(64)


def test_memory_of_removed_chunks_is_given_back(database: DocumentDatabase) -> None:
    made = [generation(f"{number}") for number in range(4)]
    for each in made:
        database.index.add(each, embedded([f"text {number}" for number in range(50)]))
        assert by_keyword(database.index, "text")
    for number, each in enumerate(made):
        database.index.remove("owner", each.document_id)
        assert len(by_vector(database.index, random_unit(0), limit=500)) == 150 - 50 * number
        remembered = sum(map(len, database.index._corpora.current("owner").segments))
        assert remembered <= 2 * (150 - 50 * number)


def test_a_user_without_documents_is_searched_without_reading_others(database: DocumentDatabase) -> None:
    database.index.add(generation(), embedded(["apple"]))
    assert by_vector(database.index, random_unit(0), user_id="other") == []
    assert database.index._corpora.current("other").segments == ()


# --- searching --------------------------------------------------------------------------------------------------------


def test_the_nearest_are_in_the_exact_order(index: ChunkIndex) -> None:
    # Nearer to each other than eight bits a dimension could tell.
    vectors = [unit(1, number * 0.0005, dimensions=64) for number in range(60)]
    chunks = [EmbeddedChunk(chunk(number, f"{number}"), vector) for number, vector in enumerate(vectors)]
    random.Random(1).shuffle(chunks)
    index.add(generation(), chunks)
    stored = {number: array("f", vector) for number, vector in enumerate(vectors)}
    hits = search(index, vector=unit(1, -1, dimensions=64), limit=10).by_vector
    assert [hit.score for hit in hits] == pytest.approx(
        [cosine(unit(1, -1, dimensions=64), stored[number]) for number in range(10)], abs=0.0005
    )
    assert sum(hit.chunk.number < 10 for hit in hits) >= 9


def test_equal_scores_keep_the_order_of_the_document(index: ChunkIndex) -> None:
    index.add(generation(), [EmbeddedChunk(chunk(number, "the same text"), unit(1)) for number in range(300)])
    hits = search(index, "same", unit(1), limit=20)
    assert [hit.chunk.number for hit in hits.by_vector] == [*range(20)]
    assert [hit.chunk.number for hit in hits.by_keyword] == [*range(20)]


def test_of_a_very_long_question_the_rarest_words_count(index: ChunkIndex) -> None:
    words = [f"word{number}" for number in range(100)]
    index.add(generation(), embedded([" ".join(words), " ".join(words), "word0 alone", "rare and alone"]))
    found = by_keyword(index, " ".join([*words, "rare"]))
    assert "rare and alone" in found
    assert "word0 alone" not in found


def test_keywords_reach_the_quality_of_bm25_on_cranfield(index: ChunkIndex) -> None:
    if not CRANFIELD.exists():
        pytest.skip("the Cranfield collection is not here")
    lines = [json.loads(line) for line in (CRANFIELD / "corpus.jsonl").read_text("utf-8").splitlines()]
    chunks = [Chunk(number, line["text"], line["title"], 1, None, 0, 1, 1) for number, line in enumerate(lines)]
    index.add(generation(embedder=""), [EmbeddedChunk(each, array("f")) for each in chunks])
    gains: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (CRANFIELD / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query_id, document_id, relevance = line.split("\t")
        gains[query_id][document_id] = max(0, int(relevance))
    found = []
    for line in (CRANFIELD / "queries.jsonl").read_text("utf-8").splitlines():
        query = json.loads(line)
        hits = search(index, query["text"], limit=100).by_keyword
        found.append(ndcg([lines[hit.chunk.number]["id"] for hit in hits], gains[query["id"]]))
    assert sum(found) / len(found) >= 0.374


def ndcg(ranked: Sequence[str], gains: dict[str, int]) -> float:
    """Normalised discounted cumulative gain of the first ten."""

    def discounted(values: Sequence[int]) -> float:
        return sum(value / math.log2(rank + 2) for rank, value in enumerate(values[:10]))

    return discounted([gains.get(each, 0) for each in ranked]) / discounted(sorted(gains.values(), reverse=True))


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
