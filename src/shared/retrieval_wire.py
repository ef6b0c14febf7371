"""What is said between the chat function and the function that searches, as JSON. Both sides use this module.

    request  {"user_id", "query", "token_budget", "limit", "document_ids": [...] or null, "allow_whole", "seconds_left"}
    answer   {"outcome", "passages": [{"document_id", "document", "page", "section", "text", "score", "tokens"}],
              "whole"}, or {"error": {"code", "message", "retry_after"}}

A deadline is a reading of one machine's clock, so it travels as the seconds that are left.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.documents import RetrievalRequest, RetrievalResult
from shared.errors import (
    ChatbotError,
    EmbedderError,
    IndexUnavailable,
    IndexWaking,
    InvalidRequest,
    RerankerError,
    RetrievalError,
    StoreError,
    StoreFull,
)

#: Bytes that Lambda takes, and gives, in one synchronous invocation (6 MB), less some room.
LONGEST_PAYLOAD = 6_000_000
#: Bytes of an answer around its passages.
_ENVELOPE = 100

#: What a retriever may raise. Any other error over there is a ``RetrievalError`` here.
_ERRORS = {
    kind.code: kind
    for kind in (
        RetrievalError,
        EmbedderError,
        RerankerError,
        IndexUnavailable,
        IndexWaking,
        StoreError,
        StoreFull,
    )
}


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    user_id: str = Field(min_length=1, max_length=64)
    query: str = Field(max_length=LONGEST_PAYLOAD)
    token_budget: int = Field(ge=1)
    limit: int = Field(ge=1, le=1000)
    document_ids: list[str] | None
    allow_whole: bool
    seconds_left: float = Field(allow_inf_nan=False)


class _Error(BaseModel):
    code: str
    message: str
    retry_after: float | None = Field(None, allow_inf_nan=False)


class _Failure(BaseModel):
    error: _Error


_ANSWER: TypeAdapter[_Failure | RetrievalResult] = TypeAdapter(_Failure | RetrievalResult)


def encode_request(request: RetrievalRequest) -> bytes:
    """The request, with the seconds left from now on. Raises ``RetrievalError`` where it is too long to be sent."""
    fields = asdict(request)
    fields["seconds_left"] = fields.pop("deadline") - time.monotonic()
    payload = json.dumps(fields).encode()
    if len(payload) > LONGEST_PAYLOAD:
        raise RetrievalError("The question is too long to search documents with; ask a shorter one.")
    return payload


def decode_request(event: object) -> RetrievalRequest:
    """The request that an event is. Raises ``InvalidRequest``, which names the first field that is wrong."""
    try:
        found = _Request.model_validate(event)
    except ValidationError as error:
        place = error.errors(include_url=False, include_input=False, include_context=False)[0]["loc"]
        field = str(place[0]) if place else "event"
        raise InvalidRequest(
            f"The field {field} of the search is missing, wrong or not known; both functions must be of one release.",
            field=field,
        ) from None
    return RetrievalRequest(
        user_id=found.user_id,
        query=found.query,
        token_budget=found.token_budget,
        deadline=time.monotonic() + found.seconds_left,
        limit=found.limit,
        document_ids=None if found.document_ids is None else tuple(found.document_ids),
        allow_whole=found.allow_whole,
    )


def encode_result(result: RetrievalResult) -> dict[str, Any]:
    """The answer. Passages that do not fit into it any more are left out, from the last on."""
    left = LONGEST_PAYLOAD - _ENVELOPE
    for number, passage in enumerate(result.passages):
        left -= len(json.dumps(asdict(passage))) + len(", ")
        if left < 0:
            return asdict(replace(result, passages=result.passages[:number], whole=False))
    return asdict(result)


def encode_error(error: ChatbotError) -> dict[str, Any]:
    """The answer that raises the error again on the other side."""
    return {"error": {"code": error.code, "message": error.message, "retry_after": error.retry_after}}


def decode_answer(payload: bytes) -> RetrievalResult:
    """The result. Raises the error that the answer is, and ``RetrievalError`` for what is no answer."""
    try:
        answer = _ANSWER.validate_json(payload)
    except ValidationError:
        raise RetrievalError(
            "The function that searches documents gave an answer that cannot be read; deploy both functions from one "
            "release."
        ) from None
    if isinstance(answer, _Failure):
        kind = _ERRORS.get(answer.error.code, RetrievalError)
        raise kind(answer.error.message, retry_after=answer.error.retry_after)
    return answer
