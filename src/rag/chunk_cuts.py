"""Where a text may be cut: best behind a paragraph, a sentence or a row, else behind a line, a cell or a word."""

from __future__ import annotations

import re

from rag.extracted import PartKind

#: Between the cells of a row.
CELL = " | "
# Marks that end a sentence where white space follows, and full-width ones, which need none; quotation marks and
# brackets may close behind them.
_FULL_WIDTH = "\u3002\uff01\uff1f"
_FULL_WIDTH_CLOSING = "\u300d\u300f\uff09"
_MARKS = f"[.!?{_FULL_WIDTH}][\"'\u201d\u2019\u00bb)\\]{_FULL_WIDTH_CLOSING}]*"
_END = re.compile(rf"{_MARKS}(?:(?=\s|\Z)|(?<=[{_FULL_WIDTH}{_FULL_WIDTH_CLOSING}]))")
_END_OR_PARAGRAPH = re.compile(rf"{_END.pattern}|\n\s*\n")
_COMPLETE = re.compile(rf"(?:{_MARKS}|:)\Z")
#: Before a full stop that ends no sentence; so do initials, and the numbers of items in a list.
_ABBREVIATIONS = {
    *("mr", "mrs", "ms", "dr", "prof", "st", "vs", "fig", "figs", "eq", "eqs", "ref", "refs", "no", "nos", "vol", "pp"),
    *("ch", "sec", "al", "approx", "ca", "cf", "bzw", "nr"),
}
_LONGEST_ABBREVIATION = 8
_ITEM_NUMBER = re.compile(r"(?:^|[.:;!?\n]\n)\d{1,3}\Z")
#: The shares of what fits that are filled at least: by whole paragraphs, by whole sentences, and by lines or words.
_LEAST_BY_PARAGRAPHS = 0.75
_LEAST_BY_SENTENCES = 0.25
_LEAST_BY_LINES = 0.5
#: Characters that are searched at once for the end of a sentence.
_WINDOW = 200


def first_sentence_end(text: str, start: int, end: int) -> int | None:
    """Where the sentence ends that ``text[start:end]`` begins with, at the latest with its paragraph, if it does."""
    for found in _END_OR_PARAGRAPH.finditer(text, start, end):
        if text[found.start()] == "\n":
            return found.start()
        if _is_sentence_end(text, start, found):
            return found.end()
    return None


def ends_sentence(line: str) -> bool:
    """Whether the last sentence of the line is complete, or a colon ends it."""
    return _COMPLETE.search(line) is not None


def best_cut(text: str, start: int, end: int, kind: PartKind) -> int:
    """The best place to cut ``text[start:end]``, which is its end if there is no other."""
    length = end - start
    half = start + int(length * _LEAST_BY_LINES)
    if kind == "table":
        cut = _last(text, "\n", start, end) or _last(text, CELL, half, end)
    elif kind == "code":
        cut = _last(text, "\n\n", half, end) or _last(text, "\n", start, end)
    else:
        cut = (
            _last(text, "\n\n", start + int(length * _LEAST_BY_PARAGRAPHS), end)
            or _last_sentence_end(text, start + int(length * _LEAST_BY_SENTENCES), end)
            or _last(text, "\n", half, end)
        )
    return cut or _last(text, " ", half, end) or end


def _last(text: str, mark: str, start: int, end: int) -> int | None:
    """Where the last mark behind the start begins, at the end of the text at the latest."""
    found = text.rfind(mark, start + 1, end + len(mark))
    return found if found >= 0 else None


def _last_sentence_end(text: str, start: int, end: int) -> int | None:
    while end > start:
        first = max(start, end - _WINDOW)
        for found in reversed([*_END.finditer(text, first, end)]):
            if _is_sentence_end(text, start, found):
                return found.end()
        end = first
    return None


def _is_sentence_end(text: str, start: int, found: re.Match[str]) -> bool:
    """Whether what was found ends a sentence of the text, which begins at ``start`` or before."""
    at, end = found.span()
    if text[at] != ".":
        return True
    # Where the search ended, it did not see whether white space follows.
    if not text[end : end + 1].isspace() and end < len(text):
        return False
    before = text[max(start, at - _LONGEST_ABBREVIATION) : at]
    word = before.rpartition(" ")[2].rpartition("\n")[2].rpartition("(")[2].rpartition(".")[2]
    if word.isalpha():
        return len(word) > 1 and word.lower() not in _ABBREVIATIONS
    return _ITEM_NUMBER.search(before) is None
