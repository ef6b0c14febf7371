"""Server-sent events, read from the bytes of a response (pure; https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event as it was sent. ``name`` is its ``event:`` field, or empty; ``data`` its ``data:`` lines, joined."""

    name: str
    data: str


def read_events(chunks: Iterable[bytes]) -> Iterator[ServerEvent]:
    """The events of a stream, however it is cut into chunks. An event that the end of the stream cuts off is dropped.

    Comments and unknown fields are skipped. Bytes that are not UTF-8 become U+FFFD, as the standard says.
    """
    name = ""
    data: list[str] = []
    for line in _lines(chunks):
        if not line:
            if data:
                yield ServerEvent(name, "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Complete lines without their ends. A CR that ends a chunk waits for the byte after it: it may be half a CRLF."""
    pending: list[bytes] = []
    first = True
    for chunk in chunks:
        pending.append(chunk)
        if b"\n" not in chunk and b"\r" not in chunk and not pending[0].endswith(b"\r"):
            continue
        *lines, rest = _LINE_END.split(b"".join(pending))
        pending = [rest]
        for line in lines:
            yield (line.removeprefix(_BOM) if first else line).decode("utf-8", "replace")
            first = False
