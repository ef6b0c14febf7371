"""Rows of a page to blocks: paragraphs and tables."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.extraction.pdf_columns import flows_of
from rag.extraction.pdf_lines import Row, rows_of, runs_of
from rag.extraction.pdf_runs import HYPHEN, Run
from rag.extraction.pdf_tables import Region, regions_of

#: Lines further apart than the usual distance times this are of different paragraphs.
_APART = 1.3
#: Lines whose heights differ by more than this share are of different paragraphs.
_TALLER = 0.15
#: A first line is indented by more than this many heights.
_INDENT = 0.8
#: A line that ends further left of the margin than this share of the width is a short one: it was meant to end.
_SHORT = 0.15
_LISTED = re.compile(r"(?:[\u2022\u2023\u25aa\u25cf\u25e6\u2013*\u00b7-]|\(?(?:\d{1,3}|[a-z])[.)])\s")
_NUMBER = re.compile(r"(?:\d{1,3}|[A-Z])(?:\.\d{1,3})*\.?$")
_ENDS = (".", "!", "?", ":", ";", "\u201d", '"', ")")


#: Shorter ones (page numbers, captions) do not go on in the next column.
_MIN_PARAGRAPH = 40


@dataclass(slots=True)
class Block:
    """A paragraph (``text``) or a table (``rows`` of cells). ``headings``: the bookmarks that point here."""

    text: str = ""
    rows: list[list[str]] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)


def page_rows(directions: Sequence[Sequence[Run]]) -> list[list[Row]]:
    """The rows of a page, for each stretch that is read from the top down."""
    return [rows_of(flow) for words in directions for flow in flows_of(runs_of(words))]


def blocks_of(flows: Sequence[Sequence[Row]]) -> list[Block]:
    """The blocks in the order of reading; a paragraph that goes on in the next column is one."""
    blocks: list[Block] = []
    for rows in flows:
        for number, block in enumerate(_blocks(rows)):
            if number == 0 and blocks and _continues(blocks[-1], block):
                blocks[-1].text = join_lines(blocks[-1].text, block.text)
            else:
                blocks.append(block)
    for block in blocks:
        block.text = block.text.replace(HYPHEN, "-")
    return blocks


def join_lines(text: str, more: str) -> str:
    """Two lines of a paragraph as one; the hyphen of a parted word goes."""
    if text.endswith(HYPHEN):
        return text[:-1] + more
    if text[-1:] == "-" and text[-2:-1].isalnum():
        return (text[:-1] if more[:1].islower() else text) + more
    return f"{text} {more}"


def _blocks(rows: Sequence[Row]) -> Iterator[Block]:
    for region in regions_of(rows):
        if region.cells:
            yield Block(rows=region.cells, headings=[number for row in region.rows for number in row.headings])
        else:
            yield from _paragraphs(region)


def _paragraphs(region: Region) -> Iterator[Block]:
    rows = region.rows
    left = min(row.x0 for row in rows)
    right = statistics.quantiles([row.x1 for row in rows], n=20)[-1] if len(rows) > 1 else rows[0].x1
    pitch = _pitch(rows)
    block = Block(_line(rows[0]), headings=list(rows[0].headings))
    for above, row in pairwise(rows):
        if _parted(above, row, left, pitch):
            yield block
            block = Block(_line(row), headings=list(row.headings))
        elif _LISTED.match(row.text) or (
            above.x1 < right - _SHORT * (right - left) and not above.text.endswith(HYPHEN)
        ):
            block.text += f"\n{_line(row)}"
        else:
            block.text = join_lines(block.text, _line(row))
    yield block


def _line(row: Row) -> str:
    if len(row.cells) == 2 and _NUMBER.match(row.cells[0].text):  # noqa: PLR2004 - a number and its heading
        return row.text
    return " | ".join(cell.text for cell in row.cells)


def _pitch(rows: Sequence[Row]) -> float:
    """The usual distance from line to line."""
    steps = [above.bottom - row.bottom for above, row in pairwise(rows)]
    near = [step for (above, _), step in zip(pairwise(rows), steps, strict=True) if 0 < step < 2.2 * above.height]
    return statistics.median_low(near) if near else 1.2 * rows[0].height


def _parted(above: Row, row: Row, left: float, pitch: float) -> bool:
    step = above.bottom - row.bottom
    if row.headings or above.is_heading or step > _APART * pitch or step <= 0:
        return True
    if abs(above.height - row.height) > _TALLER * max(above.height, row.height):
        return True
    indented = row.x0 > left + _INDENT * row.height and above.x0 <= left + _INDENT / 2 * row.height
    return indented and not _LISTED.match(above.text)


def _continues(block: Block, more: Block) -> bool:
    if block.rows or more.rows or more.headings or len(block.text) < _MIN_PARAGRAPH:
        return False
    return block.text.endswith(HYPHEN) or (not block.text.endswith(_ENDS) and more.text[:1].islower())
