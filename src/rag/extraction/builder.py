"""Puts an ``ExtractedText`` together, block by block."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rag.extracted import ExtractedText, Part, PartKind
from shared.errors import DocumentRefused

CELL_SEPARATOR = " | "
#: Titles and headings are cut here: they stand before every chunk.
_MAX_HEADING = 200
#: A header row is repeated with every piece of its table; a longer one is no header.
_MAX_TABLE_HEADER = 1_000
_MAX_PARTS = 200_000
#: Characters that are expected may be blanks which fall away.
_MARGIN = 1.1

#: Control characters other than tab and line end, surrogates, and code points that are no characters.
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?|\f|\v|\u2028|\u2029|\x85")


def one_line(text: str) -> str:
    """The text with all white space as single blanks."""
    return " ".join(text.split())


def clean(text: str) -> str:
    """Line ends as ``\\n``, no unwanted characters, accents composed (NFC)."""
    if not text.isprintable():
        text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text))
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class TextBuilder:
    """Blocks in the order of reading. Each method raises ``DocumentRefused`` where the text becomes too long.

    ``page`` holds for all blocks that follow, as do the headings.
    """

    def __init__(self, max_characters: int) -> None:
        self.page: int | None = None
        self._max_characters = max_characters
        self._pieces: list[str] = []
        self._length = 0
        self._parts: list[Part] = []
        self._headings: list[tuple[int, str]] = []
        self._section: tuple[str, ...] = ()
        self._in_table = False

    @property
    def empty(self) -> bool:
        """Whether there is no text so far."""
        return not self._parts

    def heading(self, level: int, text: str) -> None:
        """A heading, 1 outermost, that is text of the document too."""
        if text := one_line(clean(text)):
            self.section(level, text)
            self.paragraph(text)

    def section(self, level: int, title: str) -> None:
        """A heading that stands nowhere in the text, or is added as a paragraph next."""
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._headings.append((level, title))
        self.sections([heading for _, heading in self._headings])

    def sections(self, path: Iterable[str]) -> None:
        """All headings above what follows, the outermost first."""
        titles = (one_line(clean(title))[:_MAX_HEADING] for title in path)
        self._section = tuple(title for title in titles if title)
        self.end_table()

    def paragraph(self, text: str) -> None:
        """Prose; empty lines in it part paragraphs."""
        self._block("prose", clean(text).strip())

    def code(self, text: str) -> None:
        """Text whose white space matters."""
        self._block("code", clean(text).strip("\n").rstrip())

    def row(self, cells: Sequence[str], *, header: bool = False) -> None:
        """A row of a table, which goes on until another block comes or ``end_table`` is called.

        ``header`` makes the first row of a table its header.
        """
        line = _row_line(cells).rstrip(" |")
        if not line:
            return
        if self._in_table and self._parts[-1].page == self.page:
            self._add("\n")
            self._add(line)
            return
        self._block("table", line, line if header and len(line) <= _MAX_TABLE_HEADER else "")
        self._in_table = True

    def end_table(self) -> None:
        """The next row begins a new table."""
        if self._in_table:
            self._in_table = False
            self._parts[-1] = replace(self._parts[-1], end=self._length)

    def expect(self, characters: int) -> None:
        """Says that about so many characters come next, so that too many are refused before they are looked at."""
        if self._length + characters > _MARGIN * self._max_characters:
            raise self._too_much()

    def build(self, title: str = "", *, pages: int | None = None, headings_tell_title: bool = False) -> ExtractedText:
        """``headings_tell_title``: a sole outermost heading, above everything, is the title and no section.

        Raises ``DocumentRefused`` where there is no text.
        """
        if self.empty:
            raise DocumentRefused("There is no text in this file; add one that has some.")
        self.end_table()
        title = one_line(clean(title))[:_MAX_HEADING]
        parts = tuple(self._parts)
        if headings_tell_title:
            title, parts = _without_title(title, parts)
        return ExtractedText(title, "".join(self._pieces), parts, pages)

    def _block(self, kind: PartKind, text: str, header: str = "") -> None:
        if not text:
            return
        self.end_table()
        if self._parts:
            self._add("\n\n")
        start = self._length
        self._add(text)
        last = self._parts[-1] if self._parts else None
        if last and kind == "prose" and (last.page, last.section, last.kind) == (self.page, self._section, kind):
            self._parts[-1] = replace(last, end=self._length)
            return
        if len(self._parts) >= _MAX_PARTS:
            raise DocumentRefused(
                f"This file falls into more than {_MAX_PARTS:,} sections and tables; split it into several files."
            )
        self._parts.append(Part(start, self._length, self.page, self._section, kind, header))

    def _add(self, piece: str) -> None:
        self._length += len(piece)
        if self._length > self._max_characters:
            raise self._too_much()
        self._pieces.append(piece)

    def _too_much(self) -> DocumentRefused:
        return DocumentRefused(
            f"This file holds more text than is read from a file of its size ({self._max_characters:,} characters);"
            " split it into several files."
        )


def _row_line(cells: Sequence[str]) -> str:
    line = CELL_SEPARATOR.join(cells)
    if line.isascii() and line.isprintable() and "  " not in line:
        return line
    return CELL_SEPARATOR.join([one_line(clean(cell)) for cell in cells])


def _without_title(title: str, parts: tuple[Part, ...]) -> tuple[str, tuple[Part, ...]]:
    roots = {part.section[:1] for part in parts}
    root = parts[0].section[:1]
    if len(roots) > 1 or not root or (title and title.casefold() != root[0].casefold()):
        return title, parts
    shorter = {part.section: part.section[1:] for part in parts}
    return root[0], tuple(replace(part, section=shorter[part.section]) for part in parts)
