"""A stand-in for Bedrock's ConverseStream on loopback: its real requests, its real event-stream frames, its errors.

Answers come from any ``ChatModel``, so that they are generated and not canned. botocore's own service model checks the
requests, and botocore's own parser reads the frames.
"""

from __future__ import annotations

import binascii
import contextlib
import json
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Literal
from urllib.parse import unquote

import botocore.session
from botocore.validate import ParamValidator

from shared.models import ChatMessage, Completion, ModelEvent, ModelRequest, TextDelta
from shared.ports import ChatModel
from tests.contract.loopback import Exchange, LoopbackServer

#: What ``fail_next`` can make of the next request: an error instead of an answer, ...
Refusal = tuple[int, str, str]
#: ... or a fault after the first piece of the text. ``stall`` lasts until the server closes.
Fault = Literal["bad_crc", "malformed_frame", "bad_json", "cut", "ends_early", "no_metadata", "stall", "unknown_events"]

_REFUSES_SAMPLING = ("claude-haiku-5", "claude-sonnet-5", "claude-opus-5")
_STOP_REASONS = {"context_exceeded": "model_context_window_exceeded"}
_SECONDS_PER_REPLY = 120.0


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message of application/vnd.amazon.eventstream: lengths, their CRC, string headers, payload, CRC of it all."""
    encoded = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 4 + 4 + 4 + len(encoded) + len(payload) + 4, len(encoded))
    message = prelude + struct.pack("!I", binascii.crc32(prelude)) + encoded + payload
    return message + struct.pack("!I", binascii.crc32(message))


def event(kind: str, body: dict[str, Any]) -> bytes:
    """An event. Bedrock pads each with ``p``, so that lengths do not tell the text."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps({**body, "p": "abcdefgh"}).encode())


def exception(kind: str, message: str = "vendor words") -> bytes:
    """An error inside the stream, ``kind`` as in ``throttlingException``."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}).encode())


class BedrockServer(LoopbackServer):
    """Serves ConverseStream for every model id. ``requests`` are those taken, ``paths`` the model ids they named."""

    def __init__(self, model: ChatModel, port: int = 0) -> None:
        self.requests: list[dict[str, Any]] = []
        self.model_ids: list[str] = []
        self._model = model
        self._faults: deque[Refusal | Fault | bytes] = deque()
        self._closing = threading.Event()
        session = botocore.session.get_session()
        operation = session.get_service_model("bedrock-runtime").operation_model("ConverseStream")
        assert operation.input_shape is not None
        self._shape = operation.input_shape
        super().__init__(self._respond, port)

    def fail_next(self, *faults: Refusal | Fault | bytes) -> None:
        """Makes the next requests fail, one by one; bytes are a frame sent in the middle of the answer."""
        self._faults.extend(faults)

    def close(self) -> None:
        self._closing.set()
        super().close()

    def _respond(self, exchange: Exchange) -> None:
        _, kind, model_id, operation = (*unquote(exchange.path).split("/", 2), "")[:4]
        model_id, _, operation = model_id.rpartition("/")
        if (kind, operation) != ("model", "converse-stream"):
            _refuse(exchange, (404, "UnknownOperationException", "no such operation"))
            return
        fault = self._faults.popleft() if self._faults else None
        problem = fault if isinstance(fault, tuple) else self._problem(model_id, exchange.body)
        if problem is not None:
            _refuse(exchange, problem)
            return
        self.requests.append(exchange.body)
        self.model_ids.append(model_id)
        with exchange.streaming("application/vnd.amazon.eventstream", {"x-amzn-RequestId": "r-1"}) as write:
            self._stream(exchange, write, None if isinstance(fault, tuple) else fault)

    def _problem(self, model_id: str, body: dict[str, Any]) -> Refusal | None:
        """What Bedrock would refuse: what its service model says, and the rules that stand only in words."""
        report = ParamValidator().validate({"modelId": model_id, **body}, self._shape)
        if report.has_errors():
            return _invalid(report.generate_report())
        roles = [message["role"] for message in body["messages"]]
        if roles != (["user", "assistant"] * len(roles))[: len(roles)] or roles[-1] != "user":
            return _invalid("A conversation must start and end with a user message, and roles must alternate.")
        if any("text" in block and not block["text"].strip() for each in body["messages"] for block in each["content"]):
            return _invalid("The text field in the ContentBlock object is blank.")
        if "temperature" in body["inferenceConfig"] and any(family in model_id for family in _REFUSES_SAMPLING):
            return _invalid("temperature is not supported by this model")
        return None

    def _stream(self, exchange: Exchange, write: Callable[[bytes], None], fault: Fault | bytes | None) -> None:
        write(event("messageStart", {"role": "assistant"}))
        # Closed where the client goes away, so that its model is free again.
        with contextlib.closing(self._model.stream(_request(exchange.body))) as answers:
            for index, answer in enumerate(answers):
                if index == 1 and fault is not None and self._inject(exchange, write, fault):
                    return
                for piece in _frames(answer):
                    if fault != "no_metadata" or b"metadata" not in piece:
                        write(piece)

    def _inject(self, exchange: Exchange, write: Callable[[bytes], None], fault: Fault | bytes) -> bool:
        """Sends what should not be there; ``True`` where nothing comes after it."""
        good = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lost"}})
        match fault:
            case bytes():
                write(fault)
            case "bad_crc":
                write(good[:-1] + bytes([good[-1] ^ 1]))
            case "malformed_frame":
                write(b"\xff" * 64)
            case "bad_json":
                headers = {":event-type": "contentBlockDelta", ":message-type": "event"}
                write(frame(headers, b'{"delta": {"text'))
            case "cut":
                write(good[: len(good) // 2])
                exchange.cut()
            case "stall":
                self._closing.wait()
                exchange.cut()
            case "unknown_events":
                write(event("somethingNew", {"delta": {"text": "not for us"}}))
                reasoning = {"reasoningContent": {"text": "not for us"}}
                write(event("contentBlockDelta", {"contentBlockIndex": 0, "delta": reasoning}))
                return False
            case "no_metadata":
                return False
        return True


def _request(body: dict[str, Any]) -> ModelRequest:
    """The request behind the body, without what the stand-in's model does not have (caches, thinking)."""
    system = "".join(block.get("text", "") for block in body.get("system", ()))
    messages = tuple(
        ChatMessage(each["role"], "".join(block.get("text", "") for block in each["content"]))
        for each in body["messages"]
    )
    inference = body["inferenceConfig"]
    deadline = time.monotonic() + _SECONDS_PER_REPLY
    return ModelRequest(system, messages, inference["maxTokens"], deadline, inference.get("temperature"))


def _frames(answer: ModelEvent) -> Iterator[bytes]:
    match answer:
        case TextDelta(text):
            yield event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})
        case Completion(reason, usage):
            yield event("contentBlockStop", {"contentBlockIndex": 0})
            yield event("messageStop", {"stopReason": _STOP_REASONS.get(reason, reason)})
            counts = {
                "inputTokens": usage.input_tokens,
                "outputTokens": usage.output_tokens,
                "totalTokens": usage.input_tokens + usage.output_tokens + usage.cache_read_tokens,
                "cacheReadInputTokens": usage.cache_read_tokens,
                "cacheWriteInputTokens": usage.cache_write_tokens,
            }
            yield event("metadata", {"usage": counts, "metrics": {"latencyMs": 1}})


def _invalid(words: str) -> Refusal:
    return (400, "ValidationException", words)


def _refuse(exchange: Exchange, refusal: Refusal) -> None:
    status, code, words = refusal
    headers = {"x-amzn-ErrorType": f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
    exchange.answer(status, {"message": words}, headers)
