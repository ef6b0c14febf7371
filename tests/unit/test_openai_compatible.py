"""The OpenAI-compatible adapter before a server that fails. Good answers: ``tests/contract/test_chat_model.py``."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.errors import (
    ConfigurationError,
    ContextExceeded,
    ModelError,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
)
from shared.local.openai_compatible import OpenAICompatibleModel
from shared.models import ChatMessage, Completion, ModelEvent, ModelRequest, TextDelta, TokenUsage
from tests.contract.loopback import Exchange, LoopbackServer

CANARY = "canary-words-of-the-server"


class FakeServer(LoopbackServer):
    """Answers every request as ``behave`` says; ``exchanges`` are those taken."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.behave: Callable[[Exchange], None] = lambda exchange: exchange.answer(500, {})
        self.closing = threading.Event()
        super().__init__(self._take)

    def _take(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        self.behave(exchange)

    def close(self) -> None:
        self.closing.set()
        super().close()

    def streams(self, *parts: Any, then: Callable[[Exchange], None] = lambda _: None) -> None:
        """Makes the server send the parts: chunks as JSON, strings as they are, bytes without any framing."""

        def behave(exchange: Exchange) -> None:
            with exchange.streaming("text/event-stream") as write:
                for part in parts:
                    write(part if isinstance(part, bytes) else _line(part))
                then(exchange)

        self.behave = behave


def _line(part: Any) -> bytes:
    text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


def _chunk(text: str | None = None, reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}], **fields}


USAGE = {"prompt_tokens": 20, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 15}}
STOP = _chunk(reason="stop")
USAGE_CHUNK = {"choices": [], "usage": USAGE}


def _ask(seconds: float = 20, **fields: Any) -> ModelRequest:
    values: dict[str, Any] = {"system": "Be brief.", "messages": (ChatMessage("user", "Hi"),), "max_tokens": 50}
    return ModelRequest(deadline=time.monotonic() + seconds, **(values | fields))


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def model(server: FakeServer) -> Iterator[OpenAICompatibleModel]:
    adapter = OpenAICompatibleModel(f"{server.url}/v1/", "tiny", "sk-secret")
    yield adapter
    adapter.close()


def _failure(model: OpenAICompatibleModel, request: ModelRequest | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        list(model.stream(request or _ask()))
    assert CANARY not in caught.value.message
    return caught.value


def test_the_request_is_the_one_that_all_servers_know(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.streams(_chunk("Hello"), STOP, USAGE_CHUNK, "[DONE]")
    list(model.stream(_ask()))
    (exchange,) = server.exchanges
    assert exchange.path == "/v1/chat/completions"
    assert exchange.headers["authorization"] == "Bearer sk-secret"
    assert exchange.body == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "max_tokens": 50,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_temperature_is_sent_where_there_is_one_and_no_empty_system(
    server: FakeServer, model: OpenAICompatibleModel
) -> None:
    server.streams(STOP, "[DONE]")
    list(model.stream(_ask(temperature=0.0, system="")))
    assert server.exchanges[0].body["temperature"] == 0.0
    assert [each["role"] for each in server.exchanges[0].body["messages"]] == ["user"]


def test_no_key_is_sent_where_there_is_none(server: FakeServer) -> None:
    server.streams(STOP, "[DONE]")
    adapter = OpenAICompatibleModel(f"{server.url}/v1", "tiny", None)
    list(adapter.stream(_ask()))
    adapter.close()
    assert "authorization" not in server.exchanges[0].headers


def test_cached_tokens_are_counted_apart(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.streams(_chunk("Hel"), _chunk("lo"), STOP, USAGE_CHUNK, "[DONE]")
    usage = TokenUsage(input_tokens=5, output_tokens=7, cache_read_tokens=15)
    assert list(model.stream(_ask())) == [TextDelta("Hel"), TextDelta("lo"), Completion("end_turn", usage)]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "content_filtered"), ("new", "end_turn")],
)
def test_finish_reasons_are_mapped(
    server: FakeServer, model: OpenAICompatibleModel, reason: str, expected: str
) -> None:
    server.streams(_chunk("x"), _chunk(reason=reason), "[DONE]")
    end = list(model.stream(_ask()))[-1]
    assert isinstance(end, Completion)
    assert end.stop_reason == expected


def test_odd_framing_is_read(server: FakeServer, model: OpenAICompatibleModel) -> None:
    text = "smörgås 😀\u2028\u0085 x"
    line = b"data:" + json.dumps(_chunk(text), ensure_ascii=False).encode() + b"\r\n\r\n"
    pieces = [line[i : i + 1] for i in range(len(line))]
    thinking = {"choices": [{"index": 0, "delta": {"reasoning_content": CANARY}, "finish_reason": None}]}
    server.streams(b": ping\n\n", thinking, {"object": "new"}, b"event: message\n", *pieces, STOP, "[DONE]")
    assert list(model.stream(_ask())) == [TextDelta(text), Completion("end_turn", TokenUsage())]


def test_a_stream_that_ends_after_its_finish_reason_needs_no_done(
    server: FakeServer, model: OpenAICompatibleModel
) -> None:
    server.streams(_chunk("x"), STOP)
    assert isinstance(list(model.stream(_ask()))[-1], Completion)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, ContextExceeded, "context_tokens"),
        (401, ModelUnavailable, "CHATBOT_OPENAI_API_KEY"),
        (403, ModelUnavailable, "CHATBOT_OPENAI_API_KEY"),
        (404, ModelUnavailable, "tiny"),
        (408, ModelTimeout, "in time"),
        (413, ContextExceeded, "longer"),
        (422, ContextExceeded, "longer"),
        (429, ModelThrottled, "rate"),
        (500, ModelError, "500"),
        (503, ModelUnavailable, "not ready"),
        (504, ModelTimeout, "in time"),
    ],
)
def test_statuses_become_errors_a_person_can_act_on(
    server: FakeServer, model: OpenAICompatibleModel, status: int, kind: type[ModelError], words: str
) -> None:
    server.behave = lambda exchange: exchange.answer(status, {"error": {"message": CANARY}})
    error = _failure(model)
    assert type(error) is kind
    assert words in error.message
    assert server.url in error.message
    assert "sk-secret" not in error.message


def test_logs_hold_statuses_and_no_words(
    server: FakeServer, model: OpenAICompatibleModel, caplog: pytest.LogCaptureFixture
) -> None:
    server.behave = lambda exchange: exchange.answer(400, {"error": {"message": CANARY}})
    with caplog.at_level(logging.DEBUG):
        _failure(model)
    assert "status=400" in caplog.text
    assert CANARY not in caplog.text
    assert "sk-secret" not in caplog.text


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 2.0), ("-1", 0.0)])
def test_retry_after_is_honoured(server: FakeServer, model: OpenAICompatibleModel, header: str, seconds: float) -> None:
    server.behave = lambda exchange: exchange.answer(429, {}, {"Retry-After": header})
    assert _failure(model).retry_after == seconds


def test_redirects_are_not_followed(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.behave = lambda exchange: exchange.answer(307, {}, {"Location": f"{server.url}/elsewhere"})
    assert isinstance(_failure(model), ModelUnavailable)
    assert len(server.exchanges) == 1


def test_no_server_is_said_so(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.close()
    error = _failure(model)
    assert isinstance(error, ModelUnavailable)
    assert error.message == f"There is no server at {server.url}: is it running?"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 400, "type": "exceed_context_size_error", "message": CANARY}, ContextExceeded),
        ({"code": "context_length_exceeded", "message": CANARY}, ContextExceeded),
        ({"type": "invalid_request_error", "message": CANARY}, ModelRejectedRequest),
        ({"code": "rate_limit_exceeded", "message": CANARY}, ModelThrottled),
        ({"code": 503, "type": "unavailable_error", "message": CANARY}, ModelUnavailable),
        ({"code": 500, "type": "server_error", "message": CANARY}, ModelStreamBroken),
        ({"code": ["odd"], "message": CANARY}, ModelStreamBroken),
        (CANARY, ModelStreamBroken),
    ],
)
def test_errors_inside_the_stream_are_errors(
    server: FakeServer, model: OpenAICompatibleModel, error: Any, kind: type[ModelError]
) -> None:
    server.streams(_chunk("Hel"), {"error": error})
    assert type(_failure(model)) is kind


@pytest.mark.parametrize(
    "part",
    ["{broken", "[1]", "null", {"choices": [3]}, {"choices": 3}, {"choices": [{"delta": {"content": 3}}]}, "[DONE]"],
)
def test_damaged_chunks_break_the_stream(server: FakeServer, model: OpenAICompatibleModel, part: Any) -> None:
    server.streams(_chunk("Hel"), part)
    assert isinstance(_failure(model), ModelStreamBroken)


def test_a_stream_without_an_end_is_broken(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.streams(_chunk("Hel"))
    assert isinstance(_failure(model), ModelStreamBroken)


def test_a_line_without_end_does_not_fill_the_memory(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.streams(*[b"x" * 100_000] * 20)
    assert isinstance(_failure(model), ModelStreamBroken)


def test_a_cut_connection_breaks_the_stream_after_what_came(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.streams(_chunk("Hel"), then=Exchange.cut)
    events: list[ModelEvent] = []
    with pytest.raises(ModelStreamBroken):
        events.extend(model.stream(_ask()))
    server.streams(_chunk("x"), STOP, "[DONE]")
    assert len(list(model.stream(_ask()))) == 2


def test_a_cut_before_any_answer_breaks_the_stream(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.behave = Exchange.cut
    assert isinstance(_failure(model), ModelStreamBroken)


def test_a_stall_before_the_answer_ends_at_the_deadline(server: FakeServer, model: OpenAICompatibleModel) -> None:
    def behave(_: Exchange) -> None:
        server.closing.wait(60)

    server.behave = behave
    assert isinstance(_failure(model, _ask(seconds=0.4)), ModelTimeout)


def test_a_stall_late_in_the_answer_ends_at_the_deadline(server: FakeServer, model: OpenAICompatibleModel) -> None:
    def behave(exchange: Exchange) -> None:
        with exchange.streaming("text/event-stream") as write:
            write(_line(_chunk("a")))
            time.sleep(0.6)
            write(_line(_chunk("b")))
            server.closing.wait(60)

    server.behave = behave
    assert isinstance(_failure(model, _ask(seconds=0.8)), ModelTimeout)


def test_every_turn_has_a_connection_of_its_own(server: FakeServer, model: OpenAICompatibleModel) -> None:
    server.streams(_chunk("x"), STOP, "[DONE]")
    ports = set()
    for _ in range(3):
        list(model.stream(_ask()))
        ports.add(server.exchanges[-1].client_port)
    assert len(ports) == 3


@pytest.mark.parametrize("url", ["http://", "ftp://host/v1", "http://host:port/v1"])
def test_an_address_that_is_none_is_a_matter_of_configuration(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CHATBOT_MODEL"):
        OpenAICompatibleModel(url, "tiny", None)


@pytest.mark.parametrize("key", ["sk-\nsecret", "sk-ä"])
def test_a_key_that_cannot_be_sent_is_a_matter_of_configuration(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        OpenAICompatibleModel("http://localhost/v1", "tiny", key)
    assert key not in caught.value.message
