"""What a chat session knows between two prompts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatbot.command_line.client import OutgoingMessage


@dataclass(slots=True)
class SessionState:
    """``conversation_id`` is ``None`` until the first answer of a new conversation; ``model`` where none was chosen.

    ``unanswered`` is the last message if its answer was not seen to the end; ``listed`` the ids that ``/list`` showed.
    """

    conversation_id: str | None = None
    model: str | None = None
    unanswered: OutgoingMessage | None = None
    listed: list[str] = field(default_factory=list)
    leaving: bool = False
