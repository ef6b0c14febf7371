"""A search of chunks in memory. Pure: it names the chunks found, and reads nothing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from shared.documents import SearchQuery
from shared.local.keywords import count_terms
from shared.local.sqlite_index_corpus import Corpus
from shared.local.sqlite_index_segment import Segment

#: A question of more different terms is searched by its rarest, which tell the most.
_MOST_TERMS = 64

#: The score of a chunk, and its id.
Scored = tuple[float, int]


def nearest(corpus: Corpus, query: SearchQuery, limit: int) -> dict[str, list[Scored]]:
    """By embedder, the chunks with the highest cosines, best first, to within 0.001 or so."""
    wanted = corpus.wanted(query.document_ids, query.without)
    found = {}
    for embedder, vector in query.vectors.items():
        question = np.frombuffer(vector, np.float32)
        kind = embedder, len(question)
        searched = (segment for segment in corpus.segments if segment.kind == kind and len(question))
        scored = ((segment, segment.cosines(question, wanted[segment.generations])) for segment in searched)
        found[embedder] = best(scored, -np.inf, limit)
    return found


def matching(corpus: Corpus, query: SearchQuery) -> list[Scored]:
    """The chunks with the highest BM25, best first. How rare a word is, the whole corpus tells, whatever is wanted."""
    terms = np.fromiter(count_terms(query.text), np.uint32)
    chunks = sum(map(len, corpus.segments))
    frequencies = sum((segment.postings.frequencies(terms) for segment in corpus.segments), np.zeros(len(terms)))
    rarest = np.argsort(frequencies, kind="stable")
    rarest = rarest[frequencies[rarest] > 0][:_MOST_TERMS]
    if not len(rarest):
        return []
    terms, frequencies = terms[rarest], frequencies[rarest]
    # Lucene's form of the inverse document frequency, which is never negative.
    weights = np.log1p((chunks - frequencies + 0.5) / (frequencies + 0.5))
    average = sum(float(segment.postings.lengths.sum()) for segment in corpus.segments) / chunks
    wanted = corpus.wanted(query.document_ids, query.without)
    scored = (
        (segment, segment.postings.scores(terms, weights, average) * wanted[segment.generations])
        for segment in corpus.segments
    )
    return best(scored, 0.0, query.limit)


def best(scored: Iterable[tuple[Segment, NDArray[np.floating]]], floor: float, limit: int) -> list[Scored]:
    """The highest scores above a floor, best first; of equal ones the earlier chunk."""
    scores, ids = np.empty(0), np.empty(0, np.int64)
    for segment, found in scored:
        rows = np.flatnonzero(found > floor)
        scores, ids = np.concatenate([scores, found[rows]]), np.concatenate([ids, segment.ids[rows]])
        if len(scores) > limit:
            # The least of the best so far is the floor for what follows, so that little of it needs sorting.
            floor = float(np.partition(scores, -limit)[-limit])
            kept = scores >= floor
            scores, ids = scores[kept], ids[kept]
    order = np.lexsort((ids, -scores))[:limit]
    return list(zip(scores[order].tolist(), ids[order].tolist(), strict=True))
