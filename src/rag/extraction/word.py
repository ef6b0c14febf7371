"""Word documents (WordprocessingML, ECMA-376 part 1)."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import ZipFile

from rag.extracted import ExtractedText
from rag.extraction import packages
from rag.extraction.builder import TextBuilder
from rag.extraction.packages import Attributes

_HEADING = re.compile(r"heading (\d)$", re.IGNORECASE)
#: Text that is there twice, or is no text of the document: fallbacks of drawings, and deletions under review.
_SKIPPED = {"Fallback", "del", "moveFrom"}
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_LAST_LEVEL = 9
_TITLE, _ITEM = 0, -1


def read_word(path: Path, builder: TextBuilder) -> ExtractedText:
    """Paragraphs, tables and headings in order, then foot- and endnotes. Raises ``DocumentRefused``."""
    with ZipFile(path) as package:
        main = packages.main_part(package)
        related = packages.relations(package, main)
        parts = dict(related.values())
        names = set(package.namelist())
        levels = _levels_of_styles(package, parts["styles"]) if parts.get("styles") in names else {}
        body = _Body(builder, levels)
        body.read(package, main)
        for notes in (parts.get(kind) for kind in ("footnotes", "endnotes")):
            if notes in names:
                body.read(package, notes)
        title = core_title(package) or body.title
    return builder.build(title, headings_tell_title=True)


def core_title(package: ZipFile) -> str:
    """The title among the properties of an Office file, or nothing."""
    parts = dict(packages.relations(package, "").values())
    found: list[str] = []
    inside: list[str] = []
    if parts.get("core-properties") in package.namelist():
        packages.parse(
            package,
            parts["core-properties"],
            lambda tag, _attributes: inside.append(tag),
            lambda _tag: inside.clear(),
            lambda text: found.append(text) if inside[-1:] == ["title"] else None,
        )
    return "".join(found)


def _levels_of_styles(package: ZipFile, part: str) -> dict[str, int]:
    """What styles stand for, by their ids: the level of a heading, 0 for titles, -1 for items of lists."""
    levels: dict[str, int] = {}
    based_on: dict[str, str] = {}
    style = ""

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal style
        value = attributes.get("val", "")
        if tag == "style":
            style = attributes.get("styleId", "")
        elif tag == "name" and (heading := _HEADING.match(value)):
            levels[style] = int(heading.group(1))
        elif tag == "name" and value.lower() == "title":
            levels[style] = _TITLE
        elif tag == "name" and value.lower().startswith("list "):
            levels[style] = _ITEM
        elif tag == "outlineLvl" and value.isdecimal() and int(value) < _LAST_LEVEL:
            levels.setdefault(style, int(value) + 1)
        elif tag == "basedOn":
            based_on[style] = value

    packages.parse(package, part, start)
    for derived, base in based_on.items():
        if base in levels:
            levels.setdefault(derived, levels[base])
    return levels


class _Body:
    """Follows the elements of a part. ``title`` is the text of the paragraph in the style for it."""

    def __init__(self, builder: TextBuilder, levels: dict[str, int]) -> None:
        self.title = ""
        self._builder = builder
        self._levels = levels
        self._level: int | None = None
        self._text: list[str] = []
        self._in_text = False
        self._in_run = False
        self._skipping = 0
        self._listed = False
        #: Rows of the tables that are open, the innermost last; a table within a cell is text of that cell.
        self._rows: list[list[list[str]]] = []
        self._first_row = True

    def read(self, package: ZipFile, part: str) -> None:
        packages.parse(package, part, self._start, self._end, self._data)

    def _start(self, tag: str, attributes: Attributes) -> None:
        if tag in _SKIPPED:
            self._skipping += 1
        elif tag == "t":
            self._in_text = True
        elif tag == "r":
            self._in_run = True
        elif tag in _CHARACTERS and self._in_run:
            # Elsewhere these are stops of tabulators and the like.
            self._text.append(_CHARACTERS[tag])
        elif tag == "pStyle":
            self._level = self._levels.get(attributes.get("val", ""))
        elif tag == "outlineLvl" and attributes.get("val", "").isdecimal():
            level = int(attributes["val"]) + 1
            self._level = level if level <= _LAST_LEVEL else None
        elif tag == "numPr":
            self._listed = True
        else:
            self._start_table(tag)

    def _start_table(self, tag: str) -> None:
        if tag == "tbl":
            self._rows.append([])
            if len(self._rows) == 1:
                self._builder.end_table()
                self._first_row = True
        elif tag == "tr" and self._rows:
            self._rows[-1].clear()
        elif tag == "tc" and self._rows:
            self._rows[-1].append([])

    def _end(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipping -= 1
        elif tag == "t":
            self._in_text = False
        elif tag == "r":
            self._in_run = False
        elif tag == "p":
            self._end_paragraph()
        else:
            self._end_table(tag)

    def _end_table(self, tag: str) -> None:
        if tag == "tr" and len(self._rows) == 1:
            self._builder.row([" ".join(cell) for cell in self._rows[0]], header=self._first_row)
            self._first_row = False
        elif tag == "tr" and self._rows:
            self._cell_of_outer_table().append(" ".join(text for cell in self._rows[-1] for text in cell))
        elif tag == "tbl" and self._rows:
            self._rows.pop()
            self._builder.end_table()

    def _data(self, text: str) -> None:
        if self._in_text and not self._skipping:
            self._text.append(text)

    def _end_paragraph(self) -> None:
        text = "".join(self._text).strip()
        level, listed = self._level, self._listed or self._level == _ITEM
        self._text.clear()
        self._level, self._listed = None, False
        if not text:
            return
        if self._rows:
            if self._rows[-1]:
                self._rows[-1][-1].append(text)
        elif level == _TITLE:
            self.title = self.title or text
            self._builder.paragraph(text)
        elif level is None or listed:
            self._builder.paragraph(f"- {text}" if listed else text)
        else:
            self._builder.heading(level, text)

    def _cell_of_outer_table(self) -> list[str]:
        outer = self._rows[-2]
        if not outer:
            outer.append([])
        return outer[-1]
