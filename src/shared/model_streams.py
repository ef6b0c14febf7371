"""What the adapters of ``ChatModel`` share: the deadline, and the chunks of an OpenAI-style stream. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from shared.errors import (
    ContextExceeded,
    ModelError,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
)
from shared.models import Completion, ModelRequest, StopReason, TokenUsage

#: ``stop`` and anything not known is an ordinary end; no tools are sent, so none is called.
_FINISH_REASONS: dict[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "content_filtered",
}
_REJECTED = frozenset({"400", "413", "422"})


def seconds_left(request: ModelRequest) -> float:
    """Seconds until the request's deadline, more than 0. Raises ``ModelTimeout`` where it has passed."""
    left = request.deadline - time.monotonic()
    if left <= 0:
        raise out_of_time()
    return left


def out_of_time() -> ModelTimeout:
    return ModelTimeout(
        "The model did not finish in the time a turn may take; ask for something shorter, or raise "
        "CHATBOT_TURN_TIMEOUT_SECONDS."
    )


def too_long() -> ContextExceeded:
    return ContextExceeded(
        "The conversation is longer than the model can read; shorten the message, or start a new conversation."
    )


def chat_body(request: ModelRequest) -> dict[str, Any]:
    """The fields of an OpenAI-style request that every server of this kind knows, without model and length."""
    system = [{"role": "system", "content": request.system}] if request.system else []
    body: dict[str, Any] = {
        "messages": [*system, *({"role": each.role, "content": each.text} for each in request.messages)],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    return body


class ChatChunks:
    """Reads ``chat.completion.chunk`` objects: text as it comes, then reason and usage, which come in any order.

    Reads leniently what it does not need (unknown fields, reasoning, progress) and strictly what it does.
    """

    def __init__(self) -> None:
        self._reason: StopReason | None = None
        self._usage = TokenUsage()

    def read(self, chunk: object) -> str:
        """The chunk's text, perhaps empty. Raises ``ModelStreamBroken``, or the error that the chunk carries."""
        if not isinstance(chunk, Mapping):
            raise _unreadable()
        if chunk.get("error"):
            raise _reported(chunk["error"])
        try:
            if chunk.get("usage"):
                self._usage = _usage(chunk["usage"])
            return "".join(self._read_choice(choice) for choice in chunk.get("choices") or ())
        except (AttributeError, KeyError, TypeError, ValueError):
            raise _unreadable() from None

    def completion(self) -> Completion:
        """The end of the reply. Raises ``ModelStreamBroken`` where the model never said that it stopped."""
        if self._reason is None:
            raise ModelStreamBroken("The model's answer broke off before its end; try again.", retry_after=1.0)
        return Completion(self._reason, self._usage)

    def _read_choice(self, choice: Mapping[str, Any]) -> str:
        if choice.get("finish_reason"):
            self._reason = _FINISH_REASONS.get(str(choice["finish_reason"]), "end_turn")
        text = (choice.get("delta") or {}).get("content") or ""
        if not isinstance(text, str):
            raise TypeError
        return text


def _usage(usage: Mapping[str, Any]) -> TokenUsage:
    """OpenAI counts cached tokens among the prompt's; here they stand apart."""
    cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
    return TokenUsage(
        input_tokens=max(int(usage.get("prompt_tokens") or 0) - cached, 0),
        output_tokens=int(usage.get("completion_tokens") or 0),
        cache_read_tokens=cached,
    )


def _unreadable() -> ModelStreamBroken:
    return ModelStreamBroken("The model's server sent something that is not an answer; is it OpenAI-compatible?")


def _reported(error: object) -> ModelError:
    """The error that an object inside a stream reports; its words are never passed on."""
    details = error if isinstance(error, Mapping) else {}
    code, kind = str(details.get("code", "")), str(details.get("type", ""))
    if kind == "exceed_context_size_error" or code == "context_length_exceeded":
        return too_long()
    if code in _REJECTED or kind == "invalid_request_error":
        return ModelRejectedRequest("The model does not accept this request; rephrase it, or choose another model.")
    if code in {"429", "rate_limit_exceeded"} or "rate_limit" in kind:
        return ModelThrottled("The model is over its rate; try again in a moment.", retry_after=2.0)
    if code in {"503", "service_unavailable"} or kind in {"unavailable_error", "overloaded_error"}:
        return ModelUnavailable("The model's server is not ready; try again in a moment.", retry_after=5.0)
    return ModelStreamBroken("The model's server failed in the middle of the answer; try again.", retry_after=1.0)
