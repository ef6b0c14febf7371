"""What the vector stores of AWS have in common: names of indexes, and texts as keywords are searched in. Pure.

A store has one index for each embedder, because an index has one dimension; together they are a family.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_HASH_DIGITS = 12
#: Both stores refuse a query of more than 1,024 (words here, characters there). No character is more than one word.
_LONGEST_QUERY = 1000
#: The accents of the Latin, Greek and Cyrillic scripts; marks of other scripts are letters of their own.
_ACCENTS = re.compile("[\u0300-\u036f]")


def index_of(family: str, embedder: str) -> str:
    """The index that holds the vectors of this embedder, such as ``documents-3f2a9c1d7b60``."""
    return f"{prefix_of(family)}{hashlib.sha256(embedder.encode()).hexdigest()[:_HASH_DIGITS]}"


def prefix_of(family: str) -> str:
    """What the names of all indexes of the family begin with."""
    return f"{family}-"


def belongs_to(family: str, index: str) -> bool:
    """Whether an index that was found is one of the family."""
    return re.fullmatch(rf"{re.escape(prefix_of(family))}[0-9a-f]{{{_HASH_DIGITS}}}", index) is not None


def without_accents(text: str) -> str:
    """The text as it is searched for keywords: the stores' English analyzers take accents for part of a letter."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def keywords_of(question: str) -> str:
    """The question as it is searched by keyword, or nothing. Of a long one, its beginning and its end."""
    words = without_accents(question).strip()
    if len(words) <= _LONGEST_QUERY:
        return words
    half = _LONGEST_QUERY // 2
    return f"{words[:half]} {words[1 - half :]}"
