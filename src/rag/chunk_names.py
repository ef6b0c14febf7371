"""The names that stand before a chunk where it is embedded and searched: the document's title and its headings."""

from __future__ import annotations

from dataclasses import dataclass

from rag.chunk_cost import cost
from rag.ruler import longest_prefix

_BETWEEN = " > "
#: Levels of headings that are named, the innermost ones.
_LEVELS = 8
#: The share of a chunk that all names together may take.
_SHARE = 0.25
#: No more characters of a name are looked at than these for each token it may have.
_LOOKED_AT = 8


@dataclass(frozen=True, slots=True)
class Names:
    """``heading`` and ``section`` of a chunk, and the tokens of the heading with the line end behind it."""

    heading: str
    section: str | None
    tokens: int


def names_of(title: str, section: tuple[str, ...], max_tokens: int) -> Names:
    """Names that are too long are shortened, and outer headings left out."""
    room = int(max_tokens * _SHARE)
    title = _shortened(title, room // 2)
    levels = [_shortened(level, room // 2 - 1) for level in section[-_LEVELS:]]
    while levels and cost(_path(title, *levels)) > room:
        levels.pop(0)
    heading = _path(title, *levels)
    return Names(heading, _path(*levels) or None, cost(heading) + 1 if heading else 0)


def _path(*levels: str) -> str:
    return _BETWEEN.join(level for level in levels if level)


def _shortened(name: str, tokens: int) -> str:
    line = " ".join(name[: max(0, tokens) * _LOOKED_AT].split())
    return line if cost(line) <= tokens else line[: longest_prefix(line, tokens)].rstrip()
