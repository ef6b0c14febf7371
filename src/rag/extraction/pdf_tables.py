"""Rows of a page to regions of prose and of tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.extraction.pdf_lines import Row
from rag.extraction.pdf_runs import HYPHEN, Run

#: Rows of a table are no further apart than this many heights.
_MAX_STEP = 4.0
#: Edges of the cells of a column agree within so many points.
_ALIGNED = 4.0
#: Lines of a cell are no further apart than this many heights.
_WRAPPED = 2.2
#: The least width of a gap that all rows have in common, in heights of a line.
_STRIP = 0.35
#: Of this many rows or more a narrower gap that all have in common parts cells, too.
_MIN_ROWS = 3
#: Rows that all begin in the first column are so many lines of one cell at most; more are rows.
_MAX_LINES = 2


@dataclass(slots=True)
class Region:
    """Rows that follow each other. Of a table, ``cells`` are the texts of its rows, wrapped lines joined."""

    rows: list[Row]
    cells: list[list[str]] = field(default_factory=list)


def regions_of(rows: Sequence[Row]) -> Iterator[Region]:
    """Tables are two or more rows of several aligned cells, with the wrapped lines of their cells between."""
    prose: list[Row] = []
    start = 0
    while start < len(rows):
        end = _table_end(rows, start)
        if end == start:
            prose.append(rows[start])
            start += 1
            continue
        if prose:
            yield Region(prose)
            prose = []
        yield Region(list(rows[start:end]), _merged(rows[start:end]))
        start = end
    if prose:
        yield Region(prose)


def _table_end(rows: Sequence[Row], start: int) -> int:
    """The number of the row after a table that begins at ``start``; ``start`` where none begins."""
    if len(rows[start].cells) < 2:  # noqa: PLR2004 - two cells make a row
        return start
    full, end = 1, start + 1
    for number in range(start + 1, len(rows)):
        above, row = rows[number - 1], rows[number]
        if above.bottom - row.bottom > _MAX_STEP * above.height:
            break
        if len(row.cells) > 1 and _aligned(row, rows[start:number]):
            full, end = full + 1, number + 1
        elif not _wraps(rows[start:number], row):
            break
        elif _follows_last_cell(rows[number - 1], row):
            end = number + 1
    return end if full > 1 else start


def _aligned(row: Row, above: Sequence[Row]) -> bool:
    """Whether two cells stand under (or left-, right-aligned with) cells of the rows above."""
    cells = [cell for other in above[-4:] for cell in other.cells]
    return sum(any(_under(cell, other) for other in cells) for cell in row.cells) > 1


def _under(cell: Run, other: Run) -> bool:
    return min(cell.x1, other.x1) > max(cell.x0, other.x0) or abs(cell.x0 - other.x0) < _ALIGNED


def _wraps(above: Sequence[Row], row: Row) -> bool:
    """Whether a row of one cell may be a further line of a cell above: near, and in one column only."""
    last = above[-1]
    if len(row.cells) > 1 or last.bottom - row.bottom > _WRAPPED * last.height:
        return False
    cell = row.cells[0]
    return sum(_under(cell, other) for other in max(above[-4:], key=lambda found: len(found.cells)).cells) == 1


def _follows_last_cell(above: Row, row: Row) -> bool:
    """Whether the row goes on with a cell of the row above, which was the last in the file before it."""
    last = above.cells[-1]
    return row.cells[0].first == last.last + 1 and abs(row.x0 - last.x0) < _ALIGNED


def _merged(rows: Sequence[Row]) -> list[list[str]]:
    """The cells of each row of the table, the lines of a cell as one text."""
    if len(rows) >= _MIN_ROWS:
        for strip in _strips(rows):
            for row in rows:
                row.cells = [piece for cell in row.cells for piece in cell.parted(*strip)]
    return [_texts(group) for group in _groups(rows)]


def _strips(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Where no row has a word, though within a cell of each that is there at all: columns set close together."""
    found = [(-math.inf, math.inf)]
    for row in rows:
        free = [(gap.x0, gap.x1) for cell in row.cells for gap in cell.gaps]
        edges = [-math.inf, *(edge for cell in row.cells for edge in (cell.x0, cell.x1)), math.inf]
        free += zip(edges[::2], edges[1::2], strict=True)
        both = ((max(a, c), min(b, d)) for a, b in found for c, d in free)
        found = [(x0, x1) for x0, x1 in both if x1 - x0 > _STRIP * row.height]
    return found


def _groups(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Puts lines of the same row together.

    Files hold tables cell by cell: where, in the order of the file, the next cell stands higher and further right, the
    lines between are of one row; and a line below the last cell of a row goes on with it.
    """
    row_of = {cell.first: number for number, row in enumerate(rows) for cell in row.cells}
    ends = list(range(len(rows)))
    for before, after in pairwise(sorted(row_of)):
        first, last = row_of[after], row_of[before]
        if first < last and _is_one_row(rows[first : last + 1], rows[0]):
            ends[first] = max(ends[first], last)
    for number, (above, row) in enumerate(pairwise(rows)):
        if len(above.cells) > 1 == len(row.cells) and _follows_last_cell(above, row) and _near([above, row]):
            ends[number] = max(ends[number], number + 1)
    start = 0
    while start < len(rows):
        end = reached = start
        while reached <= end:
            end = max(end, ends[reached])
            reached += 1
        yield rows[start : end + 1]
        start = end + 1


def _is_one_row(lines: Sequence[Row], header: Row) -> bool:
    """Whether lines may be those of one row: near, and not a table that was written column by column."""
    beginning = sum(_under(line.cells[0], header.cells[0]) for line in lines)
    return _near(lines) and (beginning < len(lines) or len(lines) <= _MAX_LINES)


def _near(rows: Sequence[Row]) -> bool:
    return all(above.bottom - row.bottom <= _WRAPPED * above.height for above, row in pairwise(rows))


def _texts(rows: Sequence[Row]) -> list[str]:
    columns: list[list[Run]] = []
    reached = 0.0
    for cell in sorted((cell for row in rows for cell in row.cells), key=lambda cell: cell.x0):
        if columns and cell.x0 < reached:
            columns[-1].append(cell)
            reached = max(reached, cell.x1)
        else:
            columns.append([cell])
            reached = cell.x1
    lines = (" ".join(cell.text for cell in sorted(column, key=lambda cell: -cell.top)) for column in columns)
    return [line.replace(f"{HYPHEN} ", "").replace(HYPHEN, "-") for line in lines]
