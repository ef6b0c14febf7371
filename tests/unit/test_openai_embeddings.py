"""The OpenAI-compatible embedder before a server that fails. Good answers: ``tests/contract/test_embedder.py``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.documents import Vector
from shared.embeddings import EmbedderBusy, is_unit
from shared.errors import ConfigurationError, EmbedderError
from shared.local.openai_embeddings import OpenAIEmbedder
from tests.contract.loopback import Exchange, LoopbackServer

CANARY = "canary-words-of-the-server"
SECRET = "secret words of a document"


class EmbeddingServer(LoopbackServer):
    """Answers every request as ``behave`` says: well, where it is not told otherwise."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.behave: Callable[[Exchange], None] = well
        self.closing = threading.Event()
        super().__init__(self._take)

    def _take(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.behave(exchange)

    def close(self) -> None:
        self.closing.set()
        super().close()

    @property
    def inputs(self) -> list[list[str]]:
        return [exchange.body["input"] for exchange in self.exchanges]

    def fails_first(self, *statuses: int) -> None:
        """Makes the first requests fail with these statuses."""
        left = list(statuses)

        def behave(exchange: Exchange) -> None:
            if left:
                exchange.answer(left.pop(0), {"error": {"message": CANARY}})
            else:
                well(exchange)

        self.behave = behave


def well(exchange: Exchange) -> None:
    """Two numbers for a text: its length and one. Not of length one, and last first, as servers may."""
    data = [_item(index, [float(len(text)), 1.0]) for index, text in enumerate(exchange.body["input"])]
    exchange.answer(200, {"object": "list", "data": data[::-1], "usage": {"prompt_tokens": 1}})


def _item(index: int, embedding: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": embedding}


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        yield running


@pytest.fixture
def embedder(server: EmbeddingServer) -> Iterator[OpenAIEmbedder]:
    opened = OpenAIEmbedder(f"{server.url}/v1/", "tiny", "sk-secret", sleep=lambda _: None)
    yield opened
    opened.close()


def _embed(embedder: OpenAIEmbedder, *texts: str, seconds: float = 20) -> list[Vector[float]]:
    return embedder.embed(texts or [SECRET], time.monotonic() + seconds)


def _failure(embedder: OpenAIEmbedder, *texts: str, seconds: float = 20) -> EmbedderError:
    with pytest.raises(EmbedderError) as caught:
        _embed(embedder, *texts, seconds=seconds)
    assert CANARY not in caught.value.message
    return caught.value


def test_the_request_is_the_one_that_all_servers_know(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    _embed(embedder, "one", "two")
    (exchange,) = server.exchanges
    assert exchange.path == "/v1/embeddings"
    assert exchange.headers["authorization"] == "Bearer sk-secret"
    assert exchange.body == {"model": "tiny", "input": ["one", "two"], "encoding_format": "float"}
    assert embedder.traits.name == f"openai:tiny@{server.url}/v1"


def test_without_a_key_none_is_sent(server: EmbeddingServer) -> None:
    embedder = OpenAIEmbedder(server.url, "tiny", None)
    _embed(embedder)
    embedder.close()
    assert "authorization" not in server.exchanges[0].headers


def test_vectors_are_put_in_order_by_their_index_and_made_unit_vectors(embedder: OpenAIEmbedder) -> None:
    short, long = _embed(embedder, "abc", "a" * 99)
    assert list(short) == pytest.approx([3 / 10**0.5, 1 / 10**0.5])
    assert is_unit(long)
    assert long[1] < short[1]


def test_many_texts_go_in_requests_of_sixteen(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    texts = ["x" * (number + 1) for number in range(40)]
    vectors = _embed(embedder, *texts)
    assert server.inputs == [texts[:16], texts[16:32], texts[32:]]
    assert [round(vector[0] / vector[1]) for vector in vectors] == list(range(1, 41))


def test_texts_that_servers_choke_on_are_made_readable(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    _embed(embedder, "", " \n", "a\0b", "half \ud83d", "x" * 100_000)
    (inputs,) = server.inputs
    assert inputs[:4] == ["-", "-", "a b", "half ?"]
    assert len(inputs[4]) == 32_000


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "no"),
        # What llama.cpp says where a text has more tokens than its batch, before and since it counts them, and Ollama.
        (500, "input is too large to process. increase the physical batch size"),
        (500, "input (712 tokens) is too large to process. increase the physical batch size (current batch size: 512)"),
        (500, "the input length exceeds the context length"),
    ],
)
def test_where_texts_are_refused_only_the_one_that_is_too_long_is_cut(
    server: EmbeddingServer, embedder: OpenAIEmbedder, status: int, said: str
) -> None:
    def behave(exchange: Exchange) -> None:
        if any(len(text) > 600 for text in exchange.body["input"]):
            exchange.answer(status, {"error": {"message": said}})
        else:
            well(exchange)

    server.behave = behave
    assert len(_embed(embedder, "a" * 500, "b" * 2000, "c")) == 3
    assert [[len(text) for text in texts] for texts in server.inputs] == [
        [500, 2000, 1],
        [500],
        [2000],
        [1000],
        [500],
        [1],
    ]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_server_that_refuses_every_text_is_told_to_be_no_embedder(
    server: EmbeddingServer, embedder: OpenAIEmbedder, status: int
) -> None:
    server.fails_first(*[status] * 99)
    assert "CHATBOT_EMBEDDER" in _failure(embedder, "one", "b" * 400).message
    assert len(server.exchanges) < 8


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_what_passes_is_tried_again(server: EmbeddingServer, embedder: OpenAIEmbedder, status: int) -> None:
    server.fails_first(status, status)
    assert len(_embed(embedder, seconds=600)) == 1
    assert len(server.exchanges) == 3


def test_a_server_that_fails_for_another_reason_gets_no_text_cut(
    server: EmbeddingServer, embedder: OpenAIEmbedder
) -> None:
    server.fails_first(500, 500)
    text = "b" * 400
    assert len(_embed(embedder, text, seconds=600)) == 1
    assert server.inputs == [[text]] * 3


def test_what_does_not_pass_is_given_up_after_six_attempts(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    server.fails_first(*[429] * 99)
    error = _failure(embedder, seconds=600)
    assert isinstance(error, EmbedderBusy)
    assert error.retry_after is not None
    assert len(server.exchanges) == 6


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "CHATBOT_OPENAI_API_KEY"),
        (403, "CHATBOT_OPENAI_API_KEY"),
        (404, "/v1"),
        (307, "another address"),
        (418, "418"),
    ],
)
def test_what_the_owner_must_change_is_told_at_once(
    server: EmbeddingServer, embedder: OpenAIEmbedder, status: int, told: str
) -> None:
    server.behave = lambda exchange: exchange.answer(status, {"error": CANARY}, {"Location": "http://127.0.0.1:1/"})
    error = _failure(embedder)
    assert told in error.message
    assert len(server.exchanges) == 1


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        [_item(0, [1.0, 2.0])],
        [_item(0, [1.0, 2.0]), _item(0, [1.0, 2.0])],
        [_item(0, [1.0, 2.0]), _item(2, [1.0, 2.0])],
        [_item(0, [1.0, 2.0]), _item(1, [1.0, 2.0]), _item(2, [1.0, 2.0])],
        [_item(0, [1.0, 2.0]), _item(1, [1.0, 2.0, 3.0])],
        [_item(0, [1.0, 2.0]), _item(1, [1.0, float("nan")])],
        [_item(0, [1.0, 2.0]), _item(1, [1.0, float("inf")])],
        [_item(0, [1.0, 2.0]), _item(1, [0.0, 0.0])],
        [_item(0, [1.0, 2.0]), _item(1, [])],
        [_item(0, [1.0, 2.0]), _item(1, "AACAPwAAAEA=")],
        [_item(0, [1.0, 2.0]), _item(1, [[1.0], [2.0]])],
        [_item(0, [1.0, 2.0]), {"index": 1}],
        ["one", "two"],
    ],
)
def test_an_answer_without_one_good_vector_for_each_text_is_refused(
    server: EmbeddingServer, embedder: OpenAIEmbedder, data: Any
) -> None:
    server.behave = lambda exchange: exchange.answer(200, {"data": data})
    assert "one vector for each text" in _failure(embedder, "one", "two").message


@pytest.mark.parametrize("body", [b"<html>", b"", b"[1]", b'{"data": [{"index"', b"\xff\xfe"])
def test_an_answer_that_is_not_what_was_asked_for_is_refused(
    server: EmbeddingServer, embedder: OpenAIEmbedder, body: bytes
) -> None:
    def behave(exchange: Exchange) -> None:
        with exchange.streaming("text/html") as write:
            if body:
                write(body)

    server.behave = behave
    assert "one vector for each text" in _failure(embedder).message


def test_an_endless_answer_is_left(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    def behave(exchange: Exchange) -> None:
        with exchange.streaming("application/json") as write:
            while not server.closing.is_set():
                write(b" " * 100_000)

    server.behave = behave
    assert "one vector for each text" in _failure(embedder).message


def test_a_connection_that_is_cut_is_tried_again(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    def behave(exchange: Exchange) -> None:
        server.behave = well
        with exchange.streaming("application/json") as write:
            write(b'{"data": [')
            exchange.cut()

    server.behave = behave
    assert len(_embed(embedder)) == 1
    assert len(server.exchanges) == 2


def test_a_server_that_stalls_is_left_at_the_deadline(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    def behave(exchange: Exchange) -> None:
        server.closing.wait()
        exchange.cut()

    server.behave = behave
    assert "in the time it had" in _failure(embedder, seconds=0.3).message


def test_a_server_that_is_not_there_is_told(server: EmbeddingServer, embedder: OpenAIEmbedder) -> None:
    server.close()
    error = _failure(embedder)
    assert "is it running?" in error.message
    assert error.retry_after is not None


@pytest.mark.parametrize("base_url", ["localhost:11434", "ftp://localhost/v1", "http://", "http://[::1"])
def test_an_address_that_is_none_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="CHATBOT_EMBEDDER"):
        OpenAIEmbedder(base_url, "tiny", None)


def test_a_key_that_no_header_can_carry_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="CHATBOT_OPENAI_API_KEY") as caught:
        OpenAIEmbedder("http://localhost/v1", "tiny", "sk-é\n")
    assert "sk-é" not in caught.value.message


def test_the_log_has_the_status_and_no_text(
    server: EmbeddingServer, embedder: OpenAIEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    server.behave = lambda exchange: exchange.answer(404, {"error": CANARY})
    with caplog.at_level(logging.INFO, logger="shared"):
        _failure(embedder)
    assert "404" in caplog.text
    assert not any(words in caplog.text for words in (CANARY, SECRET, "sk-secret"))
