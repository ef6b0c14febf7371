"""The function that searches, alone and as the chat function asks it: over moto's DynamoDB."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rag import retrieval_handler
from rag.document_processor import DocumentProcessor, ExtractionLimits
from shared import retrieval_wire as wire
from shared.aws.lambda_retriever import LambdaRetriever
from shared.document_keys import document_id_of
from shared.documents import RetrievalRequest, RetrievalResult
from shared.errors import ChatbotError, IndexWaking, InvalidRequest, RetrievalError, StoreError
from tests.contract.loopback import Exchange, LoopbackServer
from tests.events import Context, created
from tests.fake_retriever import ScriptedRetriever, found
from tests.fakes import PATIENCE
from tests.integration.cloud_documents import OPTIONS, Cloud, cloud, deployed

CANARY = "kanarienvogel4711"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Documents of two users, ingested; and the function that searches, not yet called."""
    processor = DocumentProcessor(ExtractionLimits())
    with mock_aws(), cloud(tmp_path, OPTIONS) as made, deployed(made, processor, monkeypatch):
        made.put("finance.txt", "Turnover rose by eleven percent in autumn.")
        made.put("garden.txt", "The tomatoes want water in the morning.")
        made.put("secret.txt", "Turnover of somebody else.", user_id="bob")
        made.handle(created("finance.txt"), created("garden.txt"), created(".users/bob/secret.txt"))
        yield made
    processor.close()


def event(query: str = "turnover in autumn", **more: Any) -> dict[str, Any]:
    """What the chat function sends, as Lambda hands it on."""
    values: dict[str, Any] = {"user_id": "owner", "token_budget": 500, "deadline": time.monotonic() + PATIENCE} | more
    payload: dict[str, Any] = json.loads(wire.encode_request(RetrievalRequest(query=query, **values)))
    return payload


def answered(payload: dict[str, Any]) -> RetrievalResult:
    """The result in an answer, after its way through JSON."""
    return wire.decode_answer(json.dumps(payload).encode())


def texts(result: RetrievalResult) -> dict[str, str]:
    return {passage.document: passage.text for passage in result.passages}


# --- what is found ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home")
def test_the_passages_of_a_question_are_found() -> None:
    result = answered(retrieval_handler.handler(event(allow_whole=False, limit=1), Context()))
    assert result.outcome == "used"
    assert texts(result) == {"finance.txt": "Turnover rose by eleven percent in autumn."}
    assert result.passages[0].document_id == document_id_of("owner", "finance.txt")


@pytest.mark.usefixtures("home")
def test_documents_that_all_fit_come_whole_and_no_other_users() -> None:
    result = answered(retrieval_handler.handler(event(), Context()))
    assert result.whole
    assert sorted(texts(result)) == ["finance.txt", "garden.txt"]


@pytest.mark.usefixtures("home")
def test_a_search_keeps_to_the_documents_it_is_limited_to() -> None:
    wanted = document_id_of("owner", "garden.txt")
    result = answered(retrieval_handler.handler(event("water tomatoes", document_ids=(wanted,)), Context()))
    assert list(texts(result)) == ["garden.txt"]
    foreign = document_id_of("bob", "secret.txt")
    result = answered(retrieval_handler.handler(event(document_ids=(foreign,)), Context()))
    assert result == RetrievalResult("no_match")


@pytest.mark.usefixtures("home")
def test_a_user_without_documents_is_told_so() -> None:
    assert answered(retrieval_handler.handler(event(user_id="nobody"), Context())) == RetrievalResult("disabled")


def test_the_chat_function_gets_what_was_found_over_there(home: Cloud) -> None:
    def invoke(exchange: Exchange) -> None:
        exchange.answer(200, retrieval_handler.handler(exchange.body, Context()))

    with LoopbackServer(invoke) as server:
        client = boto3.client("lambda", endpoint_url=server.url, **OPTIONS)
        with closing(LambdaRetriever(client, "chatbot-retrieval")) as retriever:
            request = RetrievalRequest("owner", "turnover in autumn", 500, time.monotonic() + PATIENCE)
            assert sorted(texts(retriever.retrieve(request))) == ["finance.txt", "garden.txt"]
            home.index.close()
            with pytest.raises(ChatbotError):
                retriever.retrieve(request)


# --- how it is asked and answers --------------------------------------------------------------------------------------


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedRetriever:
    """The use-case, scripted."""
    retriever = ScriptedRetriever()
    monkeypatch.setattr(retrieval_handler, "_retriever", lambda: retriever)
    return retriever


def test_the_search_ends_before_the_invocation_does(scripted: ScriptedRetriever) -> None:
    retrieval_handler.handler(event(), Context(3_000))
    retrieval_handler.handler(event(deadline=time.monotonic() + 0.5), Context(3_000))
    retrieval_handler.handler(event(), Context(900_000))
    now = time.monotonic()
    left = [request.deadline - now for request in scripted.requests]
    assert left[0] <= 2
    assert left[1] <= 0.5
    assert 2 < left[2] <= PATIENCE


@pytest.mark.parametrize(
    "raised",
    [
        IndexWaking("The document index is waking up.", retry_after=10.0),
        StoreError("DynamoDB is throttling requests.", retry_after=1.0),
        RetrievalError("Out of time."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_an_answer(scripted: ScriptedRetriever, raised: ChatbotError) -> None:
    scripted.next(raised)
    answer = retrieval_handler.handler(event(), Context())
    assert answer == {"error": {"code": raised.code, "message": raised.message, "retry_after": raised.retry_after}}


def test_a_defect_is_an_answer_without_its_words(scripted: ScriptedRetriever, caplog: pytest.LogCaptureFixture) -> None:
    scripted.next(KeyError(CANARY))
    answer = retrieval_handler.handler(event(CANARY), Context())
    assert answer["error"]["code"] == "internal_error"
    assert CANARY not in json.dumps(answer)
    assert [record.message for record in caplog.records] == ["search failed unexpectedly"]


@pytest.mark.parametrize("asked", [None, [], {}, {"query": CANARY}, {**event(), "limit": CANARY}])
def test_an_event_that_is_no_request_is_refused(scripted: ScriptedRetriever, asked: Any) -> None:
    answer = retrieval_handler.handler(asked, Context())
    assert answer["error"]["code"] == InvalidRequest.code
    assert CANARY not in json.dumps(answer)
    assert scripted.requests == []


def test_settings_that_are_missing_are_an_answer_that_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHATBOT_DOCUMENTS_TABLE", "CHATBOT_OPENSEARCH_ENDPOINT", "CHATBOT_EMBEDDER"):
        monkeypatch.delenv(name, raising=False)
    retrieval_handler._retriever.cache_clear()
    answer = retrieval_handler.handler(event(), Context())
    assert answer["error"]["code"] == "configuration"
    assert "CHATBOT_DOCUMENTS_TABLE" in answer["error"]["message"]


def test_logs_tell_how_it_went_and_nothing_of_what_it_was_about(
    home: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATBOT_LOG_LEVEL", "DEBUG")
    home.put(f"{CANARY}.txt", f"The {CANARY} sings.")
    home.handle(created(f"{CANARY}.txt"))
    assert answered(retrieval_handler.handler(event(f"does the {CANARY} sing?"), Context())) != found()
    retrieval_handler.handler(event(f"does the {CANARY} sing?", allow_whole=False), Context())
    retrieval_handler.handler({**event(), "limit": CANARY}, Context())
    told = capsys.readouterr()
    assert CANARY not in told.out + told.err
    searched = [line for line in map(json.loads, told.out.splitlines()) if line["message"] == "searched"]
    assert [line["status"] for line in searched] == ["used", "used"]
    assert {"count", "duration_ms"} <= searched[0].keys()
