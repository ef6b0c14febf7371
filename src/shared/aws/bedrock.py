"""Models on Amazon Bedrock, through ConverseStream."""

from __future__ import annotations

import logging
import struct
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as ServiceConnectionError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError as TransportError
from urllib3.exceptions import TimeoutError as TransportTimeoutError

from shared.aws.bedrock_errors import from_service
from shared.errors import ModelError, ModelRejectedRequest, ModelStreamBroken, ModelUnavailable
from shared.model_streams import out_of_time, seconds_left
from shared.models import ChatMessage, Completion, ModelEvent, ModelRequest, StopReason, TextDelta, TokenUsage

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime import BedrockRuntimeClient

_log = logging.getLogger(__name__)

_CACHE_POINT = {"cachePoint": {"type": "default"}}
#: Whatever is not here is an ordinary end; no tools are sent, so none is called.
_STOP_REASONS: dict[str, StopReason] = {
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "guardrail_intervened",
    "content_filtered": "content_filtered",
    "model_context_window_exceeded": "context_exceeded",
}
_MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})

#: What reading frames that are not frames can raise in botocore's parsers.
_UNREADABLE = (ParserError, ResponseParserError, ValueError, LookupError, struct.error)
#: All that reading a stream can raise: the transport's own errors come through there.
_STREAM_ERRORS = (BotoCoreError, ClientError, TransportError, OSError, *_UNREADABLE)


class BedrockModel:
    """One model or inference profile. The client comes with its own timeouts and retries.

    The deadline is looked at between events: a stall is noticed after the client's read timeout at the latest.
    """

    def __init__(self, client: BedrockRuntimeClient, model_id: str) -> None:
        self._client = client
        self._model_id = model_id

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        seconds_left(request)
        try:
            answer = self._client.converse_stream(**_arguments(self._model_id, request))
        except (BotoCoreError, ClientError, ParserError, ResponseParserError) as error:
            raise self._translated(error) from None
        # An answer without a body of events would be botocore's fault; with one it is always an EventStream.
        with closing(answer["stream"]) as events:
            yield from self._read(events, request)

    def close(self) -> None:
        """Frees the client's connections."""
        self._client.close()

    def _read(self, events: Any, request: ModelRequest) -> Iterator[ModelEvent]:
        reason: str | None = None
        usage: TokenUsage | None = None
        for event in self._events(events):
            seconds_left(request)
            if text := event.get("contentBlockDelta", {}).get("delta", {}).get("text"):
                yield TextDelta(text)
            if "messageStop" in event:
                reason = event["messageStop"].get("stopReason", "")
            if "metadata" in event:
                usage = _usage(event["metadata"].get("usage", {}))
        if reason is None or usage is None:
            raise _broken()
        if reason in _MALFORMED:
            raise ModelError("The model's answer was unusable; try again, or rephrase the question.")
        yield Completion(_STOP_REASONS.get(reason, "end_turn"), usage)

    def _events(self, events: Any) -> Iterator[Mapping[str, Any]]:
        """The events, with what goes wrong between them translated; never what the consumer raises."""
        events = iter(events)
        while True:
            try:
                event = next(events)
            except StopIteration:
                return
            except _STREAM_ERRORS as error:
                raise self._translated(error) from None
            yield event

    def _translated(self, error: Exception) -> ModelError:
        if isinstance(error, ClientError):
            details = error.response.get("Error", {})
            request_id = error.response.get("ResponseMetadata", {}).get("RequestId")
            _log.warning("bedrock model=%s code=%s request_id=%s", self._model_id, details.get("Code"), request_id)
            return from_service(error, self._model_id)
        _log.warning("bedrock model=%s error=%s", self._model_id, type(error).__name__)
        return _from_transport(error)


def _from_transport(error: Exception) -> ModelError:
    """The error for a request that never got an answer, or for an answer that could not be read to its end."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return ModelUnavailable("There are no AWS credentials to call Bedrock with; run: aws configure")
    if isinstance(error, ParamValidationError):
        return ModelRejectedRequest("The request is not one that Bedrock accepts; check the model's name.")
    if isinstance(error, ReadTimeoutError | TransportTimeoutError | TimeoutError):
        return out_of_time()
    if isinstance(error, (*_UNREADABLE, TransportError, ConnectionClosedError)):
        return _broken()
    if isinstance(error, ServiceConnectionError | HTTPClientError | OSError):
        return ModelUnavailable("Bedrock could not be reached; check the network and the region.", retry_after=2.0)
    return ModelUnavailable("AWS could not be called; check the AWS credentials and configuration.")


def _broken() -> ModelStreamBroken:
    return ModelStreamBroken("The model's answer broke off before its end; try again.", retry_after=1.0)


def _arguments(model_id: str, request: ModelRequest) -> dict[str, Any]:
    """The request as ConverseStream takes it. ``maxTokens`` always: without it the whole quota is reserved."""
    inference: dict[str, Any] = {"maxTokens": request.max_tokens}
    if request.temperature is not None:
        inference["temperature"] = request.temperature
    arguments: dict[str, Any] = {
        "modelId": model_id,
        "messages": _messages(request.messages, cache_history=request.cache_history),
        "inferenceConfig": inference,
    }
    if request.system:
        arguments["system"] = [{"text": request.system}, *([_CACHE_POINT] if request.cache_system else [])]
    if request.disable_thinking:
        arguments["additionalModelRequestFields"] = {"thinking": {"type": "disabled"}}
    return arguments


def _messages(messages: tuple[ChatMessage, ...], *, cache_history: bool) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [{"role": each.role, "content": [{"text": each.text}]} for each in messages]
    if cache_history and len(blocks) > 1:
        blocks[-2]["content"].append(_CACHE_POINT)
    return blocks


def _usage(usage: Mapping[str, int]) -> TokenUsage:
    return TokenUsage(
        input_tokens=usage.get("inputTokens", 0),
        output_tokens=usage.get("outputTokens", 0),
        cache_read_tokens=usage.get("cacheReadInputTokens", 0),
        cache_write_tokens=usage.get("cacheWriteInputTokens", 0),
    )
