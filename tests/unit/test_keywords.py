"""The terms of a text, their stems, and the index of them in memory."""

from __future__ import annotations

import math
import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from itertools import product

import numpy as np
import pytest

from shared.local import keywords
from shared.local.keywords import TERM, chunk_terms, count_terms
from shared.local.porter_stemmer import stem
from shared.local.postings import Postings, invert
from tests.contract.document_stores import chunk

# --- stems ------------------------------------------------------------------------------------------------------------

BEGINNINGS = (
    *("a", "be", "sky", "cry", "hop", "hopp", "fall", "fil", "relat", "condit", "digit", "operat", "feudal", "hope"),
    *("good", "form", "electr", "sensit", "rev", "allow", "adjust", "depend", "adopt", "activ", "bowdl", "prob", "y"),
    *("yell", "play", "snow", "box", "tr", "agre", "conflat", "troubl", "siz", "apolog", "oscill", "vietnam", "cares"),
)
ENDINGS = (
    *("", "s", "es", "ies", "sses", "ss", "ed", "eed", "ing", "ings", "y", "ly", "ational", "tional", "enci", "anci"),
    *("izer", "bli", "abli", "alli", "entli", "eli", "ousli", "ization", "ation", "ator", "alism", "iveness"),
    *("fulness", "ousness", "aliti", "iviti", "biliti", "logi", "icate", "ative", "alize", "iciti", "ical", "ful"),
    *("ness", "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "sion", "tion"),
    *("ou", "ism", "ate", "iti", "ous", "ive", "ize", "e", "ee", "ll", "lle", "wed", "xing", "zzing", "lling"),
)


def test_stems_are_those_of_sqlites_porter_tokenizer() -> None:
    words = sorted({beginning + ending for beginning, ending in product(BEGINNINGS, ENDINGS)})
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE texts USING fts5(word, tokenize = 'porter unicode61')")
        except sqlite3.OperationalError:
            pytest.skip("this SQLite was built without FTS5")
        connection.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(texts, 'instance')")
        connection.executemany("INSERT INTO texts (rowid, word) VALUES (?, ?)", enumerate(words))
        expected = dict(connection.execute("SELECT doc, term FROM terms").fetchall())
    assert {word: stem(word) for word in words} == {word: expected[number] for number, word in enumerate(words)}


@pytest.mark.parametrize(
    ("word", "expected"),
    [("", ""), ("is", "is"), ("caresses", "caress"), ("hopping", "hop"), ("generalizations", "gener")],
)
def test_words_have_the_stems_of_the_paper(word: str, expected: str) -> None:
    assert stem(word) == expected


# --- terms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Running", "runs"),
        ("CAFÉ crème", "cafe Crème"),
        ("Straße", "STRASSE"),
        ("naïve", "nai\u0308ve"),
        ("ﬁne", "fine"),
        ("\uff26\uff55ll \uff11\uff12", "full 12"),
        ("ΚΌΣΜΟΣ", "κόσμος"),
        ("ガギグ", "ｶﾞｷﾞｸﾞ"),
        ("snake_case-word", "snake case word"),
        ("x" * 64, "x" * 1000),
    ],
)
def test_texts_that_read_alike_have_the_same_terms(one: str, other: str) -> None:
    assert count_terms(one) == count_terms(other)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("東京都の人口は千四百万人です", "人口"),
        ("北京大学在北京", "大学"),
        ("서울특별시의 인구", "서울"),
        ("ภาษาไทยเป็นภาษา", "ไทย"),
        ("हिन्दी में लिखा", "हिन्दी"),
        ("Привет, мир", "МИР"),
        ("مرحبا بالعالم", "مرحبا"),
        ("שלום עולם", "עולם"),
        ("1.5 GHz, E-4711", "4711"),
    ],
)
def test_parts_of_a_text_have_terms_of_the_whole(text: str, query: str) -> None:
    assert count_terms(query)
    assert count_terms(query).keys() <= count_terms(text).keys()


def test_signs_alone_are_no_terms() -> None:
    assert not count_terms(" \n\t\0!?.,;:()[]{}<>|\\/'`\"_😀\u202e")


def test_a_word_of_the_heading_counts_twice() -> None:
    found = np.frombuffer(chunk_terms(chunk(0, "alpha beta", "beta > gamma")), TERM)
    expected = {**count_terms("alpha"), **dict.fromkeys(count_terms("beta"), 3)}
    assert dict(found.tolist()) == expected | dict.fromkeys(count_terms("gamma"), 2)


def test_a_word_that_is_always_there_counts_as_often_as_fits() -> None:
    assert np.frombuffer(chunk_terms(chunk(0, "word " * 5000, "")), TERM)["count"].tolist() == [255]


# --- postings ---------------------------------------------------------------------------------------------------------

VOCABULARY = list(range(1, 40))


def random_rows(seed: int, count: int) -> list[Counter[int]]:
    generator = random.Random(seed)
    return [Counter(generator.choices(VOCABULARY, k=generator.randrange(30))) for _ in range(count)]


def stored(rows: Sequence[Counter[int]]) -> list[bytes]:
    return [np.array([*row.items()], TERM).tobytes() for row in rows]


def bm25(rows: Sequence[Counter[int]], question: dict[int, float], average: float) -> list[float]:
    """The formula, word by word."""
    scores = []
    for row in rows:
        norm = keywords.K1 * (1 - keywords.B + keywords.B * row.total() / average)
        parts = (weight * row[term] * (keywords.K1 + 1) / (row[term] + norm) for term, weight in question.items())
        scores.append(math.fsum(parts))
    return scores


def check(postings: Postings, rows: Sequence[Counter[int]]) -> None:
    terms = np.array([*VOCABULARY, 1000], np.uint32)
    counted = [sum(term in row for row in rows) for term in terms.tolist()]
    assert postings.frequencies(terms).tolist() == counted
    question = {3: 0.5, 7: 1.5, 1000: 2.0, 39: 0.25}
    scores = postings.scores(np.array([*question], np.uint32), np.array([*question.values()]), 12.5)
    assert scores.tolist() == pytest.approx(bm25(rows, question, 12.5), rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_bm25_however_the_index_came_about(seed: int) -> None:
    first, second = random_rows(seed, 40), random_rows(seed + 100, 25)
    joined = invert(stored(first)).joined(invert(stored(second)))
    check(invert(stored(first)), first)
    check(joined, first + second)
    wanted = np.random.default_rng(seed).random(65) < 0.4
    check(joined.only(wanted), [row for row, keep in zip(first + second, wanted, strict=True) if keep])


@pytest.mark.parametrize("rows", [[], [Counter()], [Counter(), Counter({5: 2})]], ids=["no row", "no term", "one term"])
def test_an_index_of_little_or_nothing_can_be_asked(rows: list[Counter[int]]) -> None:
    check(invert(stored(rows)), rows)
    check(invert(stored(rows)).joined(invert([])), rows)
