"""Section: how well the Cranfield collection is searched: by keyword, by vector, by both, and as the product does it.

PYTHONPATH=src:. python -m bench.retrieval     # needs ../shared/data and the built-in embedder
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.cranfield import DEPTH, FOLDER, Collection, Indexed, indexed, load, ndcg, recall, with_single_answers
from bench.everyday_questions import QUESTIONS
from bench.options import Options
from bench.report import Report, Summary, Table
from rag.fusion import Candidate, fuse
from rag.relatedness import is_related
from rag.retrieval import FEEDBACK_SHARE, RetrievalService, moved
from shared.documents import RetrievalRequest, SearchHits, SearchQuery
from shared.models import OWNER

#: The figure of the issue.
NDCG = 0.425

_HITS = 100
_WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7)
_SHARES = (0.0, 0.2, 0.3, 0.4, 0.5)
_FOLDS = 5
_RRF_CONSTANT = 60
_NO_HURRY_SECONDS = 600.0
#: More than the chunks of ``DEPTH`` documents, so that documents found by several chunks do not shorten the ranking.
_PASSAGES = 3 * DEPTH


@dataclass(frozen=True, slots=True)
class Quality:
    """nDCG and recall of each question."""

    gains: Mapping[str, float]
    shares: Mapping[str, float]

    @property
    def ndcg(self) -> float:
        """The mean."""
        return statistics.fmean(self.gains.values())

    def cells(self) -> tuple[str, str]:
        """Both means."""
        return f"{self.ndcg:.4f}", f"{statistics.fmean(self.shares.values()):.4f}"


def run(options: Options) -> Report:
    """All questions over one index. ``quick`` leaves out the questions with a single answer, as they need another."""
    report = Report(f"Retrieval: Cranfield, the built-in embedder, first {DEPTH} documents")
    if not FOLDER.is_dir():
        report.notes.append("Skipped: the collection is not there (../shared/data/cranfield).")
        return report
    collection = load()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, indexed(collection, Path(folder)) as index:
        report.notes.append(
            f"{len(collection.abstracts):,} abstracts in {index.chunks:,} chunks, cut, embedded and indexed in "
            f"{index.seconds:.0f} s."
        )
        report.figures["index_seconds"] = round(index.seconds, 1)
        _kinds(report, collection, index)
        _product(report, collection, index)
        _floor(report, collection, index)
    if not options.quick:
        _single_answers(report, collection)
    return report


def _kinds(report: Report, collection: Collection, index: Indexed) -> None:
    """Each kind of hits alone, ways to fuse them, and how far to go with feedback."""
    hits = {share: _hits(collection, index, share) for share in _SHARES}
    table = Table("Means over the questions", ("", f"nDCG@{DEPTH}", f"recall@{DEPTH}"))
    ways: dict[str, Callable[[SearchHits], Sequence[Candidate]]] = {
        "keyword only": lambda found: fuse(SearchHits(by_keyword=found.by_keyword)),
        "vector only": lambda found: fuse(SearchHits(by_vector=found.by_vector)),
        "hybrid, reciprocal ranks": lambda found: fuse(found, normalise=_reciprocal_ranks),
        "hybrid, min-max": lambda found: fuse(found, normalise=_min_max),
        "hybrid, z-scores": fuse,
    }
    for name, rank in ways.items():
        _row(report, table, name, _quality(collection, hits[0.0], rank))
    _row(report, table, "hybrid, z-scores, feedback", _quality(collection, hits[FEEDBACK_SHARE], fuse))
    report.tables += [table, _grid(report, collection, hits)]


def _grid(report: Report, collection: Collection, hits: Mapping[float, Mapping[str, SearchHits]]) -> Table:
    """Each weight with each share of feedback, and the choice between them cross-validated over the questions."""
    found = {
        (weight, share): _quality(collection, hits[share], partial(fuse, vector_weight=weight))
        for weight in _WEIGHTS
        for share in _SHARES
    }
    table = Table(
        f"nDCG@{DEPTH} by weight of the vectors (down) and share of feedback (across)",
        ("", *(f"{share:.1f}" for share in _SHARES)),
    )
    for weight in _WEIGHTS:
        table.rows.append((f"{weight:.1f}", *(f"{found[weight, share].ndcg:.4f}" for share in _SHARES)))
    without = {setting: quality for setting, quality in found.items() if setting[1] == 0.0}
    shipped = {setting: quality for setting, quality in found.items() if setting[1] == FEEDBACK_SHARE}
    _cross_validate(report, "the weight, without feedback", without)
    _cross_validate(report, f"the weight, with feedback of {FEEDBACK_SHARE}", shipped)
    _cross_validate(report, "both", found)
    return table


def _cross_validate(report: Report, what: str, found: Mapping[tuple[float, float], Quality]) -> None:
    questions = [*next(iter(found.values())).gains]
    folds = []
    chosen: Counter[tuple[float, float]] = Counter()
    for fold in range(_FOLDS):
        held_out = questions[fold::_FOLDS]
        others = [question for question in questions if question not in held_out]
        best = max(found, key=lambda setting: sum(found[setting].gains[question] for question in others))
        chosen[best] += 1
        folds.append(statistics.fmean(found[best].gains[question] for question in held_out))
    mean = statistics.fmean(folds)
    choices = ", ".join(f"{weight}/{share} ({count})" for (weight, share), count in chosen.most_common())
    report.figures[f"cross-validated: {what}"] = {"ndcg": mean, "folds": folds}
    report.notes.append(
        f"Chosen on four fifths of the questions, measured on the fifth: {what}: nDCG@{DEPTH} {mean:.4f} (folds "
        f"{', '.join(f'{value:.3f}' for value in folds)}); weight/share chosen: {choices}."
    )


def _product(report: Report, collection: Collection, index: Indexed) -> None:
    """The service as it is called by the API, its clipping of documents and near-duplicates included."""
    service = RetrievalService(index.database.catalogue, index.database.index, index.embeddings)
    rankings: dict[str, list[str]] = {}
    times = []
    for name, question in collection.questions.items():
        began = time.perf_counter()
        request = RetrievalRequest(
            OWNER, question, 1_000_000, time.monotonic() + _NO_HURRY_SECONDS, limit=_PASSAGES, allow_whole=False
        )
        found = service.retrieve(request).passages
        times.append((time.perf_counter() - began) * 1000)
        rankings[name] = [*dict.fromkeys(passage.document_id for passage in found)]
    quality = _judged(collection, rankings)
    _row(report, report.tables[0], "the product", quality)
    report.verdict(f"nDCG@{DEPTH} hybrid >= {NDCG}", f"{quality.ndcg:.4f}", reached=quality.ndcg >= NDCG)
    table = Table(
        "A question through the service, its embedding and that of the best hit included, ms",
        ("", "p50", "p99", "samples"),
    )
    table.rows.append(("retrieve", *Summary.of(times).cells()))
    report.tables.append(table)
    report.figures["retrieve_ms"] = Summary.of(times).figures()


def _floor(report: Report, collection: Collection, index: Indexed) -> None:
    """How many questions of the collection find something, and how many that have nothing to do with it do not."""
    related_from = {index.embeddings.traits.name: index.embeddings.traits.related_from}
    table = Table(
        "Kept and refused", ("", "questions of the collection that find something", "everyday questions refused")
    )
    for name, by_vector in (("with the embedder", True), ("by keywords alone", False)):
        counts = []
        for questions in ([*collection.questions.values()], QUESTIONS):
            passed = 0
            for question in questions:
                found = _search(index, question, 0.0)
                hits = found if by_vector else SearchHits(by_keyword=found.by_keyword)
                passed += is_related(question, hits, related_from, index.chunks)
            counts.append((passed, len(questions)))
        (kept, asked), (wrong, unrelated) = counts
        table.rows.append((name, f"{kept} of {asked}", f"{unrelated - wrong} of {unrelated}"))
        report.figures[f"floor {name}"] = {"kept": kept / asked, "refused": 1 - wrong / unrelated}
    report.tables.append(table)


def _single_answers(report: Report, collection: Collection) -> None:
    """Whether feedback costs questions that one document answers."""
    single = with_single_answers(collection)
    table = Table(
        "Titles as questions for their abstracts, which are indexed without them",
        ("feedback", f"nDCG@{DEPTH}", f"recall@{DEPTH}"),
    )
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, indexed(single, Path(folder)) as index:
        for share in _SHARES:
            quality = _quality(single, _hits(single, index, share), fuse)
            table.rows.append((f"{share:.1f}", *quality.cells()))
            report.figures[f"single answers, feedback {share}"] = quality.ndcg
    report.tables.append(table)


def _hits(collection: Collection, index: Indexed, share: float) -> dict[str, SearchHits]:
    return {name: _search(index, question, share) for name, question in collection.questions.items()}


def _search(index: Indexed, question: str, share: float) -> SearchHits:
    name = index.embeddings.traits.name
    deadline = time.monotonic() + _NO_HURRY_SECONDS
    vector = index.embeddings.query_vectors(question, (), deadline)[name]
    hits = index.database.index.search(SearchQuery(OWNER, question, {name: vector}, _HITS))
    if not share:
        return hits
    best = fuse(hits)[0].chunk.searchable_text
    nearer = moved(vector, index.embeddings.query_vectors(best, (), deadline)[name], share)
    return index.database.index.search(SearchQuery(OWNER, question, {name: nearer}, _HITS))


def _quality(
    collection: Collection, hits: Mapping[str, SearchHits], rank: Callable[[SearchHits], Sequence[Candidate]]
) -> Quality:
    """A document stands where its best chunk does."""
    return _judged(
        collection,
        {
            name: [*dict.fromkeys(candidate.generation.document_id for candidate in rank(found))]
            for name, found in hits.items()
        },
    )


def _judged(collection: Collection, rankings: Mapping[str, Sequence[str]]) -> Quality:
    relevance = collection.relevance
    return Quality(
        {name: ndcg(ranking, relevance[name]) for name, ranking in rankings.items()},
        {name: recall(ranking, relevance[name]) for name, ranking in rankings.items()},
    )


def _row(report: Report, table: Table, name: str, quality: Quality) -> None:
    table.rows.append((name, *quality.cells()))
    report.figures[name] = {"ndcg": quality.ndcg, "recall": statistics.fmean(quality.shares.values())}


def _min_max(scores: Sequence[float]) -> list[float]:
    if not scores:
        return []
    least, width = min(scores), (max(scores) - min(scores)) or 1.0
    return [(score - least) / width for score in scores]


def _reciprocal_ranks(scores: Sequence[float]) -> list[float]:
    return [1 / (_RRF_CONSTANT + place) for place in range(1, len(scores) + 1)]


if __name__ == "__main__":
    print(run(Options()).markdown())
