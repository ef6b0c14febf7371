"""The contract of ``Embedder``: one suite, three adapters before something that really embeds, and the tests' fake."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.config import parse_model_spec
from shared.document_ports import Embedder
from shared.documents import Vector
from shared.embeddings import is_unit
from shared.errors import EmbedderError
from tests.contract.embedders import TitanServer, openai_before_llama_cpp, running_minilm, titan_before
from tests.fake_embedder import FakeEmbedder

CAT = "The cat sat on the mat in the kitchen."
OTHER_CAT = "A cat sits on a mat in our kitchen."
STOCKS = "Shares of the two chip makers fell by nine percent on Tuesday."
#: Vectors of one text that was computed beside others differ in their last digits.
SAME = 1e-3


@pytest.fixture(
    scope="module",
    params=["fake", "builtin", "titan", pytest.param("openai", marks=pytest.mark.builtin_model)],
)
def embedder(request: pytest.FixtureRequest) -> Iterator[Embedder]:
    """Each of them."""
    if request.param == "fake":
        yield FakeEmbedder()
    elif request.param == "builtin":
        with running_minilm() as built_in:
            yield built_in
    elif request.param == "titan":
        with TitanServer() as server, titan_before(server) as titan:
            yield titan
    else:
        with openai_before_llama_cpp() as openai:
            yield openai


def _embed(embedder: Embedder, *texts: str) -> list[Vector[float]]:
    return embedder.embed(texts, time.monotonic() + 120)


def _cosine(one: Vector[float], other: Vector[float]) -> float:
    return sum(x * y for x, y in zip(one, other, strict=True))


def test_each_text_gets_a_unit_vector_of_32_bit_floats(embedder: Embedder) -> None:
    vectors = _embed(embedder, CAT, OTHER_CAT, STOCKS)
    assert len(vectors) == 3
    assert {vector.typecode for vector in vectors} == {"f"}
    assert len({len(vector) for vector in vectors}) == 1
    assert all(is_unit(vector) for vector in vectors)


def test_texts_of_one_meaning_are_nearer_than_others(embedder: Embedder) -> None:
    cat, other_cat, stocks = _embed(embedder, CAT, OTHER_CAT, STOCKS)
    assert _cosine(cat, other_cat) > _cosine(cat, stocks) + 0.1


def test_many_texts_come_back_in_their_order(embedder: Embedder) -> None:
    texts = [f"{number} bottles stand on shelf {number % 7}." + " Glass." * (number % 5) for number in range(20)]
    # More than any adapter sends at once (16); the first of them, one in the middle and the last but one.
    together = _embed(embedder, *texts)
    for text, vector in list(zip(texts, together, strict=True))[::9]:
        (alone,) = _embed(embedder, text)
        assert _cosine(alone, vector) == pytest.approx(1, abs=SAME)


def test_a_text_always_has_the_same_vector(embedder: Embedder) -> None:
    first, second, third = _embed(embedder, CAT, CAT, CAT)
    assert _cosine(first, second) == pytest.approx(1, abs=SAME)
    assert _cosine(first, third) == pytest.approx(1, abs=SAME)


def test_no_texts_have_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([], time.monotonic() + 10) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "\0",
        "a\0b",
        "😀🇫🇷👩‍👩‍👧‍👦",
        "half a pair: \ud83d",
        "\u202eright to left שלום",
        "你好世界",
        "word " * 20_000,
        "x" * 100_000,
        "漢" * 100_000,
    ],
    ids=["empty", "blank", "nul", "nul-inside", "emoji", "surrogate", "rtl", "cjk", "words", "one-word", "cjk-long"],
)
def test_odd_and_endless_texts_have_vectors_too(embedder: Embedder, text: str) -> None:
    plain, odd = _embed(embedder, CAT, text)
    assert is_unit(odd)
    assert len(odd) == len(plain)


def test_what_is_too_long_keeps_its_beginning(embedder: Embedder) -> None:
    beginning, whole, other = _embed(embedder, f"{CAT} " * 4, f"{CAT} " * 3000, f"{STOCKS} " * 3000)
    assert _cosine(beginning, whole) > _cosine(beginning, other) + 0.1


def test_a_deadline_that_has_passed_is_an_error_to_try_again(embedder: Embedder) -> None:
    for texts in ([CAT], [CAT, STOCKS]):
        with pytest.raises(EmbedderError) as caught:
            embedder.embed(texts, time.monotonic() - 1)
        assert caught.value.retry_after is not None


def test_texts_embedded_in_parallel_do_not_mix(embedder: Embedder) -> None:
    texts = [f"{word} and nothing else" for word in ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")]
    alone = [_embed(embedder, text)[0] for text in texts]
    with ThreadPoolExecutor(len(texts)) as pool:
        together = list(pool.map(lambda text: _embed(embedder, text, CAT)[0], texts))
    for one, other in zip(alone, together, strict=True):
        assert _cosine(one, other) == pytest.approx(1, abs=SAME)


def test_its_name_is_the_setting_that_opens_it(embedder: Embedder) -> None:
    traits = embedder.traits
    assert parse_model_spec(traits.name).name == traits.name
    assert 64 <= traits.chunk_tokens <= 512
    assert -1 <= traits.related_from < 1
