"""What the user gives: the text of a question from arguments and standard input, and ids."""

from __future__ import annotations

import re
import sys
from typing import BinaryIO

from chatbot.command_line.errors import InputError
from chatbot.command_line.terminal import one_line
from shared.models import CONVERSATION_ID, LONGEST_MESSAGE

# Four bytes a character is the most that UTF-8 takes; more than this is too long whatever it says.
_MOST_BYTES = 4 * 1024 * 1024
_CONVERSATION_ID = re.compile(CONVERSATION_ID)


def checked_text(text: str, what: str) -> str:
    """The text, where it is text that can be sent. Raises ``InputError`` (``what`` names it there)."""
    try:
        text.encode()
    except UnicodeEncodeError:  # how Python keeps bytes of an argument that are not UTF-8
        raise InputError(f"{what} is not valid UTF-8 text.") from None
    if not text.strip():
        raise InputError(f"{what} is empty.")
    return text


def checked_message(text: str) -> str:
    """The message, where the API would take it. Raises ``InputError`` before anything is sent."""
    checked_text(text, "The question")
    if len(text) > LONGEST_MESSAGE:
        raise InputError(
            f"The question has {len(text):,} characters; at most {LONGEST_MESSAGE:,} can be sent. "
            "Shorten it, or ask in parts."
        )
    return text


def checked_id(conversation_id: str) -> str:
    """The id, where it is one. Raises ``InputError``: it becomes part of a URL."""
    if not _CONVERSATION_ID.fullmatch(conversation_id) or conversation_id in {".", ".."}:
        raise InputError(
            f'"{one_line(conversation_id.encode(errors="replace").decode())}" is not a conversation id: 1 to 64 '
            "letters, digits, dots, dashes and underscores. `chatbot conversations list` shows them."
        )
    return conversation_id


def question_from(words: tuple[str, ...]) -> str:
    """The question: the arguments, then what is piped in. Without arguments, or with ``-``, standard input alone.

    Raises ``InputError`` for an empty or too long one, and for bytes that are not UTF-8.
    """
    asked = "" if words == ("-",) else " ".join(words)
    if words and words != ("-",):
        checked_text(asked, "The question")
        if sys.stdin is None or sys.stdin.isatty():
            return checked_message(asked)
    elif sys.stdin is None:
        raise InputError('There is no question. Write it after the command: chatbot ask "..."')
    piped = _read_text(sys.stdin.buffer)
    return checked_message("\n\n".join(part for part in (asked, piped.rstrip("\r\n")) if part.strip()))


def _read_text(stream: BinaryIO) -> str:
    data = stream.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise InputError(
            f"Standard input holds more than {_MOST_BYTES:,} bytes; at most {LONGEST_MESSAGE:,} characters can be sent."
        )
    return decoded(data, "Standard input")


def decoded(data: bytes, what: str) -> str:
    """The text of UTF-8 bytes, without a byte order mark. Raises ``InputError`` saying where it is not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} is not valid UTF-8 text (byte {error.start + 1:,}). Convert it first, for instance with iconv."
        ) from None
