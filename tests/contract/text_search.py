"""Full-text search for the stand-ins of vector stores: an English analyzer and BM25, as Lucene computes it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

#: Chinese characters and hiragana are words of their own, as Lucene's standard tokenizer has it.
_WORD = re.compile(r"[\u3040-\u309f\u4e00-\u9fff]|[^\W\u3040-\u309f\u4e00-\u9fff]+")
#: Lucene's list.
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be but by for if in into is it no not of on or such that the their then there these they "
        "this to was will with",
    )
)
_ENDINGS = (("sses", "ss"), ("ies", "y"), ("ing", ""), ("ed", ""), ("ss", "ss"), ("s", ""))
_SHORTEST_STEM = 3
_K1, _B = 1.2, 0.75


def terms(text: str) -> list[str]:
    """The words of a text in lower case, without stop words and the commonest endings."""
    return [_stem(word) for word in _WORD.findall(text.lower().replace("'s ", " ")) if word not in _STOP_WORDS]


def bm25(query: str, texts: Mapping[str, str]) -> dict[str, float]:
    """The score of every text that has any word of the query."""
    counts = {name: Counter(terms(text)) for name, text in texts.items()}
    lengths = {name: sum(count.values()) for name, count in counts.items()}
    average = sum(lengths.values()) / max(len(lengths), 1)
    scores: Counter[str] = Counter()
    for term in set(terms(query)):
        having = [name for name, count in counts.items() if term in count]
        idf = math.log(1 + (len(texts) - len(having) + 0.5) / (len(having) + 0.5))
        for name in having:
            count = counts[name][term]
            scores[name] += idf * count / (count + _K1 * (1 - _B + _B * lengths[name] / average))  # type: ignore[assignment]
    return dict(scores)


def _stem(word: str) -> str:
    for ending, replacement in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) + len(replacement) >= _SHORTEST_STEM:
            return word.removesuffix(ending) + replacement
    return word
