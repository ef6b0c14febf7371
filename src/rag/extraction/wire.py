"""What parent and child say to each other: a line of JSON each way, then the text as UTF-8. Data only, never pickle."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, BinaryIO, cast, get_args

from rag.extracted import ExtractedText, Part, PartKind

#: 200,000 parts and all their sections stay well below.
_MAX_LINE = 1 << 27
_MAX_MESSAGE = 500
_DEFECT = re.compile(r"(\w{1,60}( at [\w.-]{1,60}:\d{1,6})?)?")


@dataclass(frozen=True, slots=True)
class Request:
    """A file to read. ``name`` is what its owner calls it; ``seconds`` of processor time may be spent on it."""

    path: str
    name: str
    content_type: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing can be made of the file. ``defect`` names the type and place of an error that nobody foresaw."""

    message: str
    defect: str = ""


Reply = ExtractedText | Refusal


class Garbled(Exception):
    """What came is no message: the other side ended, or is not what it should be."""


def write_request(stream: BinaryIO, request: Request) -> None:
    """Raises ``OSError``."""
    fields = (request.path, request.name, request.content_type, request.seconds)
    stream.write(json.dumps(fields).encode() + b"\n")
    stream.flush()


def read_request(stream: BinaryIO) -> Request | None:
    """The next request; ``None`` at the end."""
    line = stream.readline()
    return Request(*json.loads(line)) if line else None


def write_reply(stream: BinaryIO, reply: Reply) -> None:
    """Raises ``OSError``."""
    if isinstance(reply, Refusal):
        stream.write(json.dumps({"refused": reply.message, "defect": reply.defect}).encode() + b"\n")
        stream.flush()
        return
    text = reply.text.encode()
    sections = {section: number for number, section in enumerate({part.section: None for part in reply.parts})}
    headers = {header: number for number, header in enumerate({part.header: None for part in reply.parts})}
    told = {
        "title": reply.title,
        "pages": reply.pages,
        "bytes": len(text),
        "sections": list(sections),
        "headers": list(headers),
        "parts": [(p.start, p.end, p.page, sections[p.section], p.kind, headers[p.header]) for p in reply.parts],
    }
    stream.write(json.dumps(told).encode() + b"\n")
    stream.write(text)
    stream.flush()


def read_reply(stream: BinaryIO, max_characters: int) -> Reply:
    """Raises ``Garbled``, ``OSError``."""
    line = stream.readline(_MAX_LINE)
    if not line.endswith(b"\n"):
        raise Garbled
    try:
        told = json.loads(line)
        if "refused" in told:
            return _refusal(told)
        size = int(told["bytes"])
        if not 0 <= size <= 4 * max_characters:
            raise Garbled
        text = stream.read(size).decode()
        return ExtractedText(str(told["title"]), text, _parts(told, len(text)), _page(told["pages"]))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise Garbled from error


def _refusal(told: Any) -> Refusal:
    """Raises ``ValueError``, ``KeyError``, ``TypeError``: what is logged of a child must not be a document's words."""
    message, defect = str(told["refused"]), str(told["defect"])
    if len(message) > _MAX_MESSAGE or not _DEFECT.fullmatch(defect):
        raise ValueError
    return Refusal(message, defect)


def _parts(told: Any, length: int) -> tuple[Part, ...]:
    """Raises ``ValueError``, ``TypeError``, ``IndexError`` for what is not as ``write_reply`` writes it."""
    sections = [tuple(str(title) for title in section) for section in told["sections"]]
    headers = [str(header) for header in told["headers"]]
    parts = []
    reached = 0
    for start, end, page, section, kind, header in told["parts"]:
        if not (reached <= int(start) <= int(end) <= length) or kind not in get_args(PartKind):
            raise ValueError
        parts.append(Part(start, end, _page(page), sections[section], cast("PartKind", kind), headers[header]))
        reached = end
    return tuple(parts)


def _page(value: Any) -> int | None:
    return None if value is None else int(value)
