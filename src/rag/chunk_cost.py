"""How many tokens a text has, counted several times faster than the tokeniser does it.

The text is taken as units: the runs of characters between spaces and line ends, each with the one separator before it.
What each adds to a text is kept in tables, so that most of the work is done by ``str.split`` and ``sum``. The sum is
never less than the tokens of the text, and the same where words stand one space apart:

- A space belongs to the token of the word behind it, and is counted with it. Further white space is counted by the
  byte; no token is shorter than that. So is a line end.
- Punctuation can merge with the line ends behind it and take them from each other, which makes more tokens in rare
  cases: these are tried.
- Digits are tokens of their own, up to three together, whichever they are. All are counted as zeros, so that most
  numbers are found in the tables.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate, filterfalse

from rag.ruler import encode, longest_prefix

#: Units in each table; it is emptied when it is full. About 20 MB together.
_TABLE_UNITS = 1 << 16
#: Longer units are counted each time: they seldom come back, and would fill the memory.
_TABLE_LENGTH = 40
#: A shorter unit that does not fit is left to the next chunk; a longer one may be cut.
_WORD = 24
# White space to the tokeniser, but for the two separators.
_OTHER_SPACE = re.compile("([\t\v\f\r\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+)")
# Single ASCII marks do merge with line ends, but never to more tokens than they are alone.
_MERGES_WITH_LINE_ENDS = re.compile(r"(?:[^\w\s]{2}|[^\w\s\x00-\x7f]|_)\Z")
_LINE_ENDS = ("\n", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n")


class _Extra(dict[str, int]):
    """The tokens that a unit adds to a text, less one; those that add only one are in ``_single``.

    A unit has its separator with it where that is a line end.
    """

    def __missing__(self, unit: str) -> int:
        extra = _added_by(unit) - 1
        if len(unit) <= _TABLE_LENGTH:
            if len(self) + len(_single) >= _TABLE_UNITS:
                self.clear()
                _single.clear()
            if extra:
                self[unit] = extra
            else:
                _single.add(unit)
        return extra


_single: set[str] = set()
_extra = _Extra()


def _added_by(unit: str) -> int:
    word, *others = _OTHER_SPACE.split(unit.removeprefix("\n"))
    if not word:
        added = 1
    elif unit.startswith("\n"):
        added = 1 + _most("", word)
    else:
        added = _most(" ", word)
    for space, segment in zip(others[::2], others[1::2], strict=True):
        last = space[-1]
        # A word merges with one character of white space at most.
        merged = max(_most("", segment), _most(last, segment) - len(last.encode())) if segment else 0
        added += len(space.encode()) + merged
    return added


def _most(before: str, word: str) -> int:
    """The tokens of ``before + word``, alone or before line ends that are counted elsewhere, one each."""
    text = before + word
    alone = len(encode(text))
    if not _MERGES_WITH_LINE_ENDS.search(word):
        return alone
    return max(alone, *(len(encode(text + ends)) - len(ends) for ends in _LINE_ENDS))


def _units(text: str) -> list[str]:
    """The units of a text that begins with a line end, which have an empty one before them."""
    for digit in "123456789":
        text = text.replace(digit, "0")
    return text.replace("\n", " \n").split(" ")


def cost(text: str) -> int:
    """The tokens of the text, or a few more. With texts put together by a space or line end, one comes to the sum."""
    units = _units(f"\n{text}")
    return len(units) - 2 + sum(map(_extra.__getitem__, filterfalse(_single.__contains__, units)))


def longest_within(text: str, budget: int) -> int:
    """How many characters of the text, from its start on, cost at most ``budget`` tokens; at least one.

    That is up to the end of a unit, or within one that is long. All of the text is counted.
    """
    units = _units(f"\n{text}")
    totals = list(accumulate((1 if unit in _single else 1 + _extra[unit] for unit in units), initial=-2))
    whole = bisect_right(totals, budget) - 1
    taken = " ".join(units[:whole])
    # Neither the line end before the text nor the spaces before line ends are of it.
    length = len(taken) - taken.count("\n") - 1
    if whole < len(units) and (length <= 0 or len(units[whole]) > _WORD):
        length += _longest_start(units[whole], budget - totals[whole])
    return max(length, 1)


def _longest_start(unit: str, budget: int) -> int:
    """How many characters of the unit cost so much, its separator included; 0 where that is all."""
    word = unit.removeprefix("\n")
    fitting = longest_prefix(word, budget - 1) if word != unit else longest_prefix(f" {word}", budget) - 1
    return fitting + 1 if fitting > 0 else 0
