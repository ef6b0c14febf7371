"""A turn as HTTP shows it: a stream of server-sent events, or one JSON object. Both come from the same events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from chatbot.api_errors import error_body
from chatbot.events import PassagesCited, Started, StatusChanged, TextAdded, TurnDone, TurnEvent
from chatbot.models import ChatResponse, Citation, Usage
from chatbot.stream_models import (
    CitationsEvent,
    DeltaEvent,
    DoneEvent,
    ErrorEvent,
    StartEvent,
    StatusEvent,
    StreamEvent,
)
from chatbot.turns import StillRunning, TurnFailed

RunEvent = TurnEvent | TurnFailed | StillRunning

#: A comment goes out after this much silence; the contract says at least every 15 seconds.
QUIET_SECONDS = 10
_COMMENT = b": still working\n\n"


async def as_server_sent_events(
    first: RunEvent, rest: AsyncIterator[RunEvent], request_id: str
) -> AsyncIterator[bytes]:
    """``event:`` and ``data:`` lines; the data is JSON, and names its event as ``type`` too."""
    yield _encode(first, request_id)
    async for event in rest:
        yield _encode(event, request_id)


async def as_response(events: AsyncIterator[RunEvent]) -> ChatResponse:
    """The whole turn. Raises the ``ChatbotError`` that it failed with."""
    started: Started | None = None
    pieces: list[str] = []
    async for event in events:
        if isinstance(event, Started):
            started = event
        elif isinstance(event, TextAdded):
            pieces.append(event.text)
        elif isinstance(event, TurnFailed):
            raise event.error
        elif isinstance(event, TurnDone) and started:
            return ChatResponse.model_validate(
                {
                    "conversation_id": started.conversation_id,
                    "message_id": started.message_id,
                    "reply": "".join(pieces),
                    "model": event.model,
                    "stop_reason": event.stop_reason,
                    "citations": event.citations,
                    "usage": Usage.of(event.usage, event.cost_usd),
                    "retrieval": event.retrieval,
                }
            )
    raise RuntimeError("a turn ended without TurnDone or TurnFailed")


def _encode(event: RunEvent, request_id: str) -> bytes:
    if isinstance(event, StillRunning):
        return _COMMENT
    told = _told(event, request_id)
    # JSON has no bare line ends, so one data line holds it.
    data = json.dumps(told.model_dump(exclude_none=True), ensure_ascii=False)
    return f"event: {told.type}\ndata: {data}\n\n".encode()


def _told(event: TurnEvent | TurnFailed, request_id: str) -> StreamEvent:
    if isinstance(event, TextAdded):
        return DeltaEvent(type="delta", text=event.text)
    if isinstance(event, Started):
        return StartEvent(
            type="start", conversation_id=event.conversation_id, message_id=event.message_id, model=event.model
        )
    if isinstance(event, StatusChanged):
        return StatusEvent(type="status", stage=event.stage, model=event.model)
    if isinstance(event, PassagesCited):
        return CitationsEvent(
            type="citations", citations=[Citation.model_validate(citation) for citation in event.citations]
        )
    if isinstance(event, TurnDone):
        return DoneEvent(
            type="done",
            stop_reason=event.stop_reason,
            usage=Usage.of(event.usage, event.cost_usd),
            retrieval=event.retrieval,
            model=event.model,
        )
    return ErrorEvent(type="error", error=error_body(event.error, request_id).error)
