"""Text, source code and Markdown."""

from __future__ import annotations

import re

from rag.extracted import ExtractedText
from rag.extraction.builder import TextBuilder, clean

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_RULER = re.compile(r":?-+:?$")
_CELL_END = re.compile(r"(?<!\\)\|")


def read_plain(text: str, builder: TextBuilder) -> ExtractedText:
    """Paragraphs, as the empty lines of the text part them."""
    builder.paragraph(_BLANK_LINES.sub("\n\n", clean(text)))
    return builder.build()


def read_code(text: str, builder: TextBuilder) -> ExtractedText:
    """The text as it is."""
    builder.code(text)
    return builder.build()


def read_markdown(text: str, builder: TextBuilder) -> ExtractedText:
    """Headings (with ``#`` or underlined), fences and tables; all else stays as written (CommonMark 0.31, GFM)."""
    _Markdown(clean(text).split("\n"), builder).read()
    return builder.build(headings_tell_title=True)


class _Markdown:
    def __init__(self, lines: list[str], builder: TextBuilder) -> None:
        self._lines = lines
        self._builder = builder
        self._paragraph: list[str] = []

    def read(self) -> None:
        number = 0
        while number < len(self._lines):
            number = self._block(number)
        self._flush()

    def _block(self, number: int) -> int:
        """Reads what begins at a line; returns the number of the line after it."""
        line = self._lines[number]
        if not line.strip():
            self._flush()
        elif fence := _FENCE.match(line):
            return self._fence(number, fence.group(1))
        elif heading := _ATX.match(line):
            self._flush()
            self._builder.heading(len(heading.group(1)), _without_closing(line[heading.end() :].strip()))
        elif len(self._paragraph) == 1 and (under := _SETEXT.match(line)) and "|" not in self._paragraph[0]:
            text = self._paragraph.pop()
            self._builder.heading(1 if under.group(1)[0] == "=" else 2, text)
        elif "|" in line and number + 1 < len(self._lines) and self._is_ruler(self._lines[number + 1]):
            return self._table(number)
        else:
            self._paragraph.append(line.rstrip())
        return number + 1

    def _fence(self, number: int, fence: str) -> int:
        self._flush()
        end = number + 1
        while end < len(self._lines) and not self._closes(self._lines[end], fence):
            end += 1
        self._builder.code("\n".join(self._lines[number + 1 : end]))
        return end + 1

    def _table(self, number: int) -> int:
        self._flush()
        self._builder.end_table()
        self._builder.row(_cells(self._lines[number]), header=True)
        number += 2
        while number < len(self._lines) and "|" in self._lines[number]:
            self._builder.row(_cells(self._lines[number]))
            number += 1
        self._builder.end_table()
        return number

    def _flush(self) -> None:
        self._builder.paragraph("\n".join(self._paragraph))
        self._paragraph.clear()

    @staticmethod
    def _is_ruler(line: str) -> bool:
        return "|" in line and all(_RULER.match(cell) for cell in _cells(line))

    @staticmethod
    def _closes(line: str, fence: str) -> bool:
        line = line.strip()
        return len(line) >= len(fence) and not line.strip(fence[0])


def _without_closing(heading: str) -> str:
    """The heading without the number signs that may close it."""
    text = heading.rstrip("#")
    return text.rstrip() if not text or text[-1].isspace() else heading


def _cells(line: str) -> list[str]:
    return [
        cell.replace("\\|", "|").strip() for cell in _CELL_END.split(line.strip().removeprefix("|").removesuffix("|"))
    ]
