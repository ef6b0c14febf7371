"""What the user's documents say about a message: searched for while the history is read, and never failing a turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace

from chatbot.events import StatusChanged
from chatbot.follow_up import LONGEST_FOLLOW_UP, is_short, rewrite_request, standalone_question, with_previous_question
from chatbot.llm_service import LLMService, ModelInfo
from chatbot.patience import Stopped, done_within
from chatbot.prompt import estimate_tokens
from shared.document_ports import Retriever
from shared.documents import SEARCH_SECONDS, Passage, RetrievalRequest, RetrievalResult
from shared.errors import ChatbotError, ModelError, TurnStopped
from shared.models import ChatMessage, Retrieval, TokenUsage

log = logging.getLogger(__name__)

#: A search that takes so long is waking an index; an ordinary one takes well under a second.
_WAKING_SECONDS = 3
#: A user without documents is told so at once, and sees nothing of the search.
_AT_ONCE_SECONDS = 0.1
_REWRITE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Grounding:
    """What was found. ``usage`` is what finding it took of the model."""

    retrieval: Retrieval
    passages: tuple[Passage, ...] = ()
    usage: TokenUsage = field(default_factory=TokenUsage)


@dataclass(frozen=True, slots=True)
class Search:
    """A search that goes on in a thread of its own."""

    request: RetrievalRequest
    found: Future[RetrievalResult]


class DocumentGrounding:
    """Finds passages for a turn. Without a retriever there are no documents, and every turn does without."""

    def __init__(self, retriever: Retriever | None, llm: LLMService) -> None:
        self._retriever = retriever
        self._llm = llm

    def begin(
        self, user_id: str, message: str, document_ids: tuple[str, ...] | None, model: ModelInfo, deadline: float
    ) -> Search | None:
        """Searches for the message as it is. ``deadline`` is the turn's, a ``time.monotonic()`` reading in seconds."""
        if self._retriever is None:
            return None
        now = time.monotonic()
        request = RetrievalRequest(
            user_id=user_id,
            query=message,
            token_budget=model.capabilities.passage_budget_tokens,
            # At most half of the turn's time.
            deadline=min(now + SEARCH_SECONDS, now + (deadline - now) / 2),
            document_ids=document_ids,
        )
        return self._search(self._retriever, request)

    def finish(
        self, search: Search | None, history: Sequence[ChatMessage], model: ModelInfo, stopped: Stopped
    ) -> Generator[StatusChanged, None, Grounding]:
        """Waits for the search, and searches again where only the history tells what the message is about.

        Where ``stopped()`` it ends soon, and may raise ``TurnStopped``.
        """
        if search is None or self._retriever is None:
            return Grounding("disabled")
        result = yield from _wait(search, stopped)
        usage = TokenUsage()
        if result is not None and history and result.outcome != "disabled" and not result.whole:
            question, usage = self._question(search.request, history, model, result, stopped)
            if question != search.request.query:
                again = self._search(self._retriever, replace(search.request, query=question))
                with suppress(TurnStopped):  # whoever asked for the passages stops, and counts the usage
                    # What the message itself found is better than nothing.
                    result = (yield from _wait(again, stopped)) or result
        if result is None:
            yield StatusChanged("documents_unavailable")
            return Grounding("unavailable", usage=usage)
        return Grounding(result.outcome, result.passages, usage)

    def _question(
        self,
        request: RetrievalRequest,
        history: Sequence[ChatMessage],
        model: ModelInfo,
        found: RetrievalResult,
        stopped: Stopped,
    ) -> tuple[str, TokenUsage]:
        """The message as it would stand alone, and what asking the model for it took.

        A long message says by itself what it is about.
        """
        if len(request.query) > LONGEST_FOLLOW_UP:
            return request.query, TokenUsage()
        if not model.capabilities.rewrites_questions:
            unclear = found.outcome == "no_match" or is_short(request.query)
            return (with_previous_question(request.query, history) if unclear else request.query), TokenUsage()
        deadline = min(request.deadline, time.monotonic() + _REWRITE_SECONDS)
        asked = rewrite_request(request.query, history, deadline, disable_thinking=model.capabilities.thinking)
        try:
            answer, usage = self._llm.complete(model.spec.name, asked, stopped)
        except ModelError as error:
            log.info("question not rewritten", extra={"model": model.spec.name, "code": error.code})
            return with_previous_question(request.query, history), TokenUsage()
        except TurnStopped:
            # The provider bills what it has read, and does not say how much that was.
            return request.query, TokenUsage(sum(estimate_tokens(message.text) for message in asked.messages))
        return standalone_question(answer, request.query) or request.query, usage

    @staticmethod
    def _search(retriever: Retriever, request: RetrievalRequest) -> Search:
        found: Future[RetrievalResult] = Future()

        def run() -> None:
            try:
                found.set_result(retriever.retrieve(request))
            except BaseException as error:  # noqa: BLE001 - it is raised again, by the turn that waits for it
                found.set_exception(error)

        # A daemon: Python waits for the others before it exits, and an index may be asleep.
        threading.Thread(target=run, name="search", daemon=True).start()
        return Search(request, found)


def _wait(search: Search, stopped: Stopped) -> Generator[StatusChanged, None, RetrievalResult | None]:
    """The result; ``None`` where the search failed or took too long, which no turn fails for."""
    if not _is_disabled(search.found):
        yield StatusChanged("retrieving")
    if not done_within(search.found, min(_WAKING_SECONDS, _left(search)), stopped):
        yield StatusChanged("waking_index")
        if not done_within(search.found, _left(search), stopped):
            log.warning("documents could not be searched in time", extra={"code": "retrieval_timeout"})
            return None
    try:
        return search.found.result()
    except ChatbotError as error:
        log.warning("documents could not be searched", extra={"code": error.code})
    except Exception:
        # A defect of the search costs this turn its documents, never its answer.
        log.exception("search ended by an unexpected error")
    return None


def _is_disabled(found: Future[RetrievalResult]) -> bool:
    wait([found], timeout=_AT_ONCE_SECONDS)
    return found.done() and not found.exception() and found.result().outcome == "disabled"


def _left(search: Search) -> float:
    return max(0, search.request.deadline - time.monotonic())
