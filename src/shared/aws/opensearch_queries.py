"""What is sent to OpenSearch and read from it: mappings, documents, queries. Pure.

A chunk is one OpenSearch document under the id ``<generation>:<number>``, so that adding it again replaces it.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from shared.aws.vector_stores import without_accents
from shared.documents import Chunk, EmbeddedChunk, Generation, Hit, SearchQuery, Vector

#: AWS advises to stay under 5 MB a request.
LARGEST_BULK_BYTES = 4_500_000
#: As many hits as one page takes; 10,000 are allowed, but each carries a text.
PAGE = 1000
#: Vectors as JSON are ten times the size of their texts.
VECTOR_PAGE = 200

CHUNK_FIELDS = [
    *("user_id", "document_id", "generation", "embedder"),
    *("number", "page", "start", "end", "tokens", "heading", "section", "text"),
]
_BY_NUMBER = [{"generation": "asc"}, {"number": "asc"}]


def index_body(dimension: int) -> dict[str, Any]:
    """Settings and mappings of an index for vectors of this dimension.

    No ``engine``: NextGen collections have one, and refuse to be told. Vectors are compared by cosine.
    """
    keyword, integer = {"type": "keyword"}, {"type": "integer"}
    kept = {"type": "keyword", "index": False, "doc_values": False}
    return {
        "settings": {"index": {"knn": True}},
        "mappings": {
            "properties": {
                "vector": {
                    "type": "knn_vector",
                    "dimension": dimension,
                    "method": {"name": "hnsw", "space_type": "cosinesimil"},
                },
                "searchable_text": {"type": "text", "analyzer": "english"},
                **dict.fromkeys(("user_id", "document_id", "generation", "embedder", "content_hash"), keyword),
                **dict.fromkeys(("number", "page", "start", "end", "tokens"), integer),
                **dict.fromkeys(("heading", "section", "text"), kept),
            }
        },
    }


def put_lines(index: str, generation: Generation, embedded: EmbeddedChunk) -> bytes:
    """The two lines of a bulk request that put a chunk in its place."""
    chunk = embedded.chunk
    action = {"index": {"_index": index, "_id": f"{generation.generation}:{chunk.number}"}}
    source = {
        "user_id": generation.user_id,
        "document_id": generation.document_id,
        "generation": generation.generation,
        "embedder": generation.embedder,
        "content_hash": chunk.content_hash,
        "number": chunk.number,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "tokens": chunk.tokens,
        "heading": chunk.heading,
        "section": chunk.section,
        "text": chunk.text,
        "searchable_text": without_accents(chunk.searchable_text),
        "vector": embedded.vector.tolist(),
    }
    return json_lines(action, source)


def delete_lines(index: str, chunk_id: str) -> bytes:
    """The line of a bulk request that deletes a chunk."""
    return json_lines({"delete": {"_index": index, "_id": chunk_id}})


def json_lines(*values: Any) -> bytes:
    """The values as JSON, each on a line of its own."""
    lines = (json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values)
    return b"".join(line.encode() + b"\n" for line in lines)


def batches(operations: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The operations in as few requests as their size allows."""
    batch: list[bytes] = []
    size = 0
    for operation in operations:
        if batch and size + len(operation) > LARGEST_BULK_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(operation)
        size += len(operation)
    if batch:
        yield batch


def nearest(query: SearchQuery, vector: Vector[float]) -> dict[str, Any]:
    """The search for the nearest vectors. The filter is applied within it, so that it still finds ``limit`` chunks."""
    knn = {"vector": vector.tolist(), "k": query.limit, "filter": {"bool": _conditions(query)}}
    return {"size": query.limit, "_source": CHUNK_FIELDS, "query": {"knn": {"vector": knn}}}


def matching(query: SearchQuery, words: str) -> dict[str, Any]:
    """The search for chunks with any of the words."""
    match = {"match": {"searchable_text": {"query": words}}}
    return {"size": query.limit, "_source": CHUNK_FIELDS, "query": {"bool": {"must": [match], **_conditions(query)}}}


def numbered(generation: Generation, first: int = 0, last: int | None = None) -> dict[str, Any]:
    """The search for chunks of a generation, in order, page by page."""
    numbers = {"gte": first} if last is None else {"gte": first, "lte": last}
    filters = [*in_generation(generation)["bool"]["filter"], {"range": {"number": numbers}}]
    return {"size": PAGE, "_source": CHUNK_FIELDS, "query": {"bool": {"filter": filters}}, "sort": _BY_NUMBER}


def with_vectors(generation: Generation) -> dict[str, Any]:
    """The search for the vectors of a generation, page by page."""
    return {
        "size": VECTOR_PAGE,
        "_source": ["content_hash", "vector"],
        "query": in_generation(generation),
        "sort": _BY_NUMBER,
    }


def removable(user_id: str, document_id: str, keep: Collection[str]) -> dict[str, Any]:
    """The search for the ids of the document's chunks in other generations than these, page by page."""
    filters = [_term("user_id", user_id), _term("document_id", document_id)]
    conditions = {"filter": filters, "must_not": [{"terms": {"generation": sorted(keep)}}]}
    return {"size": PAGE, "_source": False, "query": {"bool": conditions}, "sort": _BY_NUMBER}


def in_generation(generation: Generation) -> dict[str, Any]:
    """The query for all chunks of a generation."""
    names = {
        "user_id": generation.user_id,
        "document_id": generation.document_id,
        "generation": generation.generation,
    }
    return {"bool": {"filter": [_term(field, name) for field, name in names.items()]}}


def vector_hit(hit: Mapping[str, Any]) -> Hit:
    """The score of OpenSearch's cosine is ``(1 + cosine) / 2``, so that it is never negative."""
    return _hit(hit, 2.0 * float(hit["_score"]) - 1.0)


def keyword_hit(hit: Mapping[str, Any]) -> Hit:
    return _hit(hit, float(hit["_score"]))


def chunk_of(source: Mapping[str, Any]) -> Chunk:
    return Chunk(
        number=source["number"],
        text=source["text"],
        heading=source["heading"],
        page=source["page"],
        section=source["section"],
        start=source["start"],
        end=source["end"],
        tokens=source["tokens"],
    )


def vector_of(source: Mapping[str, Any]) -> tuple[str, Vector[float]]:
    """The content hash and the vector."""
    return source["content_hash"], array("f", source["vector"])


def _hit(hit: Mapping[str, Any], score: float) -> Hit:
    source = hit["_source"]
    generation = Generation(source["user_id"], source["document_id"], source["generation"], source["embedder"])
    return Hit(generation, chunk_of(source), score)


def _conditions(query: SearchQuery) -> dict[str, Any]:
    filters = [_term("user_id", query.user_id)]
    if query.document_ids is not None:
        filters.append({"terms": {"document_id": list(query.document_ids)}})
    return {"filter": filters, "must_not": [{"terms": {"generation": sorted(query.without)}}]}


def _term(field: str, value: str) -> dict[str, Any]:
    return {"term": {field: value}}
