"""Cuts what came out of a document into chunks: pieces small enough to be embedded, found and cited.

A chunk stays within one page and one section, except that a sentence which goes on on the next page is kept whole, and
that headings without a text below them go with what follows. It ends with a paragraph or a sentence where one ends in
time. A table is cut between rows, its header repeated; code at an empty line or at a line's end. How a page or section
is cut depends on nothing before it but such a sentence, so that a change there leaves these chunks the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rag.chunk_cost import cost, longest_within
from rag.chunk_cuts import CELL, best_cut
from rag.chunk_names import Names, names_of
from rag.chunk_stretches import Stretch, stretches
from rag.extracted import ExtractedText, Part
from rag.ruler import count_tokens, longest_prefix
from shared.documents import Chunk

#: The share of a chunk that the repeated header of a table may take.
_HEADER_SHARE = 0.25
#: A rest that is shorter than this share of the chunk before it shares its text with that.
_LEAST_REST = 0.25
_EVEN_SHARE = 0.6
#: Another kind of part begins a new chunk where this share of the one before is filled.
_LEAST_BEFORE_PART = 0.25
#: The share of a chunk of code that the indentation of its first line may take, counted as a token a character.
_INDENTATION_SHARE = 1 / 8
#: Characters that tell how long the tokens of a stretch are.
_SAMPLE = 250
#: How much of the room for a chunk is taken, as the length of its tokens is a guess; and up to how much more text than
#: has room is tried whole, if it is the last.
_TAKEN = 0.95
_TRIED = 1.1
#: A guess was too low where tokens turn out to be so much longer.
_MUCH_LONGER = 1.25
_GUESSES = 3
#: How much of the difference between a guess and what was found goes into the next guess.
_LEARNED = 0.3
_NOT_SPACE = re.compile(r"\S")


def chunk(extracted: ExtractedText, *, title: str, max_tokens: int) -> Iterator[Chunk]:
    """The chunks in the order of the text; every character but white space is in one of them.

    Neither ``text`` nor ``searchable_text`` of a chunk has more than ``max_tokens`` (8 or more) tokens; ``tokens`` is
    the number of its text or a little more. ``text`` is ``extracted.text[start:end]``, with the table's header and a
    line end before it where it begins within a table. A chunk that begins with headings from the page before has the
    page of the text below them.
    """
    number = 0
    section: tuple[str, ...] = ()
    names = names_of(title, section, max_tokens)
    for stretch in stretches(extracted):
        if stretch.section != section:
            section = stretch.section
            names = names_of(title, section, max_tokens)
        for found in _Cutter(extracted.text, stretch, names, max_tokens - names.tokens).chunks(number):
            number = found.number + 1
            yield found


class _Cutter:
    """Cuts one stretch."""

    def __init__(self, text: str, stretch: Stretch, names: Names, budget: int) -> None:
        self._text = text
        self._stretch = stretch
        self._names = names
        self._budget = budget
        sample = text[stretch.start : min(stretch.end, stretch.start + _SAMPLE)]
        self._token_length = len(sample) / max(1, cost(sample))

    def chunks(self, number: int) -> Iterator[Chunk]:
        """The chunks, counted from ``number`` on."""
        text, stretch, names = self._text, self._stretch, self._names
        parts = iter(stretch.parts)
        part = next(parts)
        header = self._repeated_header(part)
        end = stretch.start
        while (start := self._next_start(end)) < stretch.end:
            while start >= part.end:
                part = next(parts)
                header = self._repeated_header(part)
            if part.kind == "code":
                start = self._with_indentation(end, start)
            top = header if header and self._is_below_header(start, part) else ""
            top_tokens = cost(top) + 1 if top else 0
            # The quick count takes white space for a token a character, and code has too much of it for that.
            count = count_tokens if part.kind == "code" else cost
            end, tokens = self._piece(start, self._budget - top_tokens, count)
            shown = f"{top}\n{text[start:end]}" if top else text[start:end]
            yield Chunk(number, shown, names.heading, stretch.page, names.section, start, end, tokens + top_tokens)
            number += 1

    def _next_start(self, end: int) -> int:
        found = _NOT_SPACE.search(self._text, end, self._stretch.end)
        return found.start() if found else self._stretch.end

    def _with_indentation(self, end: int, start: int) -> int:
        """The beginning of the line on which the code starts, if the white space from ``end`` on holds it."""
        deepest = int(self._budget * _INDENTATION_SHARE)
        line_end = self._text.rfind("\n", max(end, start - deepest - 1), start)
        return start if line_end < 0 else line_end + 1

    def _repeated_header(self, part: Part) -> str:
        """The header of the part, if it is a table, as far as there is room for it."""
        if part.kind != "table" or not part.header:
            return ""
        room = int(self._budget * _HEADER_SHARE)
        # No more is looked at than could have room.
        header = part.header[: room * 8]
        if cost(header) < room:
            return header
        shorter = header[: longest_prefix(header, room)].rpartition(CELL)[0]
        return shorter if cost(shorter) < room else ""

    def _is_below_header(self, start: int, part: Part) -> bool:
        return start >= self._next_start(part.start) + len(part.header)

    def _piece(self, start: int, budget: int, count: Callable[[str], int]) -> tuple[int, int]:
        """Where the chunk ends that begins at ``start``, and its tokens.

        The end is guessed and then counted, so that most of the text is read once.
        """
        text, last = self._text, self._stretch.end
        guess = self._token_length
        limit = last if last - start <= budget * guess * _TRIED else start + int(budget * guess * _TAKEN) + 1
        for _ in range(_GUESSES):
            end = self._end(start, limit)
            tokens = count(text[start:end])
            found = (end - start) / tokens
            if tokens <= budget and (limit == last or found < guess * _MUCH_LONGER):
                self._token_length = guess + (found - guess) * _LEARNED
                return end, tokens
            guess = found
            limit = min(last, start + int(budget * guess * _TAKEN) + 1)
        limit = start + longest_within(text[start:limit], budget)
        end = self._end(start, limit)
        tokens = count(text[start:end])
        # Within a word the beginning can have more tokens than the whole.
        return (end, tokens) if tokens <= budget else (limit, budget)

    def _end(self, start: int, limit: int) -> int:
        """The best place to end before the limit, which is that of what fits or of the stretch."""
        cut = limit if limit == self._stretch.end else self._cut(start, limit)
        return cut if not self._text[cut - 1].isspace() else start + len(self._text[start:cut].rstrip())

    def _cut(self, start: int, limit: int) -> int:
        text, stretch = self._text, self._stretch
        part = stretch.part_at(limit)
        filled = (part.start - start) / (limit - start)
        is_new = part.kind != "prose" or filled > 1 - _LEAST_BEFORE_PART
        if is_new and filled >= _LEAST_BEFORE_PART and part.start != stretch.seam:
            return part.start
        if stretch.end - limit < _LEAST_REST * (limit - start):
            limit = start + int(_EVEN_SHARE * (stretch.end - start)) + 1
        cut = best_cut(text, start, limit, part.kind)
        if stretch.seam is None or cut > stretch.seam or text[cut : stretch.seam].strip() or cut == start + 1:
            return cut
        return best_cut(text, start, cut - 1, part.kind)
