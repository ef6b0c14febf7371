"""PowerPoint presentations (PresentationML and DrawingML, ECMA-376 part 1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

from rag.extracted import ExtractedText
from rag.extraction import packages
from rag.extraction.builder import TextBuilder, one_line
from rag.extraction.limits import ExtractionLimits
from rag.extraction.packages import Attributes
from rag.extraction.word import core_title
from shared.errors import DocumentRefused

_TITLES = {"title", "ctrTitle"}
#: Placeholders whose text is the same on every slide, or counts them.
_FURNITURE = {"sldNum", "dt", "ftr", "hdr", "sldImg"}


def read_slides(path: Path, builder: TextBuilder, limits: ExtractionLimits) -> ExtractedText:
    """Every slide a page, its title the section, its notes last. Raises ``DocumentRefused``."""
    with ZipFile(path) as package:
        main = packages.main_part(package)
        slides = _slides(package, main)
        if len(slides) > limits.max_pages:
            raise DocumentRefused(
                f"This presentation has {len(slides):,} slides, more than the {limits.max_pages:,} that are read;"
                " split it into several files."
            )
        for number, part in enumerate(slides, 1):
            builder.page = number
            _add_slide(package, part, builder)
        title = core_title(package)
    # What PowerPoint calls a presentation that nobody has named.
    return builder.build("" if title == "PowerPoint Presentation" else title, pages=len(slides))


@dataclass(slots=True)
class _Shape:
    """``blocks`` are paragraphs, or the rows of a table."""

    placeholder: str = ""
    blocks: list[str | list[str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return one_line(" ".join(block if isinstance(block, str) else " ".join(block) for block in self.blocks))


def _slides(package: ZipFile, main: str) -> list[str]:
    """The parts of the slides, in order of showing."""
    ids: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "sldId":
            ids.append(attributes.get("r:id", ""))

    packages.parse(package, main, start)
    related = packages.relations(package, main)
    return [related[found][1] for found in ids if found in related]


def _add_slide(package: ZipFile, part: str, builder: TextBuilder) -> None:
    shapes = _shapes(package, part)
    title = next((shape for shape in shapes if shape.placeholder in _TITLES and shape.text), None)
    if title:
        builder.heading(1, title.text)
    else:
        builder.section(1, f"Slide {builder.page}")
    for shape in shapes:
        if shape is not title:
            _add_shape(shape, builder)
    notes = [target for kind, target in packages.relations(package, part).values() if kind == "notesSlide"]
    for shape in (shape for target in notes for shape in _shapes(package, target)):
        _add_shape(shape, builder)


def _add_shape(shape: _Shape, builder: TextBuilder) -> None:
    if shape.placeholder in _FURNITURE:
        return
    lines: list[str] = []
    builder.end_table()
    for number, block in enumerate(shape.blocks):
        if isinstance(block, str):
            lines.append(block)
        else:
            builder.row(block, header=number == 0)
    builder.paragraph("\n".join(lines))


def _shapes(package: ZipFile, part: str) -> list[_Shape]:
    reader = _SlideReader()
    packages.parse(package, part, reader.start, reader.end, reader.data)
    return reader.shapes


class _SlideReader:
    def __init__(self) -> None:
        self.shapes: list[_Shape] = []
        self._text: list[str] = []
        self._cells: list[list[str]] | None = None
        self._in_text = False
        self._skipping = 0

    def start(self, tag: str, attributes: Attributes) -> None:
        if tag in {"sp", "graphicFrame"}:
            self.shapes.append(_Shape())
        elif tag == "ph" and self.shapes:
            self.shapes[-1].placeholder = attributes.get("type", "body")
        elif tag == "Fallback":
            self._skipping += 1
        elif tag == "t":
            self._in_text = True
        elif tag == "br":
            self._text.append("\n")
        elif tag == "tr":
            self._cells = []
        elif tag == "tc" and self._cells is not None:
            self._cells.append([])

    def end(self, tag: str) -> None:
        if tag == "t":
            self._in_text = False
        elif tag == "Fallback":
            self._skipping -= 1
        elif tag == "p":
            self._end_paragraph()
        elif tag == "tr" and self._cells is not None and self.shapes:
            self.shapes[-1].blocks.append([" ".join(cell) for cell in self._cells])
            self._cells = None

    def data(self, text: str) -> None:
        if self._in_text and not self._skipping:
            self._text.append(text)

    def _end_paragraph(self) -> None:
        text = "".join(self._text).strip()
        self._text.clear()
        if not text or not self.shapes:
            return
        if self._cells:
            self._cells[-1].append(text)
        else:
            self.shapes[-1].blocks.append(text)
