"""The local index beyond the contract: what it remembers of the file, exactness, and quality."""

from __future__ import annotations

import json
import math
import random
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.document_ports import ChunkIndex
from shared.documents import Chunk, EmbeddedChunk, Generation, SearchQuery
from shared.local import sqlite_index, sqlite_index_corpus, sqlite_index_segment
from shared.local.sqlite_documents import DocumentDatabase
from tests.contract.document_stores import (
    by_keyword,
    by_vector,
    chunk,
    cosine,
    embedded,
    generation,
    random_unit,
    search,
    unit,
)

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


def test_chunks_that_were_replaced_do_not_use_up_the_limit(database: DocumentDatabase) -> None:
    mine = generation()
    for version in range(4):
        database.index.add(mine, embedded([f"text {version}"] * 40))
        hits = search(database.index, "text", random_unit(1), limit=40)
        assert [hit.chunk.text for hit in (*hits.by_vector, *hits.by_keyword)] == [f"text {version}"] * 80


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
