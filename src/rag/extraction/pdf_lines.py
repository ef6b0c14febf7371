"""Words of a page to rows of cells: what shares a line stands in one row, what a wide gap parts in several cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rag.extraction.pdf_words import HYPHEN, Word

#: A gap wider than this many heights of the line parts cells,
_WIDE = 1.0
#: unless it is below this many of the line's own blanks: justified text is stretched, between sentences most.
_STRETCHED = 2.6
#: A gap wider than this may turn out to part cells, where all rows of a table have one there.
_NOTED = 0.35
#: A gap narrower than this is none: the parts of a word, or a raised number.
_NARROW = 0.12
#: Boxes of one line overlap by at least this share of the lower one.
_OVERLAP = 0.5
_MARKER = re.compile(
    r"(?:[\u2022\u2023\u25aa\u25cf\u25e6\u2013\u2014*\u00b7o-]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)])$"
)


class Gap(NamedTuple):
    """A gap within a run, wider than most blanks. ``place`` is that of the character after it, ``word`` its word's."""

    x0: float
    x1: float
    place: int
    word: int


@dataclass(slots=True)
class Run:
    """Words of one line without a wide gap. ``first`` and ``last`` are the numbers of its outer words in the file,

    ``blanks`` is the sum of all its gaps.
    """

    text: str
    x0: float
    bottom: float
    x1: float
    top: float
    first: int
    last: int
    blanks: float = 0.0
    gaps: list[Gap] = field(default_factory=list)

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def parted(self, x0: float, x1: float) -> list[Run]:
        """The run in two where a gap lies over this strip; else as it is."""
        for number, gap in enumerate(self.gaps):
            if gap.x0 <= x0 and x1 <= gap.x1:
                text = self.text[: gap.place].rstrip()
                left = Run(text, self.x0, self.bottom, gap.x0, self.top, self.first, gap.word - 1)
                left.gaps = self.gaps[:number]
                right = Run(self.text[gap.place :], gap.x1, self.bottom, self.x1, self.top, gap.word, self.last)
                right.gaps = [after._replace(place=after.place - gap.place) for after in self.gaps[number + 1 :]]
                return [left, right]
        return [self]


@dataclass(slots=True)
class Row:
    """Runs side by side, from left to right. ``headings`` are the numbers of the bookmarks that point here;

    ``is_heading`` says that it reads like one of them.
    """

    cells: list[Run]
    bottom: float
    top: float
    headings: list[int] = field(default_factory=list)
    is_heading: bool = False

    @property
    def x0(self) -> float:
        return self.cells[0].x0

    @property
    def x1(self) -> float:
        return self.cells[-1].x1

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)


def runs_of(words: Sequence[Word]) -> list[Run]:
    """Joins words that follow each other in the file and on the page."""
    runs: list[Run] = []
    run: Run | None = None
    for number, word in enumerate(words):
        found = Run(word.text, word.x0, word.bottom, word.x1, word.top, number, number)
        if run is not None and not run.text.endswith(HYPHEN) and _goes_on(run, found):
            _join(run, found)
        else:
            run = found
            runs.append(run)
    return runs


def rows_of(runs: Iterable[Run]) -> list[Row]:
    """Rows from the top down. Small runs (raised or lowered) come after the tall ones whose rows they belong to."""
    rows: list[Row] = []
    for run in sorted(runs, key=lambda run: (-run.top - run.bottom, run.x0)):
        for row in reversed(rows[-3:]):
            if _share_a_line(row, run):
                row.cells.append(run)
                row.bottom, row.top = min(row.bottom, run.bottom), max(row.top, run.top)
                break
        else:
            rows.append(Row([run], run.bottom, run.top))
    for row in rows:
        row.cells = _cells(sorted(row.cells, key=lambda run: run.x0))
    return rows


def _blank(runs: Sequence[Run]) -> float:
    """The usual gap between the words of a line, in points; 0 where there is none."""
    count = sum(run.text.count(" ") for run in runs)
    return sum(run.blanks for run in runs) / count if count else 0.0


def _cells(runs: list[Run]) -> list[Run]:
    stretched = _STRETCHED * _blank(runs)
    cells = [runs[0]]
    for run in runs[1:]:
        last = cells[-1]
        narrow = run.x0 - last.x1 <= max(stretched, _WIDE * max(last.height, run.height))
        if narrow or (len(cells) == 1 and _MARKER.match(last.text)):
            _join(last, run)
        else:
            cells.append(run)
    return cells


def _goes_on(run: Run, more: Run) -> bool:
    height = max(run.height, more.height)
    shared = min(run.top, more.top) - max(run.bottom, more.bottom)
    if shared < _OVERLAP * min(run.height, more.height):
        return False
    return -height <= max(more.x0 - run.x1, run.x0 - more.x1) <= _WIDE * height


def _join(run: Run, more: Run) -> None:
    gap = max(more.x0 - run.x1, run.x0 - more.x1)
    height = max(run.height, more.height)
    if abs(gap) >= _NARROW * height:
        run.text += " "
        run.blanks += max(gap, 0.0)
    if gap > _NOTED * height:
        run.gaps.append(Gap(run.x1, more.x0, len(run.text), more.first))
    run.gaps += [after._replace(place=after.place + len(run.text)) for after in more.gaps]
    run.text += more.text
    run.blanks += more.blanks
    run.last = more.last
    run.x0, run.x1 = min(run.x0, more.x0), max(run.x1, more.x1)
    run.bottom, run.top = min(run.bottom, more.bottom), max(run.top, more.top)


def _share_a_line(row: Row, run: Run) -> bool:
    first = row.cells[0]
    shared = min(first.top, run.top) - max(first.bottom, run.bottom)
    return shared >= _OVERLAP * min(first.height, run.height)
