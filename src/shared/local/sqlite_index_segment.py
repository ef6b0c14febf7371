"""A part of a user's chunks in memory: what is scanned for near vectors and matching keywords.

Vectors stand here in eight bits a dimension, a quarter of what 32-bit floats need. Cosines made of those are wrong by
0.001 or so: they choose candidates, whose order is then made with the stored vectors. A segment never changes, so it
is read without a lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.local.postings import Postings, invert

#: Most chunks of a segment: what joining two of them costs is bounded.
LARGEST = 8192

_LEVELS = 127
# Rows that are made 32-bit floats at a time: 3 MB at 384 dimensions, which a processor's cache still holds.
_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class Segment:
    """Chunks of one embedder: their ids, the numbers of their generations, their own numbers in those.

    ``vectors`` is (chunks, dimensions), ``scales`` what each row of it is multiplied with; dimensions may be 0.
    """

    embedder: str
    ids: NDArray[np.int64]
    generations: NDArray[np.int64]
    numbers: NDArray[np.int64]
    vectors: NDArray[np.int8]
    scales: NDArray[np.float32]
    postings: Postings

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def kind(self) -> tuple[str, int]:
        """Segments of one kind can be joined."""
        return self.embedder, self.vectors.shape[1]

    def cosines(self, vector: NDArray[np.float32], wanted: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The cosine of each wanted row, nearly; that of the others is -inf."""
        chosen = np.flatnonzero(wanted)
        # Copying a row costs about as much as scanning it.
        if len(chosen) * 2 > len(self):
            return np.where(
                wanted, np.vecdot(self.vectors, vector, dtype=np.float32) * self.scales, np.float32(-np.inf)
            )
        scores = np.full(len(self), -np.inf, np.float32)
        if len(chosen):
            scores[chosen] = _products(self.vectors[chosen], vector) * self.scales[chosen]
        return scores

    def only(self, wanted: NDArray[np.bool_]) -> Segment:
        """The segment with the wanted rows alone."""
        return Segment(
            self.embedder,
            self.ids[wanted],
            self.generations[wanted],
            self.numbers[wanted],
            self.vectors[wanted],
            self.scales[wanted],
            self.postings.only(wanted),
        )

    def joined(self, other: Segment) -> Segment:
        """Both as one; together they must not be larger than ``LARGEST``."""
        return Segment(
            self.embedder,
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.generations, other.generations]),
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.scales, other.scales]),
            self.postings.joined(other.postings),
        )


def build(embedder: str, places: NDArray[np.int64], vectors: Sequence[bytes], terms: Sequence[bytes]) -> Segment:
    """A segment of stored chunks.

    ``places`` is (3, chunks): ids, generations, numbers. Vectors are 16-bit floats, all of one length; ``terms`` as
    ``keywords.chunk_terms`` gives them.
    """
    exact = np.frombuffer(b"".join(vectors), np.float16).reshape(len(vectors), -1).astype(np.float32)
    scales = np.abs(exact).max(axis=1, initial=np.finfo(np.float32).tiny) / np.float32(_LEVELS)
    exact /= scales[:, None]
    quantised = np.rint(exact, out=exact).astype(np.int8)
    ids, generations, numbers = places
    return Segment(embedder, ids, generations, numbers, quantised, scales, invert(terms))


def tiered(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The same chunks in few segments: neighbours of one kind and of like size are joined.

    Each chunk is copied a few times only, however many additions there are, as the size at least doubles each time.
    """
    found: list[Segment] = []
    for segment in segments:
        found.append(segment)
        while len(found) > 1 and _join(*found[-2:]):
            found[-2:] = [found[-2].joined(found[-1])]
    return tuple(found)


def _products(vectors: NDArray[np.int8], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The dot product of each row with the vector."""
    products = np.empty(len(vectors), np.float32)
    for first in range(0, len(vectors), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        np.vecdot(vectors[some], vector, out=products[some], dtype=np.float32)
    return products


def _join(first: Segment, second: Segment) -> bool:
    return first.kind == second.kind and len(first) <= 2 * len(second) and len(first) + len(second) <= LARGEST
