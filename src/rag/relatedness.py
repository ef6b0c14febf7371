"""Whether what was found has to do with the question at all. Pure but for one table, which is read when first needed.

A search always finds something. It counts where question and text are near each other by their vectors, or share a word
that is not one of everyday language: a part number or a name says what a text is about, "best" and "way" do not.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from shared.documents import Hit, SearchHits

#: A word is of everyday language where the ruler's vocabulary has it among its first tokens: a merge of bytes was added
#: the earlier the more often it came. 30,000 tokens hold 8,100 words. Measured by `bench/retrieval.py`.
_EVERYDAY_TOKENS = 30_000
#: Among as many stand words that tell nothing, such as "you" and "what".
_FUNCTION_TOKENS = 2_000
#: A word in more than this share of the chunks tells none of them from the others, in whichever language it is.
_COMMON_SHARE = 0.1
_FEW_CHUNKS = 3
#: Fewer chunks do not tell how rare a word is.
_LEAST_CHUNKS = 100
#: The share of the question's words, weighted by their rarity, that one chunk has to hold where only words can tell.
_COVERED_FROM = 0.5
#: Words are compared by as many letters, so that endings do not matter.
_STEM_LETTERS = 6

_VOCABULARY = Path(__file__).parent / "vocabulary" / "cl100k_base.tiktoken"
_ENGLISH_TOKEN = re.compile(rb" [a-z]+")
_WORD = re.compile(r"\w+")


def is_related(query: str, hits: SearchHits, related_from: Mapping[str, float], chunks: int) -> bool:
    """Whether any of the hits may have to do with the question.

    ``related_from`` is the least cosine that tells so, by embedder; vectors of others count as near from 0 on.
    ``chunks`` is how many were searched at least. Without hits by vector the words decide, and more of them must match.
    """
    if any(hit.score >= related_from.get(hit.generation.embedder, 0.0) for hit in hits.by_vector):
        return True
    ranks = _everyday_ranks()
    words = {word: ranks.get(word, _EVERYDAY_TOKENS) for word in _WORD.findall(query.casefold())}
    rare = {word for word, rank in words.items() if rank >= _EVERYDAY_TOKENS and len(word) > 1}
    texts = _Texts(hits.by_keyword, chunks)
    if texts.share_one_of(rare):
        return True
    telling = {word for word, rank in words.items() if rank >= _FUNCTION_TOKENS}
    return not hits.by_vector and texts.coverage(telling) >= _COVERED_FROM


class _Texts:
    """The words of the chunks that were found by keyword."""

    def __init__(self, hits: Sequence[Hit], chunks: int) -> None:
        self._words = [set(_WORD.findall(hit.chunk.searchable_text.casefold())) for hit in hits]
        self._chunks = max(chunks, len(hits))

    def share_one_of(self, words: Collection[str]) -> bool:
        """Whether one of the words stands in some of the chunks, and in few of all."""
        few = max(_FEW_CHUNKS, _COMMON_SHARE * self._chunks)
        return any(0 < sum(word in text for text in self._words) <= few for word in words)

    def coverage(self, words: Collection[str]) -> float:
        """The share of the words that the best chunk holds, 0 to 1. Words in few chunks weigh more."""
        wanted = {_stem(word) for word in words}
        texts = [{_stem(word) for word in text} & wanted for text in self._words]
        weights = {stem: math.log((self._chunks + 1) / (sum(stem in text for text in texts) + 0.5)) for stem in wanted}
        best = max((sum(weights[stem] for stem in text) for text in texts), default=0.0)
        return best / sum(weights.values()) if best else 0.0


def _stem(word: str) -> str:
    return (word.rstrip("s")[:_STEM_LETTERS] or word) if word.isalpha() else word


@cache
def _everyday_ranks() -> dict[str, int]:
    """English words, by their place in the vocabulary."""
    ranks = {}
    with _VOCABULARY.open("rb") as lines:
        for rank, line in enumerate(islice(lines, _EVERYDAY_TOKENS)):
            token = base64.b64decode(line.split()[0])
            if _ENGLISH_TOKEN.fullmatch(token):
                ranks[token[1:].decode()] = rank
    return ranks
