"""The Titan adapter before a stand-in that fails. Good answers are in ``tests/contract/test_embedder.py``."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from shared.aws.titan import DIMENSIONS, TitanEmbedder
from shared.documents import Vector
from shared.embeddings import EmbedderBusy, is_unit
from shared.errors import ConfigurationError, EmbedderError
from tests.contract.embedders import TITAN, Refusal, TitanServer, titan_before
from tests.contract.models import bedrock_client

CANARY = "canary-words-of-the-vendor"
SECRET = "secret words of a document"
THROTTLED: Refusal = (429, "ThrottlingException", CANARY)


@pytest.fixture
def server() -> Iterator[TitanServer]:
    with TitanServer() as running:
        yield running


@pytest.fixture
def titan(server: TitanServer) -> Iterator[TitanEmbedder]:
    with titan_before(server) as embedder:
        yield embedder


def _embed(titan: TitanEmbedder, *texts: str, seconds: float = 20) -> list[Vector[float]]:
    return titan.embed(texts or [SECRET], time.monotonic() + seconds)


def _failure(titan: TitanEmbedder, *texts: str, seconds: float = 20) -> EmbedderError:
    with pytest.raises(EmbedderError) as caught:
        _embed(titan, *texts, seconds=seconds)
    assert CANARY not in caught.value.message
    return caught.value


def test_a_text_is_asked_for_as_a_unit_vector_of_1024_numbers(server: TitanServer, titan: TitanEmbedder) -> None:
    (vector,) = _embed(titan, "Bonjour ?")
    assert server.requests == [{"inputText": "Bonjour ?", "dimensions": 1024, "normalize": True}]
    assert len(vector) == DIMENSIONS
    assert titan.traits.name == f"bedrock:{TITAN}"


def test_eight_texts_are_on_their_way_at_once_and_never_more(server: TitanServer, titan: TitanEmbedder) -> None:
    # Nobody gets on before eight are there.
    server.meeting = threading.Barrier(8)
    assert len(_embed(titan, *(f"text {number}" for number in range(40)))) == 40
    assert server.most_at_once == 8


def test_what_is_throttled_or_fails_for_now_is_tried_again_after_random_pauses(server: TitanServer) -> None:
    pauses: list[float] = []
    client = bedrock_client(server.url)
    with contextlib.closing(TitanEmbedder(client, TITAN, sleep=pauses.append)) as titan:
        server.fail_next(THROTTLED, (503, "ServiceUnavailableException", CANARY), (500, "SomethingNew", CANARY), "cut")
        (vector,) = _embed(titan, seconds=600)
    assert is_unit(vector)
    assert len(server.requests) == 5
    assert len(set(pauses)) == 4
    assert all(0 <= pause <= 2**number for number, pause in enumerate(pauses))


def test_after_six_attempts_the_last_error_is_told(server: TitanServer, titan: TitanEmbedder) -> None:
    server.fail_next(*[THROTTLED] * 20)
    error = _failure(titan, seconds=600)
    assert isinstance(error, EmbedderBusy)
    assert error.retry_after is not None
    assert "rate" in error.message
    assert len(server.requests) == 6


def test_a_pause_that_would_reach_the_deadline_is_not_begun(server: TitanServer) -> None:
    pauses: list[float] = []
    with contextlib.closing(TitanEmbedder(bedrock_client(server.url), TITAN, sleep=pauses.append)) as titan:
        server.fail_next(*[THROTTLED] * 1000)
        _failure(titan, seconds=0.5)
    assert all(pause < 0.5 for pause in pauses)


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ((403, "AccessDeniedException", CANARY), "Open it in the Bedrock console"),
        ((404, "ResourceNotFoundException", CANARY), "us-east-1"),
        ((403, "ExpiredTokenException", CANARY), "aws sso login"),
        ((403, "UnrecognizedClientException", CANARY), "aws sso login"),
        ((418, "TeapotException", CANARY), "another embedder"),
    ],
)
def test_what_does_not_pass_is_told_at_once_with_what_to_do(
    server: TitanServer, titan: TitanEmbedder, refusal: Refusal, told: str
) -> None:
    server.fail_next(refusal)
    error = _failure(titan)
    assert not isinstance(error, EmbedderBusy)
    assert told in error.message
    assert len(server.requests) == 1


def test_a_region_without_the_model_is_named() -> None:
    with TitanServer(model_id="amazon.something-else-v1:0") as server, titan_before(server) as titan:
        error = _failure(titan)
    assert TITAN in error.message
    assert "us-east-1" in error.message
    assert "AWS_REGION" in error.message


@pytest.mark.parametrize(
    "body",
    [
        {"inputTextTokenCount": 3},
        {"embedding": [0.1] * 512},
        {"embedding": [float("nan")] * DIMENSIONS},
        {"embedding": [0.0] * DIMENSIONS},
        {"embedding": ["0.1"] * DIMENSIONS},
        {"embedding": None},
        {"embedding": {"float": []}},
    ],
    ids=["none", "short", "nan", "zeros", "strings", "null", "object"],
)
def test_an_answer_that_is_no_embedding_is_asked_for_again_and_in_the_end_refused(
    server: TitanServer, titan: TitanEmbedder, body: dict[str, object]
) -> None:
    server.fail_next(*[body] * 3)
    (vector,) = _embed(titan)
    assert is_unit(vector)
    assert len(server.requests) == 4
    server.fail_next(*[body] * 6)
    assert "not an embedding" in _failure(titan).message


def test_an_answer_cut_in_the_middle_is_asked_for_again(server: TitanServer, titan: TitanEmbedder) -> None:
    server.fail_next("half", "cut")
    assert is_unit(_embed(titan)[0])


def test_one_text_that_fails_fails_them_all(server: TitanServer, titan: TitanEmbedder) -> None:
    server.fail_next(None, None, (403, "AccessDeniedException", CANARY))
    assert "Bedrock console" in _failure(titan, *(f"text {number}" for number in range(20))).message


@pytest.mark.parametrize("count", [1, 3])
def test_a_stalled_call_is_left_at_the_deadline(server: TitanServer, titan: TitanEmbedder, count: int) -> None:
    # The server stalls until it is closed, and the client would wait for thirty seconds.
    for _ in range(count):
        server.fail_next("stall")
    assert "in the time it had" in _failure(titan, *["text"] * count, seconds=0.5).message
    server.close()


def test_a_silence_longer_than_the_clients_is_tried_again(server: TitanServer) -> None:
    with titan_before(server, read_timeout=0.3) as titan:
        server.fail_next("stall")
        assert is_unit(_embed(titan)[0])
        server.close()


def test_a_service_that_cannot_be_reached_is_told(server: TitanServer, titan: TitanEmbedder) -> None:
    server.close()
    error = _failure(titan)
    assert "could not be called" in error.message
    assert error.retry_after is not None


def test_missing_credentials_are_told(server: TitanServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    client = boto3.session.Session().client("bedrock-runtime", "us-east-1", endpoint_url=server.url)
    with contextlib.closing(TitanEmbedder(client, TITAN)) as titan:
        assert "aws configure" in _failure(titan).message


def test_a_text_of_too_many_characters_or_tokens_is_cut(server: TitanServer, titan: TitanEmbedder) -> None:
    _embed(titan, "many words " * 10_000)
    # 50,000 characters are 12,500 tokens to the stand-in; half of them fit.
    assert [len(request["inputText"]) for request in server.requests] == [50_000, 25_000]


def test_another_family_of_models_is_refused_before_any_call() -> None:
    config = Config(signature_version=UNSIGNED)
    client = boto3.client("bedrock-runtime", "us-east-1", config=config)
    with pytest.raises(ConfigurationError, match="CHATBOT_EMBEDDER"):
        TitanEmbedder(client, "cohere.embed-v4:0")
    client.close()


def test_a_closed_embedder_says_so(titan: TitanEmbedder) -> None:
    titan.close()
    for texts in (["one"], ["one", "two"]):
        assert "shut down" in _failure(titan, *texts).message


def test_the_log_has_codes_and_no_text(
    server: TitanServer, titan: TitanEmbedder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="shared"):
        server.fail_next((403, "AccessDeniedException", CANARY))
        _failure(titan)
    assert "AccessDeniedException" in caplog.text
    assert CANARY not in caplog.text
    assert SECRET not in caplog.text
