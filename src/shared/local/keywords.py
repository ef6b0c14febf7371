"""What keywords match by: the terms of a text, and how well they tell one text from the others (BM25)."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import numpy as np

from shared.documents import Chunk
from shared.local.porter_stemmer import stem

#: How a chunk's terms are stored: a hash of each, and how often it stands there.
TERM = np.dtype([("term", "<u4"), ("count", "u1")])

#: Saturation and length of BM25, within what Manning, Raghavan and Schütze recommend ("Introduction to Information
#: Retrieval", 11.4.3); of 1.2, 1.5 and 2 for K1 the middle one is taken.
K1, B = 1.5, 0.75
#: A term of the heading counts as this many of the text.
_HEADING_WEIGHT = 2

# Scripts that put no spaces between words, and Hangul, whose words change their endings: any two neighbours are a term.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Vowel signs of Indic and Semitic scripts belong to the word, though they are no letters.
_SIGNS = "\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0dff"
_ASCII_WORD = re.compile("[a-z0-9]+")
_WORD = re.compile(f"[{_UNSPACED}]+|(?:[^\\W_{_UNSPACED}]|[{_SIGNS}])+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_ENGLISH = re.compile("[a-z]+")
# A word longer than this is data; what it begins with tells it well enough.
_LONGEST_WORD = 64
_MOST_COUNTED = 255


def chunk_terms(chunk: Chunk) -> bytes:
    """The chunk's terms as an array of ``TERM``."""
    counts = count_terms(chunk.text)
    for term, count in count_terms(chunk.heading).items():
        counts[term] += _HEADING_WEIGHT * count
    found = np.empty(len(counts), TERM)
    found["term"] = np.fromiter(counts.keys(), np.uint32, len(counts))
    found["count"] = np.minimum(np.fromiter(counts.values(), np.int64, len(counts)), _MOST_COUNTED)
    return found.tobytes()


def count_terms(text: str) -> Counter[int]:
    """The hashes of the text's terms, and how often each stands there."""
    counts: Counter[int] = Counter()
    for word, count in Counter(_words(text)).items():
        counts[_term(word)] += count
    return counts


def _words(text: str) -> Iterator[str]:
    """Words in one case and without accents; two neighbours at a time where a script has no spaces."""
    if text.isascii():
        yield from _ASCII_WORD.findall(text.lower())
        return
    # Accents of Latin, Greek and Cyrillic go; the rest is composed again, as Hangul and Kana must be.
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    for word in _WORD.findall(unicodedata.normalize("NFC", bare)):
        if len(word) > 1 and _IS_UNSPACED.match(word):
            yield from map("".join, pairwise(word))
        else:
            yield word


@lru_cache(maxsize=1 << 15)
def _term(word: str) -> int:
    """A term as 32 bits. Of a vocabulary of 60,000 less than one pair is expected to share them."""
    kept = word[:_LONGEST_WORD]
    return zlib.crc32((stem(kept) if _ENGLISH.fullmatch(kept) else kept).encode("utf-8", "surrogatepass"))
