"""What is stored in S3 Vectors and asked of it: keys, metadata, filters. Pure.

A chunk is one vector. Its key is made of user, document, generation and number, so that adding it again replaces it,
and the chunks of a generation are found without a search, and only the user's own. Metadata without a value are left
out.
"""

from __future__ import annotations

import base64
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from shared.aws.vector_stores import without_accents
from shared.documents import Chunk, EmbeddedChunk, Generation, Hit, SearchQuery, Vector

MOST_PUT = 500
MOST_DELETED = 500
MOST_GOT = 100
#: The fewest that the service's limits have ever allowed a query to return; later ones allow more, page by page.
MOST_FOUND = 100
#: 20 MiB are allowed in a request; this is by the estimate below, which is high.
_LARGEST_PUT_BYTES = 16_000_000
_FLOAT_BYTES = 24
_CHARACTER_BYTES = 6  # as \uXXXX
_OTHER_BYTES = 1000
#: Of the 40 KB of metadata. A chunk is hardly ever longer than 5 KB; what is longer are rows of the same few
#: characters, which pack well.
_LONGEST_TEXT_BYTES = 15_000

SEARCHABLE = "searchable_text"
#: At most 10, and only when an index is made. What is not among them can be filtered by: user, document, generation.
_NOT_FILTERABLE = [
    *(SEARCHABLE, "text", "packed_text", "heading", "section"),
    *("page", "start", "end", "tokens", "embedder"),
]


def metadata_configuration(*, text_search: bool) -> dict[str, Any]:
    """How an index is made. Without text search only for buckets or Regions that do not have it."""
    configuration: dict[str, Any] = {"nonFilterableMetadataKeys": _NOT_FILTERABLE}
    if text_search:
        configuration["textSearchConfigurations"] = [{"metadataKey": SEARCHABLE, "language": "en"}]
    return configuration


def prefix_of(generation: Generation) -> str:
    """What the keys of the generation's chunks begin with."""
    return f"{generation.user_id}/{generation.document_id}/{generation.generation}"


def key(prefix: str, number: int) -> str:
    """The key of a chunk. Numbers are padded, so that keys sort as they do."""
    return f"{prefix}:{number:07d}"


def prefix_in(key: str) -> str:
    """What the keys of that chunk's generation begin with."""
    return key.rpartition(":")[0]


def item(generation: Generation, embedded: EmbeddedChunk) -> dict[str, Any]:
    """A chunk as PutVectors takes it."""
    chunk = embedded.chunk
    metadata = {
        "user_id": generation.user_id,
        "document_id": generation.document_id,
        "generation": generation.generation,
        "embedder": generation.embedder,
        SEARCHABLE: _shortened(without_accents(chunk.searchable_text)) or None,
        **_kept(chunk.text),
        "heading": chunk.heading or None,
        "section": chunk.section,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "tokens": chunk.tokens,
    }
    return {
        "key": key(prefix_of(generation), chunk.number),
        "data": {"float32": embedded.vector.tolist()},
        "metadata": {name: value for name, value in metadata.items() if value is not None},
    }


def put_batches(items: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The items in as few requests as their number and size allow."""
    batch: list[dict[str, Any]] = []
    size = 0
    for each in items:
        added = _size(each)
        if batch and (len(batch) == MOST_PUT or size + added > _LARGEST_PUT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += added
    if batch:
        yield batch


def nearest(query: SearchQuery, vector: Vector[float]) -> dict[str, Any]:
    return {"queryVector": {"float32": vector.tolist()}, "returnDistance": True, **_limits(query)}


def matching(query: SearchQuery, words: str) -> dict[str, Any]:
    """A search for words alone, ranked and scored by BM25. With a vector it would be fused by the service."""
    return {"queryTexts": [{"text": words, "metadataKey": SEARCHABLE}], "returnScores": True, **_limits(query)}


def removable(user_id: str, document_id: str, keep: Collection[str], dimension: int) -> dict[str, Any]:
    """A search for the document's chunks in other generations; the direction that it looks in does not matter."""
    conditions = [*_owned(user_id, [document_id]), *_not_in(keep)]
    direction = [1.0, *[0.0] * (dimension - 1)]
    return {"queryVector": {"float32": direction}, "filter": {"$and": conditions}, "topK": MOST_FOUND}


def vector_hit(found: Mapping[str, Any]) -> Hit:
    """The distance is 1 less the cosine."""
    return Hit(generation_of(found), chunk_of(found), 1.0 - float(found["distance"]))


def keyword_hit(found: Mapping[str, Any]) -> Hit:
    score = sum(float(each["score"]) for each in found["scores"]["bm25Scores"])
    return Hit(generation_of(found), chunk_of(found), score)


def generation_of(found: Mapping[str, Any]) -> Generation:
    metadata = found["metadata"]
    return Generation(metadata["user_id"], metadata["document_id"], metadata["generation"], metadata["embedder"])


def chunk_of(found: Mapping[str, Any]) -> Chunk:
    metadata = found["metadata"]
    page = metadata.get("page")
    return Chunk(
        number=int(found["key"].rpartition(":")[2]),
        text=_unpacked(metadata["packed_text"]) if "packed_text" in metadata else metadata.get("text", ""),
        heading=metadata.get("heading", ""),
        # Numbers of metadata may come back as floating point.
        page=None if page is None else int(page),
        section=metadata.get("section"),
        start=int(metadata["start"]),
        end=int(metadata["end"]),
        tokens=int(metadata["tokens"]),
    )


def vector_of(found: Mapping[str, Any]) -> Vector[float]:
    return array("f", found["data"]["float32"])


def _limits(query: SearchQuery) -> dict[str, Any]:
    conditions = [*_owned(query.user_id, query.document_ids), *_not_in(query.without)]
    return {"filter": {"$and": conditions}, "topK": min(query.limit, MOST_FOUND), "returnMetadata": True}


def _owned(user_id: str, document_ids: Collection[str] | None) -> list[dict[str, Any]]:
    owner = [{"user_id": {"$eq": user_id}}]
    return owner if document_ids is None else [*owner, {"document_id": {"$in": list(document_ids)}}]


def _not_in(generations: Collection[str]) -> list[dict[str, Any]]:
    return [{"generation": {"$nin": sorted(generations)}}] if generations else []


def _kept(text: str) -> dict[str, str | None]:
    """The text as metadata: packed where it would take more room than there is."""
    if len(text.encode()) <= _LONGEST_TEXT_BYTES:
        return {"text": text or None}
    return {"packed_text": base64.b85encode(zlib.compress(text.encode())).decode()}


def _unpacked(packed: str) -> str:
    return zlib.decompress(base64.b85decode(packed)).decode()


def _shortened(text: str) -> str:
    return text.encode()[:_LONGEST_TEXT_BYTES].decode(errors="ignore")


def _size(each: dict[str, Any]) -> int:
    texts = sum(len(value) for value in each["metadata"].values() if isinstance(value, str))
    return _FLOAT_BYTES * len(each["data"]["float32"]) + _CHARACTER_BYTES * texts + _OTHER_BYTES
