"""A conversation as a document to keep. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from chatbot.conversation_service import Summary
from chatbot.sealing import Message

_SPEAKERS = {"user": "You", "assistant": "Assistant"}


def as_markdown(conversation: Summary, messages: Sequence[Message]) -> str:
    """Title, times, then each message under its speaker's name; the texts are left as they are."""
    times = f"begun {conversation.created_at} · last turn {conversation.updated_at}"
    parts = [f"# {_one_line(conversation.title)}", f"Conversation {conversation.conversation_id} · {times}"]
    for message in messages:
        model = f" ({message.model})" if message.model else ""
        parts.append(f"## {_SPEAKERS[message.role]}{model} · {message.created_at}")
        parts.append(message.text.strip("\n"))
        if message.stop_reason == "stopped":
            parts.append("> (stopped here)")
        parts.extend(_source(citation) for citation in message.citations)
    return "\n\n".join(parts) + "\n"


def as_json(conversation: Summary, messages: Sequence[Message]) -> str:
    """Everything that is kept of the conversation, in one object with the format's version."""
    document = {
        "format": "chatbot-conversation",
        "version": 1,
        **asdict(conversation),
        "messages": [
            {name: value for name, value in asdict(message).items() if value not in (None, ())} for message in messages
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _source(citation: dict[str, object]) -> str:
    page = f", page {citation['page']}" if citation.get("page") else ""
    return f"> [{citation['number']}] {_one_line(str(citation['document']))}{page}"
