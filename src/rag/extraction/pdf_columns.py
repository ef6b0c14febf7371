"""Columns of prose: read one after the other, where rows of a table would be read across."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.extraction.pdf_runs import Run

_MAX_DEPTH = 4
#: On a page in more pieces than this nothing is looked for: it is a drawing, or meant to take long.
_MAX_RUNS = 3_000
#: Fewer lines than this, left and right together, are no columns.
_MIN_LINES = 6
#: Lines of prose are on average at least so long, in characters; cells of tables rarely are.
_MIN_LENGTH = 18
#: Where more of the lines than this are followed, in the file, by the line to their right, they are cells of a table.
_MAX_ACROSS = 0.4
_MAX_CANDIDATES = 8
#: Headers and footers are at most so many lines, and further from the text than this many heights.
_MAX_MARGIN = 2
_FAR = 1.2
_TOLERANCE = 2.0


@dataclass(frozen=True, slots=True)
class _Gutter:
    """Text left and right of ``x``, between the heights ``bottom`` and ``top``."""

    x: float
    bottom: float
    top: float
    lines: int


def flows_of(runs: Sequence[Run], depth: int = 0) -> list[list[Run]]:
    """The runs in groups to be read one after the other, each from the top down."""
    gutter = _best_gutter(runs) if depth < _MAX_DEPTH and _MIN_LINES <= len(runs) <= _MAX_RUNS else None
    if gutter is None:
        return [list(runs)] if runs else []
    above = [run for run in runs if run.middle >= gutter.top]
    below = [run for run in runs if run.middle <= gutter.bottom]
    beside = [run for run in runs if gutter.bottom < run.middle < gutter.top]
    header, beside, footer = _without_margins(beside)
    left = [run for run in beside if run.x0 < gutter.x - _TOLERANCE]
    right = [run for run in beside if run.x0 >= gutter.x - _TOLERANCE]
    parts = ([*above, *header], left, right, [*footer, *below])
    return [flow for part in parts for flow in flows_of(part, depth + 1)]


def _without_margins(runs: list[Run]) -> tuple[list[Run], list[Run], list[Run]]:
    """A line or two far above or below the rest (page numbers, running titles) belong to neither column."""
    runs = sorted(runs, key=lambda run: -run.middle)
    first, last = 0, len(runs)
    for number in range(1, min(_MAX_MARGIN, len(runs) - 1) + 1):
        if runs[number - 1].bottom - runs[number].top > _FAR * runs[number].height:
            first = number
        if runs[-number - 1].bottom - runs[-number].top > _FAR * runs[-number].height:
            last = len(runs) - number
    return (runs[:first], runs[first:last], runs[last:]) if first < last else ([], runs, [])


def _best_gutter(runs: Sequence[Run]) -> _Gutter | None:
    starts = Counter(round(run.x0 / _TOLERANCE) for run in runs)
    leftmost = min(starts)
    candidates = [start for start, _ in starts.most_common(_MAX_CANDIDATES) if start > leftmost + 1]
    falling = sorted(runs, key=lambda run: -run.middle)
    found = [gutter for start in candidates if (gutter := _gutter_at((start - 0.5) * _TOLERANCE, falling))]
    return max(found, key=lambda gutter: gutter.lines, default=None)


def _gutter_at(x: float, runs: Sequence[Run]) -> _Gutter | None:
    """The stretch between lines that cross ``x`` in which most lines begin right of it. ``runs`` are from the top."""
    best: _Gutter | None = None
    left: list[Run] = []
    right: list[Run] = []
    top = math.inf
    for run in (*runs, None):
        if run is not None and (run.x0 >= x - _TOLERANCE or run.x1 <= x):
            (left if run.x0 < x - _TOLERANCE else right).append(run)
            continue
        bottom = run.middle if run else -math.inf
        if len(right) > (best.lines if best else 0) and _are_columns(left, right):
            best = _Gutter(x, bottom, top, len(right))
        left, right, top = [], [], bottom
    return best


def _are_columns(left: list[Run], right: list[Run]) -> bool:
    if not left or len(left) + len(right) < _MIN_LINES or not (_is_prose(left) and _is_prose(right)):
        return False
    if max(run.top for run in left) <= min(run.bottom for run in right):
        return False
    if max(run.top for run in right) <= min(run.bottom for run in left):
        return False
    before = {run.last: run for run in left}
    across = sum(run.first - 1 in before and _beside(before[run.first - 1], run) for run in right)
    return across <= _MAX_ACROSS * min(len(left), len(right))


def _is_prose(runs: list[Run]) -> bool:
    return sum(len(run.text) for run in runs) >= _MIN_LENGTH * len(runs)


def _beside(left: Run, right: Run) -> bool:
    return min(left.top, right.top) > max(left.bottom, right.bottom)
