"""Names of indexes, and texts as keywords are searched in."""

from __future__ import annotations

import pytest

from shared.aws.vector_stores import belongs_to, index_of, keywords_of, prefix_of, without_accents


def test_each_embedder_has_an_index_of_its_own_whatever_signs_its_name_holds() -> None:
    names = ["builtin", "bedrock:amazon.titan-embed-text-v2:0", "openai:m@http://host/v1", ""]
    indexes = {index_of("documents", name) for name in names}
    assert len(indexes) == len(names)
    assert all(index.startswith(prefix_of("documents")) and belongs_to("documents", index) for index in indexes)


@pytest.mark.parametrize("name", ["documents", "documents-", "documents-archive", "documents-0123456789abc", "x-" * 6])
def test_other_indexes_do_not_belong_to_the_family(name: str) -> None:
    assert not belongs_to("documents", name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café CRÈME cafe\u0301", "Cafe CREME cafe"),
        ("ёж", "еж"),
        ("Ώρα", "Ωρα"),
        ("हिन्दी 한국어 日本語 がぎ عَرَبِي", "हिन्दी 한국어 日本語 がぎ عَرَبِي"),
        ("Straße 😀 I'm", "Straße 😀 I'm"),
    ],
)
def test_only_accents_of_scripts_that_are_written_without_them_too_are_taken_away(text: str, expected: str) -> None:
    assert without_accents(text) == expected


def test_a_long_question_is_searched_with_its_beginning_and_its_end() -> None:
    words = keywords_of("beginning " + "x" * 30_000 + " end")
    assert len(words) <= 1000
    assert words.startswith("beginning ")
    assert words.endswith(" end")


@pytest.mark.parametrize("question", ["", " \n", "\u0301"])
def test_a_question_without_letters_has_no_keywords(question: str) -> None:
    assert keywords_of(question) == ""
