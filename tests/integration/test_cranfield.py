"""The quality of retrieval on the Cranfield collection. Floors only: `bench/retrieval.py` has the figures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence

import pytest

from bench.cranfield import FOLDER, Collection, Indexed, indexed, load, ndcg, recall
from bench.everyday_questions import QUESTIONS
from rag.fusion import fuse
from rag.retrieval import RetrievalService
from shared.documents import RetrievalRequest, SearchHits, SearchQuery
from shared.models import OWNER
from tests.fakes import PATIENCE

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="needs the Cranfield collection in ../shared/data")

#: Questions, and abstracts that answer none of them, so that the embedder is done within a minute.
_QUESTIONS = 15
_OTHERS = 40

#: Somewhat less than is found of this part, which is easier than the whole.
_NDCG = 0.54
_RECALL = 0.55
_REFUSED = 0.7


def part_of(collection: Collection) -> Collection:
    """Some of the questions with all that was judged for them, and some abstracts more."""
    names = [*collection.questions][:: len(collection.questions) // _QUESTIONS][:_QUESTIONS]
    judged = {document for name in names for document in collection.relevance[name]}
    others = [each.document_id for each in collection.abstracts if each.document_id not in judged]
    wanted = judged.union(others[:: len(others) // _OTHERS])
    return Collection(
        tuple(each for each in collection.abstracts if each.document_id in wanted),
        {name: collection.questions[name] for name in names},
        collection.relevance,
    )


@pytest.fixture(scope="module")
def collection() -> Collection:
    return part_of(load())


@pytest.fixture(scope="module")
def index(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexed]:
    with indexed(collection, tmp_path_factory.mktemp("cranfield")) as made:
        yield made


def ask(index: Indexed, question: str) -> list[str]:
    """The documents that the service finds, best first."""
    service = RetrievalService(index.database.catalogue, index.database.index, index.embeddings)
    request = RetrievalRequest(OWNER, question, 100_000, time.monotonic() + PATIENCE, limit=30, allow_whole=False)
    return [*dict.fromkeys(passage.document_id for passage in service.retrieve(request).passages)]


def mean_ndcg(collection: Collection, rankings: Sequence[Sequence[str]]) -> float:
    relevance = [collection.relevance[name] for name in collection.questions]
    return statistics.fmean(ndcg(*pair) for pair in zip(rankings, relevance, strict=True))


def test_hybrid_retrieval_finds_better_than_either_kind_alone(collection: Collection, index: Indexed) -> None:
    alone: dict[str, list[list[str]]] = {"vector": [], "keyword": []}
    for question in collection.questions.values():
        vectors = index.embeddings.query_vectors(question, (), time.monotonic() + PATIENCE)
        hits = index.database.index.search(SearchQuery(OWNER, question, vectors, 100))
        for kind, some in (("vector", SearchHits(hits.by_vector)), ("keyword", SearchHits((), hits.by_keyword))):
            alone[kind].append([*dict.fromkeys(found.generation.document_id for found in fuse(some))])
    hybrid = mean_ndcg(collection, [ask(index, question) for question in collection.questions.values()])
    assert hybrid > max(mean_ndcg(collection, rankings) for rankings in alone.values())
    assert hybrid > _NDCG


def test_what_answers_a_question_is_among_the_first_ten(collection: Collection, index: Indexed) -> None:
    found = [recall(ask(index, text), collection.relevance[name]) for name, text in collection.questions.items()]
    assert statistics.fmean(found) > _RECALL


def test_questions_of_the_collection_find_something_and_most_others_do_not(
    collection: Collection, index: Indexed
) -> None:
    assert all(ask(index, question) for question in collection.questions.values())
    refused = [question for question in QUESTIONS if not ask(index, question)]
    assert len(refused) > _REFUSED * len(QUESTIONS)


def test_the_measures_are_right_on_an_example_worked_by_hand() -> None:
    relevance = {"a": 3, "b": 1, "c": 0, "d": 2}
    # DCG 1/1 + 0 + 3/2 over the ideal 3/1 + 2/1.585 + 1/2.
    assert ndcg(["b", "c", "a"], relevance) == pytest.approx(2.5 / 4.7619, abs=1e-4)
    assert ndcg(["a", "d", "b", "c"], relevance) == pytest.approx(1.0)
    assert recall(["b", "c", "a"], relevance) == pytest.approx(2 / 3)
    assert ndcg([], relevance) == recall([], relevance) == ndcg(["a"], {}) == recall(["a"], {"a": 0}) == 0


def test_the_collection_is_read_whole() -> None:
    whole = load()
    assert (len(whole.abstracts), len(whole.questions)) == (1398, 225)
    assert sum(map(len, whole.relevance.values())) == 1837
