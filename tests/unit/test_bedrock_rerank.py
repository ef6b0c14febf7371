"""The reranker before a stand-in for the operation Rerank, which checks requests by botocore's own service model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.validate import ParamValidator

from shared.aws.bedrock_rerank import BedrockReranker
from shared.errors import RerankerError
from tests.contract.loopback import Exchange, LoopbackServer
from tests.fakes import PATIENCE

MODEL = "cohere.rerank-v3-5:0"
CANARY = "kanarienvogel4711"


def soon() -> float:
    return time.monotonic() + PATIENCE


def by_length(_: str, texts: list[str]) -> list[float]:
    """Scores that tell the texts apart: the longer, the better."""
    return [len(text) / 1000 for text in texts]


class RerankServer:
    """Stands in for Rerank: best first, a few a page. ``requests`` are those taken, without the pages' tokens."""

    def __init__(self) -> None:
        self.score: Callable[[str, list[str]], list[float]] = by_length
        self.refusal: tuple[int, str] | None = None
        self.requests: list[dict[str, Any]] = []
        self.page = 2
        operation = botocore.session.get_session().get_service_model("bedrock-agent-runtime").operation_model("Rerank")
        assert operation.input_shape is not None
        self._shape = operation.input_shape
        self.server = LoopbackServer(self._respond)

    def _respond(self, exchange: Exchange) -> None:
        report = ParamValidator().validate(exchange.body, self._shape)
        if self.refusal or report.has_errors() or exchange.path != "/rerank":
            status, code = self.refusal or (400, "ValidationException")
            exchange.answer(status, {"message": f"the vendor's {CANARY}"}, {"x-amzn-ErrorType": code})
            return
        body = exchange.body
        first = int(body.pop("nextToken", "0"))
        self.requests.append(body)
        texts = [each["inlineDocumentSource"]["textDocument"]["text"] for each in body["sources"]]
        scores = self.score(body["queries"][0]["textQuery"]["text"], texts)
        wanted = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]["numberOfResults"]
        ranked = sorted(enumerate(scores), key=lambda pair: -pair[1])[:wanted]
        results = [{"index": index, "relevanceScore": score} for index, score in ranked]
        more = {"nextToken": str(first + self.page)} if len(results) > first + self.page else {}
        exchange.answer(200, {"results": results[first : first + self.page], **more})


@pytest.fixture
def bedrock() -> Iterator[RerankServer]:
    standing_in = RerankServer()
    with standing_in.server:
        yield standing_in


def client(url: str) -> Any:
    return boto3.client(
        *("bedrock-agent-runtime", "us-east-1"),
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def reranker(bedrock: RerankServer) -> Iterator[BedrockReranker]:
    with closing(client(bedrock.server.url)) as opened:
        yield BedrockReranker(opened, MODEL)


def test_scores_stand_in_the_order_of_the_texts_whatever_the_order_of_the_answer(
    reranker: BedrockReranker, bedrock: RerankServer
) -> None:
    texts = ["xxx", "x", "xxxxx", "xx", "xxxx"]
    assert reranker.rerank("question", texts, soon()) == [0.003, 0.001, 0.005, 0.002, 0.004]
    assert bedrock.requests[0] == {
        "queries": [{"type": "TEXT", "textQuery": {"text": "question"}}],
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text}}}
            for text in texts
        ],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {
                "numberOfResults": 5,
                "modelConfiguration": {"modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{MODEL}"},
            },
        },
    }


def test_an_arn_is_taken_as_it_is(bedrock: RerankServer) -> None:
    arn = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.rerank-v1:0"
    with closing(client(bedrock.server.url)) as opened:
        BedrockReranker(opened, arn).rerank("q", ["a"], soon())
    configuration = bedrock.requests[0]["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    assert configuration["modelConfiguration"]["modelArn"] == arn


def test_nothing_is_asked_about_no_texts(reranker: BedrockReranker, bedrock: RerankServer) -> None:
    assert reranker.rerank("question", [], soon()) == []
    assert bedrock.requests == []


def test_texts_and_questions_are_cut_to_what_bedrock_reads(reranker: BedrockReranker, bedrock: RerankServer) -> None:
    assert reranker.rerank("q" * 40_000, ["x" * 40_000], soon()) == [1.0]
    assert len(bedrock.requests[0]["queries"][0]["textQuery"]["text"]) == 32_000


def test_a_thousand_texts_are_one_request_and_more_are_refused(
    reranker: BedrockReranker, bedrock: RerankServer
) -> None:
    bedrock.page = 1000
    assert len(reranker.rerank("q", ["text"] * 1000, soon())) == 1000
    assert len(bedrock.requests) == 1
    with pytest.raises(RerankerError, match="1001 passages"):
        reranker.rerank("q", ["text"] * 1001, soon())


def test_scores_are_from_0_to_1_whatever_the_model_says(reranker: BedrockReranker, bedrock: RerankServer) -> None:
    bedrock.score = lambda _, __: [-0.5, 1.5]
    assert reranker.rerank("q", ["a", "b"], soon()) == [0.0, 1.0]


@pytest.mark.parametrize("scores", [[0.5], [0.5, 0.4, 0.3]], ids=["too few", "too many"])
def test_an_answer_that_does_not_score_every_text_is_an_error(
    reranker: BedrockReranker, bedrock: RerankServer, scores: list[float]
) -> None:
    bedrock.score = lambda _, __: scores
    texts = ["a", "b"] if len(scores) == 1 else ["a", "b", "c", "d"]
    with pytest.raises(RerankerError, match="did not score every passage"):
        reranker.rerank("q", texts, soon())


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        ((429, "ThrottlingException"), "rate"),
        ((400, "ServiceQuotaExceededException"), "rate"),
        ((403, "AccessDeniedException"), "bedrock:Rerank"),
        ((400, "ValidationException"), "CHATBOT_RERANK_MODEL"),
        ((404, "ResourceNotFoundException"), "CHATBOT_RERANK_MODEL"),
        ((424, "DependencyFailedException"), "failed to order"),
        ((500, "InternalServerException"), "failed to order"),
    ],
)
def test_errors_are_told_in_words_of_our_own(
    reranker: BedrockReranker,
    bedrock: RerankServer,
    caplog: pytest.LogCaptureFixture,
    refusal: tuple[int, str],
    sentence: str,
) -> None:
    bedrock.refusal = refusal
    with pytest.raises(RerankerError, match=sentence) as caught:
        reranker.rerank("q", ["a"], soon())
    assert CANARY not in caught.value.message + caplog.text


def test_a_network_that_is_down_is_a_reranker_error() -> None:
    with closing(client("http://127.0.0.1:1")) as opened, pytest.raises(RerankerError, match="could not be called"):
        BedrockReranker(opened, MODEL).rerank("q", ["a"], soon())


def test_nobody_waits_for_scores_beyond_the_deadline(reranker: BedrockReranker, bedrock: RerankServer) -> None:
    go_on = threading.Event()

    def slow(query: str, texts: list[str]) -> list[float]:
        assert go_on.wait(PATIENCE)
        return by_length(query, texts)

    bedrock.score = slow
    with pytest.raises(RerankerError, match="too long"):
        reranker.rerank("q", ["a"], time.monotonic() + 0.05)
    go_on.set()
