"""The index of the cloud: a vector collection of OpenSearch Serverless (NextGen)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from shared.aws import opensearch_answers as answers
from shared.aws import opensearch_errors as errors
from shared.aws import opensearch_queries as queries
from shared.aws.opensearch_client import Attempts, OpenSearchClient
from shared.aws.vector_stores import index_of, keywords_of, prefix_of
from shared.documents import Chunk, EmbeddedChunk, Generation, SearchHits, SearchQuery, Vector

#: A chunk is found, or no longer found, once the collection has refreshed: every 10 s, and some more to do it.
_SETTLED_AFTER_SECONDS = 15.0
#: How often ``remove`` looks whether all is gone. Twice is enough where nobody goes on adding.
_MOST_LOOKS = 4
_PING_SECONDS = 5.0

Search = tuple[str, dict[str, Any]]


class OpenSearchIndex:
    """The port ``ChunkIndex`` over the indexes ``<name>-*`` of a collection, one for each embedder, made when needed.

    Every request may take ``timeout_seconds`` with all its attempts, in which a sleeping collection usually wakes up;
    ``IndexWaking`` says that it did not. ``remove`` takes longer: see there. Writes show up to 10 s late, and cannot be
    hurried: a collection knows no refresh. Reads of several indexes name them in the body, as paths with ``*`` are
    signed in two ways.
    """

    def __init__(self, client: OpenSearchClient, name: str, timeout_seconds: float = 25.0) -> None:
        """Takes the client over and closes it. ``name`` is in lower case, of 3 to 50 characters."""
        self._client = client
        self._name = name
        self._all = f"{prefix_of(name)}*"
        self._timeout = timeout_seconds
        self._made: set[str] = set()

    def add(self, generation: Generation, chunks: Sequence[EmbeddedChunk]) -> None:
        if not chunks:
            return
        index = self._index(generation)
        self._make(index, len(chunks[0].vector))
        lines = (queries.put_lines(index, generation, chunk) for chunk in chunks)
        for batch in queries.batches(lines):
            self._bulk(batch)

    def count(self, generation: Generation) -> int:
        path = f"/{self._index(generation)}/_count"
        body = queries.json_lines({"query": queries.in_generation(generation)})
        answer = self._client.request("POST", path, self._client.attempts(self._timeout), body)
        if answers.missing(answer):
            return 0
        return int(answers.field(answers.accepted(answer), "count"))

    def remove(self, user_id: str, document_id: str, keep: Collection[str] = ()) -> None:
        """As the port says, for everything that was added before this began; afterwards no search finds it.

        There is no deletion by query, and what was added in the last seconds cannot be found yet. So this deletes what
        is found, waits until all has been refreshed, and looks again, until there is nothing. It takes 15 s at least.
        """
        search = queries.removable(user_id, document_id, keep)
        self._delete(search)
        for _ in range(_MOST_LOOKS):
            self._client.timer.pause(_SETTLED_AFTER_SECONDS)
            if not self._delete(search):
                return
        raise errors.still_there()

    def search(self, query: SearchQuery) -> SearchHits:
        if query.document_ids == ():
            return SearchHits()
        searches = [(index_of(self._name, name), queries.nearest(query, vec)) for name, vec in query.vectors.items()]
        if words := keywords_of(query.text):
            searches.append((self._all, queries.matching(query, words)))
        if not searches:
            return SearchHits()
        found = self._msearch(searches, self._client.attempts(self._timeout))
        nearest, matching = found[: len(query.vectors)], found[len(query.vectors) :]
        try:
            by_vector = [queries.vector_hit(hit) for hit in chain.from_iterable(nearest)]
            by_keyword = [queries.keyword_hit(hit) for hit in chain.from_iterable(matching)]
        except (LookupError, TypeError, ValueError):
            raise errors.unreadable() from None
        by_vector.sort(key=lambda hit: -hit.score)
        return SearchHits(tuple(by_vector), tuple(by_keyword))

    def chunks(self, generation: Generation, first: int = 0, last: int | None = None) -> list[Chunk]:
        pages = self._pages((self._index(generation), queries.numbered(generation, first, last)))
        try:
            return [queries.chunk_of(hit["_source"]) for hit in chain.from_iterable(pages)]
        except (LookupError, TypeError):
            raise errors.unreadable() from None

    def vectors(self, generation: Generation) -> dict[str, Vector[float]]:
        pages = self._pages((self._index(generation), queries.with_vectors(generation)))
        try:
            return dict(queries.vector_of(hit["_source"]) for hit in chain.from_iterable(pages))
        except (LookupError, TypeError, ValueError):
            raise errors.unreadable() from None

    def ping(self) -> None:
        """As the port says. Asks for a few seconds only, but wakes a sleeping collection nevertheless."""
        self._msearch([(self._all, {"size": 0})], self._client.attempts(min(_PING_SECONDS, self._timeout)))

    def close(self) -> None:
        self._client.close()

    def _index(self, generation: Generation) -> str:
        return index_of(self._name, generation.embedder)

    def _make(self, index: str, dimension: int) -> None:
        """Makes the index where there is none. Without this, a write would make one with a mapping of its own guess."""
        if index in self._made:
            return
        body = queries.json_lines(queries.index_body(dimension))
        answer = self._client.request("PUT", f"/{index}", self._client.attempts(self._timeout), body)
        if not answers.exists_already(answer):
            answers.accepted(answer)
        self._made.add(index)

    def _bulk(self, operations: list[bytes]) -> None:
        """Does them all, reading what became of each: a bulk request succeeds even where none of its items does."""
        attempts = self._client.attempts(self._timeout)
        while True:
            answer = self._client.request("POST", "/_bulk", attempts, b"".join(operations), lines=True)
            operations, failure = answers.unfinished(answers.accepted(answer), operations)
            if failure is None:
                return
            attempts.again(failure)

    def _delete(self, search: dict[str, Any]) -> bool:
        """Whether there was anything to delete."""
        found = False
        for page in self._pages((self._all, search)):
            names = ((answers.field(hit, "_index"), answers.field(hit, "_id")) for hit in page)
            for batch in queries.batches(queries.delete_lines(index, chunk_id) for index, chunk_id in names):
                self._bulk(batch)
            found = True
        return found

    def _pages(self, search: Search) -> Iterator[answers.Found]:
        """All hits of a sorted search. Each page has the time of an operation."""
        index, body = search
        while True:
            [page] = self._msearch([(index, body)], self._client.attempts(self._timeout))
            if page:
                yield page
            if len(page) < body["size"]:
                return
            body = {**body, "search_after": answers.field(page[-1], "sort")}

    def _msearch(self, searches: Sequence[Search], attempts: Attempts) -> list[answers.Found]:
        """The hits of each search; none where its index is not made yet."""
        body = queries.json_lines(*chain.from_iterable(({"index": index}, search) for index, search in searches))
        while True:
            answer = self._client.request("POST", "/_msearch", attempts, body, lines=True)
            responses = answers.field(answers.accepted(answer), "responses")
            if not isinstance(responses, list) or len(responses) != len(searches):
                raise errors.unreadable()
            failure = next(filter(None, map(answers.failure, responses)), None)
            if failure is None:
                return [answers.hits(response) for response in responses]
            attempts.again(failure)
