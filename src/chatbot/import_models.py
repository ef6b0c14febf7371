"""The part of the HTTP contract that is about conversations from elsewhere."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chatbot import examples
from chatbot.models import Body, ConversationId, Message, Reply, Title, shown

#: Turns of one request: a transaction each, and together within the time and the size that a request may take.
MOST_TURNS = 50

_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.]\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)",
    re.ASCII,
)
#: Nothing that could be imported is older; and what is counted from 1970 by mistake is told from a time.
_EARLIEST, _LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def _is_moment(value: object) -> object:
    # Left to itself the validator takes numbers, too, as seconds or milliseconds: whichever looks likelier.
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("must be a time as in 2026-03-01T09:15:00Z, with its offset from UTC")
    return value


def _is_recent(moment: datetime) -> datetime:
    # The last hours that a datetime knows have no time in UTC.
    if not _EARLIEST <= moment <= _LATEST:
        raise ValueError("must lie between 1971 and 9999")
    return moment.astimezone(UTC)


Moment = Annotated[datetime, BeforeValidator(_is_moment), AfterValidator(_is_recent)]


class ImportedTurn(Body):
    """A question and its reply, as they were written elsewhere."""

    question: Message
    reply: Reply
    asked_at: Moment = Field(description="When it was asked: later than the turn before.")
    answered_at: Moment | None = Field(
        default=None,
        description="When the reply was there: before the next question. Right after its own, if unset.",
    )
    model: str | None = Field(default=None, pattern=r"^[!-~]{1,200}$", description="Name of the model that replied.")


class ImportRequest(Body):
    model_config = shown(examples.IMPORT)

    conversation_id: ConversationId | None = Field(
        default=None,
        description="The conversation to add to, made where there is none; a new one where it is left out.",
    )
    title: Title = Field(description="Title of the conversation, where it is a new one.")
    turns: list[ImportedTurn] = Field(
        min_length=1, max_length=MOST_TURNS, description="The turns, oldest first; longer ones in several requests."
    )


class ImportResponse(BaseModel):
    """``skipped`` turns were not asked later than the conversation's last message: they are there already."""

    model_config = shown(examples.IMPORTED)

    conversation_id: str
    imported: int
    skipped: int
