"""The names that stand before a chunk where it is embedded and searched: the document's title and its headings."""

from __future__ import annotations

from rag.chunk_cost import cost
from rag.ruler import longest_prefix

_BETWEEN = " > "
#: Levels of headings that are named, the innermost ones.
_LEVELS = 8
#: The share of a chunk that all names together may take.
_SHARE = 0.25
#: No more characters of a name are looked at than these for each token it may have.
_LOOKED_AT = 8


def chunk_names(title: str, section: tuple[str, ...], max_tokens: int) -> tuple[str, str | None]:
    """``heading`` and ``section`` of a chunk: shortened, and without the outer headings, where they are too long."""
    room = int(max_tokens * _SHARE)
    title = _shortened(title, room // 2)
    levels = [_shortened(level, room // 2 - 1) for level in section[-_LEVELS:]]
    while levels and cost(_path(title, *levels)) > room:
        levels.pop(0)
    return _path(title, *levels), _path(*levels) or None


def _path(*levels: str) -> str:
    return _BETWEEN.join(level for level in levels if level)


def _shortened(name: str, tokens: int) -> str:
    line = " ".join(name[: max(0, tokens) * _LOOKED_AT].split())
    return line if cost(line) <= tokens else line[: longest_prefix(line, tokens)].rstrip()
