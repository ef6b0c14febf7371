"""An inverted index of some chunks in memory: which terms stand in which chunk, and how well chunks match (BM25)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.local.keywords import K1, TERM, B

#: Most chunks of one index: their rows stand in 16 bits.
MOST_ROWS = 1 << 16

_TERM, _ROW = np.uint64(32), np.uint64(16)
_ROWS, _COUNTS = np.uint64(0xFFFF), np.uint64(0xFFFF)


@dataclass(frozen=True, slots=True)
class Postings:
    """For each of the ``terms`` (different ones, sorted) a run of ``rows`` and ``counts``: from ``starts`` on, which is
    one longer than ``terms``. ``lengths`` counts the terms of each row.
    """

    terms: NDArray[np.uint32]
    starts: NDArray[np.int64]
    rows: NDArray[np.uint16]
    counts: NDArray[np.uint8]
    lengths: NDArray[np.float32]

    def frequencies(self, terms: NDArray[np.uint32]) -> NDArray[np.int64]:
        """How many rows each term stands in."""
        begin, end = self._spans(terms)
        return end - begin

    def _spans(self, terms: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the run of each term begins and ends."""
        if not len(self.terms):
            nothing = np.zeros(len(terms), np.int64)
            return nothing, nothing
        place = np.minimum(np.searchsorted(self.terms, terms), len(self.terms) - 1)
        begin = self.starts[place]
        return begin, np.where(self.terms[place] == terms, self.starts[place + 1], begin)

    def scores(
        self, terms: NDArray[np.uint32], weights: NDArray[np.float64], average_length: float
    ) -> NDArray[np.float64]:
        """BM25 of each row, 0 for one without any of the terms. ``weights`` are the terms' idf."""
        begin, end = self._spans(terms)
        runs = [slice(*ends) for ends in zip(begin, end, strict=True)]
        rows = np.concatenate([self.rows[run] for run in runs])
        counts = np.concatenate([self.counts[run] for run in runs]).astype(np.float32)
        saturation = (K1 * (1 - B + B / average_length * self.lengths))[rows]
        scores = np.repeat(weights * (K1 + 1), end - begin) * counts / (counts + saturation)
        return np.bincount(rows, scores, minlength=len(self.lengths)).astype(np.float64, copy=False)

    def only(self, wanted: NDArray[np.bool_]) -> Postings:
        """Those of the wanted rows, which move together."""
        moved = (np.cumsum(wanted) - 1)[self.rows]
        kept = wanted[self.rows]
        return _sorted(_packed(self._repeated()[kept], moved[kept], self.counts[kept]), self.lengths[wanted])

    def joined(self, other: Postings) -> Postings:
        """Both as one; the other's rows come after these."""
        first = _packed(self._repeated(), self.rows, self.counts)
        second = _packed(other._repeated(), other.rows.astype(np.int64) + len(self.lengths), other.counts)
        return _sorted(np.concatenate([first, second]), np.concatenate([self.lengths, other.lengths]))

    def _repeated(self) -> NDArray[np.uint32]:
        return np.repeat(self.terms, np.diff(self.starts))


def invert(stored: Sequence[bytes]) -> Postings:
    """The index of rows whose terms are given, each as an array of ``TERM``."""
    terms = np.frombuffer(b"".join(stored), TERM)
    rows = np.repeat(np.arange(len(stored)), [len(row) // TERM.itemsize for row in stored])
    lengths = np.bincount(rows, terms["count"], minlength=len(stored)).astype(np.float32)
    return _sorted(_packed(terms["term"], rows, terms["count"]), lengths)


def _packed(
    terms: NDArray[np.unsignedinteger], rows: NDArray[np.integer], counts: NDArray[np.unsignedinteger]
) -> NDArray[np.uint64]:
    """Term, row and count in one integer each, which sorts many times quicker than three arrays do."""
    packed = terms.astype(np.uint64) << _TERM
    packed |= rows.astype(np.uint64) << _ROW
    packed |= counts
    return packed


def _sorted(packed: NDArray[np.uint64], lengths: NDArray[np.float32]) -> Postings:
    packed.sort()
    terms, starts = np.unique((packed >> _TERM).astype(np.uint32), return_index=True)
    return Postings(
        terms,
        np.append(starts, len(packed)),
        (packed >> _ROW & _ROWS).astype(np.uint16),
        (packed & _COUNTS).astype(np.uint8),
        lengths,
    )
