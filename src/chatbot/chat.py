"""The use-case of one turn: a message in, a stream of events out, the turn saved whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from chatbot.budget import DailyBudget, Spending
from chatbot.conversation_service import Context, ConversationService, FinishedTurn
from chatbot.events import PassagesCited, Started, StatusChanged, TextAdded, TurnDone, TurnEvent
from chatbot.grounding import DocumentGrounding, Grounding
from chatbot.idempotency import Idempotency
from chatbot.llm_service import Attempt, Conversation, LLMService
from chatbot.markers import MarkerFilter
from chatbot.observe import TurnFacts, TurnObserver
from chatbot.sealing import Citation
from shared.documents import Passage
from shared.errors import (
    ChatbotError,
    InvalidRequest,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelThrottled,
    ModelUnavailable,
    NotFound,
)
from shared.models import Completion, RequestClaim, Retrieval, TextDelta, TokenUsage
from shared.ports import Clock

#: Errors of models that did not begin to work.
_REFUSALS = (InvalidRequest, ModelThrottled, ModelUnavailable, ModelRejectedRequest)


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """A message of a user. ``deadline`` is a ``time.monotonic()`` reading in seconds."""

    user_id: str
    message: str
    deadline: float
    conversation_id: str | None = None
    model: str | None = None
    use_documents: bool = True
    document_ids: tuple[str, ...] | None = None
    idempotency_key: str | None = None
    request_id: str = ""

    def identity(self) -> dict[str, object]:
        """What two requests under one Idempotency-Key must have in common."""
        return {
            "message": self.message,
            "conversation_id": self.conversation_id,
            "model": self.model,
            "use_documents": self.use_documents,
            "document_ids": self.document_ids,
        }


@dataclass(slots=True)
class _Turn:
    """A turn on its way: who asked what, and what has come of it so far."""

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


class ChatService:
    """Answers messages."""

    def __init__(
        self,
        *,
        conversations: ConversationService,
        llm: LLMService,
        documents: DocumentGrounding,
        idempotency: Idempotency,
        budget: DailyBudget,
        spending: Spending,
        observer: TurnObserver,
        clock: Clock,
        context_messages: int,
    ) -> None:
        """``context_messages`` is how many messages of the conversation the model sees."""
        self._conversations = conversations
        self._llm = llm
        self._documents = documents
        self._idempotency = idempotency
        self._budget = budget
        self._spending = spending
        self._observer = observer
        self._clock = clock
        self._context_messages = context_messages

    def turn(self, request: TurnRequest) -> Generator[TurnEvent]:
        """One turn: ``Started``, then ``StatusChanged`` and ``TextAdded`` events, then ``TurnDone``.

        Raises the ``ChatbotError`` that fits, before or between events; then its Idempotency-Key is free and nothing of
        the turn is stored, but for what ``ConversationStore.save_turn`` says of an answer that was lost. Run it to the
        end even where nobody listens any more: the reply is saved at the end.
        """
        chain = self._llm.chain(request.model)
        turn = _Turn(request, self._clock(), request.conversation_id or str(uuid4()))
        if request.idempotency_key is not None:
            turn.claim = self._claim(turn, request.idempotency_key)
            if turn.claim.done:
                yield from self._replay(request.user_id, turn.claim)
                return
        try:
            yield from self._answer(turn, chain)
        except BaseException as error:
            self._give_up(turn, error)
            raise

    def _claim(self, turn: _Turn, key: str) -> RequestClaim:
        return self._idempotency.claim(
            user_id=turn.request.user_id,
            key=key,
            request=turn.request.identity(),
            conversation_id=turn.conversation_id,
            message_id=turn.message_id,
            seconds=turn.request.deadline - time.monotonic(),
        )

    def _answer(self, turn: _Turn, chain: tuple[str, ...]) -> Generator[TurnEvent]:
        request = turn.request
        # All this comes before the first event: what fails here has an HTTP status.
        self._budget.check(request.user_id)
        model = self._llm.choose(chain, request.message)
        turn.model = model.spec.name
        search = None
        if request.use_documents:
            search = self._documents.begin(
                request.user_id, request.message, request.document_ids, model, request.deadline
            )
        if request.conversation_id is None:
            context = Context.empty(turn.conversation_id)
        else:
            context = self._conversations.context(request.user_id, turn.conversation_id, self._context_messages)
        yield Started(turn.conversation_id, turn.message_id, turn.model)
        turn.grounding = yield from self._documents.finish(search, context.history, model)
        yield StatusChanged("generating")
        turn.asked = Conversation(context.history, request.message, context.whole, turn.grounding.passages)
        with closing(self._llm.stream(chain, turn.asked, request.deadline)) as events:
            for event in events:
                yield from turn.take(event)
        if turn.completion is None:
            raise ModelStreamBroken("The model's answer broke off before its end; ask again.")
        yield self._finish(turn, context, turn.completion)

    def _finish(self, turn: _Turn, context: Context, completion: Completion) -> TurnDone:
        """Saves the turn and tells what it took."""
        completion = replace(completion, usage=completion.usage + turn.grounding.usage)
        cost = self._llm.cost(turn.model, completion.usage)
        finished = FinishedTurn(
            question=turn.request.message,
            received=turn.received,
            message_id=turn.message_id,
            reply="".join(turn.pieces),
            model=turn.model,
            stop_reason=completion.stop_reason,
            usage=completion.usage,
            cost_usd=cost,
            retrieval=turn.retrieval,
            citations=turn.citations,
            claim=turn.claim,
        )
        self._spending.silent(turn.request.user_id, turn.silent, turn.asked)
        try:
            self._conversations.save_turn(turn.request.user_id, context, finished)
        except ChatbotError:
            self._spending.unsaved(turn.request.user_id, turn.model, completion.usage)
            raise
        self._observer.succeeded(turn.facts(), completion, cost)
        return TurnDone(turn.model, completion.stop_reason, completion.usage, cost, finished.retrieval, turn.citations)

    def _replay(self, user_id: str, claim: RequestClaim) -> Generator[TurnEvent]:
        """The answer that was given under this key, from the store."""
        saved = self._conversations.message_at(user_id, claim.conversation_id, claim.message_timestamp or "")
        if saved.message_id != claim.message_id:
            raise NotFound("The conversation of this answer was deleted, and another one stands under its id.")
        model, usage = saved.model or "", saved.usage or TokenUsage()
        yield Started(claim.conversation_id, saved.message_id, model)
        if saved.citations:
            yield PassagesCited(saved.citations)
        yield TextAdded(saved.text)
        yield TurnDone(
            model,
            saved.stop_reason or "end_turn",
            usage,
            saved.cost_usd,
            saved.retrieval or "disabled",
            saved.citations,
        )

    def _give_up(self, turn: _Turn, error: BaseException) -> None:
        """After a failure: the key is freed, so that a retry works; the failure and what it cost are counted."""
        if isinstance(error, GeneratorExit):
            code = "stopped"  # by a server that was told to stop
        else:
            code = error.code if isinstance(error, ChatbotError) else "internal_error"
        if turn.claim:
            # What failed is told already; a store that cannot free the key frees it when the lease ends.
            with suppress(ChatbotError):
                self._idempotency.release(turn.claim)
        if turn.completion is None:
            self._spending.silent(turn.request.user_id, turn.silent, turn.asked)
            # A model that refused took nothing.
            began = bool(turn.written) or not isinstance(error, _REFUSALS)
            taken = self._llm.estimate(turn.asked, "".join(turn.written)) if turn.asked and began else TokenUsage()
            self._spending.unsaved(turn.request.user_id, turn.model, taken + turn.grounding.usage)
        self._observer.failed(turn.facts(), code)


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
