"""All chunks of a user in memory, kept up with the file, whoever writes to that."""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.documents import Generation
from shared.local.sqlite_connections import Connections
from shared.local.sqlite_index_segment import LARGEST, Segment, build, tiered

VERSION = "SELECT version FROM corpora WHERE user_id = ?"
GENERATIONS = (
    "SELECT number, user_id, document_id, generation, embedder FROM generations WHERE user_id = ? AND NOT removed"
)
# CROSS JOIN keeps the order of the tables, which is that of the ids.
FEATURES = """
    SELECT features.id, features.generation, features.number, replacing, vector, terms, embedder
    FROM features CROSS JOIN generations ON generations.number = features.generation
    WHERE features.id > ? AND user_id = ? AND NOT removed ORDER BY features.id
"""


@dataclass(frozen=True, slots=True)
class Corpus:
    """A user's chunks at one version of the file; it never changes, so it is searched without a lock.

    ``generations`` are those that stand, by their numbers, and ``standing`` tells it of each number, as segments may
    also hold chunks of others. ``last_id`` is that of the last chunk read.
    """

    version: int = 0
    last_id: int = 0
    generations: dict[int, Generation] = field(default_factory=dict)
    standing: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(1, np.bool_))
    segments: tuple[Segment, ...] = ()
    _by_document: dict[str, list[int]] = field(init=False, default_factory=lambda: defaultdict(list))
    _by_name: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for number, generation in self.generations.items():
            self._by_document[generation.document_id].append(number)
            self._by_name[generation.generation] = number

    def wanted(self, document_ids: Collection[str] | None, without: Collection[str]) -> NDArray[np.bool_]:
        """Whether the chunks of a generation may be found, by its number."""
        wanted = self.standing.copy()
        if document_ids is not None:
            wanted[:] = False
            for document_id in document_ids:
                wanted[self._by_document.get(document_id, [])] = True
        wanted[[self._by_name[name] for name in without if name in self._by_name]] = False
        return wanted


class Corpora:
    """The corpus of each user, read when it is first searched. Safe to call from several threads."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._lock = threading.Lock()
        self._corpora: dict[str, Corpus] = {}

    def current(self, user_id: str) -> Corpus:
        """The user's chunks as they are in the file now."""
        corpus = self._corpora.get(user_id, Corpus())
        with self._connections.read() as connection:
            if _version(connection, user_id) == corpus.version:
                return corpus
        # One thread reads what is new, and the others wait for it.
        with self._lock, self._connections.snapshot() as connection:
            corpus = self._corpora.get(user_id, Corpus())
            if _version(connection, user_id) != corpus.version:
                corpus = self._corpora[user_id] = _read_on(connection, user_id, corpus)
        return corpus

    def clear(self) -> None:
        """Frees the memory."""
        with self._lock:
            self._corpora.clear()


def _version(connection: sqlite3.Connection, user_id: str) -> int:
    found = connection.execute(VERSION, (user_id,)).fetchone()
    return found[0] if found else 0


def _read_on(connection: sqlite3.Connection, user_id: str, old: Corpus) -> Corpus:
    """The corpus with what was written after it."""
    generations = {row[0]: Generation(*row[1:]) for row in connection.execute(GENERATIONS, (user_id,))}
    standing = np.zeros(max(*generations, len(old.standing) - 1, 0) + 1, np.bool_)
    standing[[*generations]] = True
    replaced: list[int] = []
    new = list(_read_segments(connection, user_id, old.last_id, replaced))
    kept = [
        thinned for segment in old.segments if (thinned := _thinned(segment, standing, np.array(replaced, np.int64)))
    ]
    segments = sorted([*kept, *new], key=lambda segment: segment.kind)
    last_id = max((int(segment.ids[-1]) for segment in new), default=old.last_id)
    return Corpus(_version(connection, user_id), last_id, generations, standing, tiered(segments))


def _read_segments(connection: sqlite3.Connection, user_id: str, after: int, replaced: list[int]) -> Iterator[Segment]:
    """Chunks after an id; the places of chunks that they replace are added to ``replaced``."""
    waiting: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in connection.execute(FEATURES, (after, user_id)):
        if row[3]:
            replaced.append(row[1] << 32 | row[2])
        kind = row[6], len(row[4])
        waiting[kind].append(row)
        if len(waiting[kind]) == LARGEST:
            yield _segment(waiting.pop(kind))
    for rows in waiting.values():
        yield _segment(rows)


def _segment(rows: Sequence[Sequence[Any]]) -> Segment:
    ids, generations, numbers, _, vectors, terms, embedders = zip(*rows, strict=True)
    return build(embedders[0], np.array([ids, generations, numbers], np.int64), vectors, terms)


def _thinned(segment: Segment, standing: NDArray[np.bool_], replaced: NDArray[np.int64]) -> Segment | None:
    """The segment without chunks that were replaced; without those removed, too, once they are half of it."""
    kept = standing[segment.generations]
    fresh = ~np.isin(segment.generations << 32 | segment.numbers, replaced)
    if fresh.all() and np.count_nonzero(kept) * 2 >= len(segment):
        return segment
    kept &= fresh
    return segment.only(kept) if kept.any() else None
