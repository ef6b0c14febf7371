"""The Bedrock adapter before a stand-in that fails. Good answers are in ``tests/contract/test_chat_model.py``."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from shared.aws.bedrock import BedrockModel
from shared.errors import (
    ContextExceeded,
    ModelError,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
)
from shared.models import ChatMessage, Completion, ModelEvent, ModelRequest, StopReason, TextDelta, TokenUsage
from tests.contract.bedrock_server import BedrockServer, Fault, Refusal, exception
from tests.contract.models import ask, bedrock_client

MODEL = "global.anthropic.claude-haiku-5-5"
CANARY = "canary-words-of-the-vendor"
USAGE = TokenUsage(input_tokens=11, output_tokens=3, cache_read_tokens=5, cache_write_tokens=7)


class ScriptedModel:
    """Yields the same events for every request; the stand-in frames them."""

    def __init__(self) -> None:
        self.pieces = ["Bonjour", " 😀", " le monde"]
        self.reason: StopReason = "end_turn"
        self.closed = 0

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        try:
            for piece in self.pieces:
                yield TextDelta(piece)
            yield Completion(self.reason, USAGE)
        finally:
            self.closed += 1

    def close(self) -> None:
        """Holds nothing."""


@pytest.fixture
def scripted() -> ScriptedModel:
    return ScriptedModel()


@pytest.fixture
def server(scripted: ScriptedModel) -> Iterator[BedrockServer]:
    with BedrockServer(scripted) as running:
        yield running


@pytest.fixture
def model(server: BedrockServer) -> Iterator[BedrockModel]:
    adapter = BedrockModel(bedrock_client(server.url), MODEL)
    yield adapter
    adapter.close()


def _ask(**fields: Any) -> ModelRequest:
    return ask("Bonjour ?", **{"temperature": None, **fields})


def _failure(model: BedrockModel, request: ModelRequest | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        list(model.stream(request or _ask()))
    assert CANARY not in caught.value.message
    return caught.value


def test_a_reply_comes_in_its_pieces_with_its_usage(model: BedrockModel) -> None:
    pieces = [TextDelta("Bonjour"), TextDelta(" 😀"), TextDelta(" le monde")]
    assert list(model.stream(_ask())) == [*pieces, Completion("end_turn", USAGE)]


def test_the_request_says_no_more_than_it_has_to(server: BedrockServer, model: BedrockModel) -> None:
    list(model.stream(_ask(max_tokens=99)))
    assert server.model_ids == [MODEL]
    assert server.requests == [
        {
            "system": [{"text": "You are a helpful assistant."}],
            "messages": [{"role": "user", "content": [{"text": "Bonjour ?"}]}],
            "inferenceConfig": {"maxTokens": 99},
        }
    ]


def test_everything_that_a_request_can_ask_for_is_sent(server: BedrockServer) -> None:
    adapter = BedrockModel(bedrock_client(server.url), "amazon.nova-lite-v1:0")
    request = ask("1", "2", "3", temperature=0.5, disable_thinking=True, cache_system=True, cache_history=True)
    list(adapter.stream(request))
    adapter.close()
    point = {"cachePoint": {"type": "default"}}
    (body,) = server.requests
    assert body["system"][-1] == point
    assert [each["content"] for each in body["messages"]] == [[{"text": "1"}], [{"text": "2"}, point], [{"text": "3"}]]
    assert body["inferenceConfig"] == {"maxTokens": 64, "temperature": 0.5}
    assert body["additionalModelRequestFields"] == {"thinking": {"type": "disabled"}}


def test_an_empty_system_text_is_left_out_and_one_message_has_no_history_to_keep(
    server: BedrockServer, model: BedrockModel
) -> None:
    list(model.stream(_ask(system="", cache_system=True, cache_history=True)))
    assert "system" not in server.requests[0]
    assert len(server.requests[0]["messages"][0]["content"]) == 1


def test_the_stand_in_refuses_what_the_service_would(model: BedrockModel) -> None:
    assert isinstance(_failure(model, _ask(temperature=0.5)), ModelRejectedRequest)
    two_of_a_kind = (ChatMessage("user", "a"), ChatMessage("user", "b"))
    with pytest.raises(ModelRejectedRequest):
        list(model.stream(ModelRequest("", two_of_a_kind, 9, time.monotonic() + 9)))


@pytest.mark.parametrize(
    "reason",
    ["end_turn", "max_tokens", "stop_sequence", "content_filtered", "guardrail_intervened", "context_exceeded"],
)
def test_stop_reasons_are_mapped(model: BedrockModel, scripted: ScriptedModel, reason: StopReason) -> None:
    scripted.reason = reason
    assert list(model.stream(_ask()))[-1] == Completion(reason, USAGE)


def test_an_unusable_answer_is_a_failure(model: BedrockModel, scripted: ScriptedModel) -> None:
    scripted.reason = "malformed_model_output"  # type: ignore[assignment]  # Bedrock has it, the domain does not
    assert type(_failure(model)) is ModelError


def test_events_of_the_future_and_thoughts_are_passed_over(server: BedrockServer, model: BedrockModel) -> None:
    server.fail_next("unknown_events")
    text = "".join(event.text for event in model.stream(_ask()) if isinstance(event, TextDelta))
    assert text == "Bonjour 😀 le monde"


@pytest.mark.parametrize(
    ("refusal", "kind", "said"),
    [
        ((429, "ThrottlingException", CANARY), ModelThrottled, "rate"),
        ((400, "ServiceQuotaExceededException", CANARY), ModelThrottled, "rate"),
        ((429, "ModelNotReadyException", CANARY), ModelUnavailable, "right now"),
        ((408, "ModelTimeoutException", CANARY), ModelTimeout, "time"),
        ((424, "ModelErrorException", CANARY), ModelError, "failed"),
        ((500, "InternalServerException", CANARY), ModelUnavailable, "right now"),
        ((503, "ServiceUnavailableException", CANARY), ModelUnavailable, "right now"),
        ((403, "AccessDeniedException", CANARY), ModelUnavailable, "use-case form"),
        ((404, "ResourceNotFoundException", f"{CANARY} end of its life"), ModelUnavailable, "retired"),
        ((403, "ExpiredTokenException", CANARY), ModelUnavailable, "credentials"),
        ((403, "UnrecognizedClientException", CANARY), ModelUnavailable, "credentials"),
        (
            (400, "ValidationException", f"{CANARY}: Input is too long for requested model."),
            ContextExceeded,
            "longer",
        ),
        ((400, "ValidationException", f"{CANARY} model identifier is invalid."), ModelUnavailable, MODEL),
        (
            (400, "ValidationException", f"with on-demand throughput isn't supported {CANARY}"),
            ModelUnavailable,
            "profile",
        ),
        ((400, "ValidationException", CANARY), ModelRejectedRequest, "CAPABILITIES"),
        ((418, "BrandNewException", CANARY), ModelError, "does not know"),
    ],
)
def test_errors_before_the_answer_are_said_in_plain_words(
    server: BedrockServer, model: BedrockModel, refusal: Refusal, kind: type[ModelError], said: str
) -> None:
    server.fail_next(refusal)
    error = _failure(model)
    assert type(error) is kind
    assert said in error.message


def test_logs_hold_codes_and_no_words(
    server: BedrockServer, model: BedrockModel, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail_next((400, "ValidationException", CANARY))
    with caplog.at_level(logging.INFO):
        _failure(model)
    assert "ValidationException" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    ("kind_in_stream", "kind"),
    [
        ("throttlingException", ModelThrottled),
        ("modelStreamErrorException", ModelStreamBroken),
        ("internalServerException", ModelUnavailable),
        ("serviceUnavailableException", ModelUnavailable),
        ("validationException", ModelRejectedRequest),
        ("somethingNewException", ModelError),
    ],
)
def test_errors_inside_the_stream_are_errors(
    server: BedrockServer, model: BedrockModel, kind_in_stream: str, kind: type[ModelError]
) -> None:
    server.fail_next(exception(kind_in_stream, CANARY))
    assert type(_failure(model)) is kind


@pytest.mark.parametrize("fault", ["bad_crc", "malformed_frame", "bad_json", "cut", "ends_early", "no_metadata"])
def test_a_damaged_stream_is_broken_and_the_next_one_is_not(
    server: BedrockServer, model: BedrockModel, fault: Fault
) -> None:
    server.fail_next(fault)
    assert isinstance(_failure(model), ModelStreamBroken)
    assert isinstance(list(model.stream(_ask()))[-1], Completion)


def test_throttling_says_when_to_try_again(server: BedrockServer, model: BedrockModel) -> None:
    server.fail_next((429, "ThrottlingException", ""))
    assert _failure(model).retry_after == 2.0


def test_a_stall_ends_at_the_read_timeout(server: BedrockServer) -> None:
    adapter = BedrockModel(bedrock_client(server.url, read_timeout=0.4), MODEL)
    server.fail_next("stall")
    assert isinstance(_failure(adapter), ModelTimeout)
    adapter.close()


def test_an_early_close_ends_the_connection(scripted: ScriptedModel, model: BedrockModel) -> None:
    scripted.pieces = ["x" * 10_000] * 2_000
    stream = model.stream(_ask())
    next(stream)
    stream.close()
    until = time.monotonic() + 5
    while not scripted.closed and time.monotonic() < until:
        time.sleep(0.01)
    assert scripted.closed == 1


def test_an_unreachable_service_is_said_so(server: BedrockServer, model: BedrockModel) -> None:
    server.close()
    error = _failure(model)
    assert isinstance(error, ModelUnavailable)
    assert "could not be reached" in error.message


def test_missing_credentials_are_said_so(server: BedrockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    client = boto3.session.Session().client("bedrock-runtime", endpoint_url=server.url, region_name="us-east-1")
    adapter = BedrockModel(client, MODEL)
    assert "no AWS credentials" in _failure(adapter).message
    adapter.close()


def test_a_model_name_that_none_can_have_is_refused(server: BedrockServer) -> None:
    config = Config(signature_version=UNSIGNED)
    client = boto3.client("bedrock-runtime", endpoint_url=server.url, region_name="us-east-1", config=config)
    adapter = BedrockModel(client, "")
    assert isinstance(_failure(adapter), ModelRejectedRequest)
    adapter.close()
