"""The stand-ins of the vector stores refuse what the services refuse: adapters that pass before them do without it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from shared.aws.opensearch_queries import index_body
from tests.contract.opensearch_server import OpenSearchServer
from tests.contract.s3_vectors_server import S3VectorsServer
from tests.contract.text_search import bm25
from tests.contract.vector_stores import (
    ACCESS_KEY,
    BUCKET,
    REGION,
    SECRET_KEY,
    SECRETS,
    opensearch_client,
    s3_vectors_client,
)

# --- OpenSearch -------------------------------------------------------------------------------------------------------


@pytest.fixture
def collection() -> Iterator[OpenSearchServer]:
    with OpenSearchServer(secrets=SECRETS) as running:
        yield running


def _sent(server: OpenSearchServer, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    with contextlib.closing(opensearch_client(server.url)) as client:
        answer = client.request(method, path, client.attempts(10), body, lines=path.startswith("/_bulk"))
        return answer.status, answer.body


def _with_engine() -> dict[str, Any]:
    body = index_body(2)
    body["mappings"]["properties"]["vector"]["method"]["engine"] = "faiss"
    return body


def _without_knn() -> dict[str, Any]:
    return {"mappings": index_body(2)["mappings"]}


@pytest.mark.parametrize("body", [_with_engine(), _without_knn(), index_body(0)])
def test_an_index_that_a_nextgen_collection_would_not_make_is_refused(
    collection: OpenSearchServer, body: dict[str, Any]
) -> None:
    assert _sent(collection, "PUT", "/documents", json.dumps(body).encode())[0] == 400
    assert collection.engine.indexes == {}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/documents/_refresh", 404),
        ("POST", "/_refresh", 404),
        ("POST", "/documents/_delete_by_query", 404),
        ("POST", "/_bulk?refresh=wait_for", 400),
        ("GET", "/", 404),
        ("GET", "/documents", 404),
    ],
)
def test_what_a_collection_does_not_know_is_refused(
    collection: OpenSearchServer, method: str, path: str, status: int
) -> None:
    assert _sent(collection, method, path)[0] == status


def test_a_bulk_request_over_5_mb_is_refused(collection: OpenSearchServer) -> None:
    assert _sent(collection, "POST", "/_bulk", b" " * 5_000_001)[0] == 413


def test_items_of_a_bulk_request_fail_one_by_one(collection: OpenSearchServer) -> None:
    _sent(collection, "PUT", "/documents", json.dumps(index_body(2)).encode())
    sources: list[dict[str, Any]] = [{"vector": [1, 0]}, {"vector": [1]}, {"unknown": 1}, {"number": "one"}]
    lines = [
        json.dumps(line)
        for number, source in enumerate(sources)
        for line in ({"index": {"_index": "documents", "_id": str(number)}}, source)
    ]
    status, body = _sent(collection, "POST", "/_bulk", "\n".join([*lines, ""]).encode())
    assert (status, body["errors"]) == (200, True)
    assert [item["index"]["status"] for item in body["items"]] == [201, 400, 400, 400]


def _signed(url: str, body: bytes, *, service: str = "aoss", digest: bool = True) -> dict[str, str]:
    headers = {"X-Amz-Content-SHA256": hashlib.sha256(body).hexdigest()} if digest else {}
    request = AWSRequest(method="POST", url=url, data=body, headers=headers)
    SigV4Auth(ReadOnlyCredentials(ACCESS_KEY, SECRET_KEY, None), service, REGION).add_auth(request)
    return dict(request.headers.items())


@pytest.mark.parametrize(
    ("options", "body"), [({"service": "es"}, b"{}"), ({"digest": False}, b"{}"), ({}, b'{"query": "another body"}')]
)
def test_a_request_that_is_not_signed_as_a_collection_wants_it_is_refused(
    collection: OpenSearchServer, options: dict[str, Any], body: bytes
) -> None:
    url = f"{collection.url}/documents/_count"
    assert httpx.post(url, content=body, headers=_signed(url, b"{}", **options), trust_env=False).status_code == 403
    # As it should be, it gets as far as the missing index.
    assert httpx.post(url, content=b"{}", headers=_signed(url, b"{}"), trust_env=False).status_code == 404


# --- S3 Vectors -------------------------------------------------------------------------------------------------------

VECTOR = {"float32": [1.0, 0.0]}


@pytest.fixture
def bucket() -> Iterator[Any]:
    """A client of a bucket with the index ``documents`` of two dimensions."""
    with S3VectorsServer(BUCKET) as server:
        client = s3_vectors_client(server.url)
        client.create_index(
            vectorBucketName=BUCKET,
            indexName="documents",
            dataType="float32",
            dimension=2,
            distanceMetric="cosine",
            metadataConfiguration={"nonFilterableMetadataKeys": ["text"]},
        )
        yield client
        client.close()


def _item(number: int = 0, vector: dict[str, list[float]] | None = None, **metadata: Any) -> dict[str, Any]:
    return {"key": f"k{number}", "data": vector or VECTOR, "metadata": metadata}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("put_vectors", {"vectors": [_item(number) for number in range(501)]}),
        ("put_vectors", {"vectors": [_item(vector={"float32": [1.0]})]}),
        ("put_vectors", {"vectors": [_item(vector={"float32": [0.0, 0.0]})]}),
        ("put_vectors", {"vectors": [_item(name="x" * 2100)]}),
        ("put_vectors", {"vectors": [_item(text="x" * 41_000)]}),
        ("get_vectors", {"keys": [f"k{number}" for number in range(101)]}),
        ("delete_vectors", {"keys": [f"k{number}" for number in range(501)]}),
        ("query_vectors", {"queryVector": VECTOR, "topK": 101}),
        ("query_vectors", {"queryVector": {"float32": [1.0]}, "topK": 1}),
        ("query_vectors", {"queryVector": VECTOR, "topK": 1, "filter": {"text": {"$eq": "x"}}}),
        ("query_vectors", {"queryVector": VECTOR, "topK": 1, "filter": {"name": {"$nin": []}}}),
        ("query_vectors", {"queryVector": VECTOR, "topK": 1, "filter": {"name": {"$like": "x"}}}),
        ("query_vectors", {"queryTexts": [{"text": "cats", "metadataKey": "text"}], "topK": 1}),
        ("query_vectors", {"queryTexts": [{"text": "x" * 1025, "metadataKey": "text"}], "topK": 1}),
    ],
)
def test_requests_over_the_limits_of_the_service_are_refused(
    bucket: Any, operation: str, arguments: dict[str, Any]
) -> None:
    bucket.put_vectors(vectorBucketName=BUCKET, indexName="documents", vectors=[_item(7, name="x", text="x")])
    with pytest.raises(ClientError, match="ValidationException"):
        getattr(bucket, operation)(vectorBucketName=BUCKET, indexName="documents", **arguments)


# --- words ------------------------------------------------------------------------------------------------------------


def test_words_are_weighed_as_lucene_weighs_them() -> None:
    scores = bm25("the cats", {"short": "cat", "long": "a cat and two dogs", "none": "dogs"})
    # Of 1, 3 and 1 words (5/3 on average); found in 2 of 3; k1 1.2, b 0.75.
    idf = math.log(1 + 1.5 / 2.5)
    expected = {"short": idf / (1 + 1.2 * (0.25 + 0.75 * 0.6)), "long": idf / (1 + 1.2 * (0.25 + 0.75 * 1.8))}
    assert scores == pytest.approx(expected)
