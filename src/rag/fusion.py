"""One ranking from two: hits by vector and hits by keyword. Pure.

Scores of different kinds do not compare, so each list is first brought to its own scale, by the mean and the spread of
its scores (distribution-based score fusion: Mazzeo, "Distribution-Based Score Fusion", 2023; in Qdrant as ``dbsf``).
The fused score is the weighted sum. `bench/retrieval.py` measures it beside other ways.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.documents import Chunk, Generation, Hit, SearchHits

#: The share of nearness in the fused score, the rest is that of keywords. Measured by `bench/retrieval.py`.
VECTOR_WEIGHT = 0.5
#: How much of the score of the chunks before and after it, where they were found too, is added to a chunk's.
NEIGHBOUR_SHARE = 0.1
#: Scores this many standard deviations from the mean of their list are at the ends of the scale.
_DEVIATIONS = 3.0

ChunkKey = tuple[str, int]
"""A chunk in the index: its generation's name and its number."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that was found. ``score`` is 0 to 1 and compares with those of the other candidates of one search."""

    generation: Generation
    chunk: Chunk
    score: float

    @property
    def key(self) -> ChunkKey:
        """Which chunk of the index it is."""
        return self.generation.generation, self.chunk.number


def fuse(hits: SearchHits, vector_weight: float = VECTOR_WEIGHT) -> list[Candidate]:
    """The chunks that were found, each once, best first. One that a list does not hold gets nothing from it.

    Without any hits of a kind, the other kind decides alone.
    """
    by_embedder: defaultdict[str, list[Hit]] = defaultdict(list)
    for hit in hits.by_vector:
        by_embedder[hit.generation.embedder].append(hit)
    weight = vector_weight if hits.by_vector and hits.by_keyword else float(bool(hits.by_vector))
    found = {_key(hit): hit for hit in (*hits.by_vector, *hits.by_keyword)}
    scores = dict.fromkeys(found, 0.0)
    for share, ranking in [*((weight, ranking) for ranking in by_embedder.values()), (1 - weight, hits.by_keyword)]:
        for hit, value in zip(ranking, normalised([hit.score for hit in ranking]), strict=True):
            scores[_key(hit)] += share * value
    supported = _with_neighbours(scores)
    candidates = [Candidate(hit.generation, hit.chunk, supported[key]) for key, hit in found.items()]
    return in_order(candidates)


def normalised(scores: Sequence[float]) -> list[float]:
    """The scores on a scale from 0 to 1 where 0.5 is their mean; scores that are all equal are 0.5."""
    if not scores:
        return []
    mean, deviation = statistics.fmean(scores), statistics.pstdev(scores)
    width = 2 * _DEVIATIONS * deviation
    return [min(1.0, max(0.0, 0.5 + (score - mean) / width)) if width else 0.5 for score in scores]


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first; equals in the order of their documents, so that the same search always gives the same order."""
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.generation.document_id, candidate.key))


def _with_neighbours(scores: dict[ChunkKey, float]) -> dict[ChunkKey, float]:
    """What is said over two chunks is found in both: each lends some of its score to the other."""
    most = 1 + 2 * NEIGHBOUR_SHARE
    return {
        (generation, number): (
            score + NEIGHBOUR_SHARE * sum(scores.get((generation, number + step), 0.0) for step in (-1, 1))
        )
        / most
        for (generation, number), score in scores.items()
    }


def _key(hit: Hit) -> ChunkKey:
    return hit.generation.generation, hit.chunk.number
