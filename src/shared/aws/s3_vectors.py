"""The index of the cloud for cents a month: S3 Vectors."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, count
from typing import TYPE_CHECKING

from shared.aws import s3_vectors_items as items
from shared.aws.s3_vectors_bucket import Found, VectorBucket
from shared.aws.s3_vectors_errors import translated
from shared.aws.vector_stores import belongs_to, index_of, keywords_of, prefix_of
from shared.documents import Chunk, EmbeddedChunk, Generation, Hit, SearchHits, SearchQuery, Vector
from shared.errors import IndexUnavailable

if TYPE_CHECKING:
    from types_boto3_s3vectors import S3VectorsClient

#: How long the list of indexes is believed; one is made only with the first document of an embedder.
_LISTED_SECONDS = 60.0
_QUERIES_AT_ONCE = 8


class S3VectorsIndex:
    """The port ``ChunkIndex`` over the indexes ``<name>-*`` of a vector bucket, one for each embedder.

    They are made when needed. Reads see all writes. Timeouts and retries are the client's. Keywords are searched where
    the index is in ENHANCED mode, as all are in buckets made since October 2026; elsewhere there are vector hits only.
    At most 100 hits of a kind are found.

    The chunks of a generation are read by their keys, 100 at a time until 100 in a row are missing. So that none is
    overlooked, they are added in order and removed in the opposite one: what an interruption leaves begins at 0.
    """

    def __init__(self, client: S3VectorsClient, bucket: str, name: str) -> None:
        """Takes the client over and closes it. ``name`` is in lower case, of 3 to 50 characters."""
        self._bucket = VectorBucket(client, bucket)
        self._name = name
        self._made: set[str] = set()
        self._listed: tuple[float, list[str]] | None = None
        self._pool = ThreadPoolExecutor(_QUERIES_AT_ONCE, "s3-vectors")

    def add(self, generation: Generation, chunks: Sequence[EmbeddedChunk]) -> None:
        if not chunks:
            return
        index = self._index(generation)
        if index not in self._made:
            self._bucket.make(index, len(chunks[0].vector))
            self._made.add(index)
            self._listed = None
        in_order = sorted(chunks, key=lambda each: each.chunk.number)
        self._bucket.put(index, (items.item(generation, each) for each in in_order))

    def count(self, generation: Generation) -> int:
        return sum(1 for _ in self._chunks(generation))

    def remove(self, user_id: str, document_id: str, keep: Collection[str] = ()) -> None:
        """As the port says.

        A search tells which generations there are, and is repeated until it finds nothing: it shows 100 chunks at a
        time, and is approximate. Each generation is deleted whole, by its keys.
        """
        for index in self._indexes(fresh=True):
            search = items.removable(user_id, document_id, keep, self._bucket.dimension(index))
            removed: set[str] = set()
            while found := {each["key"] for each in self._bucket.query(index, search)}:
                if found <= removed:
                    raise IndexUnavailable("S3 Vectors still shows what was deleted; try again.", retry_after=5.0)
                for generation in {items.prefix_in(key) for key in found}:
                    found |= {each["key"] for each in self._walk(index, generation)}
                # The opposite of the order in which they were added.
                self._bucket.delete(index, sorted(found, reverse=True))
                removed |= found

    def search(self, query: SearchQuery) -> SearchHits:
        if query.document_ids == ():
            return SearchHits()
        wanted = {index_of(self._name, embedder): vector for embedder, vector in query.vectors.items()}
        known = self._indexes()
        if not wanted.keys() <= set(known):
            known = self._indexes(fresh=True)
        words = keywords_of(query.text)
        by_vector = [
            self._pool.submit(self._bucket.query, index, items.nearest(query, vector))
            for index, vector in wanted.items()
            if index in known
        ]
        by_keyword = [
            self._pool.submit(self._bucket.query_words, index, items.matching(query, words)) for index in known if words
        ]
        return SearchHits(_best(by_vector, items.vector_hit), _best(by_keyword, items.keyword_hit)[: query.limit])

    def chunks(self, generation: Generation, first: int = 0, last: int | None = None) -> list[Chunk]:
        found = self._chunks(generation, first, last, returnMetadata=True)
        with translated():
            return [items.chunk_of(each) for each in found]

    def vectors(self, generation: Generation) -> dict[str, Vector[float]]:
        found = self._chunks(generation, returnMetadata=True, returnData=True)
        with translated():
            return {items.chunk_of(each).content_hash: items.vector_of(each) for each in found}

    def ping(self) -> None:
        self._indexes(fresh=True)

    def close(self) -> None:
        self._pool.shutdown()
        self._bucket.close()

    def _index(self, generation: Generation) -> str:
        return index_of(self._name, generation.embedder)

    def _indexes(self, *, fresh: bool = False) -> list[str]:
        """The names of the family's indexes. Raises ``IndexUnavailable`` where there is no bucket."""
        if fresh or self._listed is None or time.monotonic() - self._listed[0] > _LISTED_SECONDS:
            names = [name for name in self._bucket.indexes(prefix_of(self._name)) if belongs_to(self._name, name)]
            self._listed = (time.monotonic(), names)
        return self._listed[1]

    def _chunks(
        self, generation: Generation, first: int = 0, last: int | None = None, **wanted: bool
    ) -> Iterator[Found]:
        return self._walk(self._index(generation), items.prefix_of(generation), first, last, **wanted)

    def _walk(
        self, index: str, prefix: str, first: int = 0, last: int | None = None, **wanted: bool
    ) -> Iterator[Found]:
        """The chunks whose keys begin so, by their numbers."""
        for start in count(first, items.MOST_GOT):
            end = start + items.MOST_GOT if last is None else min(start + items.MOST_GOT, last + 1)
            keys = [items.key(prefix, number) for number in range(start, end)]
            found = self._bucket.get(index, keys, **wanted) if keys else []
            yield from found
            if not found:
                return


def _best(searches: list[Future[list[Found]]], hit_of: Callable[[Found], Hit]) -> tuple[Hit, ...]:
    """The hits of several indexes, best first."""
    found = chain.from_iterable(search.result() for search in searches)
    with translated():
        return tuple(sorted(map(hit_of, found), key=lambda hit: -hit.score))
