"""A turn on its way, from the request to the reply: its state, without whatever it asks of others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from chatbot.events import PassagesCited, StatusChanged, TextAdded, TurnEvent
from chatbot.grounding import Grounding
from chatbot.llm_service import Attempt, Conversation
from chatbot.markers import MarkerFilter
from chatbot.observe import TurnFacts
from chatbot.sealing import Citation
from shared.documents import Passage
from shared.models import Completion, RequestClaim, Retrieval, TextDelta


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """A message of a user. ``deadline`` is a ``time.monotonic()`` reading in seconds.

    ``replaces`` is the id of a message of the conversation: its turn and all after it give way to this one.
    """

    user_id: str
    message: str
    deadline: float
    conversation_id: str | None = None
    model: str | None = None
    use_documents: bool = True
    document_ids: tuple[str, ...] | None = None
    replaces: str | None = None
    idempotency_key: str | None = None
    request_id: str = ""

    def identity(self) -> dict[str, object]:
        """What two requests under one Idempotency-Key must have in common."""
        identity: dict[str, object] = {
            "message": self.message,
            "conversation_id": self.conversation_id,
            "model": self.model,
            "use_documents": self.use_documents,
            "document_ids": self.document_ids,
        }
        # Only where given: what was answered before there was such a field keeps its fingerprint.
        return identity | ({"replaces": self.replaces} if self.replaces is not None else {})


@dataclass(slots=True)
class Turn:
    """Who asked what, and what has come of it so far."""

    request: TurnRequest
    received: datetime
    conversation_id: str
    message_id: str = field(default_factory=lambda: str(uuid4()))
    began: float = field(default_factory=time.monotonic)
    claim: RequestClaim | None = None
    model: str = ""
    asked: Conversation | None = None
    #: Models that were asked and kept silent.
    silent: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    first_text_at: float | None = None
    completion: Completion | None = None
    grounding: Grounding = field(default_factory=lambda: Grounding("disabled"))
    citations: tuple[Citation, ...] = ()
    markers: MarkerFilter | None = None

    def take(self, event: Attempt | TextDelta | Completion) -> Iterator[TurnEvent]:
        """Keeps what the model service told, and says it to the user where it concerns them."""
        if isinstance(event, Attempt):
            yield from self._begin(event)
        elif isinstance(event, TextDelta):
            self.written.append(event.text)
            yield from self._add(self.markers.feed(event.text) if self.markers else event.text)
        else:
            self.completion = event
            yield from self._add(self.markers.end() if self.markers else "")
            if not "".join(self.pieces).strip():
                # Nothing but markers that stand for nothing: no later turn could be built on an empty reply.
                yield from self._add("".join(self.written))

    def _begin(self, attempt: Attempt) -> Iterator[TurnEvent]:
        if attempt.after_silence:
            self.silent.append(attempt.after_silence)
        stands_in = attempt.model != self.model
        self.model = attempt.model
        if stands_in:
            yield StatusChanged("fallback", attempt.model)
        # Without passages a bracketed number is whatever the model means by it.
        self.markers = MarkerFilter(len(attempt.passages)) if attempt.passages else None
        cited = tuple(_citation(number, passage) for number, passage in enumerate(attempt.passages, start=1))
        if cited != self.citations:
            self.citations = cited
            yield PassagesCited(cited)

    def _add(self, text: str) -> Iterator[TurnEvent]:
        if text:
            self.first_text_at = self.first_text_at or time.monotonic()
            self.pieces.append(text)
            yield TextAdded(text)

    @property
    def retrieval(self) -> Retrieval:
        """What came of the documents: passages that no model had room for were of no use."""
        found = self.grounding.retrieval
        return "unavailable" if found == "used" and not self.citations else found

    def facts(self) -> TurnFacts:
        """The turn as logs and metrics see it."""
        return TurnFacts(
            self.request.request_id,
            self.conversation_id,
            self.message_id,
            self.model,
            self.began,
            self.first_text_at,
        )


def _citation(number: int, passage: Passage) -> Citation:
    """As the contract writes it, and the sealed message keeps it."""
    place = {"page": passage.page, "section": passage.section}
    return {
        "number": number,
        "document_id": passage.document_id,
        "document": passage.document,
        **{name: value for name, value in place.items() if value is not None},
        "text": passage.text,
        "score": round(passage.score, 4),
    }
