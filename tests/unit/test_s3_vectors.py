"""The S3 Vectors adapter before a stand-in that fails, and before buckets older than its text search.

What every index does with chunks is in ``tests/contract/test_chunk_index.py``.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from shared.aws import s3_vectors_items as items
from shared.aws.s3_vectors import S3VectorsIndex
from shared.documents import EmbeddedChunk, Generation, SearchHits
from shared.errors import IndexUnavailable, StoreFull
from tests.contract.document_stores import by_keyword, by_vector, chunk, embedded, random_unit, search, unit
from tests.contract.s3_vectors_server import Fault, S3VectorsServer
from tests.contract.vector_stores import BUCKET, s3_vectors_client

VENDOR = "vendor words"
OLD = Generation("owner", "d1", "old", "builtin")
NEW = Generation("owner", "d1", "new", "builtin")
INDEX = "documents-2f0177192e8b"


@pytest.fixture
def server() -> Iterator[S3VectorsServer]:
    with S3VectorsServer(BUCKET) as running:
        yield running


@pytest.fixture
def index(server: S3VectorsServer) -> Iterator[S3VectorsIndex]:
    with _opened(server) as opened:
        yield opened


def _opened(server: S3VectorsServer, **options: Any) -> contextlib.closing[S3VectorsIndex]:
    return contextlib.closing(S3VectorsIndex(s3_vectors_client(server.url, **options), BUCKET, "documents"))


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_an_index_is_made_for_each_embedder_with_the_dimension_of_its_vectors(
    index: S3VectorsIndex, server: S3VectorsServer
) -> None:
    index.add(OLD, embedded(["cats"], dimensions=8))
    index.add(Generation("owner", "d1", "new", "bedrock:titan"), embedded(["cats"], dimensions=16))
    assert sorted(each.dimension for each in server.engine.indexes.values()) == [8, 16]
    assert server.engine.indexes[INDEX].searchable == ["searchable_text"]


def test_only_user_document_and_generation_can_be_filtered_by(index: S3VectorsIndex, server: S3VectorsServer) -> None:
    index.add(OLD, embedded(["cats"]))
    made = server.engine.indexes[INDEX]
    [stored] = made.vectors.values()
    assert set(stored.metadata) - set(made.not_filterable) == {"user_id", "document_id", "generation"}


def test_an_index_that_another_process_made_is_used_and_searched(server: S3VectorsServer) -> None:
    with _opened(server) as one, _opened(server) as other:
        assert search(one, "cats", unit(1)) == SearchHits()
        other.add(OLD, embedded(["cats"]))
        found = search(one, "cats", unit(1))
        assert (len(found.by_vector), len(found.by_keyword)) == (1, 1)
        one.add(NEW, embedded(["dogs"]))
        assert len(by_vector(other, unit(1))) == 2


def test_the_indexes_are_not_listed_for_every_search(index: S3VectorsIndex, server: S3VectorsServer) -> None:
    index.add(OLD, embedded(["cats"]))
    for _ in range(3):
        search(index, "cats", unit(1))
    assert server.requests.count("ListIndexes") == 1


def test_indexes_of_other_names_are_left_alone(index: S3VectorsIndex, server: S3VectorsServer) -> None:
    for name in ("documents-archive", "documents-2f0177192e8b-old", "other-2f0177192e8b"):
        server.engine.create_index({"indexName": name, "dimension": 3})
    for embedder in ("one", "two", "three"):
        index.add(Generation("owner", "d1", embedder, embedder), embedded(["cats"]))
    assert len(by_keyword(index, "cats")) == 3
    index.remove("owner", "d1")
    assert not any(each.vectors for each in server.engine.indexes.values())


def test_vectors_of_another_length_than_the_index_has_are_refused_with_what_to_do(index: S3VectorsIndex) -> None:
    index.add(OLD, embedded(["cats"], dimensions=8))
    with pytest.raises(IndexUnavailable, match="delete the index"):
        index.add(NEW, embedded(["cats"], dimensions=9))


def test_what_no_request_could_be_made_of_is_refused_with_what_to_do(index: S3VectorsIndex) -> None:
    with pytest.raises(IndexUnavailable, match="refused a request"):
        index.add(OLD, [*embedded(["cats"]), EmbeddedChunk(chunk(1, "no vector"), unit(1)[:0])])


def test_nothing_is_found_before_there_is_an_index(index: S3VectorsIndex) -> None:
    index.ping()
    assert search(index, "cats", unit(1)) == SearchHits()
    assert (index.count(OLD), index.chunks(OLD), index.vectors(OLD)) == (0, [], {})
    index.remove("owner", "d1")


# --- text search ------------------------------------------------------------------------------------------------------


def test_a_bucket_without_text_search_has_vector_hits_only() -> None:
    with S3VectorsServer(BUCKET, mode="CLASSIC") as server, _opened(server) as index:
        index.add(OLD, embedded(["cats"]))
        found = search(index, "cats", unit(1))
        assert (len(found.by_vector), found.by_keyword) == (1, ())


def test_an_index_deleted_by_somebody_else_holds_nothing(index: S3VectorsIndex, server: S3VectorsServer) -> None:
    index.add(OLD, embedded(["cats"]))
    assert by_keyword(index, "cats") == ["cats"]
    server.engine.indexes.clear()
    assert search(index, "cats", unit(1)) == SearchHits()


def test_accents_do_not_matter_for_keywords_and_stay_in_the_text(index: S3VectorsIndex) -> None:
    index.add(OLD, embedded(["un café crème"]))
    assert by_keyword(index, "CAFE") == by_keyword(index, "cafe\u0301") == ["un café crème"]


# --- many and large ---------------------------------------------------------------------------------------------------


def test_many_chunks_go_in_requests_of_500(index: S3VectorsIndex, server: S3VectorsServer) -> None:
    index.add(OLD, [EmbeddedChunk(chunk(number, "cats"), unit(1, dimensions=2)) for number in range(1200)])
    assert server.requests.count("PutVectors") == 3
    assert index.count(OLD) == 1200
    index.remove("owner", "d1")
    assert server.engine.indexes[INDEX].vectors == {}


def test_large_vectors_go_in_requests_of_less_than_20_mib() -> None:
    large = EmbeddedChunk(chunk(0, "日" * 2000), random_unit(0, 4096))
    batches = [*items.put_batches([items.item(OLD, large)] * 400)]
    assert sum(map(len, batches)) == 400
    assert 10 * 2**20 < len(json.dumps(batches[0])) < 20 * 2**20


def test_a_text_of_more_than_the_metadata_take_is_kept_whole(index: S3VectorsIndex) -> None:
    texts = ["cats " + "=" * 60_000, "dogs " + "| | " * 30_000, "日本語 " * 10_000]
    chunks = embedded(texts)
    index.add(OLD, chunks)
    assert index.chunks(OLD) == [each.chunk for each in chunks]
    assert index.vectors(OLD).keys() == {each.chunk.content_hash for each in chunks}
    assert by_keyword(index, "dogs") == texts[1:2]


def test_hits_come_page_by_page(server: S3VectorsServer, index: S3VectorsIndex) -> None:
    index.add(OLD, embedded([f"night {number}" for number in range(80)]))
    assert len(by_vector(index, unit(1), limit=70)) == 70
    assert server.requests.count("QueryVectors") == 3


# --- removing ---------------------------------------------------------------------------------------------------------


def test_removing_that_was_interrupted_is_finished_by_removing_again(
    index: S3VectorsIndex, server: S3VectorsServer
) -> None:
    index.add(OLD, [EmbeddedChunk(chunk(number, "cats"), unit(1, dimensions=2)) for number in range(900)])
    # The list of indexes, its dimension, the pages of a search, the keys of the generation, and one deletion.
    server.fail_next(*[None] * (1 + 1 + 4 + 10 + 1), "cut")
    with pytest.raises(IndexUnavailable):
        index.remove("owner", "d1")
    assert [each.number for each in index.chunks(OLD)] == [*range(400)]
    index.remove("owner", "d1")
    assert server.engine.indexes[INDEX].vectors == {}


def test_removing_spares_what_is_kept_other_documents_and_other_users(
    index: S3VectorsIndex, server: S3VectorsServer
) -> None:
    for generation in (
        OLD,
        NEW,
        Generation("owner", "d2", "other document", "builtin"),
        Generation("somebody", "d1", "other user", "builtin"),
    ):
        index.add(generation, embedded(["cats"]))
    index.remove("owner", "d1", keep=["new"])
    left = {stored.metadata["generation"] for stored in server.engine.indexes[INDEX].vectors.values()}
    assert left == {"new", "other document", "other user"}


def test_a_store_that_does_not_delete_is_not_asked_for_ever(
    index: S3VectorsIndex, server: S3VectorsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.add(OLD, embedded(["cats"]))
    monkeypatch.setattr(server.engine, "delete_vectors", lambda body: {})
    with pytest.raises(IndexUnavailable, match="still shows what was deleted"):
        index.remove("owner", "d1")


# --- bad days ---------------------------------------------------------------------------------------------------------

FAULTS: list[tuple[Fault, str]] = [
    ((429, "TooManyRequestsException"), "throttling"),
    ((500, "InternalServerException"), "failed to answer"),
    ((503, "ServiceUnavailableException"), "failed to answer"),
    ((403, "AccessDeniedException"), "role's policy"),
    ((404, "NotFoundException"), "EnableRAG=true"),
    ((400, "ValidationException"), "refused a request"),
    ((403, "ExpiredTokenException"), "renew them"),
    ((400, "KmsDisabledException"), "indexing.s3vectors.amazonaws.com"),
    ("cut", "could not be reached"),
    ("malformed", "is not an answer"),
    ("not_json", "is not an answer"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_failures_are_told_with_what_to_do(
    index: S3VectorsIndex, server: S3VectorsServer, fault: Fault, words: str
) -> None:
    server.fail_next(fault)
    with pytest.raises(IndexUnavailable, match=words) as caught:
        search(index, "cats", unit(1))
    assert VENDOR not in caught.value.message


@pytest.mark.parametrize(("fault", "words"), [each for each in FAULTS if each[0] != (404, "NotFoundException")])
def test_failures_of_one_query_of_several_are_failures_of_the_search(
    index: S3VectorsIndex, server: S3VectorsServer, fault: Fault, words: str
) -> None:
    index.add(OLD, embedded(["cats"]))
    search(index, "cats")
    server.fail_next(fault)
    with pytest.raises(IndexUnavailable, match=words):
        search(index, vector=unit(1))


def test_a_full_bucket_is_told_apart(index: S3VectorsIndex, server: S3VectorsServer) -> None:
    server.fail_next(None, (402, "ServiceQuotaExceededException"))
    with pytest.raises(StoreFull):
        index.add(OLD, embedded(["cats"]))


def test_a_missing_bucket_is_not_taken_for_a_missing_index(server: S3VectorsServer) -> None:
    with contextlib.closing(S3VectorsIndex(s3_vectors_client(server.url), "another-bucket", "documents")) as index:
        for ask in (index.ping, lambda: index.count(OLD), lambda: index.add(OLD, embedded(["cats"]))):
            with pytest.raises(IndexUnavailable, match="no vector bucket"):
                ask()


def test_a_silent_service_is_given_up_in_time(server: S3VectorsServer) -> None:
    server.fail_next("stall")
    with _opened(server, read_timeout=0.2) as index, pytest.raises(IndexUnavailable, match="in time"):
        index.ping()


@pytest.mark.parametrize("fault", [(429, "TooManyRequestsException"), (503, "ServiceUnavailableException"), "cut"])
def test_a_client_that_tries_again_gets_over_a_failure_that_passes(server: S3VectorsServer, fault: Fault) -> None:
    with _opened(server, attempts=3) as index:
        server.fail_next(fault)
        index.add(OLD, embedded(["cats"]))
        server.fail_next(None, fault)
        assert by_keyword(index, "cats") == ["cats"]


def test_missing_credentials_are_told_with_what_to_do(server: S3VectorsServer) -> None:
    def not_found(**_: Any) -> None:
        raise NoCredentialsError

    client = s3_vectors_client(server.url)
    client.meta.events.register("before-sign.s3vectors", not_found)
    with (
        contextlib.closing(S3VectorsIndex(client, BUCKET, "documents")) as index,
        pytest.raises(IndexUnavailable, match="aws configure"),
    ):
        index.ping()
    assert server.requests == []
