"""Words of a page to rows of cells: what shares a line stands in one row, what a wide gap parts in several cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rag.extraction.pdf_runs import HYPHEN, Gap, Run

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


def runs_of(words: Iterable[Run]) -> list[Run]:
    """Joins words that follow each other in the file and on the page. The words are used up."""
    runs: list[Run] = []
    for word in words:
        if not (runs and _joined(runs[-1], word)):
            runs.append(word)
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
        gap, height = run.x0 - last.x1, max(last.height, run.height)
        if gap <= max(stretched, _WIDE * height) or (len(cells) == 1 and _MARKER.match(last.text)):
            _join(last, run, gap, height)
        else:
            cells.append(run)
    return cells


def _joined(run: Run, word: Run) -> bool:
    """Puts the word at the end of the run, where it stands on the same line and near."""
    top, bottom = run.top, run.bottom
    height, other = top - bottom, word.top - word.bottom
    if bottom != word.bottom or top != word.top:
        shared = min(top, word.top) - max(bottom, word.bottom)
        if shared < _OVERLAP * min(height, other):
            return False
        height = max(height, other)
    gap = word.x0 - run.x1
    if not -height <= gap <= _WIDE * height:
        # What is written from right to left goes on at the left.
        gap = run.x0 - word.x1
        if not -height <= gap <= _WIDE * height:
            return False
    if run.text[-1:] == HYPHEN:
        return False
    _join(run, word, gap, height)
    return True


def _join(run: Run, more: Run, gap: float, height: float) -> None:
    if not -_NARROW * height < gap < _NARROW * height:
        run.text += " "
        run.blanks += max(gap, 0.0)
    length = len(run.text)
    if gap > _NOTED * height:
        run.gaps += (Gap(run.x1, more.x0, length, more.first),)
    if more.gaps:
        run.gaps += tuple(after._replace(place=after.place + length) for after in more.gaps)
    run.text += more.text
    run.blanks += more.blanks
    run.last = more.last
    run.x0, run.x1 = min(run.x0, more.x0), max(run.x1, more.x1)
    run.bottom, run.top = min(run.bottom, more.bottom), max(run.top, more.top)


def _share_a_line(row: Row, run: Run) -> bool:
    first = row.cells[0]
    shared = min(first.top, run.top) - max(first.bottom, run.bottom)
    return shared >= _OVERLAP * min(first.height, run.height)
