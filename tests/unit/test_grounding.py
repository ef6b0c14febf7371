"""Searching for a turn: what is searched for, what is told meanwhile, and that no turn fails for it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from chatbot import grounding
from chatbot.events import StatusChanged
from chatbot.grounding import DocumentGrounding, Grounding
from chatbot.llm_service import LLMService, ModelInfo
from chatbot.patience import Stopped, never
from chatbot.prompt import PromptSettings
from shared.config import parse_model_spec
from shared.errors import IndexWaking, ModelThrottled, RetrievalError
from shared.models import ChatMessage, Completion, TokenUsage
from shared.pricing import PriceList
from tests.fake_retriever import DISABLED, NO_MATCH, ScriptedRetriever, found
from tests.fakes import PATIENCE, USAGE, Pause, ScriptedModel

HISTORY = (ChatMessage("user", "Which pumps are sold?"), ChatMessage("assistant", "The P100 and the P200."))
RETRIEVING = StatusChanged("retrieving")


def service(model: ScriptedModel, name: str = "bedrock:a", **capabilities: object) -> LLMService:
    return LLMService(
        specs=[parse_model_spec(name)],
        fallbacks=0,
        overrides={name: capabilities} if capabilities else {},
        prompt=PromptSettings(),
        prices=PriceList.load(),
        open_model=lambda _spec, _context: model,
    )


def ground(
    retriever: ScriptedRetriever | None,
    message: str = "And the second one?",
    history: Sequence[ChatMessage] = (),
    llm: LLMService | None = None,
    stopped: Stopped = never,
) -> tuple[list[StatusChanged], Grounding]:
    """What is told, and what comes of it."""
    llm = llm or service(ScriptedModel())
    documents, told = DocumentGrounding(retriever, llm), []
    model: ModelInfo = llm.choose(llm.chain(None), message)
    search = documents.begin("owner", message, None, model, time.monotonic() + PATIENCE)
    events = documents.finish(search, history, model, stopped)
    while True:
        try:
            told.append(next(events))
        except StopIteration as end:
            return told, end.value


def test_without_a_retriever_there_are_no_documents() -> None:
    assert ground(None) == ([], Grounding("disabled"))


def test_a_user_without_documents_sees_nothing_of_the_search() -> None:
    assert ground(ScriptedRetriever(DISABLED), history=HISTORY) == ([], Grounding("disabled"))


def test_passages_are_found() -> None:
    result = found("The P200 weighs 12 kg.")
    assert ground(ScriptedRetriever(result)) == ([RETRIEVING], Grounding("used", result.passages))


def test_nothing_that_fits_is_told_as_such() -> None:
    assert ground(ScriptedRetriever(NO_MATCH)) == ([RETRIEVING], Grounding("no_match"))


def test_the_search_is_bounded_by_the_models_budget_and_the_turns_time() -> None:
    retriever = ScriptedRetriever()
    ground(retriever, llm=service(ScriptedModel(), passage_budget_tokens=123))
    (request,) = retriever.requests
    assert request.token_budget == 123
    assert request.deadline - time.monotonic() < PATIENCE / 2


@pytest.mark.parametrize("error", [RetrievalError("down"), IndexWaking("asleep"), RuntimeError("a defect")])
def test_a_search_that_fails_costs_the_turn_its_documents_only(error: Exception) -> None:
    told, result = ground(ScriptedRetriever(error))
    assert told == [RETRIEVING, StatusChanged("documents_unavailable")]
    assert result == Grounding("unavailable")


def test_a_search_that_takes_long_is_told_to_be_waking_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounding, "_WAKING_SECONDS", 0.01)
    pause, result = Pause(), found("At last.")
    llm = service(ScriptedModel())
    documents = DocumentGrounding(ScriptedRetriever(pause, result), llm)
    model = llm.choose(llm.chain(None), "Hi")
    search = documents.begin("owner", "Hi", None, model, time.monotonic() + PATIENCE)
    events = documents.finish(search, (), model, never)
    assert [next(events), next(events)] == [RETRIEVING, StatusChanged("waking_index")]
    pause.go.set()
    with pytest.raises(StopIteration) as end:
        next(events)
    assert end.value.value == Grounding("used", result.passages)


def test_a_search_without_end_is_given_up() -> None:
    pause = Pause()
    llm = service(ScriptedModel())
    documents = DocumentGrounding(ScriptedRetriever(pause), llm)
    model = llm.choose(llm.chain(None), "Hi")
    search = documents.begin("owner", "Hi", None, model, time.monotonic() + 0.4)
    told = list(documents.finish(search, (), model, never))
    pause.go.set()
    assert told[-1] == StatusChanged("documents_unavailable")


def test_a_follow_up_is_searched_for_as_the_model_rewrites_it() -> None:
    model, result = ScriptedModel(), found("The P200 weighs 12 kg.")
    model.next("What does the P200", " weigh?")
    retriever = ScriptedRetriever(NO_MATCH, result)
    _, grounded = ground(retriever, history=HISTORY, llm=service(model))
    assert retriever.queries == ["And the second one?", "What does the P200 weigh?"]
    assert grounded == Grounding("used", result.passages, USAGE)


def test_a_stop_during_the_second_search_still_counts_the_rewriting() -> None:
    model, retriever, pause = ScriptedModel(), ScriptedRetriever(NO_MATCH), Pause()
    model.next("What does the P200 weigh?")
    retriever.next(pause)
    _, grounded = ground(retriever, history=HISTORY, llm=service(model), stopped=lambda: len(retriever.requests) == 2)
    pause.go.set()
    assert grounded == Grounding("no_match", usage=USAGE)


def test_a_stop_during_the_rewriting_counts_what_the_model_has_read() -> None:
    model, retriever, pause = ScriptedModel(), ScriptedRetriever(NO_MATCH), Pause()
    model.next(pause, "What does the P200 weigh?")
    _, grounded = ground(retriever, history=HISTORY, llm=service(model), stopped=pause.reached.is_set)
    pause.go.set()
    assert len(retriever.requests) == 1
    assert (grounded.usage.input_tokens > 10, grounded.usage.output_tokens) == (True, 0)


def test_a_question_that_stands_alone_is_searched_for_once() -> None:
    model, result = ScriptedModel(), found("The P200 weighs 12 kg.")
    model.next("What does the P200 weigh?", Completion("end_turn", TokenUsage(3, 2)))
    retriever = ScriptedRetriever(result)
    _, grounded = ground(retriever, "What does the P200 weigh?", HISTORY, service(model))
    assert len(retriever.requests) == 1
    assert grounded == Grounding("used", result.passages, TokenUsage(3, 2))


def test_where_all_documents_are_sent_nothing_is_rewritten() -> None:
    model = ScriptedModel()
    ground(ScriptedRetriever(found("All there is.", whole=True)), history=HISTORY, llm=service(model))
    assert model.calls == 0


def test_where_the_model_fails_the_question_before_is_searched_for_too() -> None:
    model, result = ScriptedModel(), found("The P200 weighs 12 kg.")
    model.next(ModelThrottled("slow down"))
    retriever = ScriptedRetriever(NO_MATCH, result)
    _, grounded = ground(retriever, history=HISTORY, llm=service(model))
    assert retriever.queries[1] == "Which pumps are sold?\nAnd the second one?"
    assert grounded == Grounding("used", result.passages)


def test_a_model_that_cannot_rewrite_is_not_asked() -> None:
    model = ScriptedModel()
    llm = service(model, rewrites_questions=False)
    retriever = ScriptedRetriever(found("a"), found("b"))
    ground(retriever, history=HISTORY, llm=llm)
    assert model.calls == 0
    assert retriever.queries[1] == "Which pumps are sold?\nAnd the second one?"
    alone = ScriptedRetriever(found("a"))
    ground(alone, "How much does the second of the pumps weigh?", HISTORY, llm)
    assert len(alone.requests) == 1


def test_where_the_second_search_fails_the_first_one_holds() -> None:
    model, result = ScriptedModel(), found("The P100 and the P200.")
    model.next("What does the P200 weigh?")
    _, grounded = ground(ScriptedRetriever(result, IndexWaking("asleep")), history=HISTORY, llm=service(model))
    assert grounded == Grounding("used", result.passages, USAGE)


def test_a_long_message_is_searched_for_as_it_is() -> None:
    model = ScriptedModel()
    message = "Here is the contract. " * 40 + "Which clause covers this?"
    retriever = ScriptedRetriever(found("a"))
    ground(retriever, message, HISTORY, service(model))
    assert (model.calls, retriever.queries) == (0, [message])


def test_a_rewritten_question_that_was_cut_is_not_taken() -> None:
    model = ScriptedModel()
    model.next("What does the", Completion("max_tokens", USAGE))
    retriever = ScriptedRetriever(NO_MATCH, found("a"))
    ground(retriever, history=HISTORY, llm=service(model))
    assert retriever.queries[1] == "Which pumps are sold?\nAnd the second one?"


def test_where_the_first_search_fails_no_model_is_asked() -> None:
    model = ScriptedModel()
    _, grounded = ground(ScriptedRetriever(RetrievalError("down")), history=HISTORY, llm=service(model))
    assert (grounded.retrieval, model.calls) == ("unavailable", 0)
