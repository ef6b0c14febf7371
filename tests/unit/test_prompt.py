"""What a model reads: the latest turns that fit, then the message, whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.capabilities import ModelCapabilities
from chatbot.prompt import PromptSettings, build_request, estimate_tokens, title_from
from shared.errors import InvalidRequest
from shared.models import ChatMessage, ModelRequest

SETTINGS = PromptSettings("Be brief.", max_output_tokens=100, temperature=0.3)
ROOMY = ModelCapabilities(context_tokens=100_000, max_output_tokens=4_000, sampling=True)


def turns(count: int, length: int = 10) -> list[ChatMessage]:
    return [
        ChatMessage("user" if number % 2 == 0 else "assistant", f"{number:03}".ljust(length, "x"))
        for number in range(count * 2)
    ]


def request(
    history: list[ChatMessage],
    capabilities: ModelCapabilities = ROOMY,
    message: str = "And now?",
    *,
    whole: bool = True,
) -> ModelRequest:
    return build_request(history, message, capabilities, SETTINGS, deadline=1.0, history_is_whole=whole)


def test_everything_is_sent_where_it_fits_oldest_first() -> None:
    history = turns(5)
    built = request(history)
    assert built.messages == (*history, ChatMessage("user", "And now?"))
    assert (built.system, built.max_tokens, built.deadline) == ("Be brief.", 100, 1.0)


def test_the_oldest_turns_are_left_out_first_and_whole() -> None:
    small = ModelCapabilities(context_tokens=600, max_output_tokens=100)
    built = request(turns(5, length=200), small)
    assert built.messages[0].role == "user"
    assert built.messages[0].text.startswith("004")
    assert built.messages[-1].text == "And now?"


def test_a_budget_keeps_the_prompt_short_though_more_would_fit() -> None:
    budgeted = ROOMY.model_copy(update={"prompt_budget_tokens": 120})
    built = request(turns(5, length=60), budgeted)
    assert sum(estimate_tokens(message.text) for message in built.messages) <= 120
    assert len(built.messages) > 1


def test_a_message_over_the_budget_is_still_sent_alone() -> None:
    budgeted = ROOMY.model_copy(update={"prompt_budget_tokens": 120})
    assert len(request(turns(2), budgeted, "x" * 3000).messages) == 1


def test_a_message_that_no_context_holds_is_refused_with_the_figures() -> None:
    small = ModelCapabilities(context_tokens=500, max_output_tokens=100)
    with pytest.raises(InvalidRequest, match=r"about 1,005 tokens.*reads about 4\d\d") as caught:
        request([], small, "x" * 3000)
    assert caught.value.field == "message"


@settings(deadline=None)
@given(
    count=st.integers(0, 20),
    length=st.integers(3, 400),
    context=st.integers(300, 5_000),
    budget=st.sampled_from([0, 150, 400]),
    message=st.text(min_size=1, max_size=300),
)
def test_the_prompt_and_the_longest_reply_always_fit_the_context(
    count: int, length: int, context: int, budget: int, message: str
) -> None:
    small = ModelCapabilities(context_tokens=context, max_output_tokens=1_000, prompt_budget_tokens=budget)
    try:
        built = request(turns(count, length), small, message)
    except InvalidRequest:
        assert estimate_tokens(message) > context // 4
        return
    used = estimate_tokens(built.system) + sum(estimate_tokens(item.text) for item in built.messages)
    assert used + built.max_tokens <= context
    assert built.max_tokens >= 1
    assert all(one.role != next_one.role for one, next_one in pairwise(built.messages))
    assert built.messages[0].role == built.messages[-1].role == "user"


def test_a_history_cut_in_the_middle_of_a_turn_begins_with_a_user() -> None:
    assert request(turns(3)[1:]).messages[0].role == "user"


def test_sampling_and_thinking_are_said_only_to_models_that_know_them() -> None:
    plain = ModelCapabilities(context_tokens=1_000, max_output_tokens=100)
    thinker = ModelCapabilities(context_tokens=1_000, max_output_tokens=100, thinking=True)
    assert (request([], plain).temperature, request([], plain).disable_thinking) == (None, False)
    assert (request([]).temperature, request([], thinker).disable_thinking) == (0.3, True)


def test_the_temperature_is_the_owners_or_else_the_one_that_suits_the_model() -> None:
    cool = ModelCapabilities(context_tokens=1_000, max_output_tokens=100, sampling=True, temperature=0)
    for chosen, sent in ((None, 0), (0.9, 0.9), (0, 0)):
        settings = PromptSettings(temperature=chosen)
        assert build_request([], "Hi", cool, settings, 1.0, history_is_whole=True).temperature == sent


def test_the_history_is_cached_only_while_the_next_turn_begins_with_the_same_words() -> None:
    caching = ModelCapabilities(context_tokens=100_000, max_output_tokens=4_000, cache_from_tokens=500)
    long = turns(5, length=400)
    assert request(long, caching, whole=True).cache_history
    assert not request(long, caching, whole=False).cache_history
    assert not request(turns(1), caching, whole=True).cache_history
    assert not request(long, ROOMY, whole=True).cache_history


def test_a_short_system_text_is_not_cached() -> None:
    caching = ModelCapabilities(context_tokens=100_000, max_output_tokens=4_000, cache_from_tokens=500)
    long = PromptSettings("Rules. " * 400)
    assert not request([], caching).cache_system
    assert build_request([], "Hi", caching, long, 1.0, history_is_whole=True).cache_system


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("Hello", "Hello"),
        ("  Plan   a trip\nto Lisbon ", "Plan a trip"),
        ("\n\n---\nWhat is this?", "What is this?"),
        ("???", "???"),
        ("What would be a good way to spend three rainy days in Lisbon with children?", None),
        ("x" * 200, "x" * 59 + "…"),
        ("日本語" * 40, ("日本語" * 40)[:59] + "…"),
    ],
)
def test_a_title_is_the_first_line_with_words_cut_at_a_word(message: str, title: str | None) -> None:
    made = title_from(message)
    assert len(made) <= 60
    assert title is None or made == title
    if title is None:
        assert made == "What would be a good way to spend three rainy days in…"


@settings(deadline=None)
@given(message=st.text(min_size=1, max_size=300).filter(str.strip))
def test_every_message_gives_a_title(message: str) -> None:
    made = title_from(message)
    assert made.strip()
    assert "\n" not in made
