"""From a conversation to what a model reads. Pure: no clock, no store, no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.capabilities import ModelCapabilities
from chatbot.documents_prompt import INSTRUCTION, fenced, with_passages
from shared.documents import Passage
from shared.errors import InvalidRequest
from shared.models import ChatMessage, ModelRequest

SYSTEM_PROMPT = "You are a helpful assistant. Answer clearly and briefly."

_WORD_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \n"
_OTHER_BYTES = bytes(range(0x80, 0x100))
#: Role markers and separators around each message in the common chat templates.
_TOKENS_PER_MESSAGE = 5
#: A reply that could not be this long is not worth asking for.
_SMALLEST_REPLY = 64


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """What the owner chose: the system text, the longest reply in tokens, the temperature (``None``: the model's)."""

    system: str = SYSTEM_PROMPT
    max_output_tokens: int = 2048
    temperature: float | None = None


def estimate_tokens(text: str) -> int:
    """About how many tokens a text has, without a tokenizer: each model has its own.

    Letters and spaces count three to a token (English has about 4.2), digits and signs one each, other scripts two
    tokens to three bytes. Against the built-in model's tokenizer that is 1.3 to 1.5 times the truth for prose, code,
    JSON and Chinese, 0.85 to 1.1 times for German, CSV, digits, emoji and Thai. Where it is too low after all, the
    model says so and is asked again with a shorter history.
    """
    data = text.encode()
    words = len(data) - len(data.translate(None, _WORD_BYTES))
    other_scripts = len(data) - len(data.translate(None, _OTHER_BYTES))
    signs = len(data) - words - other_scripts
    return words // 3 + signs + other_scripts * 2 // 3 + _TOKENS_PER_MESSAGE


def build_request(
    history: Sequence[ChatMessage],
    message: str,
    capabilities: ModelCapabilities,
    settings: PromptSettings,
    deadline: float,
    *,
    history_is_whole: bool,
    passages: Sequence[Passage] = (),
) -> ModelRequest:
    """The request for one model: as many of the latest turns as fit, the passages, then the message, whole.

    ``passages`` are those that ``fitting_passages`` leaves. ``history_is_whole`` says that nothing older was left out:
    only then does the next turn begin with the same words, and only then is keeping them worth a provider's price for
    writing its cache. Raises ``InvalidRequest`` where the message alone is too long for the model.
    """
    fixed = estimate_tokens(settings.system) + estimate_tokens(message)
    if capabilities.context_tokens - fixed < _SMALLEST_REPLY:
        raise _too_long(message, capabilities, settings)
    asked = with_passages(message, passages)
    room = capabilities.context_tokens - estimate_tokens(settings.system) - estimate_tokens(asked)
    longest_reply = min(settings.max_output_tokens, capabilities.max_output_tokens)
    # Half of what is left is kept for the reply where both compete.
    history_room = max(room - longest_reply, room // 2)
    if capabilities.prompt_budget_tokens:
        history_room = min(history_room, capabilities.prompt_budget_tokens - fixed)
    kept = _latest_turns(history, history_room)
    used = sum(estimate_tokens(turn.text) for turn in kept)
    temperature = capabilities.temperature if settings.temperature is None else settings.temperature
    cacheable = capabilities.cache_from_tokens > 0
    return ModelRequest(
        system=settings.system,
        messages=(*kept, ChatMessage("user", asked)),
        max_tokens=min(longest_reply, room - used),
        deadline=deadline,
        temperature=temperature if capabilities.sampling else None,
        disable_thinking=capabilities.thinking,
        cache_system=cacheable and estimate_tokens(settings.system) >= capabilities.cache_from_tokens,
        cache_history=(
            cacheable
            and history_is_whole
            and len(kept) == len(history)
            and estimate_tokens(settings.system) + used >= capabilities.cache_from_tokens
        ),
    )


def fitting_passages(
    passages: Sequence[Passage], message: str, capabilities: ModelCapabilities, settings: PromptSettings
) -> tuple[Passage, ...]:
    """Those of the passages, in their order, that leave half of the model's room for history and reply.

    One that is too long is passed over for shorter ones.
    """
    room = capabilities.context_tokens - estimate_tokens(settings.system) - estimate_tokens(message)
    left = room // 2 - estimate_tokens(INSTRUCTION)
    # The budget is in tokens of the ruler, which the estimate exceeds by up to a half; with its fence and place a
    # passage may so be a little longer than its text.
    budget = capabilities.passage_budget_tokens * 3 // 2
    chosen: list[Passage] = []
    for passage in passages:
        cost = estimate_tokens(fenced(len(chosen) + 1, passage))
        if cost <= min(left, budget):
            chosen.append(passage)
            left, budget = left - cost, budget - cost
    return tuple(chosen)


def _latest_turns(history: Sequence[ChatMessage], room: int) -> tuple[ChatMessage, ...]:
    """The longest run of whole turns (user, assistant) at the end of the history that fits ``room`` tokens."""
    start = len(history)
    for index in range(len(history) - 2, -1, -2):
        if history[index].role != "user" or history[index + 1].role != "assistant":
            break
        room -= estimate_tokens(history[index].text) + estimate_tokens(history[index + 1].text)
        if room < 0:
            break
        start = index
    return tuple(history[start:])


def _too_long(message: str, capabilities: ModelCapabilities, settings: PromptSettings) -> InvalidRequest:
    allowed = capabilities.context_tokens - estimate_tokens(settings.system) - _SMALLEST_REPLY
    return InvalidRequest(
        f"The message is about {estimate_tokens(message):,} tokens long and this model reads about "
        f"{max(allowed, 0):,}; shorten it, or choose a model with a larger context.",
        field="message",
    )


def title_from(message: str, longest: int = 60) -> str:
    """A conversation's title: the first line with words of its first message, cut at a word."""
    lines = (" ".join(line.split()) for line in message.splitlines())
    line = next((found for found in lines if any(char.isalnum() for char in found)), " ".join(message.split()))
    if len(line) <= longest:
        return line
    cut = line[:longest]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > longest // 2 else cut[:-1]).rstrip(" ,.;:-") + "…"
