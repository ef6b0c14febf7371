"""The use-case of one turn: a message in, a stream of events out, the turn saved whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import replace
from uuid import uuid4

from chatbot.budget import DailyBudget, Spending
from chatbot.conversation_service import ConversationService, FinishedTurn
from chatbot.events import PassagesCited, Started, StatusChanged, TextAdded, TurnDone, TurnEvent
from chatbot.grounding import DocumentGrounding
from chatbot.idempotency import Idempotency
from chatbot.llm_service import Conversation, LLMService
from chatbot.observe import TurnObserver
from chatbot.patience import nothing_written
from chatbot.stopping import Stopping, StopWatch
from chatbot.turn import Turn, TurnRequest
from chatbot.turn_context import Context, no_conversation_named
from shared.errors import (
    ChatbotError,
    InvalidRequest,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelThrottled,
    ModelUnavailable,
    NotFound,
    TurnStopped,
)
from shared.models import Completion, RequestClaim, TextDelta, TokenUsage
from shared.ports import Clock

#: Errors of models that did not begin to work.
_REFUSALS = (InvalidRequest, ModelThrottled, ModelUnavailable, ModelRejectedRequest)


class ChatService:
    """Answers messages."""

    def __init__(
        self,
        *,
        conversations: ConversationService,
        llm: LLMService,
        documents: DocumentGrounding,
        idempotency: Idempotency,
        stopping: Stopping,
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
        self._stopping = stopping
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
        if request.replaces is not None and request.conversation_id is None:
            raise no_conversation_named()
        chain = self._llm.chain(request.model)
        turn = Turn(request, self._clock(), request.conversation_id or str(uuid4()))
        if request.idempotency_key is not None:
            turn.claim = self._claim(turn, request.idempotency_key)
            if turn.claim.done:
                yield from self._replay(request.user_id, turn.claim)
                return
        try:
            with self._stopping.watch(request.user_id, turn.message_id) as stop:
                yield from self._answer(turn, chain, stop)
        except BaseException as error:
            self._give_up(turn, error)
            raise

    def _claim(self, turn: Turn, key: str) -> RequestClaim:
        return self._idempotency.claim(
            user_id=turn.request.user_id,
            key=key,
            request=turn.request.identity(),
            conversation_id=turn.conversation_id,
            message_id=turn.message_id,
            seconds=turn.request.deadline - time.monotonic(),
        )

    def _answer(self, turn: Turn, chain: tuple[str, ...], stop: StopWatch) -> Generator[TurnEvent]:
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
        context = self._context(turn)
        yield Started(turn.conversation_id, turn.message_id, turn.model)
        turn.grounding = yield from self._documents.finish(search, context.history, model, stop.asked)
        if stop.asked():
            raise nothing_written()
        yield StatusChanged("generating")
        turn.asked = Conversation(context.history, request.message, context.whole, turn.grounding.passages)
        yield from self._write(turn, chain, turn.asked, stop)
        if turn.completion is None:
            raise ModelStreamBroken("The model's answer broke off before its end; ask again.")
        yield self._finish(turn, context, turn.completion)

    def _context(self, turn: Turn) -> Context:
        request = turn.request
        if request.conversation_id is None:
            return Context.empty(turn.conversation_id)
        return self._conversations.context(
            request.user_id, request.conversation_id, self._context_messages, request.replaces
        )

    def _write(self, turn: Turn, chain: tuple[str, ...], asked: Conversation, stop: StopWatch) -> Generator[TurnEvent]:
        """The model's answer, to its end or until it is stopped: what comes then is not taken any more."""
        blank = True
        with closing(self._llm.stream(chain, asked, turn.request.deadline, stop.asked)) as events:
            for event in events:
                # With the first words it is decided whether anything is kept.
                begins = blank and isinstance(event, TextDelta) and bool(event.text.strip())
                # A reply that has come to its end is whole, whatever was asked for.
                if not isinstance(event, Completion) and stop.asked(latest=begins):
                    break
                blank = blank and not begins
                yield from turn.take(event)
            else:
                return
        if blank:
            raise nothing_written()
        # Closed before its end, the model tells no figures.
        yield from turn.take(Completion("stopped", self._llm.estimate(asked, "".join(turn.written))))

    def _finish(self, turn: Turn, context: Context, completion: Completion) -> TurnDone:
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

    def _give_up(self, turn: Turn, error: BaseException) -> None:
        """After a failure: the key is freed, so that a retry works; the failure and what it cost are counted."""
        if isinstance(error, GeneratorExit):
            code = "server_stopped"
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
        if isinstance(error, TurnStopped):
            self._observer.stopped(turn.facts())
        else:
            self._observer.failed(turn.facts(), code)
