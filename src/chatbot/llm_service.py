"""Which model answers: choice, fallback, circuit breaking, price. The models themselves are behind a port."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any

from chatbot.capabilities import ModelCapabilities, capabilities_of, check_overrides
from chatbot.circuit_breaker import CircuitBreaker
from chatbot.patience import Stopped, first_within, never
from chatbot.prompt import PromptSettings, build_request, estimate_tokens, fitting_passages
from chatbot.whole_characters import whole_characters
from shared.documents import Passage
from shared.errors import (
    ContextExceeded,
    InvalidRequest,
    ModelError,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelTimeout,
    UnknownModel,
)
from shared.models import ChatMessage, Completion, ModelRequest, ModelSpec, TextDelta, TokenUsage
from shared.ports import ChatModel
from shared.pricing import Price, PriceList

log = logging.getLogger(__name__)

#: How long a model may be silent before the next one in line is asked, in seconds; at most half of the time left.
_PATIENCE_SECONDS = 30

OpenModel = Callable[[ModelSpec, int], ChatModel]
"""Opens the adapter of a model, given its context in tokens. Raises ``ConfigurationError``."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A configured model, as ``GET /models`` shows it."""

    spec: ModelSpec
    capabilities: ModelCapabilities
    default: bool
    price: Price | None
    resting: bool
    """Whether its circuit breaker is open."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A model is now asked, with these of the passages there are.

    Comes before its first ``TextDelta``; again with each fallback, and where fewer passages had to do.
    """

    model: str
    passages: tuple[Passage, ...] = ()
    after_silence: str | None = None
    """The model that was asked before and kept silent, whose provider may bill it all the same."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a model is asked with. ``whole`` says that ``history`` left out nothing older.

    ``passages`` are of the user's documents, the best first.
    """

    history: Sequence[ChatMessage]
    message: str
    whole: bool
    passages: Sequence[Passage] = ()


class _Candidate:
    """One configured model, its adapter opened when first needed."""

    def __init__(self, spec: ModelSpec, capabilities: ModelCapabilities, open_model: OpenModel) -> None:
        self.spec = spec
        self.capabilities = capabilities
        self.breaker = CircuitBreaker()
        self._open_model = open_model
        self._lock = threading.Lock()
        self._model: ChatModel | None = None

    def open(self) -> ChatModel:
        with self._lock:
            if self._model is None:
                self._model = self._open_model(self.spec, self.capabilities.context_tokens)
            return self._model

    def close(self) -> None:
        with self._lock:
            if self._model is not None:
                self._model.close()
                self._model = None


class LLMService:
    """The configured models: ``specs[0]`` answers, the next ``fallbacks`` stand in, the rest answer when named."""

    def __init__(
        self,
        *,
        specs: Sequence[ModelSpec],
        fallbacks: int,
        overrides: Mapping[str, Mapping[str, Any]],
        prompt: PromptSettings,
        prices: PriceList,
        open_model: OpenModel,
    ) -> None:
        """Raises ``ConfigurationError`` for overrides that do not fit. Opens no model."""
        check_overrides(specs, overrides)
        unique = {spec.name: spec for spec in specs}
        self._candidates = {
            name: _Candidate(spec, capabilities_of(spec, overrides), open_model) for name, spec in unique.items()
        }
        self._chain = tuple(dict.fromkeys(spec.name for spec in specs[: 1 + fallbacks]))
        self._prompt = prompt
        self._prices = prices

    @property
    def default_model(self) -> str:
        """The name of the model that answers where a request names none."""
        return self._chain[0]

    @property
    def prices_as_of(self) -> str:
        """The day of the price list, ``YYYY-MM-DD``."""
        return self._prices.as_of

    def models(self) -> tuple[ModelInfo, ...]:
        """Every configured model, the default first."""
        return tuple(self._info(name) for name in self._candidates)

    def _info(self, name: str) -> ModelInfo:
        candidate = self._candidates[name]
        return ModelInfo(
            candidate.spec,
            candidate.capabilities,
            default=name == self.default_model,
            price=self._prices.of(name),
            resting=candidate.breaker.is_open,
        )

    def open(self) -> None:
        """Opens the default model and its fallbacks, so that what is wrong shows at start. ``ConfigurationError``."""
        for name in self._chain:
            self._candidates[name].open()

    def close(self) -> None:
        """Closes every open model."""
        for candidate in self._candidates.values():
            candidate.close()

    def chain(self, name: str | None) -> tuple[str, ...]:
        """The models to try, in order: the default and its fallbacks, or just the one that was named.

        Raises ``UnknownModel`` for a model that is not configured: a request cannot choose one that the owner did not.
        """
        if name is None or name == self.default_model:
            return self._chain
        if name not in self._candidates:
            known = ", ".join(self._candidates)
            raise UnknownModel(f"There is no model of that name here; the models are: {known}.", field="model")
        return (name,)

    def choose(self, chain: Sequence[str], message: str) -> ModelInfo:
        """The model of the chain that will be asked first.

        Raises ``InvalidRequest`` where the message is too long for all of them.
        """
        for name in chain[:-1]:
            # Not ``allows()``: asking that is the one trial of a model that rested.
            if not self._candidates[name].breaker.is_open:
                with suppress(InvalidRequest):
                    self._request(self._candidates[name], Conversation((), message, whole=True), (), 0)
                    return self._info(name)
        self._request(self._candidates[chain[-1]], Conversation((), message, whole=True), (), 0)
        return self._info(chain[-1])

    def complete(self, name: str, request: ModelRequest, stopped: Stopped) -> tuple[str, TokenUsage]:
        """A short answer of one model to a question of this program, whole. Raises its ``ModelError``.

        One that is cut at its longest length is a ``ModelRejectedRequest``. ``TurnStopped`` as for ``stream``.
        """
        candidate = self._candidates[name]
        patience = request.deadline - time.monotonic()
        try:
            with closing(self._answer(candidate.open(), request, patience, stopped)) as events:
                *told, completion = events
        except ModelRejectedRequest:
            raise
        except ModelError:
            candidate.breaker.failed()
            raise
        if not isinstance(completion, Completion) or completion.stop_reason != "end_turn":
            raise ModelRejectedRequest("The model's answer was cut.")
        return "".join(event.text for event in told if isinstance(event, TextDelta)), completion.usage

    def cost(self, model: str, usage: TokenUsage) -> float | None:
        """US dollars, or ``None`` where the price is not known."""
        price = self._prices.of(model)
        return price.cost(usage) if price else None

    def estimate(self, asked: Conversation, written: str) -> TokenUsage:
        """What an answer took of which no figures came: the provider bills it, and does not say how much it was."""
        read = (
            self._prompt.system,
            asked.message,
            *(message.text for message in asked.history),
            *(passage.text for passage in asked.passages),
        )
        return TokenUsage(sum(map(estimate_tokens, read)), estimate_tokens(written) if written else 0)

    def stream(
        self,
        chain: Sequence[str],
        conversation: Conversation,
        deadline: float,
        stopped: Stopped = never,
    ) -> Generator[Attempt | TextDelta | Completion]:
        """The reply of the first model of the chain that gives one.

        The next is tried only while no text has come: half an answer is never continued by another model. Raises the
        last model's ``ModelError``, or ``InvalidRequest`` where the message is too long for all of them. ``stopped`` is
        asked while a model is silent, and ends that with ``TurnStopped``.
        """
        silent: str | None = None
        for name in chain[:-1]:
            if not self._candidates[name].breaker.allows():
                log.info("model is resting after failures", extra={"model": name})
                continue
            patience = min((deadline - time.monotonic()) / 2, _PATIENCE_SECONDS)
            started = False
            try:
                for event in self._ask(name, conversation, deadline, patience, stopped):
                    started = started or isinstance(event, TextDelta)
                    yield replace(event, after_silence=silent) if isinstance(event, Attempt) else event
                    silent = None if isinstance(event, Attempt) else silent
            except (ModelError, InvalidRequest) as error:
                if started:
                    raise
                silent = name if isinstance(error, ModelTimeout) else None
                log.warning("model failed; trying the next", extra={"model": name, "code": error.code})
            else:
                return
        # The last is asked whatever its breaker says, and given all the time: nobody else is left to answer.
        for event in self._ask(chain[-1], conversation, deadline, None, stopped):
            yield replace(event, after_silence=silent) if isinstance(event, Attempt) else event
            silent = None

    def _ask(
        self,
        name: str,
        conversation: Conversation,
        deadline: float,
        patience: float | None,
        stopped: Stopped,
    ) -> Generator[Attempt | TextDelta | Completion]:
        """One model's reply, asked for again with a shorter history where the model says that it cannot read it all."""
        candidate = self._candidates[name]
        passages = self._passages_for(candidate, conversation)
        request = self._request(candidate, conversation, passages, deadline)
        yield Attempt(name, passages)
        started = False
        while True:
            kept = request.messages[:-1]
            try:
                for event in self._answer(candidate.open(), request, patience, stopped):
                    started = started or isinstance(event, TextDelta)
                    yield event
            except ContextExceeded:
                candidate.breaker.succeeded()
                if started or not (kept or passages):
                    raise
                # The estimate was too low. A failed turn leaves the history as it is, so without this the conversation
                # would be stuck for good. Half of the turns go, the older ones; then, with none left, half of the
                # passages.
                if not kept:
                    passages = passages[: len(passages) // 2]
                    yield Attempt(name, passages)
                shorter = Conversation(kept[(len(kept) // 2 + 1) // 2 * 2 :], conversation.message, whole=False)
                request = self._request(candidate, shorter, passages, deadline)
            except (ModelRejectedRequest, GeneratorExit):
                candidate.breaker.succeeded()  # it is there, and it answered; what is left was stopped while it did
                raise
            except ModelError:
                candidate.breaker.failed()
                raise
            else:
                candidate.breaker.succeeded()
                return

    def _passages_for(self, candidate: _Candidate, conversation: Conversation) -> tuple[Passage, ...]:
        return fitting_passages(conversation.passages, conversation.message, candidate.capabilities, self._prompt)

    def _request(
        self, candidate: _Candidate, conversation: Conversation, passages: Sequence[Passage], deadline: float
    ) -> ModelRequest:
        return build_request(
            conversation.history,
            conversation.message,
            candidate.capabilities,
            self._prompt,
            deadline,
            history_is_whole=conversation.whole,
            passages=passages,
        )

    @staticmethod
    def _answer(
        model: ChatModel, request: ModelRequest, patience: float | None, stopped: Stopped
    ) -> Generator[TextDelta | Completion]:
        """The model's events; a blank reply is an error, as no later turn could be built on it."""
        blank, ended = True, False
        with closing(first_within(model.stream(request), patience, stopped)) as events:
            for event in whole_characters(events):
                if isinstance(event, TextDelta):
                    blank = blank and not event.text.strip()
                elif blank:
                    raise ModelRejectedRequest(_WHY_BLANK.get(event.stop_reason, _WHY_BLANK["end_turn"]))
                else:
                    ended = True
                yield event
        if not ended:
            raise ModelStreamBroken("The model's answer broke off before its end; ask again.")


_WHY_BLANK = {
    "end_turn": "The model returned an empty answer; ask again, or in other words.",
    "content_filtered": "The model's content filter stopped the answer; ask in other words.",
    "guardrail_intervened": "A guardrail of this account stopped the answer; ask in other words.",
    "context_exceeded": "The conversation is too long for this model; begin a new one.",
}
