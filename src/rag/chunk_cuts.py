"""Where a text may be cut: best behind a paragraph, a sentence or a row, else behind a line, a cell or a word."""

from __future__ import annotations

import re

from rag.extracted import PartKind

#: Between the cells of a row.
CELL = " | "
#: Marks that end a sentence where white space follows; and the ideographic ones, which need none.
_STOPS, _FULL_WIDTH_STOPS = ".!?", "\u3002\uff01\uff1f"
#: Quotation marks and brackets that may close behind them.
_CLOSING = "\"'\u201d\u2019\u00bb)\\]\u300d\u300f\uff09"
_END = rf"[{_STOPS}][{_CLOSING}]*(?=\s|\Z)|[{_FULL_WIDTH_STOPS}][{_CLOSING}]*"
_FIRST_END = re.compile(rf"{_END}|\n\s*\n")
_ENDS_SENTENCE = re.compile(rf"[{_STOPS}:{_FULL_WIDTH_STOPS}][{_CLOSING}]*\Z")
# Greedy, so that the last end is found; the possible ones are tried from the end of the text on.
_LAST_END = re.compile(rf"(?s:.*)(?:{_END})")
# Before a full stop that ends no sentence: an initial, a usual abbreviation, or the number of an item in a list.
_NO_END = re.compile(
    r"(?:(?:^|[\s(.])(?:[A-Za-z]|mr|mrs|ms|dr|prof|st|vs|figs?|eqs?|refs?|nos?|vol|pp|ch|sec|al|approx|ca|cf|bzw|nr)"
    r"|(?:^|[.:;!?\n]\n)\d{1,3})\Z",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = 8
#: The shares of what fits that are filled at least: by whole paragraphs, by whole sentences, and by lines or words.
_LEAST_BY_PARAGRAPHS = 0.75
_LEAST_BY_SENTENCES = 0.25
_LEAST_BY_LINES = 0.5


def first_sentence_end(text: str, start: int, end: int) -> int | None:
    """Where the sentence ends that ``text[start:end]`` begins with, at the latest with its paragraph, if it does."""
    for found in _FIRST_END.finditer(text, start, end):
        if text[found.start()] == "\n":
            return found.start()
        if not _is_abbreviation(text, start, found.end()):
            return found.end()
    return None


def ends_sentence(line: str) -> bool:
    """Whether the last sentence of the line is complete, or a colon ends it."""
    return _ENDS_SENTENCE.search(line) is not None


def best_cut(text: str, start: int, end: int, kind: PartKind) -> int:
    """The best place to cut ``text[start:end]``, which is its end if there is no other."""
    half = _share(start, end, _LEAST_BY_LINES)
    if kind == "table":
        cut = _last(text, "\n", start, end) or _last(text, CELL, half, end)
    elif kind == "code":
        cut = _last(text, "\n\n", half, end) or _last(text, "\n", start, end)
    else:
        cut = (
            _last(text, "\n\n", _share(start, end, _LEAST_BY_PARAGRAPHS), end)
            or _last_sentence_end(text, _share(start, end, _LEAST_BY_SENTENCES), end)
            or _last(text, "\n", half, end)
        )
    return cut or _last(text, " ", half, end) or end


def _share(start: int, end: int, share: float) -> int:
    return start + int((end - start) * share)


def _last(text: str, mark: str, start: int, end: int) -> int | None:
    """Where the last mark behind the start begins, at the end of the text at the latest."""
    found = text.rfind(mark, start + 1, end + len(mark))
    return found if found >= 0 else None


def _last_sentence_end(text: str, start: int, end: int) -> int | None:
    limit = end
    while found := _LAST_END.match(text, start, limit):
        at = found.end()
        # The pattern does not see whether white space follows the limit.
        complete = at < limit or text[at - 1] > "\xff" or text[at : at + 1].isspace()
        if complete and not _is_abbreviation(text, start, at):
            return at
        limit = at - 1
    return None


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    stop = end - 1
    return text[stop] == "." and _NO_END.search(text, max(start, stop - _LONGEST_ABBREVIATION), stop) is not None
