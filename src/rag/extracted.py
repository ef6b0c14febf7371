"""What comes out of a file, before it is cut into chunks. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PartKind = Literal["prose", "table", "code"]


@dataclass(frozen=True, slots=True)
class Part:
    """A run of the text, ``text[start:end]``, within one page and one section.

    ``section`` is the path of headings above it, outermost first, without the document's title; the headings themselves
    are text too, at the start of the first part below them. In a ``table`` each line is a row, its cells joined by
    `` | ``, and ``header`` is its header row (or empty): the first line, to be repeated where the table is cut. Parts
    follow each other in the order of reading, do not overlap, and leave out at most white space between them.
    """

    start: int
    end: int
    page: int | None = None
    section: tuple[str, ...] = ()
    kind: PartKind = "prose"
    header: str = ""


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """The text of a document with its parts. ``pages`` is their number, ``None`` for formats without pages.

    Paragraphs are separated by an empty line, lines of a paragraph by one line end; there are no NUL characters and no
    unpaired surrogates. ``title`` is the document's own, or empty.
    """

    title: str
    text: str
    parts: tuple[Part, ...]
    pages: int | None = None
