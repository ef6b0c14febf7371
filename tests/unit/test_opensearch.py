"""The OpenSearch adapter before a collection that refreshes late. Time passes only when it is waited for.

What every index does with chunks is in ``tests/contract/test_chunk_index.py``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from shared.aws.opensearch import OpenSearchIndex
from shared.documents import EmbeddedChunk, Generation, SearchHits, SearchQuery
from shared.errors import IndexUnavailable
from tests.contract.document_stores import by_keyword, by_vector, chunk, embedded, search, unit
from tests.contract.opensearch_server import OpenSearchServer
from tests.contract.vector_stores import SECRETS, ManualTimer, opensearch_client

REFRESHED = 10.0
VENDOR = "vendor words"
OLD = Generation("owner", "d1", "old", "builtin")
NEW = Generation("owner", "d1", "new", "builtin")
INDEX = "documents-2f0177192e8b"


@pytest.fixture
def timer() -> ManualTimer:
    return ManualTimer()


@pytest.fixture
def server(timer: ManualTimer) -> Iterator[OpenSearchServer]:
    with OpenSearchServer(clock=timer.now, secrets=SECRETS) as running:
        yield running


@pytest.fixture
def index(server: OpenSearchServer, timer: ManualTimer) -> Iterator[OpenSearchIndex]:
    with contextlib.closing(OpenSearchIndex(opensearch_client(server.url, timer), "documents")) as opened:
        yield opened


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_an_index_is_made_for_each_embedder_with_the_dimension_of_its_vectors(
    index: OpenSearchIndex, server: OpenSearchServer
) -> None:
    index.add(OLD, embedded(["cats"], dimensions=8))
    index.add(Generation("owner", "d1", "new", "bedrock:titan"), embedded(["cats"], dimensions=16))
    assert len(server.engine.indexes) == 2
    dimensions = [each.fields["vector"]["dimension"] for each in server.engine.indexes.values()]
    assert sorted(dimensions) == [8, 16]
    assert INDEX in server.engine.indexes


def test_the_mapping_names_no_engine_and_makes_only_the_searchable_text_searchable(
    index: OpenSearchIndex, server: OpenSearchServer
) -> None:
    index.add(OLD, embedded(["cats"]))
    fields = server.engine.indexes[INDEX].fields
    assert fields["vector"]["method"] == {"name": "hnsw", "space_type": "cosinesimil"}
    assert [name for name, field in fields.items() if field["type"] == "text"] == ["searchable_text"]


def test_an_index_that_another_process_made_is_used(index: OpenSearchIndex, server: OpenSearchServer) -> None:
    index.add(OLD, embedded(["cats"]))
    other = OpenSearchIndex(opensearch_client(server.url, ManualTimer()), "documents")
    other.add(NEW, embedded(["dogs"]))
    other.close()
    assert set(server.engine.indexes[INDEX].written) == {"old:0", "new:0"}


def test_an_index_that_is_not_known_everywhere_yet_is_waited_for(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer
) -> None:
    server.fail_items(404, None, 404)
    index.add(OLD, embedded(["cats", "dogs"]))
    timer.pause(REFRESHED)
    assert index.count(OLD) == 2


def test_vectors_of_another_length_than_the_index_has_are_refused_with_what_to_do(index: OpenSearchIndex) -> None:
    index.add(OLD, embedded(["cats"], dimensions=8))
    with pytest.raises(IndexUnavailable, match="delete the index"):
        index.add(NEW, embedded(["cats"], dimensions=9))


def test_nothing_is_found_before_there_is_an_index(index: OpenSearchIndex) -> None:
    index.ping()
    assert search(index, "cats", unit(1)) == SearchHits()
    assert (index.count(OLD), index.chunks(OLD), index.vectors(OLD)) == (0, [], {})
    index.remove("owner", "d1")


# --- writing ----------------------------------------------------------------------------------------------------------


def test_what_was_added_is_found_when_the_collection_has_refreshed(index: OpenSearchIndex, timer: ManualTimer) -> None:
    index.add(OLD, embedded(["cats"]))
    assert (index.count(OLD), by_keyword(index, "cats")) == (0, [])
    timer.pause(REFRESHED)
    assert (index.count(OLD), by_keyword(index, "cats")) == (1, ["cats"])


def test_many_chunks_go_in_several_requests_of_less_than_5_mb(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer
) -> None:
    texts = [f"{number} " + "x" * 100_000 for number in range(40)]
    index.add(OLD, embedded(texts))
    timer.pause(REFRESHED)
    assert index.count(OLD) == 40
    assert server.requests.count("POST /_bulk") == 2


@pytest.mark.parametrize("status", [402, 408, 429, 500, 503])
def test_only_the_items_of_a_bulk_request_that_failed_are_sent_again(
    index: OpenSearchIndex, server: OpenSearchServer, status: int
) -> None:
    server.fail_items(None, status, None, status)
    index.add(OLD, embedded(["a", "b", "c", "d"]))
    assert set(server.engine.indexes[INDEX].written) == {"old:0", "old:1", "old:2", "old:3"}
    assert server.bulk_sizes == [4, 2]


def test_an_item_that_no_attempt_would_help_is_an_error_although_the_request_succeeded(
    index: OpenSearchIndex, server: OpenSearchServer
) -> None:
    server.fail_items(429, 400, None)
    with pytest.raises(IndexUnavailable, match="refused a request with status 400") as caught:
        index.add(OLD, embedded(["a", "b", "c"]))
    assert VENDOR not in caught.value.message


def test_items_that_fail_to_the_end_are_an_error(index: OpenSearchIndex, server: OpenSearchServer) -> None:
    server.fail_items(*[402] * 500)
    with pytest.raises(IndexUnavailable, match="maximum number of OCUs"):
        index.add(OLD, embedded(["a"]))


def test_nothing_to_add_needs_no_request(index: OpenSearchIndex, server: OpenSearchServer) -> None:
    index.add(OLD, [])
    assert server.requests == []


# --- removing ---------------------------------------------------------------------------------------------------------


def test_removing_does_not_miss_what_was_added_a_moment_ago(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer
) -> None:
    index.add(OLD, embedded(["cats"]))
    timer.pause(REFRESHED)
    index.add(NEW, embedded(["dogs"]))
    index.remove("owner", "d1")
    assert server.engine.indexes[INDEX].written == {}
    assert by_keyword(index, "cats dogs") == []


def test_removing_spares_what_is_kept_other_documents_and_other_users(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer
) -> None:
    for generation in (
        OLD,
        NEW,
        Generation("owner", "d2", "other document", "builtin"),
        Generation("somebody", "d1", "other user", "builtin"),
    ):
        index.add(generation, embedded(["cats"]))
    index.remove("owner", "d1", keep=["new"])
    left = {source["generation"] for source in server.engine.indexes[INDEX].written.values()}
    assert left == {"new", "other document", "other user"}


def test_removing_reaches_the_indexes_of_all_embedders(index: OpenSearchIndex, server: OpenSearchServer) -> None:
    index.add(OLD, embedded(["cats"]))
    index.add(Generation("owner", "d1", "new", "bedrock:titan"), embedded(["cats"], dimensions=16))
    index.remove("owner", "d1")
    assert [each.written for each in server.engine.indexes.values()] == [{}, {}]


def test_more_chunks_than_a_page_holds_are_all_removed(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer
) -> None:
    index.add(OLD, [EmbeddedChunk(chunk(number, "cats"), unit(1, dimensions=2)) for number in range(2100)])
    timer.pause(REFRESHED)
    assert [each.number for each in index.chunks(OLD)] == [*range(2100)]
    index.remove("owner", "d1")
    assert server.engine.indexes[INDEX].written == {}


def test_removing_says_so_where_somebody_goes_on_adding(server: OpenSearchServer, timer: ManualTimer) -> None:
    index = OpenSearchIndex(opensearch_client(server.url, timer), "documents")

    class Busy(ManualTimer):
        def pause(self, seconds: float) -> None:
            index.add(NEW, embedded(["more"]))
            timer.pause(seconds)

        def now(self) -> float:
            return timer.now()

    remover = OpenSearchIndex(opensearch_client(server.url, Busy()), "documents")
    with pytest.raises(IndexUnavailable, match="goes on adding"):
        remover.remove("owner", "d1")
    index.close()
    remover.close()


def test_a_chunk_that_is_gone_already_counts_as_removed(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer
) -> None:
    index.add(OLD, embedded(["cats", "dogs"]))
    timer.pause(REFRESHED)
    server.engine.indexes[INDEX].delete("old:0", timer.now())  # searches still see it
    index.remove("owner", "d1")
    assert server.engine.indexes[INDEX].written == {}


# --- searching --------------------------------------------------------------------------------------------------------


def test_both_kinds_of_search_go_in_one_request(
    index: OpenSearchIndex, server: OpenSearchServer, timer: ManualTimer
) -> None:
    index.add(OLD, embedded(["cats"]))
    timer.pause(REFRESHED)
    del server.requests[:]
    found = search(index, "cats", unit(1))
    assert (len(found.by_vector), len(found.by_keyword)) == (1, 1)
    assert server.requests == ["POST /_msearch"]


def test_keywords_are_searched_in_the_indexes_of_all_embedders_and_vectors_in_their_own(
    index: OpenSearchIndex, timer: ManualTimer
) -> None:
    index.add(OLD, embedded(["cats with the old embedder"]))
    index.add(Generation("owner", "d1", "new", "bedrock:titan"), embedded(["cats with the new one"], dimensions=16))
    timer.pause(REFRESHED)
    assert len(by_keyword(index, "cats")) == 2
    assert by_vector(index, unit(1)) == ["cats with the old embedder"]


@pytest.mark.parametrize("cosine", [1.0, 0.28, 0.0, -0.6, -1.0])
def test_the_score_of_a_vector_hit_is_the_cosine(index: OpenSearchIndex, timer: ManualTimer, cosine: float) -> None:
    index.add(OLD, [EmbeddedChunk(chunk(0, "cats"), unit(cosine, (1 - cosine**2) ** 0.5))])
    timer.pause(REFRESHED)
    [hit] = search(index, vector=unit(1)).by_vector
    assert hit.score == pytest.approx(cosine, abs=1e-6)


def test_a_question_without_words_or_vectors_or_documents_needs_no_request(
    index: OpenSearchIndex, server: OpenSearchServer
) -> None:
    assert index.search(SearchQuery("owner", "  ", {}, 5)) == SearchHits()
    assert search(index, "cats", unit(1), document_ids=()) == SearchHits()
    assert server.requests == []


def test_a_question_of_more_words_than_a_query_takes_is_searched_with_its_beginning(
    index: OpenSearchIndex, timer: ManualTimer
) -> None:
    index.add(OLD, embedded(["cats"]))
    timer.pause(REFRESHED)
    assert by_keyword(index, "cats " + " ".join(map(str, range(5000)))) == ["cats"]
