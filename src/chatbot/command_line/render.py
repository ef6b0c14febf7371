"""The shapes of the HTTP contract as text for a person. Pure: returns lines, writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from chatbot.command_line.terminal import one_line, shorten, table, width_of

Json = dict[str, Any]

_UNKNOWN = "unknown"
_SNIPPET_WIDTH = 100
_STOPS = {
    "max_tokens": "The answer was cut at the longest length a reply may have (CHATBOT_MAX_OUTPUT_TOKENS).",
    "content_filtered": "The model's provider filtered this answer.",
    "guardrail_intervened": "A guardrail stopped this answer.",
    "context_exceeded": "The conversation no longer fits the model; start a new one.",
    "stopped": "The answer was stopped; this is as far as it came.",
}


def local_time(timestamp: object) -> str:
    """An ISO-8601 time as the user's clock shows it, to the minute."""
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return one_line(str(timestamp))


def conversations_table(conversations: Sequence[Json], width: int | None) -> str:
    """One line each: id, last turn, title; titles are cut to ``width`` columns in all where it is given."""
    rows = [
        [
            one_line(str(item.get("conversation_id"))),
            local_time(item.get("updated_at")),
            one_line(str(item.get("title") or "(no title)")),
        ]
        for item in conversations
    ]
    header = ["ID", "LAST TURN", "TITLE"]
    if width is not None:
        taken = sum(max(width_of(line[column]) for line in [header, *rows]) + 2 for column in (0, 1))
        rows = [[*start, shorten(title, max(20, width - taken))] for *start, title in rows]
    return table(header, rows)


def message_block(message: Json) -> str:
    """Who said it and when, then the text and its sources."""
    who = "You" if message.get("role") == "user" else one_line(str(message.get("model") or "Assistant"))
    lines = [f"── {who} · {local_time(message.get('created_at'))}", str(message.get("text", ""))]
    return "\n".join([*lines, *citation_lines(message.get("citations"))])


def conversation_text(conversation: Json) -> str:
    """The whole conversation, oldest message first."""
    head = f"{one_line(str(conversation.get('title') or '(no title)'))}\n{conversation.get('conversation_id')}"
    return "\n\n".join([head, *map(message_block, conversation["messages"])])


def citation_lines(citations: object) -> list[str]:
    """A heading and one line for each source; nothing where there are none."""
    found = [item for item in citations if isinstance(item, dict)] if isinstance(citations, list) else []
    return ["", "Sources:", *map(_citation, found)] if found else []


def _citation(citation: Json) -> str:
    snippet = shorten(one_line(str(citation.get("text", ""))), _SNIPPET_WIDTH)
    return f"  [{citation.get('number', '?')}] {_place(citation)}" + (f": “{snippet}”" if snippet else "")


def _place(found: Json) -> str:
    """Document, page and section."""
    page, section = found.get("page"), found.get("section")
    where = [one_line(str(found.get("document", "a document")))]
    where += [f"page {page}"] if page else []
    where += [one_line(str(section))] if section else []
    return ", ".join(where)


def stop_note(stop_reason: object) -> str | None:
    """Why the answer is not whole; ``None`` where it is."""
    return _STOPS.get(str(stop_reason))


def models_table(models: Sequence[Json]) -> str:
    rows = [
        [
            "*" if model.get("default") else " ",
            one_line(str(model.get("id"))),
            _count(model.get("context_tokens")),
            _count(model.get("max_output_tokens")),
            _price(model.get("price"), built_in=bool(model.get("built_in"))),
            _note(model),
        ]
        for model in models
    ]
    return table([" ", "MODEL", "CONTEXT", "LONGEST REPLY", "$ PER MILLION TOKENS IN / OUT", "NOTE"], rows)


def _note(model: Json) -> str:
    note = model.get("note") or ("for trying things out only" if model.get("built_in") else "")
    return one_line(f"not available now; {note}" if model.get("available") is False else str(note)).rstrip("; ")


def _price(price: object, *, built_in: bool) -> str:
    if built_in:
        return "free"
    if not isinstance(price, dict):
        return _UNKNOWN
    as_of = f" ({price['as_of']})" if price.get("as_of") else ""
    return one_line(f"{price.get('input_per_mtok', '?')} / {price.get('output_per_mtok', '?')}{as_of}")


def usage_table(usage: Json) -> str:
    """One line for each day and model, and their total. A cost that is not known says so."""
    total = usage.get("total")
    rows: Iterable[Json] = [*usage["days"], *([{"day": "total", **total}] if isinstance(total, dict) else [])]
    header = ["DAY", "MODEL", "TURNS", "TOKENS IN", "OUT", "FROM CACHE", "COST"]
    return table(header, [_usage_row(row) for row in rows])


def _usage_row(row: Json) -> list[str]:
    cost = row.get("cost_usd")
    return [
        one_line(str(row.get("day"))),
        one_line(str(row.get("model") or "")),
        _count(row.get("turns")),
        _count(row.get("input_tokens")),
        _count(row.get("output_tokens")),
        _count(row.get("cache_read_tokens")),
        f"${cost:,.4f}" if isinstance(cost, (int, float)) else _UNKNOWN,
    ]


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "-"


def documents_table(documents: Sequence[Json], width: int | None) -> str:
    """One line each: state, pages, passages, change, name and what is wrong; cut to ``width`` columns where given."""
    rows = [
        [
            _state(item),
            _count(item.get("pages")),
            _count(item.get("chunks")),
            local_time(item.get("updated_at")),
            one_line(str(item.get("filename"))) + (f": {one_line(str(item['error']))}" if item.get("error") else ""),
        ]
        for item in documents
    ]
    header = ["STATUS", "PAGES", "PASSAGES", "CHANGED", "NAME"]
    if width is not None:
        taken = sum(max(width_of(line[column]) for line in [header, *rows]) + 2 for column in range(4))
        rows = [[*start, shorten(name, max(20, width - taken))] for *start, name in rows]
    return table(header, rows)


def document_text(document: Json) -> str:
    """Everything that is known of a document."""
    facts = [
        ("id", document.get("document_id")),
        ("status", _state(document)),
        ("problem", document.get("error")),
        ("size", f"{_count(document.get('size'))} bytes"),
        ("pages", document.get("pages")),
        ("passages", document.get("chunks")),
        ("changed", local_time(document.get("updated_at"))),
    ]
    lines = (f"  {name:<9}{one_line(str(value))}" for name, value in facts if value is not None)
    return "\n".join([one_line(str(document.get("filename"))), *lines])


def search_text(results: Sequence[Json]) -> str:
    """Each passage under the place it stands in, best first."""
    blocks = (f"{_place(item)}  ({item.get('score')})\n{str(item.get('text', '')).strip()}" for item in results)
    return "\n\n".join(blocks)


def counted(number: int, what: str) -> str:
    """``1 page``, ``2 pages``."""
    return f"{number} {what}" if number == 1 else f"{number:,} {what}s"


def _state(document: Json) -> str:
    progress = document.get("progress")
    return one_line(str(document.get("status"))) + (f" {progress:.0%}" if isinstance(progress, (int, float)) else "")
