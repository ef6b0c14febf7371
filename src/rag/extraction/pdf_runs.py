"""Words of a PDF page that stand together. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

#: PDFium's mark of a hyphen at the end of a line that goes on in the next.
HYPHEN = "\ufffe"


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
    gaps: tuple[Gap, ...] = ()

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
                right.gaps = tuple(after._replace(place=after.place - gap.place) for after in self.gaps[number + 1 :])
                return [left, right]
        return [self]
