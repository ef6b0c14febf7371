"""Ranked chunks become passages: chosen within their bounds, duplicates dropped, neighbours joined."""

from __future__ import annotations

from typing import Any

import pytest

from rag.chunking import chunk as cut
from rag.extracted import ExtractedText, Part
from rag.fusion import Candidate
from rag.near_duplicates import NearDuplicates
from rag.passages import Run, runs, select, split
from rag.ruler import count_tokens
from shared.documents import Chunk, Generation, Passage

WORDS = [f"{first}{second}{third}" for first in "bdfg" for second in "aeiou" for third in ("lk", "mpt", "nd", "rst")]
PROSE = " ".join(WORDS)


def candidate(text: str, score: float, document: str = "a", number: int = 0, **more: Any) -> Candidate:
    start = number * 1000
    values: dict[str, Any] = {"page": 1, "section": None, "start": start, "end": start + len(text), "tokens": 10} | more
    chunk = Chunk(number, text, "Heading", **values)
    return Candidate(Generation("owner", document, f"generation-{document}", "builtin"), chunk, score)


def chosen(*candidates: Candidate, limit: int = 10, token_budget: int = 1000, documents: int = 50) -> list[str]:
    found = select(candidates, limit=limit, token_budget=token_budget, documents=documents)
    return [each.chunk.text for each in found]


def joined(candidates: list[Candidate]) -> list[Passage]:
    return [run.passage("report.pdf") for run in runs(candidates)]


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_the_best_are_taken_up_to_the_limit() -> None:
    found = [candidate(f"text number {number}", 1 - number / 10, document=str(number)) for number in range(5)]
    assert chosen(*found, limit=2) == ["text number 0", "text number 1"]


def test_passages_stay_within_the_budget_and_a_shorter_one_fills_what_is_left() -> None:
    found = (
        candidate("first", 0.9, "a", tokens=50),
        candidate("too long", 0.8, "b", tokens=60),
        candidate("short", 0.7, "c", tokens=30),
    )
    assert chosen(*found, token_budget=90) == ["first", "short"]


def test_one_document_does_not_crowd_out_the_others() -> None:
    loud = [candidate(f"loud {number}", 0.9 - number / 100, "loud", number) for number in range(6)]
    quiet = candidate("quiet", 0.1, "quiet")
    assert chosen(*loud, quiet, limit=8) == ["loud 0", "loud 1", "loud 2", "quiet"]


def test_where_few_documents_are_searched_each_may_say_more() -> None:
    found = [candidate(f"text {number}", 0.9 - number / 100, "only", number) for number in range(8)]
    assert len(chosen(*found, limit=8, documents=1)) == 8
    assert len(chosen(*found, limit=8, documents=2)) == 4
    assert len(chosen(*found, limit=8, documents=0)) == 8


def test_the_same_text_in_two_documents_is_taken_once_from_the_better_one() -> None:
    found = (candidate(PROSE, 0.9, "original"), candidate(PROSE, 0.8, "copy"), candidate("other", 0.7, "third"))
    assert chosen(*found) == [PROSE, "other"]


# --- near-duplicates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        PROSE.upper(),
        PROSE.replace(" ", "\n"),
        PROSE.replace(" ", ", "),
        f"{PROSE} end",
    ],
)
def test_case_white_space_punctuation_and_a_word_more_do_not_make_a_text_new(same: str) -> None:
    texts = NearDuplicates()
    assert texts.add(PROSE)
    assert not texts.add(same)


@pytest.mark.parametrize(
    "other",
    [
        PROSE.replace("gand", "gond"),  # a name may be all that differs
        " ".join(WORDS[40:]),
        " ".join(reversed(WORDS)),
        "",
    ],
)
def test_a_text_that_says_something_else_is_new(other: str) -> None:
    texts = NearDuplicates()
    assert texts.add(PROSE)
    assert texts.add(other)


def test_texts_with_different_numbers_are_never_the_same() -> None:
    long = " ".join([PROSE] * 10)
    texts = NearDuplicates()
    assert texts.add(f"{long} invoice 4711")
    assert texts.add(f"{long} invoice 4712")
    assert not texts.add(f"{long} invoice 4712")


def test_short_texts_are_the_same_only_if_all_their_words_are() -> None:
    texts = NearDuplicates()
    assert texts.add("Yes.")
    assert texts.add("No.")
    assert not texts.add("yes")


# --- joining ----------------------------------------------------------------------------------------------------------


def test_neighbours_become_one_passage_with_the_better_score() -> None:
    found = [
        candidate("second", 0.5, number=2, start=12, end=18),
        candidate("first", 0.4, number=1, start=5, end=10),
        candidate("far away", 0.3, number=7),
    ]
    first, far = joined(found)
    assert (first.text, first.score, first.tokens) == ("first\n\nsecond", 0.5, 21)
    assert (far.text, far.document, far.document_id) == ("far away", "report.pdf", "a")


def test_chunks_with_one_number_in_two_documents_are_no_neighbours() -> None:
    assert len(joined([candidate("one", 0.9, "a", 1), candidate("other", 0.8, "b", 2)])) == 2


@pytest.mark.parametrize("different", [{"page": 2}, {"section": "Results"}])
def test_a_passage_never_reaches_over_its_page_or_section(different: dict[str, Any]) -> None:
    one, other = joined([candidate("one", 0.9, number=1), candidate("other", 0.8, number=2, **different)])
    assert (one.text, one.page, one.section) == ("one", 1, None)
    assert (other.page, other.section) == (different.get("page", 1), different.get("section"))


def test_passages_come_best_first_whatever_their_place_in_the_document() -> None:
    assert [each.text for each in joined([candidate("x", 0.2, number=1), candidate("y", 0.9, number=9)])] == ["y", "x"]


def pieces(extracted: ExtractedText, max_tokens: int) -> list[Chunk]:
    found = [*cut(extracted, title="Title", max_tokens=max_tokens)]
    assert len(found) > 2
    return found


def test_joined_chunks_of_prose_are_the_text_they_were_cut_from() -> None:
    text = "\n\n".join(f"Sentence {number} of the report. It has {number * 3} words more." for number in range(30))
    (run,) = split(pieces(ExtractedText("", text, (Part(0, len(text), page=4),)), 60))
    passage = Run("a", run, 0.5).passage("report.pdf")
    assert " ".join(passage.text.split()) == " ".join(text.split())
    assert passage.page == 4
    assert count_tokens(passage.text) <= passage.tokens


def test_the_header_of_a_table_that_was_cut_stands_once_in_the_joined_text() -> None:
    header = "Part | Material | Length"
    table = "\n".join([header, *(f"P-{number} | steel | {number} mm" for number in range(60))])
    (run,) = split(pieces(ExtractedText("", table, (Part(0, len(table), kind="table", header=header),)), 100))
    assert all(each.text.startswith(header) for each in run)
    assert Run("a", run, 0.5).passage("parts.csv").text == table


def test_the_header_of_a_table_stays_where_the_passage_begins_within_it() -> None:
    header = "Part | Material | Length"
    table = "\n".join([header, *(f"P-{number} | steel | {number} mm" for number in range(60))])
    chunks = pieces(ExtractedText("", table, (Part(0, len(table), kind="table", header=header),)), 100)
    text = Run("a", tuple(chunks[1:3]), 0.5).passage("parts.csv").text
    assert text.startswith(f"{header}\n")
    assert text.count(header) == 1
