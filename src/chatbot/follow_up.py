"""Follow-up questions ("and the second one?") made into ones that can be searched for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from shared.models import ChatMessage, ModelRequest

_SYSTEM = (
    "You rewrite the last question of a conversation so that it can be understood without the conversation: replace "
    "what refers back by what is meant. Keep its language. Answer with the rewritten question alone. If it can be "
    "understood as it is, repeat it."
)
#: A longer message is no follow-up that needs its conversation.
LONGEST_FOLLOW_UP = 600
_LONGEST_QUESTION = 400
#: Messages that what is meant may stand in, and characters of each that are shown: enough for what a follow-up means.
_MESSAGES = 4
_SHOWN = 600
#: A message of fewer words seldom says by itself what it is about.
_FEW_WORDS = 6
_TOKENS = 120


def rewrite_request(
    message: str, history: Sequence[ChatMessage], deadline: float, *, disable_thinking: bool
) -> ModelRequest:
    """Asks a model for the question as it would stand alone. ``deadline`` is a ``time.monotonic()`` reading."""
    spoken = "\n".join(f"{turn.role}: {turn.text[:_SHOWN]}" for turn in history[-_MESSAGES:])
    # Earlier answers may quote documents, and those say what they like.
    fenced = spoken.replace("<", "&lt;")
    text = f"<conversation>\n{fenced}\n</conversation>\n\nLast question: {message}"
    return ModelRequest(
        system=_SYSTEM,
        messages=(ChatMessage("user", text),),
        max_tokens=_TOKENS,
        deadline=deadline,
        disable_thinking=disable_thinking,
    )


def standalone_question(answer: str, message: str) -> str | None:
    """The model's rewritten question; ``None`` where it gave none that could be one."""
    question = " ".join(answer.split()).strip("\"'")
    longest = max(_LONGEST_QUESTION, 2 * len(message))
    return question if question and len(question) <= longest else None


def with_previous_question(message: str, history: Sequence[ChatMessage]) -> str:
    """The question before and this one: what is searched for where no model can be asked."""
    previous = next((turn.text for turn in reversed(history) if turn.role == "user"), "")
    return f"{previous[:_SHOWN]}\n{message}" if previous else message


def is_short(message: str) -> bool:
    """Whether the message has too few words to say by itself what it is about."""
    return len(message.split()) < _FEW_WORDS
