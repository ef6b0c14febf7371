"""Bookmarks of a PDF, and the lines that they point to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import pypdfium2
import pypdfium2.raw as pdfium

from rag.extraction.pdf_lines import Row

_MAX_BOOKMARKS = 20_000
_MAX_DEPTH = 8
#: A heading may have so many characters more than its bookmark: its number.
_NUMBERING = 12
#: A bookmark points to the upper edge of its line, or somewhat above or below that edge; in points.
_TOLERANCE = 6.0


@dataclass(frozen=True, slots=True)
class Bookmark:
    """``path``: the titles from the outermost to its own. ``y``: where on the page it points, in points from below."""

    path: tuple[str, ...]
    y: float | None

    @property
    def title(self) -> str:
        return self.path[-1]


def bookmarks_of(pdf: pypdfium2.PdfDocument) -> dict[int, list[Bookmark]]:
    """The bookmarks by page (from 0), in their order."""
    found: dict[int, list[Bookmark]] = {}
    path: tuple[str, ...] = ()
    for item in islice(pdf.get_toc(max_depth=_MAX_DEPTH), _MAX_BOOKMARKS):
        path = (*path[: item.level], item.get_title())
        destination = item.get_dest()
        page = destination.get_index() if destination else None
        if destination and page is not None:
            found.setdefault(page, []).append(Bookmark(path, _height(destination)))
    return found


def mark(flows: Sequence[Sequence[Row]], bookmarks: Sequence[Bookmark]) -> list[int]:
    """Notes on rows the numbers of the bookmarks that point to them; returns those that point to none.

    A row that reads like the bookmark is its heading; otherwise it is the first at the height it points to.
    """
    rows = [row for flow in flows for row in flow]
    keys = [_key(row.text) for row in rows] if bookmarks else []
    late = []
    reached = 0
    for number, bookmark in enumerate(bookmarks):
        index = _by_text(bookmark, keys, reached)
        if index is not None:
            rows[index].is_heading = True
        else:
            index = _by_height(bookmark, rows)
        if index is None:
            late.append(number)
        else:
            rows[index].headings.append(number)
            reached = index
    return late


def _by_text(bookmark: Bookmark, keys: Sequence[str], reached: int) -> int | None:
    wanted = _key(bookmark.title)
    for index in range(reached, len(keys)):
        key = keys[index]
        if key == wanted or (key.endswith(wanted) and wanted and len(key) <= len(wanted) + _NUMBERING):
            return index
    return None


def _by_height(bookmark: Bookmark, rows: Sequence[Row]) -> int | None:
    if bookmark.y is None:
        return 0 if rows else None
    below = (index for index, row in enumerate(rows) if row.top <= bookmark.y + _TOLERANCE)
    return next(below, None)


def _height(destination: pypdfium2.PdfDest) -> float | None:
    kind, view = destination.get_view()
    if kind == pdfium.PDFDEST_VIEW_XYZ and len(view) > 1:
        return float(view[1])
    return float(view[0]) if kind in {pdfium.PDFDEST_VIEW_FITH, pdfium.PDFDEST_VIEW_FITBH} and view else None


def _key(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
