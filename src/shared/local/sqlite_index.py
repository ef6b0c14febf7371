"""The index of a laptop: chunks in the local database, searched in memory.

Keywords are not left to SQLite's FTS5: with it, a search of 100,000 chunks for six usual words takes 30 to 200 ms, and
deleted words stay in its files until all of them are written anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from shared.documents import Chunk, EmbeddedChunk, Generation, Hit, SearchHits, SearchQuery, Vector
from shared.errors import IndexUnavailable, StoreError, StoreFull
from shared.local import sqlite_index_rows as rows
from shared.local.sqlite_connections import Connections
from shared.local.sqlite_index_corpus import Corpora, Corpus
from shared.local.sqlite_index_search import Scored, matching, nearest

#: Chunks written or deleted in one transaction: other writers wait for some hundredths of a second at most.
_AT_ONCE = 256
#: Candidates beyond the limit, among which the stored vectors choose the nearest.
_SPARE = 32
_LAST = 2**63 - 1


class SQLiteIndex:
    """The port ``ChunkIndex`` over a file that several threads and processes may share.

    The first search reads all vectors and terms of its user, about 400 bytes a chunk of 384 dimensions for each of
    them; later ones read what was written since.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._corpora = Corpora(connections)

    def add(self, generation: Generation, chunks: Sequence[EmbeddedChunk]) -> None:
        for first in range(0, len(chunks), _AT_ONCE):
            some = [(rows.chunk_values(each.chunk), rows.features(each)) for each in chunks[first : first + _AT_ONCE]]
            with _as_index(), self._connections.write() as connection:
                number = _number_of(connection, generation, make=True)
                for values, features in some:
                    replaced = connection.execute(rows.DELETE_CHUNK, (number, values[0])).rowcount
                    added = connection.execute(rows.INSERT_CHUNK, (number, *values)).lastrowid
                    connection.execute(rows.INSERT_FEATURES, (added, number, values[0], replaced, *features))
                connection.execute(rows.NEXT_VERSION, (generation.user_id,))

    def count(self, generation: Generation) -> int:
        with _as_index(), self._connections.snapshot() as connection:
            number = _number_of(connection, generation)
            return int(connection.execute(rows.COUNT, (number,)).fetchone()[0])

    def remove(self, user_id: str, document_id: str, keep: Collection[str] = ()) -> None:
        """No search finds the chunks from the first moment on; their bytes are overwritten in the file and its log.

        After a crash in the middle of it, the next removal goes on with what was left.
        """
        with _as_index(), self._connections.read() as connection:
            found = connection.execute(rows.GENERATIONS, (user_id, document_id)).fetchall()
        leaving = [(number, removed) for number, name, removed in found if removed or name not in keep]
        if not leaving:
            return
        with _as_index(), self._connections.write() as connection:
            connection.executemany(rows.MARK_REMOVED, [(number,) for number, _ in leaving])
            connection.execute(rows.NEXT_VERSION, (user_id,))
        for number, _ in leaving:
            while self._delete_some(number):
                pass
        with _as_index():
            self._connections.empty_log()

    def search(self, query: SearchQuery) -> SearchHits:
        with _as_index():
            corpus = self._corpora.current(query.user_id)
            near = nearest(corpus, query, query.limit + _SPARE)
            by_vector = [scored for embedder, found in near.items() for scored in self._exact(query, embedder, found)]
            by_keyword = matching(corpus, query)
            by_vector.sort(key=lambda scored: (-scored[0], scored[1]))
            chunks = self._read(corpus, {number for _, number in (*by_vector, *by_keyword)})
        return SearchHits(_hits(by_vector, chunks), _hits(by_keyword, chunks))

    def chunks(self, generation: Generation, first: int = 0, last: int | None = None) -> list[Chunk]:
        with _as_index(), self._connections.snapshot() as connection:
            number = _number_of(connection, generation)
            found = connection.execute(rows.CHUNKS, (number, first, _LAST if last is None else last))
            return [rows.chunk(row) for row in found]

    def vectors(self, generation: Generation) -> dict[str, Vector[float]]:
        with _as_index(), self._connections.snapshot() as connection:
            number = _number_of(connection, generation)
            return {name: rows.from_halves(stored) for name, stored in connection.execute(rows.VECTORS, (number,))}

    def ping(self) -> None:
        with _as_index(), self._connections.read() as connection:
            connection.execute("SELECT count(*) FROM corpora").fetchone()

    def close(self) -> None:
        self._corpora.clear()
        self._connections.close()

    def _delete_some(self, number: int) -> bool:
        """Deletes chunks of a generation, and the generation after the last; whether there may be more."""
        with _as_index(), self._connections.write() as connection:
            deleted = connection.execute(rows.DELETE_SOME, (number, _AT_ONCE)).rowcount
            if deleted < _AT_ONCE:
                connection.execute(rows.DELETE_GENERATION, (number,))
        return deleted == _AT_ONCE

    def _exact(self, query: SearchQuery, embedder: str, found: Sequence[Scored]) -> list[Scored]:
        """The nearest of the candidates, with their cosines by the stored vectors."""
        ids = [number for _, number in found]
        with self._connections.read() as connection:
            stored = connection.execute(rows.select_vectors(len(ids)), ids).fetchall()
        if not stored:
            return []
        vectors = np.frombuffer(b"".join(vector for _, vector in stored), np.float16).reshape(len(stored), -1)
        # Not ``@``, which would share out this little work among threads and wait for the slowest.
        cosines = np.vecdot(vectors, np.frombuffer(query.vectors[embedder], np.float32), dtype=np.float32)
        scored = zip(cosines.tolist(), (number for number, _ in stored), strict=True)
        return sorted(scored, key=lambda each: (-each[0], each[1]))[: query.limit]

    def _read(self, corpus: Corpus, ids: Collection[int]) -> dict[int, tuple[Generation, Chunk]]:
        """The chunks by id; those removed meanwhile are missing."""
        with self._connections.read() as connection:
            found = connection.execute(rows.select_chunks(len(ids)), [*ids]).fetchall()
        return {row[0]: (corpus.generations[row[1]], rows.chunk(row[2:])) for row in found}


def _number_of(connection: sqlite3.Connection, generation: Generation, *, make: bool = False) -> int:
    """The number by which the file knows the generation; 0, which no generation has, where it is not there."""
    name = (generation.user_id, generation.document_id, generation.generation)
    found = connection.execute(rows.FIND_GENERATION, name).fetchone()
    if found:
        return int(found[0])
    return (connection.execute(rows.INSERT_GENERATION, (*name, generation.embedder)).lastrowid or 0) if make else 0


def _hits(scored: Iterable[Scored], chunks: dict[int, tuple[Generation, Chunk]]) -> tuple[Hit, ...]:
    return tuple(Hit(*chunks[number], score) for score, number in scored if number in chunks)


@contextmanager
def _as_index() -> Iterator[None]:
    """The errors of the port: what is full stays so, everything else means that the index cannot be used just now."""
    try:
        yield
    except StoreFull:
        raise
    except StoreError as error:
        raise IndexUnavailable(error.message, retry_after=error.retry_after) from None
