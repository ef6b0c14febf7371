"""Which model answers: the default, its fallbacks while nothing was said, or just the one that was named."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence

import pytest

from chatbot.llm_service import Attempt, Conversation, LLMService
from chatbot.prompt import PromptSettings
from shared.config import parse_model_spec
from shared.errors import (
    ConfigurationError,
    ContextExceeded,
    InvalidRequest,
    ModelError,
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelThrottled,
    ModelUnavailable,
    UnknownModel,
)
from shared.models import ChatMessage, Completion, ModelEvent, ModelRequest, ModelSpec, TextDelta, TokenUsage
from shared.ports import ChatModel
from shared.pricing import PriceList
from tests.fakes import PATIENCE

DONE = Completion("end_turn", TokenUsage(10, 5))
Script = Sequence[ModelEvent | Exception]


class Scripted:
    """A model that plays one script after another, the last one for ever."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.requests: list[ModelRequest] = []
        self.closed_streams = 0
        self.closed = False

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        self.requests.append(request)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        try:
            for event in script:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.closed_streams += 1

    def close(self) -> None:
        self.closed = True


class Silent(Scripted):
    """A model that says nothing until it is woken."""

    def __init__(self, wake: threading.Event) -> None:
        super().__init__(says("too late"))
        self._wake = wake

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        self._wake.wait(PATIENCE)
        yield from super().stream(request)


def says(text: str) -> Script:
    return [TextDelta(text), DONE]


def fails(error: Exception) -> Script:
    return [error]


def service(models: dict[str, Scripted], fallbacks: int = 1) -> LLMService:
    by_spec = {parse_model_spec(name): model for name, model in models.items()}

    def open_model(spec: ModelSpec, _context_tokens: int) -> ChatModel:
        return by_spec[spec]

    return LLMService(
        specs=list(by_spec),
        fallbacks=fallbacks,
        overrides={},
        prompt=PromptSettings(),
        prices=PriceList.load(),
        open_model=open_model,
    )


def ask(llm: LLMService, model: str | None = None, message: str = "Hi") -> list[Attempt | TextDelta | Completion]:
    conversation = Conversation((), message, whole=True)
    return list(llm.stream(llm.chain(model), conversation, time.monotonic() + 60))


def test_the_default_model_answers() -> None:
    first, second = Scripted(says("one")), Scripted(says("two"))
    assert ask(service({"bedrock:a": first, "bedrock:b": second})) == [Attempt("bedrock:a"), TextDelta("one"), DONE]
    assert not second.requests


@pytest.mark.parametrize(
    "error", [ModelThrottled("t"), ModelUnavailable("u"), ModelStreamBroken("b"), ModelRejectedRequest("r")]
)
def test_the_fallback_answers_where_the_default_said_nothing(error: ModelError) -> None:
    llm = service({"bedrock:a": Scripted(fails(error)), "bedrock:b": Scripted(says("two"))})
    assert ask(llm) == [Attempt("bedrock:a"), Attempt("bedrock:b"), TextDelta("two"), DONE]


def test_a_model_that_was_stopped_while_it_answered_has_answered() -> None:
    broken = fails(ModelUnavailable("u"))
    first = Scripted(broken, broken, says("long"), broken, says("well"))
    llm = service({"bedrock:a": first, "bedrock:b": Scripted(says("two"))})
    ask(llm)
    ask(llm)
    events = llm.stream(llm.chain(None), Conversation((), "Hi", whole=True), time.monotonic() + 60)
    assert [next(events), next(events)] == [Attempt("bedrock:a"), TextDelta("long")]
    events.close()
    # Two failures, an answer, a failure: it would rest after three failures in a row.
    ask(llm)
    assert not llm.models()[0].resting
    assert ask(llm)[-2:] == [TextDelta("well"), DONE]


def test_a_model_that_was_stopped_before_it_answered_has_said_nothing_of_itself() -> None:
    llm = service({"bedrock:a": Scripted(fails(ModelUnavailable("u"))), "bedrock:b": Scripted(says("two"))})
    ask(llm)
    ask(llm)
    events = llm.stream(llm.chain(None), Conversation((), "Hi", whole=True), time.monotonic() + 60)
    assert next(events) == Attempt("bedrock:a")
    events.close()
    ask(llm)
    assert llm.models()[0].resting


def test_half_an_answer_is_never_continued_by_another_model() -> None:
    second = Scripted(says("two"))
    llm = service({"bedrock:a": Scripted([TextDelta("on"), ModelStreamBroken("b")]), "bedrock:b": second})
    with pytest.raises(ModelStreamBroken):
        ask(llm)
    assert not second.requests


def test_the_last_error_is_told_where_all_fail() -> None:
    llm = service(
        {"bedrock:a": Scripted(fails(ModelThrottled("a"))), "bedrock:b": Scripted(fails(ModelUnavailable("b")))}
    )
    with pytest.raises(ModelUnavailable, match="b"):
        ask(llm)


def test_a_named_model_answers_alone() -> None:
    first, other = Scripted(says("one")), Scripted(fails(ModelThrottled("t")))
    llm = service({"bedrock:a": first, "bedrock:b": other}, fallbacks=0)
    with pytest.raises(ModelThrottled):
        ask(llm, "bedrock:b")
    assert not first.requests


def test_naming_the_default_keeps_its_fallbacks() -> None:
    llm = service({"bedrock:a": Scripted(fails(ModelThrottled("t"))), "bedrock:b": Scripted(says("two"))})
    assert Attempt("bedrock:b") in ask(llm, "bedrock:a")


def test_a_model_that_is_not_configured_cannot_be_asked() -> None:
    llm = service({"bedrock:a": Scripted(says("one"))})
    with pytest.raises(UnknownModel, match="bedrock:a") as caught:
        llm.chain("bedrock:expensive")
    assert caught.value.field == "model"


def test_a_failing_model_rests_and_the_fallback_answers_at_once() -> None:
    first, second = Scripted(fails(ModelUnavailable("u"))), Scripted(says("two"))
    llm = service({"bedrock:a": first, "bedrock:b": second})
    for _ in range(10):
        ask(llm)
    assert len(first.requests) == 3
    assert len(second.requests) == 10
    assert [info.resting for info in llm.models()] == [True, False]


def test_the_last_model_is_asked_though_it_keeps_failing() -> None:
    only = Scripted(*[fails(ModelUnavailable("u"))] * 6, says("back"))
    llm = service({"bedrock:a": only}, fallbacks=0)
    for _ in range(6):
        with pytest.raises(ModelUnavailable):
            ask(llm)
    assert TextDelta("back") in ask(llm)
    assert not llm.models()[0].resting


def test_a_request_that_a_model_rejects_does_not_rest_it() -> None:
    llm = service({"bedrock:a": Scripted(fails(ModelRejectedRequest("r"))), "bedrock:b": Scripted(says("two"))})
    for _ in range(5):
        ask(llm)
    assert not llm.models()[0].resting


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ([DONE], "empty answer"),
        ([TextDelta(" \n"), DONE], "empty answer"),
        ([Completion("content_filtered", TokenUsage())], "content filter"),
        ([Completion("guardrail_intervened", TokenUsage())], "guardrail"),
    ],
)
def test_a_blank_answer_is_an_error_that_says_why(script: Script, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        ask(service({"bedrock:a": Scripted(script)}, fallbacks=0))


def test_leaving_early_closes_the_model_stream() -> None:
    model = Scripted([TextDelta("a"), TextDelta("b"), DONE])
    llm = service({"bedrock:a": model})
    events = llm.stream(llm.chain(None), Conversation((), "Hi", whole=True), time.monotonic() + 60)
    assert next(events) == Attempt("bedrock:a")
    assert next(events) == TextDelta("a")
    events.close()
    assert model.closed_streams == 1


def test_a_message_too_long_for_the_default_goes_to_a_fallback_that_holds_it() -> None:
    small, large = Scripted(says("one")), Scripted(says("two"))
    llm = service({"builtin": small, "bedrock:global.anthropic.claude-haiku-5-5": large})
    assert TextDelta("two") in ask(llm, message="word " * 6_000)
    assert not small.requests


def test_a_message_too_long_for_all_is_refused_before_any_model_is_asked() -> None:
    small = Scripted(says("one"))
    with pytest.raises(InvalidRequest, match="tokens long"):
        ask(service({"builtin": small}), message="word " * 6_000)
    assert not small.requests


def test_each_model_is_asked_in_its_own_way() -> None:
    claude, llama = Scripted(fails(ModelThrottled("t"))), Scripted(says("two"))
    llm = service({"bedrock:global.anthropic.claude-haiku-5-5": claude, "gguf:/model.gguf": llama})
    history = (ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"))
    list(llm.stream(llm.chain(None), Conversation(history, "Go on", whole=True), time.monotonic() + 60))
    assert (claude.requests[0].temperature, claude.requests[0].disable_thinking) == (None, True)
    assert (llama.requests[0].temperature, llama.requests[0].disable_thinking) == (0.3, False)
    assert claude.requests[0].messages == llama.requests[0].messages == (*history, ChatMessage("user", "Go on"))


def test_a_silent_model_is_left_for_its_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.llm_service._PATIENCE_SECONDS", 0.05)
    wake = threading.Event()
    silent = Silent(wake)
    llm = service({"bedrock:a": silent, "bedrock:b": Scripted(says("two"))})
    assert ask(llm) == [
        Attempt("bedrock:a"),
        Attempt("bedrock:b", after_silence="bedrock:a"),
        TextDelta("two"),
        DONE,
    ]
    wake.set()


def test_a_stream_without_an_end_is_a_broken_one() -> None:
    with pytest.raises(ModelStreamBroken):
        ask(service({"bedrock:a": Scripted([TextDelta("half")])}, fallbacks=0))


def test_a_history_that_was_longer_than_estimated_is_halved_until_it_fits() -> None:
    history = [ChatMessage(role, f"{number}") for number in range(5) for role in ("user", "assistant")]
    refused: Script = [ContextExceeded("too long")]
    model = Scripted(refused, refused, says("fits"))
    llm = service({"bedrock:a": model}, fallbacks=0)
    events = list(llm.stream(llm.chain(None), Conversation(history, "And now?", whole=True), time.monotonic() + 60))
    assert events == [Attempt("bedrock:a"), TextDelta("fits"), DONE]
    assert [len(request.messages) for request in model.requests] == [11, 5, 3]
    assert all(request.messages[0].role == "user" for request in model.requests)
    assert all(request.messages[-1].text == "And now?" for request in model.requests)


def test_a_context_that_runs_out_in_the_middle_of_an_answer_does_not_begin_another() -> None:
    model = Scripted([TextDelta("half"), ContextExceeded("full")], says("again"))
    llm = service({"bedrock:a": model}, fallbacks=0)
    history = (ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"))
    with pytest.raises(ContextExceeded):
        list(llm.stream(llm.chain(None), Conversation(history, "Go on", whole=True), time.monotonic() + 60))
    assert len(model.requests) == 1


def test_a_message_that_does_not_fit_without_any_history_is_refused() -> None:
    model = Scripted(fails(ContextExceeded("too long")))
    llm = service({"bedrock:a": model}, fallbacks=0)
    history = (ChatMessage("user", "Hi"), ChatMessage("assistant", "Hello"))
    with pytest.raises(ContextExceeded):
        list(llm.stream(llm.chain(None), Conversation(history, "Long", whole=True), time.monotonic() + 60))
    assert [len(request.messages) for request in model.requests] == [3, 1]


def test_models_are_opened_once_and_closed() -> None:
    model = Scripted(says("one"))
    opened: list[ModelSpec] = []

    def open_model(spec: ModelSpec, _context_tokens: int) -> ChatModel:
        opened.append(spec)
        return model

    llm = _with(open_model, "builtin", "bedrock:b", "bedrock:c")
    llm.open()
    ask(llm)
    ask(llm)
    assert [spec.name for spec in opened] == ["builtin", "bedrock:b"]
    llm.close()
    assert model.closed


def test_a_model_that_cannot_be_opened_is_said_at_start() -> None:
    def open_model(_spec: ModelSpec, _context_tokens: int) -> ChatModel:
        raise ConfigurationError("no such file")

    with pytest.raises(ConfigurationError, match="no such file"):
        _with(open_model, "gguf:/missing.gguf").open()


def _with(open_model: Callable[[ModelSpec, int], ChatModel], *names: str) -> LLMService:
    return LLMService(
        specs=[parse_model_spec(name) for name in names],
        fallbacks=1,
        overrides={},
        prompt=PromptSettings(),
        prices=PriceList.load(),
        open_model=open_model,
    )
