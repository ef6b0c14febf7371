"""The embedding service over fake embedders."""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.embedding_service import EmbeddingService
from shared.document_ports import Embedder
from shared.documents import Chunk, EmbeddedChunk, EmbedderTraits, Vector
from shared.errors import ConfigurationError, EmbedderError
from shared.models import ModelSpec
from tests.fake_embedder import FakeEmbedder

BUILTIN = ModelSpec("builtin", "builtin")
TITAN = "bedrock:amazon.titan-embed-text-v2:0"
OPENAI = "openai:nomic-embed-text@http://localhost:11434/v1"
DOWN = EmbedderError("The embedder is down.")


class Opener:
    """Opens fakes by name; an error in place of one is raised. ``opened`` are the specs asked for."""

    def __init__(self, **known: Embedder | Exception) -> None:
        self.known: dict[str, Embedder | Exception] = dict(known)
        self.opened: list[ModelSpec] = []

    def __call__(self, spec: ModelSpec) -> Embedder:
        self.opened.append(spec)
        found = self.known.get(spec.name, ConfigurationError("There is no such embedder here."))
        if isinstance(found, Exception):
            raise found
        return found


class FixedEmbedder:
    """Gives the same vectors whatever it is asked."""

    traits = EmbedderTraits("builtin")

    def __init__(self, *vectors: Sequence[float]) -> None:
        self._vectors = vectors

    def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        return [array("f", vector) for vector in self._vectors]

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def fake() -> FakeEmbedder:
    return FakeEmbedder(chunk_tokens=180, related_from=0.3)


@pytest.fixture
def opener(fake: FakeEmbedder) -> Opener:
    return Opener(builtin=fake)


@pytest.fixture
def service(opener: Opener) -> EmbeddingService:
    return EmbeddingService(BUILTIN, opener)


def _chunks(*texts: str, heading: str = "") -> list[Chunk]:
    return [Chunk(number, text, heading, None, None, 0, len(text), 1) for number, text in enumerate(texts)]


def _embed(
    service: EmbeddingService, chunks: Sequence[Chunk], known: dict[str, Vector[float]] | None = None
) -> list[list[EmbeddedChunk]]:
    return list(service.embed_chunks(chunks, known or {}, _soon()))


def _soon() -> float:
    return time.monotonic() + 20


def _query(service: EmbeddingService, text: str, others: Collection[str] = ()) -> dict[str, Vector[float]]:
    return service.query_vectors(text, others, _soon())


def test_every_chunk_comes_once_in_order_with_the_vector_of_its_heading_and_text(
    service: EmbeddingService, fake: FakeEmbedder
) -> None:
    chunks = _chunks(*(f"text {number}" for number in range(150)), heading="Title > Part")
    batches = _embed(service, chunks)
    assert [each.chunk for batch in batches for each in batch] == chunks
    assert len(batches) == 3
    assert fake.texts == [chunk.searchable_text for chunk in chunks]
    assert list(batches[2][-1].vector) == list(fake.embed(["Title > Part\ntext 149"], _soon())[0])


def test_no_batch_is_embedded_before_it_is_asked_for(service: EmbeddingService, fake: FakeEmbedder) -> None:
    batches = service.embed_chunks(_chunks(*(f"text {number}" for number in range(150))), {}, _soon())
    next(batches)
    assert len(fake.texts) == 64


def test_only_what_has_changed_is_embedded(service: EmbeddingService, fake: FakeEmbedder) -> None:
    before = _chunks("one", "two", "three")
    known = {each.chunk.content_hash: each.vector for each in _embed(service, before)[0]}
    fake.texts.clear()
    ((first, second, third),) = _embed(service, _chunks("three", "two changed", "one"), known)
    assert fake.texts == ["two changed"]
    assert first.vector is known[before[2].content_hash]
    assert third.vector is known[before[0].content_hash]
    assert second.vector not in known.values()


def test_what_has_not_changed_at_all_needs_no_call(service: EmbeddingService, fake: FakeEmbedder) -> None:
    chunks = _chunks(*(f"text {number}" for number in range(100)))
    known = {each.chunk.content_hash: each.vector for batch in _embed(service, chunks) for each in batch}
    calls = fake.calls
    assert sum(len(batch) for batch in _embed(service, chunks, known)) == 100
    assert fake.calls == calls


def test_another_heading_is_another_text(service: EmbeddingService, fake: FakeEmbedder) -> None:
    known = {each.chunk.content_hash: each.vector for each in _embed(service, _chunks("one", heading="Old"))[0]}
    _embed(service, _chunks("one", heading="New"), known)
    assert fake.texts == ["Old\none", "New\none"]


def test_a_text_that_comes_again_is_embedded_once_however_far_apart(
    service: EmbeddingService, fake: FakeEmbedder
) -> None:
    chunks = _chunks("footer", "footer", *(f"text {number}" for number in range(200)), "footer")
    found = [each.vector for batch in _embed(service, chunks) for each in batch]
    assert fake.texts.count("footer") == 1
    assert found[0] is found[1] is found[-1]


def test_a_document_without_chunks_has_no_batches(service: EmbeddingService) -> None:
    assert _embed(service, []) == []


def test_a_failure_leaves_the_batches_before_it_good(service: EmbeddingService, fake: FakeEmbedder) -> None:
    fake.fail_next(None, DOWN)
    batches = service.embed_chunks(_chunks(*(f"text {number}" for number in range(100))), {}, _soon())
    assert len(next(batches)) == 64
    with pytest.raises(EmbedderError):
        next(batches)


def test_a_deadline_that_has_passed_is_the_embedders_error(service: EmbeddingService) -> None:
    with pytest.raises(EmbedderError):
        list(service.embed_chunks(_chunks("one"), {}, time.monotonic() - 1))


@pytest.mark.parametrize(
    "vectors",
    [
        [[1.0, 0.0]],
        [[1.0, 0.0]] * 3,
        [[1.0, 0.0], [1.0, 0.0, 0.0]],
        [[1.0, 0.0], [float("nan"), 0.0]],
        [[1.0, 0.0], [float("inf"), 0.0]],
        [[1.0, 0.0], [0.0, 0.0]],
        [[1.0, 0.0], [3.0, 4.0]],
        [[1.0, 0.0], []],
    ],
    ids=["too-few", "too-many", "other-length", "nan", "infinite", "zeros", "not-unit", "empty"],
)
def test_bad_vectors_never_reach_the_index(vectors: list[list[float]]) -> None:
    service = EmbeddingService(BUILTIN, lambda _: FixedEmbedder(*vectors))
    with pytest.raises(EmbedderError, match="CHATBOT_EMBEDDER"):
        _embed(service, _chunks("one", "two"))


def test_an_embedder_whose_vectors_changed_their_length_is_found_out(service: EmbeddingService) -> None:
    (old,) = FakeEmbedder(dimensions=16).embed(["one"], _soon())
    one, two = _chunks("one", "two")
    with pytest.raises(EmbedderError, match=r"of 16 and of 32 numbers|of 32 and of 16 numbers"):
        _embed(service, [one, two], {one.content_hash: old})


def test_known_vectors_rounded_to_sixteen_bits_are_good(service: EmbeddingService, fake: FakeEmbedder) -> None:
    (chunk,) = _chunks("one")
    (vector,) = fake.embed(["one"], _soon())
    rounded = array("f", [round(value, 3) for value in vector])
    ((found,),) = _embed(service, [chunk], {chunk.content_hash: rounded})
    assert found.vector is rounded


def test_a_question_gets_the_vector_of_the_embedder_in_use(service: EmbeddingService, fake: FakeEmbedder) -> None:
    vectors = _query(service, "where is it?")
    assert {name: list(vector) for name, vector in vectors.items()} == {
        "builtin": list(fake.embed(["where is it?"], _soon())[0])
    }


def test_a_question_gets_the_vectors_of_other_embedders_whose_documents_are_still_there(
    service: EmbeddingService, opener: Opener
) -> None:
    opener.known |= {TITAN: FakeEmbedder(TITAN, 64), OPENAI: FakeEmbedder(OPENAI, 48)}
    vectors = _query(service, "where is it?", {TITAN, OPENAI, "builtin"})
    assert {name: len(vector) for name, vector in vectors.items()} == {"builtin": 32, TITAN: 64, OPENAI: 48}


def test_other_embedders_that_cannot_be_asked_are_left_out(service: EmbeddingService, opener: Opener) -> None:
    failing = FakeEmbedder(TITAN)
    failing.fail_next(DOWN)
    opener.known |= {TITAN: failing, OPENAI: ConfigurationError("No such model.")}
    assert set(_query(service, "where is it?", {TITAN, OPENAI, "word2vec", "bedrock:", "gguf:/none"})) == {"builtin"}
    assert set(_query(service, "where is it?", {TITAN})) == {"builtin", TITAN}


def test_an_other_embedder_gets_little_time(service: EmbeddingService, opener: Opener) -> None:
    class Waiting(FakeEmbedder):
        deadline = 0.0

        def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
            self.deadline = deadline
            return super().embed(texts, deadline)

    opener.known[TITAN] = waiting = Waiting(TITAN)
    before = time.monotonic()
    service.query_vectors("where is it?", {TITAN}, before + 1000)
    assert before < waiting.deadline < before + 500


@pytest.mark.parametrize("failure", [DOWN, ConfigurationError("It is not installed.")], ids=["down", "not-installed"])
def test_what_is_wrong_with_the_embedder_in_use_is_raised(opener: Opener, failure: Exception) -> None:
    opener.known["builtin"] = failure
    service = EmbeddingService(BUILTIN, opener)
    with pytest.raises(type(failure)):
        _query(service, "where is it?")
    with pytest.raises(type(failure)):
        _embed(service, _chunks("one"))
    with pytest.raises(type(failure)):
        _ = service.traits


def test_an_embedder_that_could_not_be_opened_is_tried_again(opener: Opener, fake: FakeEmbedder) -> None:
    opener.known["builtin"] = ConfigurationError("It is not installed.")
    service = EmbeddingService(BUILTIN, opener)
    with pytest.raises(ConfigurationError):
        _query(service, "where is it?")
    opener.known["builtin"] = fake
    assert set(_query(service, "where is it?")) == {"builtin"}


def test_the_same_question_again_needs_no_call(service: EmbeddingService, fake: FakeEmbedder) -> None:
    first = _query(service, "where is it?")
    assert _query(service, "where is it?") == first
    assert fake.calls == 1
    _query(service, "where was it?")
    assert fake.calls == 2


def test_a_question_that_failed_is_asked_again(service: EmbeddingService, fake: FakeEmbedder) -> None:
    fake.fail_next(DOWN)
    with pytest.raises(EmbedderError):
        _query(service, "where is it?")
    assert set(_query(service, "where is it?")) == {"builtin"}


def test_questions_are_forgotten_after_a_while(service: EmbeddingService, fake: FakeEmbedder) -> None:
    for number in range(100):
        _query(service, f"question {number}")
    _query(service, "question 99")
    assert fake.calls == 100
    _query(service, "question 0")
    assert fake.calls == 101


def test_a_bad_vector_of_a_question_is_refused_and_not_kept() -> None:
    answers: list[Embedder] = [FixedEmbedder([0.0, 0.0])]
    service = EmbeddingService(BUILTIN, lambda _: answers[0])
    for _ in range(2):
        with pytest.raises(EmbedderError):
            _query(service, "where is it?")


def test_nothing_is_opened_before_it_is_needed_and_then_once(service: EmbeddingService, opener: Opener) -> None:
    assert opener.opened == []
    assert service.traits == EmbedderTraits("builtin", 180, 0.3)
    _embed(service, _chunks("one"))
    _query(service, "where is it?")
    assert opener.opened == [BUILTIN]


def test_threads_that_come_together_open_it_once(opener: Opener) -> None:
    together = threading.Barrier(8)
    service = EmbeddingService(BUILTIN, opener)

    def ask(number: int) -> dict[str, Vector[float]]:
        together.wait(60)
        return _query(service, f"question {number % 4}")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert opener.opened == [BUILTIN]
    assert answers[:4] == answers[4:]


def test_closing_closes_all_that_was_opened(service: EmbeddingService, opener: Opener, fake: FakeEmbedder) -> None:
    opener.known[TITAN] = titan = FakeEmbedder(TITAN)
    _query(service, "where is it?", {TITAN})
    service.close()
    assert fake.closed
    assert titan.closed
