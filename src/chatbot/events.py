"""What happens in a turn, in the order in which it is told to whoever asked."""

from __future__ import annotations

from dataclasses import dataclass

from chatbot.sealing import Citation
from shared.models import Retrieval, Stage, StopReason, TokenUsage


@dataclass(frozen=True, slots=True)
class Started:
    """First event of every turn that is answered. ``message_id`` is the reply's."""

    conversation_id: str
    message_id: str
    model: str


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """What goes on: ``retrieving``, ``waking_index`` where that takes long, ``documents_unavailable`` where it failed;
    ``generating``; ``fallback``, where another model, named, now answers.
    """

    stage: Stage
    model: str | None = None


@dataclass(frozen=True, slots=True)
class PassagesCited:
    """The passages that the model was given, in the order of their numbers. A later one of these replaces it."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class TextAdded:
    """The next piece of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class TurnDone:
    """Last event: the turn is saved. ``cost_usd`` is ``None`` where the price is not known."""

    model: str
    stop_reason: StopReason
    usage: TokenUsage
    cost_usd: float | None
    retrieval: Retrieval
    citations: tuple[Citation, ...] = ()


TurnEvent = Started | StatusChanged | PassagesCited | TextAdded | TurnDone
