"""The engine of the S3 Vectors stand-in: indexes, their vectors and metadata, and both searches.

Vectors are compared one by one, without approximation; writes are seen at once.
"""

from __future__ import annotations

import json
import math
from array import array
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.contract.opensearch_engine import cosine
from tests.contract.s3_vectors_filters import matches
from tests.contract.text_search import bm25

_MOST_METADATA, _MOST_FILTERABLE, _MOST_KEYS = 40 * 1024, 2 * 1024, 50
_MOST_FOUND = 100
_INDEXES_A_PAGE = 2
_ACCOUNT = "arn:aws:s3vectors:us-east-1:123456789012:bucket"

Mode = Literal["CLASSIC", "ENHANCED"]


class Refused(Exception):
    """An answer of the service that is an error."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.code = code


def invalid(words: str) -> Refused:
    return Refused(400, "ValidationException", words)


@dataclass(slots=True)
class Stored:
    """One vector."""

    data: array[float]
    metadata: dict[str, Any]


@dataclass(slots=True)
class Index:
    """One index."""

    dimension: int
    not_filterable: list[str]
    searchable: list[str]
    vectors: dict[str, Stored] = field(default_factory=dict)


class Engine:
    """One vector bucket. Each method takes a request's body and returns that of the answer, or raises ``Refused``."""

    def __init__(self, bucket: str, mode: Mode, page: int) -> None:
        self.indexes: dict[str, Index] = {}
        self._bucket = bucket
        self._mode = mode
        self._page = page

    def _index(self, body: dict[str, Any]) -> Index:
        if body["indexName"] not in self.indexes:
            raise Refused(404, "NotFoundException", "The specified index could not be found")
        return self.indexes[body["indexName"]]

    def create_index(self, body: dict[str, Any]) -> Any:
        name, configuration = body["indexName"], body.get("metadataConfiguration", {})
        if name in self.indexes:
            raise Refused(409, "ConflictException", "An index with the specified name already exists")
        texts = [each["metadataKey"] for each in configuration.get("textSearchConfigurations", [])]
        if texts and self._mode == "CLASSIC":
            raise invalid("textSearchConfigurations require an index in ENHANCED mode")
        self.indexes[name] = Index(body["dimension"], configuration.get("nonFilterableMetadataKeys", []), texts)
        return {"indexArn": f"{_ACCOUNT}/{self._bucket}/index/{name}"}

    def get_index(self, body: dict[str, Any]) -> Any:
        found = self._index(body)
        return {"index": {**self._summary(body["indexName"]), "dataType": "float32", "dimension": found.dimension}}

    def list_indexes(self, body: dict[str, Any]) -> Any:
        names = sorted(name for name in self.indexes if name.startswith(body.get("prefix", "")))
        start, most = int(body.get("nextToken", "0")), body.get("maxResults", _INDEXES_A_PAGE)
        answer: dict[str, Any] = {"indexes": [self._summary(name) for name in names[start : start + most]]}
        return answer | ({"nextToken": str(start + most)} if len(names) > start + most else {})

    def _summary(self, name: str) -> dict[str, Any]:
        bucket = f"{_ACCOUNT}/{self._bucket}"
        return {
            "indexName": name,
            "indexArn": f"{bucket}/index/{name}",
            "vectorBucketName": self._bucket,
            "creationTime": 0,
        }

    def put_vectors(self, body: dict[str, Any]) -> Any:
        index = self._index(body)
        for each in body["vectors"]:
            _check_vector(each["data"]["float32"], index)
            _check_metadata(each.get("metadata", {}), index)
        for each in body["vectors"]:
            index.vectors[each["key"]] = Stored(array("f", each["data"]["float32"]), each.get("metadata", {}))
        return {}

    def get_vectors(self, body: dict[str, Any]) -> Any:
        index = self._index(body)
        wanted = {key: index.vectors[key] for key in reversed(body["keys"]) if key in index.vectors}
        return {"vectors": [_shown(key, stored, body) for key, stored in wanted.items()]}

    def delete_vectors(self, body: dict[str, Any]) -> Any:
        index = self._index(body)
        for key in body["keys"]:
            index.vectors.pop(key, None)
        return {}

    def query_vectors(self, body: dict[str, Any]) -> Any:
        index = self._index(body)
        if body["topK"] > _MOST_FOUND:
            raise invalid(f"topK must be at most {_MOST_FOUND}")
        if ("queryVector" in body) == ("queryTexts" in body):
            raise invalid("queryVector or queryTexts; hybrid search is not emulated")
        unknown = {name for name in index.not_filterable if f'"{name}"' in json.dumps(body.get("filter", {}))}
        if unknown:
            raise invalid(f"Invalid use of non-filterable metadata in filter: {sorted(unknown)}")
        allowed = {key: each for key, each in index.vectors.items() if matches(each.metadata, body.get("filter", {}))}
        ranked = _by_words(body, index, allowed) if "queryTexts" in body else _by_vector(body, index, allowed)
        ranked = ranked[: body["topK"]]
        start = int(body.get("nextToken", "0"))
        answer: dict[str, Any] = {"vectors": ranked[start : start + self._page], "distanceMetric": "cosine"}
        return answer | ({"nextToken": str(start + self._page)} if len(ranked) > start + self._page else {})


def _by_vector(body: dict[str, Any], index: Index, allowed: dict[str, Stored]) -> list[dict[str, Any]]:
    vector = body["queryVector"]["float32"]
    _check_vector(vector, index)
    distances = {key: 1 - cosine(vector, list(each.data)) for key, each in allowed.items()}
    return [
        _shown(key, allowed[key], body) | ({"distance": distances[key]} if body.get("returnDistance") else {})
        for key in sorted(distances, key=distances.__getitem__)
    ]


def _by_words(body: dict[str, Any], index: Index, allowed: dict[str, Stored]) -> list[dict[str, Any]]:
    [query] = body["queryTexts"]
    name = query["metadataKey"]
    if name not in index.searchable:
        raise invalid(f"{name} is not full-text searchable")
    # Words are weighed over the whole index, whatever the filter.
    scores = bm25(query["text"], {key: each.metadata.get(name, "") for key, each in index.vectors.items()})
    return [
        _shown(key, allowed[key], body)
        | (
            {"scores": {"bm25Scores": [{"metadataKey": name, "score": scores[key]}]}}
            if body.get("returnScores")
            else {}
        )
        for key in sorted(scores, key=lambda key: -scores[key])
        if key in allowed
    ]


def _shown(key: str, stored: Stored, body: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"key": key}
    if body.get("returnMetadata"):
        shown["metadata"] = stored.metadata
    if body.get("returnData"):
        shown["data"] = {"float32": stored.data.tolist()}
    return shown


def _check_vector(vector: list[float], index: Index) -> None:
    if len(vector) != index.dimension:
        raise invalid(f"vector must have length {index.dimension}, but has length {len(vector)}")
    if not any(vector) or not all(map(math.isfinite, vector)):
        raise invalid("Cosine needs vectors of finite numbers that are not all zero")


def _check_metadata(metadata: dict[str, Any], index: Index) -> None:
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    filterable = {name: value for name, value in metadata.items() if name not in index.not_filterable}
    if size > _MOST_METADATA or len(json.dumps(filterable, ensure_ascii=False).encode()) > _MOST_FILTERABLE:
        raise invalid("Metadata must be at most 40 KB, of which 2 KB filterable")
    if len(metadata) > _MOST_KEYS or not all(
        isinstance(value, str | int | float | list) for value in metadata.values()
    ):
        raise invalid("Metadata must be at most 50 strings, numbers, booleans or lists")
