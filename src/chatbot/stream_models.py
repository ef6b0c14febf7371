"""The events of a streamed turn, as the HTTP contract knows them. ``sse`` sends what these hold and nothing else."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chatbot import examples
from chatbot.models import Citation, ErrorBody, Usage, shown
from shared.models import Retrieval, Stage, StopReason


class StartEvent(BaseModel):
    """First. ``message_id`` is the reply's: what ``POST /chat/{message_id}/stop`` takes."""

    model_config = shown(examples.START_EVENT)

    type: Literal["start"]
    conversation_id: str
    message_id: str
    model: str


class StatusEvent(BaseModel):
    """What goes on; ``model`` is the one that answers from now on, where the stage is ``fallback``."""

    model_config = shown(examples.STATUS_EVENT)

    type: Literal["status"]
    stage: Stage
    model: str | None = None


class CitationsEvent(BaseModel):
    """The passages that the model was given; a later one of these replaces it."""

    model_config = shown(examples.CITATIONS_EVENT)

    type: Literal["citations"]
    citations: list[Citation]


class DeltaEvent(BaseModel):
    """The next piece of the reply."""

    model_config = shown(examples.DELTA_EVENT)

    type: Literal["delta"]
    text: str


class DoneEvent(BaseModel):
    """Last, where all went well: the turn is saved."""

    model_config = shown(examples.DONE_EVENT)

    type: Literal["done"]
    stop_reason: StopReason
    usage: Usage
    retrieval: Retrieval
    model: str


class ErrorEvent(BaseModel):
    """Last, where the turn failed: nothing of it is saved."""

    model_config = shown(examples.ERROR_EVENT)

    type: Literal["error"]
    error: ErrorBody


StreamEvent = StartEvent | StatusEvent | CitationsEvent | DeltaEvent | DoneEvent | ErrorEvent

_EVENTS: dict[str, type[BaseModel]] = {
    "start": StartEvent,
    "status": StatusEvent,
    "citations": CitationsEvent,
    "delta": DeltaEvent,
    "done": DoneEvent,
    "error": ErrorEvent,
}
_COMPONENTS = "#/components/schemas/{model}"

#: One server-sent event, as OpenAPI 3.2 (and FastAPI before it) describes the items of a stream.
STREAM_ITEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "event": {"enum": [*_EVENTS]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "oneOf": [{"$ref": _COMPONENTS.format(model=kind.__name__)} for kind in _EVENTS.values()],
                "discriminator": {
                    "propertyName": "type",
                    "mapping": {name: _COMPONENTS.format(model=kind.__name__) for name, kind in _EVENTS.items()},
                },
            },
        },
    },
    "required": ["event", "data"],
}


def event_components() -> dict[str, Any]:
    """The schemas that ``STREAM_ITEM`` refers to, with those they refer to, by name."""
    _, found = models_json_schema([(kind, "serialization") for kind in _EVENTS.values()], ref_template=_COMPONENTS)
    components: dict[str, Any] = found["$defs"]
    return components
