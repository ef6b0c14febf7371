"""One ranking from two: hits by vector and hits by keyword. Pure.

Scores of different kinds do not compare, so each is first told by how far it is from the mean of its list, in standard
deviations (z-score), and the logistic function brings that to between 0 and 1. It has no ends at which different scores
would become equal, as clipping does, and no list's best counts as much as any other's, as it does with min-max. The
fused score is the weighted sum. `bench/retrieval.py` measures it beside the usual ways.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from shared.documents import Chunk, Generation, Hit, SearchHits

#: The share of nearness in the fused score, the rest is that of keywords. Cross-validated by `bench/retrieval.py`.
VECTOR_WEIGHT = 0.6
#: Scores this many standard deviations from the mean are at 0.27 and 0.73.
_DEVIATIONS = 2.0

ChunkKey = tuple[str, int]
"""A chunk in the index: its generation's name and its number."""

Normalise = Callable[[Sequence[float]], list[float]]
"""Brings the scores of one list to a scale that compares with those of others, 0 at the least."""


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


def logistic_z_scores(scores: Sequence[float]) -> list[float]:
    """The scores between 0 and 1, with their mean at 0.5; scores that are all equal are 0.5."""
    if not scores:
        return []
    mean, deviation = statistics.fmean(scores), statistics.pstdev(scores)
    if not deviation:
        return [0.5] * len(scores)
    # No z-score of n values is above the root of n, so that no power overflows.
    return [1 / (1 + math.exp((mean - score) / (_DEVIATIONS * deviation))) for score in scores]


def fuse(
    hits: SearchHits, vector_weight: float = VECTOR_WEIGHT, normalise: Normalise = logistic_z_scores
) -> list[Candidate]:
    """The chunks that were found, each once, best first. One that a list does not hold gets nothing from it.

    Vectors of several embedders are lists of their own. Without any hits of a kind, the other kind decides alone.
    """
    by_embedder: defaultdict[str, list[Hit]] = defaultdict(list)
    for hit in hits.by_vector:
        by_embedder[hit.generation.embedder].append(hit)
    weight = vector_weight if hits.by_vector and hits.by_keyword else float(bool(hits.by_vector))
    found = {_key(hit): hit for hit in (*hits.by_vector, *hits.by_keyword)}
    scores = dict.fromkeys(found, 0.0)
    for share, ranking in [*((weight, ranking) for ranking in by_embedder.values()), (1 - weight, hits.by_keyword)]:
        for hit, score in zip(ranking, normalise([hit.score for hit in ranking]), strict=True):
            scores[_key(hit)] += share * score
    return in_order(Candidate(hit.generation, hit.chunk, scores[key]) for key, hit in found.items())


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Best first; equals in the order of their keys, so that the same search always gives the same order."""
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.key))


def _key(hit: Hit) -> ChunkKey:
    return hit.generation.generation, hit.chunk.number
