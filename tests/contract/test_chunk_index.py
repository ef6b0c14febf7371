"""What every index of chunks does."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from shared.document_ports import ChunkIndex
from shared.documents import Chunk, EmbeddedChunk, Generation, SearchQuery
from tests.contract.document_stores import (
    INDEXES,
    Kind,
    add,
    by_keyword,
    by_vector,
    chunk,
    cosine,
    embedded,
    generation,
    random_unit,
    search,
    unit,
    wait_for_count,
    wait_until,
)
from tests.contract.stores import together

#: How far a cosine may be off: vectors are kept in 16 bits a dimension.
CLOSE = 0.005


@pytest.fixture(params=[*INDEXES.values()], ids=[*INDEXES])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of index."""
    found: Kind = request.param
    return found


@pytest.fixture
def index(kind: Kind, tmp_path: Path) -> Iterator[ChunkIndex]:
    """An empty index of each kind."""
    with kind.opened(tmp_path) as opened:
        yield opened


@pytest.fixture
def keywords(kind: Kind, index: ChunkIndex) -> ChunkIndex:
    """An empty index of each kind that searches by keyword."""
    if not kind.keywords:
        pytest.skip("this index does not search by keyword")
    return index


# --- adding and reading -----------------------------------------------------------------------------------------------


def test_chunks_are_read_as_they_were_added(index: ChunkIndex) -> None:
    chunks = [
        Chunk(0, "First words.", "Title", page=1, section=None, start=0, end=12, tokens=3),
        Chunk(1, "naïve 日本語 😀\n| a | b |", "Title > Ümlaut", page=7, section="Ümlaut", start=14, end=30, tokens=11),
        Chunk(2, "No page, no heading.", "", page=None, section=None, start=1_000_000, end=1_000_020, tokens=5),
    ]
    mine = add(index, generation(), [EmbeddedChunk(each, random_unit(each.number)) for each in chunks])
    assert index.chunks(mine) == chunks
    hits = search(index, vector=random_unit(1)).by_vector
    assert (hits[0].chunk, hits[0].generation) == (chunks[1], mine)


def test_chunks_can_be_read_in_part_and_in_order(index: ChunkIndex) -> None:
    mine = generation()
    chunks = embedded([f"text {number}" for number in range(10)])
    index.add(mine, chunks[5:])
    index.add(mine, chunks[:5])
    wait_for_count(index, mine, 10)
    for first, last, numbers in ((0, None, range(10)), (3, 5, range(3, 6)), (8, 100, range(8, 10)), (4, 4, [4])):
        assert [each.number for each in index.chunks(mine, first, last)] == [*numbers]
    assert index.chunks(mine, 10) == []
    assert index.chunks(mine, 5, 4) == []


def test_a_chunk_added_again_replaces_itself(index: ChunkIndex) -> None:
    mine = add(index, generation(), embedded(["apple", "banana", "cherry"]))
    # Searched in between, so that what is remembered has to be forgotten.
    assert by_vector(index, random_unit(1))[0] == "banana"
    again = [EmbeddedChunk(chunk(1, "durian"), random_unit(100)), *embedded(["elderberry"], first=3)]
    index.add(mine, again)
    wait_until(lambda: by_vector(index, random_unit(100))[0] == "durian")
    wait_for_count(index, mine, 4)
    assert [each.text for each in index.chunks(mine)] == ["apple", "durian", "cherry", "elderberry"]
    assert sorted(by_vector(index, random_unit(100))) == ["apple", "cherry", "durian", "elderberry"]


def test_words_of_a_replaced_chunk_find_nothing(keywords: ChunkIndex) -> None:
    mine = add(keywords, generation(), embedded(["apple", "banana"]))
    assert by_keyword(keywords, "banana") == ["banana"]
    for text in ("cherry", "durian"):
        keywords.add(mine, embedded([text], first=1))
        wait_until(partial(_finds_only, keywords, "banana cherry durian", text))
    assert keywords.count(mine) == 2


def _finds_only(index: ChunkIndex, words: str, text: str) -> bool:
    return by_keyword(index, words) == [text]


def test_adding_nothing_and_reading_nothing(index: ChunkIndex) -> None:
    nothing = generation()
    index.add(nothing, [])
    assert index.count(nothing) == 0
    assert index.chunks(nothing) == []
    assert index.vectors(nothing) == {}
    hits = search(index, "anything", random_unit(1))
    assert (hits.by_vector, hits.by_keyword) == ((), ())
    index.remove("owner", nothing.document_id)
    index.ping()


def test_many_chunks_can_be_added_at_once(index: ChunkIndex) -> None:
    chunks = embedded([f"text {number}" for number in range(700)])
    mine = add(index, generation(), chunks)
    assert index.chunks(mine) == [each.chunk for each in chunks]
    assert len(index.vectors(mine)) == 700
    found = search(index, vector=random_unit(432), limit=5).by_vector
    assert len(found) == 5
    assert found[0].chunk == chunks[432].chunk


def test_vectors_are_found_by_the_hash_of_what_was_embedded(index: ChunkIndex) -> None:
    chunks = embedded(["apple", "banana", "apple"])
    mine = add(index, generation(), [*chunks[:2], replace(chunks[2], vector=chunks[0].vector)])
    found = index.vectors(mine)
    assert found.keys() == {each.chunk.content_hash for each in chunks}
    assert len(found) == 2
    for each in chunks[:2]:
        vector = found[each.chunk.content_hash]
        assert (vector.typecode, len(vector)) == ("f", len(each.vector))
        assert list(vector) == pytest.approx(list(each.vector), abs=0.001)
    assert index.vectors(replace(mine, generation="another")) == {}
    assert index.vectors(replace(mine, user_id="other")) == {}


def test_a_vector_that_was_read_can_be_added_and_read_again(index: ChunkIndex) -> None:
    first = add(index, generation(), embedded(["apple"]))
    read = index.vectors(first)
    second = add(index, generation(), [EmbeddedChunk(each, read[each.content_hash]) for each in index.chunks(first)])
    assert index.vectors(second) == read


# --- searching by vector ----------------------------------------------------------------------------------------------


def test_vector_hits_have_the_cosine_and_the_best_come_first(index: ChunkIndex) -> None:
    chunks = embedded([f"text {number}" for number in range(50)])
    add(index, generation(), chunks)
    question = random_unit(1000)
    hits = search(index, vector=question, limit=10).by_vector
    expected = sorted((cosine(question, each.vector) for each in chunks), reverse=True)[:10]
    assert [hit.score for hit in hits] == pytest.approx(expected, abs=CLOSE)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert hit.score == pytest.approx(cosine(question, random_unit(hit.chunk.number)), abs=CLOSE)


def test_scores_reach_from_the_same_to_the_opposite(index: ChunkIndex) -> None:
    vectors = {"same": unit(1), "near": unit(1, 1), "across": unit(0, 1), "opposite": unit(-1)}
    add(
        index,
        generation(),
        [EmbeddedChunk(chunk(number, text), vector) for number, (text, vector) in enumerate(vectors.items())],
    )
    hits = search(index, vector=unit(1)).by_vector
    assert [hit.chunk.text for hit in hits] == ["same", "near", "across", "opposite"]
    assert [hit.score for hit in hits] == pytest.approx([1, 0.5**0.5, 0, -1], abs=CLOSE)


def test_without_vectors_only_keywords_are_searched(index: ChunkIndex) -> None:
    add(index, generation(), embedded(["apple"]))
    assert search(index, "apple").by_vector == ()


def test_vectors_of_several_embedders_stand_side_by_side(index: ChunkIndex) -> None:
    small = add(index, generation("small"), embedded(["small 0", "small 1"]))
    large = add(index, generation("large", embedder="openai:m#1@http://h/v1"), embedded(["large 0"], dimensions=24))
    same_size = add(index, generation("same", embedder="another"), embedded(["another 0", "another 1"]))
    assert [list(map(len, index.vectors(each).values())) for each in (small, large, same_size)] == [
        [8, 8],
        [24],
        [8, 8],
    ]
    assert sorted(by_vector(index, random_unit(0))) == ["small 0", "small 1"]
    assert by_vector(index, random_unit(0, 24), embedder=large.embedder) == ["large 0"]
    assert by_vector(index, random_unit(1), embedder="another")[0] == "another 1"
    assert by_vector(index, random_unit(0), embedder="unknown") == []
    both = {"builtin": random_unit(1), large.embedder: random_unit(0, 24)}
    hits = index.search(SearchQuery("owner", "", both, 10)).by_vector
    assert sorted(hit.chunk.text for hit in hits) == ["large 0", "small 0", "small 1"]
    assert {hit.generation.embedder for hit in hits} == both.keys()


def test_the_best_of_each_embedder_are_among_the_hits(index: ChunkIndex) -> None:
    for name in ("one", "two"):
        add(index, generation(name, embedder=name), embedded([f"{name} {number}" for number in range(5)]))
    hits = index.search(SearchQuery("owner", "", {"one": random_unit(3), "two": random_unit(4)}, 2)).by_vector
    assert {"one 3", "two 4"} <= {hit.chunk.text for hit in hits}


# --- searching by keyword ---------------------------------------------------------------------------------------------

TEXTS = [
    "The aardvark eats ants and termites at night.",
    "A zebra has stripes; the stripes of every zebra differ.",
    "Zebras and lions share the savanna at night.",
    "Lions hunt at night, and sleep by day.",
]


def test_keyword_hits_have_a_score_and_the_best_come_first(keywords: ChunkIndex) -> None:
    add(keywords, generation(), embedded(TEXTS))
    hits = search(keywords, "stripes of the zebra").by_keyword
    assert hits[0].chunk.text == TEXTS[1]
    assert all(hit.score > 0 for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_rare_words_count_for_more_than_common_ones(keywords: ChunkIndex) -> None:
    add(keywords, generation(), embedded(TEXTS))
    assert by_keyword(keywords, "aardvark night")[0] == TEXTS[0]


def test_words_match_in_any_case_and_in_their_other_forms(keywords: ChunkIndex) -> None:
    add(keywords, generation(), embedded(TEXTS))
    assert set(by_keyword(keywords, "ZEBRAS")) == {TEXTS[1], TEXTS[2]}
    assert set(by_keyword(keywords, "lion hunting")) == {TEXTS[2], TEXTS[3]}
    assert by_keyword(keywords, "elephant") == []


def test_words_of_the_heading_match_too(keywords: ChunkIndex) -> None:
    mine = [EmbeddedChunk(chunk(0, "It is fast.", "Animals > Cheetah"), random_unit(0))]
    add(keywords, generation(), [*mine, *embedded(["A slow one."], first=1)])
    assert by_keyword(keywords, "cheetah") == ["It is fast."]


def test_chunks_without_vectors_are_found_by_keyword_only(kind: Kind, keywords: ChunkIndex) -> None:
    if not kind.without_vectors:
        pytest.skip("this index is made for vectors of one length")
    bare = [replace(each, vector=random_unit(0, 8)[:0]) for each in embedded(TEXTS)]
    mine = add(keywords, generation(embedder=""), bare)
    assert by_keyword(keywords, "aardvark") == [TEXTS[0]]
    assert by_vector(keywords, random_unit(0)) == []
    assert keywords.chunks(mine) == [each.chunk for each in bare]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Größe und Straße", "straße"),
        ("Привет, мир", "мир"),
        ("Καλημέρα κόσμε", "κόσμε"),
        ("서울의 인구는 천만 명이다", "서울의"),
        ("हिन्दी में लिखा हुआ", "हिन्दी"),
        ("مرحبا بالعالم", "مرحبا"),
        ("Error E-4711 in main_loop.c", "4711"),
    ],
)
def test_words_of_many_languages_are_found(keywords: ChunkIndex, text: str, query: str) -> None:
    add(keywords, generation(), embedded(["Something in English.", text]))
    assert by_keyword(keywords, query) == [text]


HOSTILE = [
    "",
    " \n\t ",
    '"',
    '"aardvark',
    "aardvark AND (zebra",
    "aardvark OR",
    "NOT aardvark",
    "NEAR(aardvark zebra, 3)",
    "text:aardvark",
    "{heading text}: aardvark",
    "aardvark*",
    "^aardvark",
    "-aardvark + zebra",
    "aardvark; DROP TABLE chunks --",
    "aardvark\0zebra",
    "*:*",
    "/.*/ ~2 [a TO z]",
    '{"match_all": {}}',
    "!?.,;:()[]{}<>|\\/'`",
    "aardvark " * 3555,
    " ".join(f"word{number}" for number in range(5000))[:31_990] + " aardvark",
    "x" * 32_000,
    "日本語" * 10_000,
    "\u202eaardvark\u202c",
    "😀" * 1000,
    "a\u0301" * 5000,
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_no_question_breaks_the_search(index: ChunkIndex, query: str) -> None:
    add(index, generation(), embedded(TEXTS))
    hits = search(index, query, random_unit(0))
    assert len(hits.by_vector) == len(TEXTS)
    assert {hit.chunk.text for hit in hits.by_keyword} <= set(TEXTS)


@pytest.mark.parametrize("query", [query for query in HOSTILE if "aardvark" in query[:20]])
def test_a_word_is_found_whatever_signs_are_around_it(keywords: ChunkIndex, query: str) -> None:
    add(keywords, generation(), embedded(TEXTS))
    assert TEXTS[0] in by_keyword(keywords, query)


@pytest.mark.parametrize("text", [" ", "!?", "日" * 2000, "x" * 4000, "word " * 1000, "\u202e 😀 \u0301", "a\0b"])
def test_no_text_breaks_the_index(index: ChunkIndex, text: str) -> None:
    mine = add(index, generation(), embedded([text, "aardvark"]))
    assert [each.text for each in index.chunks(mine)] == [text, "aardvark"]
    assert by_vector(index, random_unit(0))[0] == text


# --- filters ----------------------------------------------------------------------------------------------------------


def test_a_search_can_be_limited_to_documents(index: ChunkIndex) -> None:
    made = [add(index, generation(f"{name}"), embedded([f"night {name}"])) for name in range(5)]
    ids = tuple(each.document_id for each in made)
    assert by_vector(index, random_unit(0), document_ids=ids[1:2]) == ["night 1"]
    assert sorted(by_vector(index, random_unit(0), document_ids=ids[1:4])) == ["night 1", "night 2", "night 3"]
    assert by_vector(index, random_unit(0), document_ids=()) == []
    assert by_vector(index, random_unit(0), document_ids=("0" * 32,)) == []
    many = tuple(f"{number:032x}" for number in range(200))
    assert sorted(by_vector(index, random_unit(0), document_ids=(*many, ids[4]))) == ["night 4"]


def test_the_limit_to_documents_holds_for_keywords(keywords: ChunkIndex) -> None:
    made = [add(keywords, generation(f"{name}"), embedded([f"night {name}"])) for name in range(5)]
    ids = tuple(each.document_id for each in made)
    assert sorted(by_keyword(keywords, "night", document_ids=ids[1:3])) == ["night 1", "night 2"]
    assert by_keyword(keywords, "night", document_ids=()) == []


def test_a_filter_does_not_use_up_the_limit(index: ChunkIndex) -> None:
    # Those that fit least stand in the document asked for.
    others = [EmbeddedChunk(chunk(number, f"other night {number}"), unit(1)) for number in range(60)]
    add(index, generation("other"), others)
    wanted = [EmbeddedChunk(chunk(number, f"wanted night {number} {'day ' * 20}"), unit(-1)) for number in range(3)]
    mine = add(index, generation("wanted"), wanted)
    hits = search(index, "night", unit(1), limit=5, document_ids=(mine.document_id,))
    assert {hit.chunk.number for hit in hits.by_vector} == {0, 1, 2}
    if hits.by_keyword:
        assert {hit.generation for hit in hits.by_keyword} == {mine}
        assert len(hits.by_keyword) == 3


def test_generations_can_be_passed_over(index: ChunkIndex) -> None:
    old = add(index, generation(), embedded(["old night"]))
    new = add(index, generation(), embedded(["new night"]))
    assert sorted(by_vector(index, random_unit(0))) == ["new night", "old night"]
    hits = search(index, "night", random_unit(0), without=[new.generation])
    assert {hit.generation for hit in (*hits.by_vector, *hits.by_keyword)} == {old}
    assert by_vector(index, random_unit(0), without=[new.generation, old.generation]) == []
    mine = (old.document_id,)
    assert by_vector(index, random_unit(0), without=[old.generation], document_ids=mine) == ["new night"]


def test_the_limit_is_for_each_kind_of_hits(index: ChunkIndex) -> None:
    add(index, generation(), embedded([f"night {number}" for number in range(9)]))
    hits = search(index, "night", random_unit(0), limit=4)
    assert len(hits.by_vector) == 4
    assert len(hits.by_keyword) in (0, 4)


def test_a_hundred_hits_can_be_asked_for(index: ChunkIndex) -> None:
    add(index, generation(), embedded([f"night {number}" for number in range(120)]))
    hits = search(index, "night", random_unit(0), limit=100)
    assert len({hit.chunk.number for hit in hits.by_vector}) == 100
    assert len({hit.chunk.number for hit in hits.by_keyword}) in (0, 100)


# --- users ------------------------------------------------------------------------------------------------------------

USERS = ["owner", "other", "owner2", "a@b.example"]


def test_no_user_reaches_what_another_one_has(index: ChunkIndex) -> None:
    names = ["night.txt", "day.txt"]
    made = {
        user: [add(index, generation(name, user), embedded([f"night of {user} {name}"] * 3)) for name in names]
        for user in USERS
    }
    every_id = tuple(each.document_id for mine in made.values() for each in mine)
    for user in USERS:
        for ids in (None, every_id):
            hits = search(index, "night of owner other", random_unit(1), user_id=user, limit=100, document_ids=ids)
            assert len(hits.by_vector) == 6
            assert len(hits.by_keyword) in (0, 6)
            assert {hit.generation for hit in (*hits.by_vector, *hits.by_keyword)} == set(made[user])
        for other in set(USERS) - {user}:
            for theirs in made[other]:
                foreign = replace(theirs, user_id=user)
                assert (index.count(foreign), index.chunks(foreign), index.vectors(foreign)) == (0, [], {})
                index.remove(user, theirs.document_id)
    assert [index.count(each) for mine in made.values() for each in mine] == [3] * 8
    assert search(index, "night", random_unit(1), user_id="nobody", limit=100).by_vector == ()


# --- removing ---------------------------------------------------------------------------------------------------------


def test_removed_chunks_are_found_by_nothing(index: ChunkIndex) -> None:
    gone = add(index, generation("gone"), embedded(["night gone 0", "night gone 1"]))
    kept = add(index, generation("kept"), embedded(["night kept 0"]))
    assert len(by_vector(index, random_unit(0))) == 3
    index.remove("owner", gone.document_id)
    wait_for_count(index, gone, 0)
    assert index.chunks(gone) == []
    assert index.vectors(gone) == {}
    hits = search(index, "night gone", random_unit(0))
    assert {hit.generation for hit in (*hits.by_vector, *hits.by_keyword)} == {kept}
    index.remove("owner", gone.document_id)
    assert index.count(kept) == 1


def test_removing_keeps_the_generations_it_is_told_to(index: ChunkIndex) -> None:
    made = [add(index, generation(), embedded([f"night {number}"] * 2)) for number in range(4)]
    index.remove("owner", made[0].document_id, keep=[made[1].generation, made[3].generation, "unknown"])
    for number, each in enumerate(made):
        wait_for_count(index, each, 2 if number in (1, 3) else 0)
    assert {hit.generation for hit in search(index, "", random_unit(0)).by_vector} == {made[1], made[3]}


def test_a_large_document_is_removed_whole(index: ChunkIndex) -> None:
    gone = add(index, generation(), embedded([f"night {number}" for number in range(700)]))
    index.remove("owner", gone.document_id)
    wait_for_count(index, gone, 0)
    assert by_vector(index, random_unit(0)) == []


def test_a_removed_generation_may_be_added_again(index: ChunkIndex) -> None:
    mine = add(index, generation(), embedded(["night", "day"]))
    assert len(by_vector(index, random_unit(0))) == 2
    index.remove("owner", mine.document_id)
    wait_for_count(index, mine, 0)
    add(index, mine, embedded(["dawn"]))
    assert by_vector(index, random_unit(0)) == ["dawn"]


# --- several at once --------------------------------------------------------------------------------------------------


def test_searches_run_while_chunks_are_added_and_removed(index: ChunkIndex) -> None:
    known = {f"night {name} {number}" for name in range(3) for number in range(40)}
    stop = threading.Event()
    done: list[Generation] = []

    def write(name: int) -> None:
        mine = generation(f"{name}.txt")
        for _ in range(2):
            for first in range(0, 40, 20):
                index.add(
                    mine, embedded([f"night {name} {number}" for number in range(first, first + 20)], first=first)
                )
            wait_for_count(index, mine, 40)
            if name == 0:
                index.remove("owner", mine.document_id)
                wait_for_count(index, mine, 0)
        done.append(mine)
        if len(done) == 3:
            stop.set()

    def look(seed: int) -> None:
        generator = random.Random(seed)
        while not stop.is_set():
            hits = search(index, "night", random_unit(generator.randrange(1000)), limit=20)
            assert {hit.chunk.text for hit in (*hits.by_vector, *hits.by_keyword)} <= known
            assert len({(hit.generation, hit.chunk.number) for hit in hits.by_vector}) == len(hits.by_vector)

    def work(number: int) -> None:
        try:
            (write if number < 3 else look)(number)
        except BaseException:
            stop.set()
            raise

    together(5, work)
    assert sorted(map(index.count, done)) == [0, 40, 40]
    assert len(by_vector(index, random_unit(1), limit=100)) == 80
