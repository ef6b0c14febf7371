"""The chat function and the function that searches, before each other: over a stand-in for Lambda on loopback that runs
the answer through the operation as it is on the wire."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from shared import retrieval_wire as wire
from shared.aws.lambda_retriever import LambdaRetriever
from shared.documents import Passage, RetrievalRequest, RetrievalResult
from shared.errors import (
    ChatbotError,
    ConfigurationError,
    EmbedderError,
    IndexUnavailable,
    IndexWaking,
    InvalidRequest,
    RetrievalError,
    StoreError,
    StoreFull,
)
from tests.contract.loopback import Exchange, LoopbackServer
from tests.fakes import PATIENCE

ARN = "arn:aws:lambda:us-east-1:111122223333:function:chatbot-retrieval"
FOUND = RetrievalResult(
    "used",
    (
        Passage("d" * 32, "Überblick %2f.pdf", 3, "Results > 😀", 'tab\tquote" ]]>', 0.8125, 7),
        Passage("e" * 32, "b.txt", None, None, "plain", 0.5, 1),
    ),
    whole=True,
)
CANARY = "kanarienvogel4711"


def request(seconds: float = PATIENCE, **more: Any) -> RetrievalRequest:
    values: dict[str, Any] = {"user_id": "owner", "query": "which? 😀", "token_budget": 2000} | more
    return RetrievalRequest(deadline=time.monotonic() + seconds, **values)


class Function:
    """Stands in for Lambda. ``answer`` makes an answer of the event; ``requests`` are paths, headers and events."""

    def __init__(self) -> None:
        self.answer: Callable[[Any], Any] = lambda _: wire.encode_result(FOUND)
        self.refusal: tuple[int, str] | None = None
        self.failed = False
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.server = LoopbackServer(self._respond)

    def _respond(self, exchange: Exchange) -> None:
        self.requests.append((exchange.path, exchange.headers, exchange.body))
        if self.refusal:
            status, code = self.refusal
            body = {"Type": "User", "Message": f"the vendor's {CANARY}"}
            exchange.answer(status, body, {"x-amzn-ErrorType": code})
            return
        headers = {"X-Amz-Function-Error": "Unhandled"} if self.failed else {}
        exchange.answer(200, self.answer(exchange.body), headers)


@pytest.fixture
def function() -> Iterator[Function]:
    standing_in = Function()
    with standing_in.server:
        yield standing_in


@pytest.fixture
def retriever(function: Function) -> Iterator[LambdaRetriever]:
    client = boto3.client(
        *("lambda", "us-east-1"),
        endpoint_url=function.server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE),
    )
    with closing(LambdaRetriever(client, ARN)) as opened:
        yield opened


# --- what is asked and answered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", [FOUND, RetrievalResult("no_match"), RetrievalResult("disabled")])
def test_a_result_comes_back_as_it_was_found(
    retriever: LambdaRetriever, function: Function, result: RetrievalResult
) -> None:
    function.answer = lambda _: wire.encode_result(result)
    assert retriever.retrieve(request()) == result


@pytest.mark.parametrize("ids", [None, (), ("d" * 32, "e" * 32)])
def test_a_request_is_understood_as_it_was_meant(
    retriever: LambdaRetriever, function: Function, ids: tuple[str, ...] | None
) -> None:
    asked = request(limit=3, document_ids=ids, allow_whole=False)
    retriever.retrieve(asked)
    path, headers, event = function.requests[0]
    assert path == f"/2015-03-31/functions/{ARN.replace(':', '%3A')}/invocations"
    assert headers["x-amz-invocation-type"] == "RequestResponse"
    understood = wire.decode_request(event)
    assert replace(understood, deadline=0) == replace(asked, deadline=0)
    assert event["seconds_left"] <= PATIENCE
    assert understood.deadline >= asked.deadline, "the clocks of two machines are not the same"


@pytest.mark.parametrize(
    "raised",
    [
        RetrievalError("one"),
        EmbedderError("two", retry_after=1.5),
        IndexUnavailable("three"),
        IndexWaking("The document index is waking up.", retry_after=10.0),
        StoreError("four", retry_after=1.0),
        StoreFull("five"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_over_there_is_the_same_error_here(
    retriever: LambdaRetriever, function: Function, raised: ChatbotError
) -> None:
    function.answer = lambda _: wire.encode_error(raised)
    with pytest.raises(type(raised)) as caught:
        retriever.retrieve(request())
    assert type(caught.value) is type(raised)
    assert (caught.value.message, caught.value.retry_after) == (raised.message, raised.retry_after)


@pytest.mark.parametrize("raised", [ConfigurationError("no table"), InvalidRequest("no", field="query")])
def test_any_other_error_over_there_is_a_retrieval_error_here(
    retriever: LambdaRetriever, function: Function, raised: ChatbotError
) -> None:
    function.answer = lambda _: wire.encode_error(raised)
    with pytest.raises(RetrievalError) as caught:
        retriever.retrieve(request())
    assert type(caught.value) is RetrievalError


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"outcome": "perhaps"},
        {"outcome": "used", "passages": [{"text": CANARY}]},
        {"error": {"code": 1}},
        {"errorMessage": CANARY, "errorType": "KeyError"},
        "text",
    ],
)
def test_an_answer_of_another_shape_is_refused(retriever: LambdaRetriever, function: Function, answer: Any) -> None:
    function.answer = lambda _: answer
    with pytest.raises(RetrievalError, match="one release") as caught:
        retriever.retrieve(request())
    assert CANARY not in caught.value.message


def test_a_function_that_failed_is_told_without_its_words(
    retriever: LambdaRetriever, function: Function, caplog: pytest.LogCaptureFixture
) -> None:
    function.failed = True
    function.answer = lambda _: {"errorMessage": CANARY, "errorType": "RuntimeError", "stackTrace": [CANARY]}
    with pytest.raises(RetrievalError, match="its log says why") as caught:
        retriever.retrieve(request())
    assert CANARY not in caught.value.message + caplog.text


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ((429, "TooManyRequestsException"), "Too many searches"),
        ((403, "AccessDeniedException"), "lambda:InvokeFunction"),
        ((404, "ResourceNotFoundException"), "CHATBOT_RETRIEVAL_FUNCTION"),
        ((500, "ServiceException"), "could not run"),
        ((502, "EC2UnexpectedException"), "could not run"),
    ],
)
def test_what_lambda_refuses_is_told_with_the_remedy(
    retriever: LambdaRetriever,
    function: Function,
    caplog: pytest.LogCaptureFixture,
    refusal: tuple[int, str],
    sentence: str,
) -> None:
    function.refusal = refusal
    with pytest.raises(RetrievalError, match=sentence) as caught:
        retriever.retrieve(request())
    assert (caught.value.retry_after is None) == (refusal[0] in {403, 404}), "trying again helps, or does not"
    assert CANARY not in caught.value.message + caplog.text
    assert refusal[1] in caplog.text


def test_a_function_that_cannot_be_reached_is_a_retrieval_error(function: Function) -> None:
    client = boto3.client(
        *("lambda", "us-east-1"),
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with (
        closing(LambdaRetriever(client, ARN)) as retriever,
        pytest.raises(RetrievalError, match="could not be reached"),
    ):
        retriever.retrieve(request())


def test_a_connection_that_is_cut_is_a_retrieval_error(function: Function, retriever: LambdaRetriever) -> None:
    def cut(exchange: Exchange) -> None:
        exchange.cut()

    function._respond = cut  # type: ignore[method-assign]
    function.server.close()
    with LoopbackServer(cut, int(function.server.url.rpartition(":")[2])), pytest.raises(RetrievalError):
        retriever.retrieve(request())


def test_nobody_waits_for_a_search_beyond_the_deadline(retriever: LambdaRetriever, function: Function) -> None:
    go_on = threading.Event()

    def slow(_: Any) -> Any:
        assert go_on.wait(PATIENCE)
        return wire.encode_result(FOUND)

    function.answer = slow
    with pytest.raises(RetrievalError, match="too long"):
        retriever.retrieve(request(seconds=0.05))
    assert not go_on.is_set()
    go_on.set()
    assert retriever.retrieve(request()) == FOUND


def test_a_search_that_is_late_from_the_start_is_not_sent(retriever: LambdaRetriever, function: Function) -> None:
    with pytest.raises(RetrievalError, match="too long"):
        retriever.retrieve(request(seconds=-1))
    assert function.requests == []


# --- sizes and shapes -------------------------------------------------------------------------------------------------


def test_a_question_beyond_what_lambda_takes_is_not_sent(retriever: LambdaRetriever, function: Function) -> None:
    with pytest.raises(RetrievalError, match="too long to search"):
        retriever.retrieve(request(query="x" * wire.LONGEST_PAYLOAD))
    assert function.requests == []


@pytest.mark.parametrize("letter", ["x", "é", '"'])
def test_passages_beyond_what_lambda_gives_are_left_out_from_the_last(letter: str) -> None:
    passages = tuple(replace(FOUND.passages[0], text=letter * 500_000, score=number / 20) for number in range(20))
    answer = wire.encode_result(replace(FOUND, passages=passages))
    payload = json.dumps(answer).encode()
    assert len(payload) <= wire.LONGEST_PAYLOAD
    understood = wire.decode_answer(payload)
    kept = len(understood.passages)
    assert 0 < kept < 20
    assert understood == replace(FOUND, passages=passages[:kept], whole=False)
    one_more = json.dumps(wire.encode_result(replace(FOUND, passages=passages[kept : kept + 1])))
    assert len(payload) + len(one_more) > wire.LONGEST_PAYLOAD


def test_passages_that_fit_are_all_sent() -> None:
    assert wire.decode_answer(json.dumps(wire.encode_result(FOUND)).encode()) == FOUND


GOOD: dict[str, Any] = {
    "user_id": "owner",
    "query": "q",
    "token_budget": 100,
    "limit": 8,
    "document_ids": None,
    "allow_whole": True,
    "seconds_left": 5.0,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user_id", ""),
        ("user_id", None),
        ("query", 7),
        ("query", "\ud800"),
        ("token_budget", 0),
        ("token_budget", "100"),
        ("token_budget", 1.5),
        ("limit", 0),
        ("limit", 10**9),
        ("document_ids", "d1"),
        ("document_ids", [1]),
        ("allow_whole", "yes"),
        ("allow_whole", 1),
        ("seconds_left", math.nan),
        ("seconds_left", math.inf),
        ("seconds_left", "5"),
        ("surprise", 1),
    ],
)
def test_a_request_with_a_wrong_field_is_refused_by_its_name(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest, match=field) as caught:
        wire.decode_request({**GOOD, field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("field", GOOD)
def test_a_request_without_a_field_is_refused_by_its_name(field: str) -> None:
    with pytest.raises(InvalidRequest, match=field):
        wire.decode_request({name: value for name, value in GOOD.items() if name != field})


@pytest.mark.parametrize("event", [None, [], "text", 7, {}])
def test_what_is_no_request_at_all_is_refused(event: Any) -> None:
    with pytest.raises(InvalidRequest):
        wire.decode_request(event)
