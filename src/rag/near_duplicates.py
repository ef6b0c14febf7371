"""Texts that say the same as another one, such as those of a file that was added twice. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

#: Words of a shingle.
_SHINGLE = 4
#: The share of shingles (Jaccard) from which two texts are the same. In a chunk of 200 words one word may differ.
_SAME_FROM = 0.95
_WORD = re.compile(r"\w+")


class NearDuplicates:
    """Remembers texts, and knows a text that says the same again.

    Texts with different numbers are never the same: two invoices may differ in nothing else. The time is linear in the
    length of the texts as long as what is told to be a duplicate is not added.
    """

    def __init__(self) -> None:
        self._owners: defaultdict[int, list[int]] = defaultdict(list)
        self._sizes: list[int] = []
        self._numbers: list[frozenset[str]] = []

    def add(self, text: str) -> bool:
        """Whether the text is new; it is then remembered."""
        words = _WORD.findall(text.casefold())
        numbers = frozenset(word for word in words if not word.isalpha())
        shingles = {hash(tuple(words[start : start + _SHINGLE])) for start in range(max(1, len(words) - _SHINGLE + 1))}
        shared = Counter(owner for shingle in shingles for owner in self._owners.get(shingle, ()))
        for owner, count in shared.items():
            union = self._sizes[owner] + len(shingles) - count
            if count >= _SAME_FROM * union and self._numbers[owner] == numbers:
                return False
        for shingle in shingles:
            self._owners[shingle].append(len(self._sizes))
        self._sizes.append(len(shingles))
        self._numbers.append(numbers)
        return True
