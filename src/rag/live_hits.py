"""A search that shows live generations only: the catalogue knows which those are, the index does not."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

from shared.document_ports import ChunkIndex, DocumentCatalogue
from shared.documents import DocumentRecord, Generation, Hit, SearchHits, SearchQuery
from shared.errors import RetrievalError

#: Searches at most: each further one passes over what the ones before found to be left over.
_ROUNDS = 3
#: Records that the catalogue gives at once.
_RECORDS = 100


@dataclass(frozen=True, slots=True)
class LiveHits:
    """Hits of live generations, and the records of their documents by id."""

    hits: SearchHits
    records: dict[str, DocumentRecord]


def search_live(catalogue: DocumentCatalogue, index: ChunkIndex, query: SearchQuery, deadline: float) -> LiveHits:
    """Searches, and again where generations that are not live took the place of those that are.

    The catalogue is read after the index: a document that is replaced meanwhile is found as it was or as it is. Raises
    ``RetrievalError``, ``StoreError``.
    """
    check_time(deadline)
    for _ in range(_ROUNDS - 1):
        found, live = _search_once(catalogue, index, query)
        if not _hides_something(found, live, query.limit) or time.monotonic() >= deadline:
            return live
        stale = {hit.generation.generation for hit in _all(found)} - {
            hit.generation.generation for hit in _all(live.hits)
        }
        query = replace(query, without=query.without | stale)
    return _search_once(catalogue, index, query)[1]


def live_generation(record: DocumentRecord) -> Generation | None:
    """What of the document may be shown; ``None`` for nothing."""
    if record.deleted or record.generation is None or record.embedder is None:
        return None
    return Generation(record.user_id, record.document_id, record.generation, record.embedder)


def records_of(catalogue: DocumentCatalogue, user_id: str, document_ids: Collection[str]) -> dict[str, DocumentRecord]:
    """The records that exist, by id, however many are asked for."""
    wanted = sorted(document_ids)
    records: dict[str, DocumentRecord] = {}
    for first in range(0, len(wanted), _RECORDS):
        records |= catalogue.get_many(user_id, wanted[first : first + _RECORDS])
    return records


def check_time(deadline: float) -> None:
    """Raises ``RetrievalError`` once the deadline has passed."""
    if time.monotonic() >= deadline:
        raise RetrievalError("Searching the documents took longer than there was time; ask again.", retry_after=1.0)


def _search_once(catalogue: DocumentCatalogue, index: ChunkIndex, query: SearchQuery) -> tuple[SearchHits, LiveHits]:
    """All hits, and the live ones among them."""
    found = index.search(query)
    records = records_of(catalogue, query.user_id, {hit.generation.document_id for hit in _all(found)})
    live = {live_generation(record) for record in records.values()}
    hits = SearchHits(
        tuple(hit for hit in found.by_vector if hit.generation in live),
        tuple(hit for hit in found.by_keyword if hit.generation in live),
    )
    return found, LiveHits(hits, records)


def _hides_something(found: SearchHits, live: LiveHits, limit: int) -> bool:
    """Whether live chunks may have been crowded out by stale ones, or went live only after the search."""
    crowded = any(
        len(hits) >= limit and len(live_hits) < len(hits) / 2
        for hits, live_hits in ((found.by_vector, live.hits.by_vector), (found.by_keyword, live.hits.by_keyword))
    )
    shown = {hit.generation.document_id for hit in _all(live.hits)}
    alive = {record.document_id for record in live.records.values() if live_generation(record)}
    replaced = any(hit.generation.document_id in alive - shown for hit in _all(found))
    return crowded or replaced


def _all(hits: SearchHits) -> tuple[Hit, ...]:
    return (*hits.by_vector, *hits.by_keyword)
