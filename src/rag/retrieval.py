"""Which passages of a user's documents a question is about."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.corpus import Corpus, CorpusLook
from rag.embedding_service import EmbeddingService
from rag.fusion import Candidate, fuse, in_order
from rag.live_hits import LiveHits, check_time, live_generation, records_of, search_live
from rag.passages import JOINT_TOKENS, Run, follows, runs, select, split
from rag.relatedness import is_related
from shared.document_ports import ChunkIndex, DocumentCatalogue, Reranker
from shared.documents import (
    DocumentRecord,
    Passage,
    RetrievalRequest,
    RetrievalResult,
    SearchQuery,
    Vector,
)
from shared.embeddings import unit_vector
from shared.errors import ConfigurationError, EmbedderError, IndexUnavailable, RerankerError, RetrievalError, StoreError

log = logging.getLogger(__name__)

#: Documents that a corpus sent whole has at most; it is also what one look at the catalogue reads.
_MOST_DOCUMENTS = 50
#: Hits asked for, of each kind.
_HITS = 100
#: How far the question's vector is moved towards that of the best hit. Measured by `bench/retrieval.py`: questions with
#: many answers gain by more, too, but at 0.3 those with a single one lose nothing yet.
FEEDBACK_SHARE = 0.3
#: What scores less than this share of the best has nothing to say beside it. Of the first ten documents of Cranfield it
#: leaves out one in a hundred and none that is relevant; at 0.65 it would cost 0.015 of nDCG@10.
NEAR_THE_BEST = 0.55
#: Candidates that a reranker is given.
_RERANKED = 50
#: The strongest hits, which are shown with what stands before and after them, up to as many tokens.
_STRONGEST = 3
_IN_CONTEXT_TOKENS = 512
#: Of what is pasted, the question stands at the beginning or at the end: as many characters of each are searched for.
_QUESTION_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class _Selection:
    """The documents to search. ``records`` are those with something to show, and all of them where ``complete``."""

    records: tuple[DocumentRecord, ...]
    complete: bool
    disabled: bool = False

    @property
    def documents(self) -> int:
        """How many there are, or that there are many."""
        return len(self.records) if self.complete else _MOST_DOCUMENTS

    def fits(self, token_budget: int) -> bool:
        """Whether all of it can be sent."""
        return self.complete and token_budget >= sum(
            record.tokens + JOINT_TOKENS * record.chunks for record in self.records
        )


class RetrievalService:
    """The port ``Retriever`` in this process."""

    def __init__(
        self,
        catalogue: DocumentCatalogue,
        index: ChunkIndex,
        embeddings: EmbeddingService,
        reranker: Reranker | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._embeddings = embeddings
        self._reranker = reranker
        self._look = CorpusLook(catalogue)

    def retrieve(self, request: RetrievalRequest) -> RetrievalResult:
        """The best passages, best first; or all there is, in order, which may be more passages than ``limit``.

        An embedder that fails leaves the search to keywords, and fails it only where these find nothing; a reranker
        that fails leaves the order as it was. Raises ``RetrievalError``, ``StoreError``.
        """
        check_time(request.deadline)
        selection = self._selection(request)
        if selection.disabled:
            return RetrievalResult("disabled")
        if selection.complete and not selection.records:
            return RetrievalResult("no_match")
        whole = (
            self._whole(selection, request.deadline)
            if request.allow_whole and selection.fits(request.token_budget)
            else ()
        )
        if whole:
            return RetrievalResult("used", whole, whole=True)
        passages = self._search(replace(request, query=_searchable(request.query)), selection)
        return RetrievalResult("used" if passages else "no_match", passages)

    def close(self) -> None:
        """Frees the embedders; catalogue and index are closed by who opened them."""
        self._embeddings.close()

    def _selection(self, request: RetrievalRequest) -> _Selection:
        if request.document_ids is None:
            page = self._catalogue.list(request.user_id, _MOST_DOCUMENTS)
            return _Selection(_shown(page.items), page.next_cursor is None, disabled=not page.items)
        wanted = sorted(set(request.document_ids))
        records = [*records_of(self._catalogue, request.user_id, wanted[:_MOST_DOCUMENTS]).values()]
        nothing = not records and not self._catalogue.list(request.user_id, 1).items
        return _Selection(_shown(records), len(wanted) <= _MOST_DOCUMENTS, disabled=nothing)

    def _whole(self, selection: _Selection, deadline: float) -> tuple[Passage, ...]:
        """All chunks as passages; none where a document was replaced since its record was read."""
        passages: list[Passage] = []
        for record in selection.records:
            check_time(deadline)
            generation = live_generation(record)
            chunks = self._index.chunks(generation) if generation else []
            if len(chunks) != record.chunks:
                return ()
            passages += (Run(record.document_id, some, 1.0).passage(record.key) for some in split(chunks))
        return tuple(passages)

    def _search(self, request: RetrievalRequest, selection: _Selection) -> tuple[Passage, ...]:
        if not request.query:
            return ()
        corpus = self._corpus(request.user_id, selection)
        vectors, failure = self._vectors(request, corpus)
        wanted = None if request.document_ids is None else tuple(sorted(set(request.document_ids)))
        query = SearchQuery(request.user_id, request.query, vectors, _HITS, wanted)
        found = search_live(self._catalogue, self._index, query, request.deadline)
        if failure and not found.hits.by_keyword:
            raise failure  # that nothing fits would be more than is known
        if not is_related(request.query, found.hits, self._related_from(vectors), corpus.chunks):
            return ()
        found = self._with_feedback(query, found, request.deadline)
        ranked = self._reranked(request, fuse(found.hits))
        chosen = select(ranked, limit=request.limit, token_budget=request.token_budget, documents=selection.documents)
        in_context = self._in_context(request, chosen)
        return tuple(run.passage(found.records[run.document_id].key) for run in runs(in_context))

    def _corpus(self, user_id: str, selection: _Selection) -> Corpus:
        """What is searched, or all there is where the selection does not say."""
        if not selection.complete:
            return self._look.of(user_id)
        embedders = {record.embedder for record in selection.records if record.embedder}
        return Corpus(frozenset(embedders), sum(record.chunks for record in selection.records))

    def _vectors(
        self, request: RetrievalRequest, corpus: Corpus
    ) -> tuple[dict[str, Vector[float]], RetrievalError | None]:
        """The question's vectors by embedder; where the embedder fails there are none, and why."""
        try:
            return self._embeddings.query_vectors(request.query, corpus.embedders, _half_way(request.deadline)), None
        except (EmbedderError, ConfigurationError) as error:
            log.warning("question not embedded; searching by keywords alone", extra={"code": error.code})
            return {}, EmbedderError(error.message, retry_after=error.retry_after)

    def _related_from(self, vectors: dict[str, Vector[float]]) -> dict[str, float]:
        if not vectors:
            return {}
        traits = self._embeddings.traits
        return {traits.name: traits.related_from}

    def _with_feedback(self, query: SearchQuery, found: LiveHits, deadline: float) -> LiveHits:
        """What is found by the question moved towards the best hit (Rocchio's feedback, without anybody's judgement).

        It brings up what else is said on the matter in other words. Where it cannot be done, the hits stay.
        """
        if not query.vectors:
            return found
        best = fuse(found.hits)[0].chunk.searchable_text
        try:
            vectors = self._embeddings.query_vectors(best, query.vectors, _half_way(deadline))
            both = query.vectors.keys() & vectors.keys()
            nearer = query.vectors | {name: moved(query.vectors[name], vectors[name]) for name in both}
            return search_live(self._catalogue, self._index, replace(query, vectors=nearer), deadline)
        except (RetrievalError, StoreError) as error:
            log.warning("first hits kept; no feedback", extra={"code": error.code})
            return found

    def _reranked(self, request: RetrievalRequest, candidates: list[Candidate]) -> list[Candidate]:
        """As the reranker orders them; without one, those that come near the best."""
        if self._reranker is None or not candidates:
            return _near_the_best(candidates)
        best = candidates[:_RERANKED]
        texts = [candidate.chunk.searchable_text for candidate in best]
        try:
            scores = self._reranker.rerank(request.query, texts, _half_way(request.deadline))
        except RerankerError as error:
            log.warning("passages not reranked", extra={"code": error.code})
            return _near_the_best(candidates)
        return in_order(replace(candidate, score=score) for candidate, score in zip(best, scores, strict=True))

    def _in_context(self, request: RetrievalRequest, chosen: Sequence[Candidate]) -> list[Candidate]:
        """What was chosen, the strongest with the chunks before and after them where the budget has room."""
        shown = {candidate.key: candidate for candidate in chosen}
        left = request.token_budget - sum(candidate.chunk.tokens + JOINT_TOKENS for candidate in chosen)
        for candidate in chosen[:_STRONGEST]:
            spare = min(left, _IN_CONTEXT_TOKENS - candidate.chunk.tokens)
            for neighbour in self._neighbours(request, candidate) if spare > 0 else ():
                cost = neighbour.chunk.tokens + JOINT_TOKENS
                if neighbour.key not in shown and cost <= spare:
                    shown[neighbour.key] = neighbour
                    spare, left = spare - cost, left - cost
        return [*shown.values()]

    def _neighbours(self, request: RetrievalRequest, candidate: Candidate) -> list[Candidate]:
        """The chunks beside it that may stand in one passage with it. None is worth failing for."""
        number = candidate.chunk.number
        if time.monotonic() >= request.deadline:
            return []
        try:
            around = self._index.chunks(candidate.generation, max(0, number - 1), number + 1)
        except IndexUnavailable as error:
            log.warning("neighbours of a hit not read", extra={"code": error.code})
            return []
        return [
            Candidate(candidate.generation, chunk, 0.0)
            for chunk in around
            if follows(candidate.chunk, chunk) or follows(chunk, candidate.chunk)
        ]


def _near_the_best(ranked: list[Candidate]) -> list[Candidate]:
    return [candidate for candidate in ranked if candidate.score >= NEAR_THE_BEST * ranked[0].score]


def moved(question: Vector[float], hit: Vector[float], share: float = FEEDBACK_SHARE) -> Vector[float]:
    """The unit vector at this share of the way from the question's to the hit's."""
    return unit_vector([(1 - share) * asked + share * found for asked, found in zip(question, hit, strict=True)])


def _shown(records: Sequence[DocumentRecord]) -> tuple[DocumentRecord, ...]:
    return tuple(sorted((record for record in records if live_generation(record)), key=lambda record: record.key))


def _searchable(query: str) -> str:
    """The question without control characters and half characters, and not longer than a question is."""
    half = _QUESTION_CHARACTERS
    shortened = query if len(query) <= 2 * half else f"{query[:half]} {query[-half:]}"
    return " ".join("".join(char if char.isprintable() else " " for char in shortened).split())


def _half_way(deadline: float) -> float:
    """What a step may take that others come after: half of the time that is left."""
    return (time.monotonic() + deadline) / 2
