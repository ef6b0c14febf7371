"""Chunks: within their tokens, one page and one section; cut where a reader would; the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import islice, pairwise
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import ruler
from rag.chunk_cost import cost
from rag.chunk_cuts import best_cut
from rag.chunking import chunk
from rag.extracted import ExtractedText, Part, PartKind
from rag.ruler import count_tokens
from shared.documents import Chunk

WORDS = (
    *("boundary", "layer", "flow", "separates", "pressure", "gradient", "near", "the", "trailing", "edge", "slender"),
    *(
        "wing",
        "shock",
        "waves",
        "interact",
        "with",
        "laminar",
        "regions",
        "and",
        "heat",
        "transfer",
        "rises",
        "sharply",
    ),
)
MOST = 64
#: What tokenisers and white space rules disagree about.
NASTY = st.text(
    st.one_of(
        st.sampled_from(" \n\n\t\r\f\v\xa0\u3000\u2028\x1c\x85"),
        st.sampled_from("aéßﬁ漢字仮あ한\u0301\u200d1½٣²"),
        st.sampled_from(".!?。,;:'\"()[]{}<>=+-*/\\$#`_|~^&@%—…·”」"),
        st.sampled_from("😀🏳️👨‍👩‍👧\U000e0001"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=400,
)


def prose(sentences: int, seed: int = 0) -> str:
    """So many different sentences of 8 to 20 words, a space between them."""
    pick = random.Random(seed)
    return " ".join(
        f"In case {number} {' '.join(pick.choices(WORDS, k=pick.randint(5, 17)))}."
        for number in range(1, sentences + 1)
    )


def part(
    text: str, page: int | None = None, section: tuple[str, ...] = (), kind: PartKind = "prose", header: str = ""
) -> tuple[str, Part]:
    return text, Part(0, 0, page, section, kind, header)


def document(*parts: tuple[str, Part], title: str = "") -> ExtractedText:
    """The texts one after the other, an empty line between them."""
    whole, placed = "", []
    for text, at in parts:
        whole += "\n\n" if whole else ""
        placed.append(Part(len(whole), len(whole) + len(text), at.page, at.section, at.kind, at.header))
        whole += text
    return ExtractedText(title, whole, tuple(placed), max((at.page or 0 for _, at in parts), default=0) or None)


def chunks_of(extracted: ExtractedText, max_tokens: int = MOST, title: str = "") -> list[Chunk]:
    """The chunks, after what must be true of all chunks was found true of them."""
    chunks = list(chunk(extracted, title=title, max_tokens=max_tokens))
    assert [found.number for found in chunks] == list(range(len(chunks)))
    for found in chunks:
        assert count_tokens(found.text) <= found.tokens <= max_tokens
        assert count_tokens(found.searchable_text) <= max_tokens
        assert found.text.endswith(extracted.text[found.start : found.end])
        assert found.text.strip()
    assert all(one.end <= other.start for one, other in pairwise(chunks))
    covered = "".join(extracted.text[found.start : found.end] for found in chunks)
    assert "".join(covered.split()) == "".join(extracted.text.split())
    return chunks


def marks() -> set[str]:
    """The tokens of the vocabulary that are punctuation."""
    found = (ruler._encoding().decode_single_token_bytes(token).decode(errors="ignore") for token in range(100_000))
    return {mark for token in found if (mark := token.strip()) and all(category(char)[0] in "PS" for char in mark)}


def rows(count: int, columns: int = 4) -> list[str]:
    return [" | ".join(f"cell {row}.{column}" for column in range(columns)) for row in range(count)]


def table(lines: Iterable[str], page: int | None = None) -> tuple[str, Part]:
    header = "Speed | Height | Drag | Lift"
    return part("\n".join([header, *lines]), page, kind="table", header=header)


# -- What fits ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(NASTY, st.integers(8, 60))
def test_no_chunk_is_longer_than_allowed_whatever_the_text(text: str, max_tokens: int) -> None:
    chunks_of(document(part(text)), max_tokens, title="Titre: «été»")


@settings(deadline=None)
@given(st.lists(st.tuples(NASTY, st.sampled_from(("prose", "table", "code")), st.integers(1, 3)), max_size=5))
def test_no_chunk_is_longer_than_allowed_in_any_kind_of_part(parts: list[tuple[str, PartKind, int]]) -> None:
    pages = sorted(page for _, _, page in parts)
    placed = [
        part(text, page, ("Über", f"§ {page}"), kind, text.partition("\n")[0] if kind == "table" else "")
        for (text, kind, _), page in zip(parts, pages, strict=True)
    ]
    chunks_of(document(*placed), 32, title="Kapitel")


@settings(deadline=None)
@given(NASTY)
def test_the_quick_count_is_never_below_the_exact_one(text: str) -> None:
    assert cost(text) >= count_tokens(text)


def test_marks_that_take_line_ends_from_each_other_are_counted() -> None:
    """Such as `"=>`, one token alone and three before a line end."""
    for mark in marks():
        for ends in ("\n", "\n\n", "\n\n\n", "\r\n"):
            text = f"a{mark}{ends}a {mark}{ends}a"
            assert cost(text) >= count_tokens(text)


def test_words_that_merge_with_other_white_space_are_counted() -> None:
    """Such as the end of `algorithm`, one token alone and more than two behind a tab."""
    for space in "\t\v\xa0\u2003\u3000":
        for word in (*WORDS, *("gorithm", "ifornia", "forcement", "a", "é", "漢字")):
            text = f"a{space}{word}{space}{space}{word} {space}{word.capitalize()}{space}"
            assert cost(text) >= count_tokens(text)


def test_the_quick_count_is_exact_for_words_a_space_apart() -> None:
    text = prose(200)
    assert cost(text) == count_tokens(text)


def test_text_that_fits_is_one_chunk_just_as_it_is() -> None:
    text = prose(3)
    (only,) = chunks_of(document(part(text, 4, ("Wings",))), title="Report")
    assert (only.text, only.start, only.end, only.page, only.section) == (text, 0, len(text), 4, "Wings")
    assert only.tokens == count_tokens(text)
    assert only.heading == "Report > Wings"


def test_chunks_are_well_filled() -> None:
    chunks = chunks_of(document(part(prose(300))), 256)
    assert sum(found.tokens for found in chunks) / len(chunks) > 0.8 * 256


def test_a_document_is_cut_the_same_every_time() -> None:
    extracted = document(part(prose(50), 1, ("One",)), table(rows(30), 1), part(prose(50, 1), 2, ("Two",)))
    assert chunks_of(extracted) == chunks_of(extracted)


@pytest.mark.parametrize("text", ["", " ", " \n\t\n ", "\n" * 100_000])
def test_a_text_without_characters_has_no_chunks(text: str) -> None:
    assert chunks_of(document(part(text))) == []


def test_a_document_without_parts_has_no_chunks() -> None:
    assert chunks_of(ExtractedText("Title", "", ())) == []


# -- Sentences and paragraphs ------------------------------------------------------------------------------------------


def test_prose_is_cut_behind_sentences() -> None:
    assert all(found.text.endswith(".") for found in chunks_of(document(part(prose(100)))))


def test_lines_of_a_paragraph_make_no_difference_to_that() -> None:
    words = prose(100).split()
    lines = "\n".join(" ".join(words[at : at + 11]) for at in range(0, len(words), 11))
    assert all(found.text.endswith(".") for found in chunks_of(document(part(lines))))


def test_ideographic_sentences_are_kept_whole_too() -> None:
    text = "".join(f"第{number}番目の実験では境界層の剥離を観察した。" for number in range(100))
    chunks = chunks_of(document(part(text)))
    assert len(chunks) > 10
    assert all(found.text.endswith("。") for found in chunks)


@pytest.mark.parametrize("before", ["Dr.", "see Fig.", "by J.", "e.g.", "in vol.", "(cf."])
def test_an_abbreviation_ends_no_sentence(before: str) -> None:
    sentences = [f"Case {number}, {' '.join(WORDS[:6])} {before} Mach {' '.join(WORDS[6:9])}." for number in range(40)]
    chunks = chunks_of(document(part(" ".join(sentences))))
    assert all(found.text.endswith(f" {WORDS[8]}.") for found in chunks)


def test_a_decimal_point_ends_no_sentence() -> None:
    text = "At Mach 0.35 it separates. Beyond Mach 0.35 it does not."
    assert best_cut(text, 0, text.rindex("35"), "prose") == text.index(" Beyond")


def test_the_number_of_an_item_stays_with_the_item() -> None:
    text = "\n".join(f"{number}. {' '.join(WORDS[:8])}." for number in range(100))
    assert all(found.text.endswith(f" {WORDS[7]}.") for found in chunks_of(document(part(text))))


def test_a_chunk_rather_ends_with_a_paragraph_if_that_leaves_it_well_filled() -> None:
    paragraphs = tuple(prose(2, seed) for seed in range(80))
    chunks = chunks_of(document(part("\n\n".join(paragraphs))), 256)
    assert all(found.text.endswith(paragraphs) for found in chunks)


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    words = [f"{word}{number}" for number in range(100) for word in WORDS[:3]]
    chunks = chunks_of(document(part(" ".join(words))))
    assert [word for found in chunks for word in found.text.split()] == words


def test_no_small_rest_is_left_alone() -> None:
    for sentences in range(4, 80):
        chunks = chunks_of(document(part(prose(sentences))), 256)
        assert len(chunks) == 1 or min(found.tokens for found in chunks) >= 256 / 5


# -- Sections and headings ---------------------------------------------------------------------------------------------


def test_no_chunk_crosses_from_one_section_to_the_next() -> None:
    parts = [part(prose(2, number), section=(f"Section {number}",)) for number in range(10)]
    chunks = chunks_of(document(*parts), 512, title="T")
    assert [found.section for found in chunks] == [f"Section {number}" for number in range(10)]
    assert [found.heading for found in chunks] == [f"T > Section {number}" for number in range(10)]


def test_a_heading_alone_goes_with_the_text_that_follows_it() -> None:
    extracted = document(
        part("Part I", 1, ("Part I",)),
        part("Theory", 1, ("Part I", "Theory")),
        part(f"Flow\n\n{prose(2)}", 2, ("Part I", "Theory", "Flow")),
    )
    (only,) = chunks_of(extracted, 512)
    assert only.text == extracted.text
    assert (only.page, only.section) == (2, "Part I > Theory > Flow")


def test_headings_at_the_end_go_with_the_text_before_them() -> None:
    extracted = document(part(prose(2), 1, ("One",)), part("Index", 2, ("Index",)))
    (only,) = chunks_of(extracted, 512)
    assert only.text == extracted.text
    assert only.section == "One"


def test_a_document_of_one_heading_is_still_found() -> None:
    (only,) = chunks_of(document(part("Annual report", 1, ("Annual report",))))
    assert only.text == "Annual report"


def test_of_a_hundred_levels_of_headings_the_inner_ones_are_named() -> None:
    levels = tuple(f"Level {number} of many" for number in range(100))
    chunks = chunks_of(document(part(prose(50), section=levels)), title="Deep")
    assert all(found.heading.startswith("Deep > ") and found.heading.endswith("Level 99 of many") for found in chunks)
    assert count_tokens(chunks[0].heading) <= MOST / 4


def test_a_title_and_headings_that_are_too_long_are_shortened() -> None:
    chunks = chunks_of(document(part(prose(9), section=("x" * 100_000, prose(500)))), title=prose(1000))
    assert 0 < count_tokens(chunks[0].heading) <= MOST / 4


# -- Pages -------------------------------------------------------------------------------------------------------------


def test_no_chunk_crosses_from_one_page_to_the_next() -> None:
    parts = [part(prose(5, page), page) for page in range(1, 20)]
    for found in chunks_of(document(*parts)):
        at = next(number for number, (text, _) in enumerate(parts, 1) if found.text in text)
        assert found.page == at


def test_a_sentence_that_goes_on_on_the_next_page_stays_with_the_page_it_began_on() -> None:
    first, second = prose(8), prose(8, 1)
    broken = f"{first} This sentence begins on the first page and it"
    extracted = document(part(broken, 1), part(f"ends on the second, at Dr. Mach's. {second}", 2))
    chunks = chunks_of(extracted)
    last = [found for found in chunks if found.page == 1][-1]
    assert last.text.endswith("the first page and it\n\nends on the second, at Dr. Mach's.")
    assert next(found for found in chunks if found.page == 2).text.startswith(second[:40])


def test_a_sentence_is_not_cut_where_the_page_ends() -> None:
    for sentences in range(1, 30):
        broken = f"{prose(sentences)} It begins on the first page and it"
        for words in (1, 9, 18):
            rest = f"goes on with {' '.join(WORDS[:words])}."
            chunks = chunks_of(document(part(broken, 1), part(f"{rest} {prose(9, 1)}", 2)))
            assert any(f"It begins on the first page and it\n\n{rest}" in found.text for found in chunks)


def test_a_heading_or_page_number_at_the_end_of_a_page_takes_nothing_from_the_next() -> None:
    first, second = f"{prose(3)}\n\n17", prose(3, 1)
    chunks = chunks_of(document(part(first, 1), part(second, 2)), 512)
    assert [found.text for found in chunks] == [first, second]


def test_changing_one_page_of_200_changes_only_its_own_chunks_and_those_next_to_it() -> None:
    def pages(changed: str) -> list[tuple[str, Part]]:
        texts = [f"{prose(30, page)} The sentence at the end goes on to page" for page in range(200)]
        texts[100] = changed
        return [part(f"number {page}. {text}", page + 1, ("Log",)) for page, text in enumerate(texts)]

    before = chunks_of(document(*pages(prose(30, 500))), 128, title="T")
    after = chunks_of(document(*pages(f"A longer one. {prose(44, 501)}")), 128, title="T")
    kept = {found.content_hash for found in before} & {found.content_hash for found in after}
    for chunks in (before, after):
        new = [found for found in chunks if found.content_hash not in kept]
        others = [found for found in new if found.page != 101]
        assert {found.page for found in new} <= {100, 101, 102}
        assert len(others) <= 2


# -- Tables ------------------------------------------------------------------------------------------------------------


def test_a_table_is_cut_between_rows_and_its_header_is_repeated() -> None:
    lines = rows(60)
    extracted = document(table(lines, page=7))
    chunks = chunks_of(extracted)
    header = "Speed | Height | Drag | Lift"
    assert len(chunks) > 5
    found = [line for one in chunks for line in one.text.split("\n")]
    assert [line for line in found if line != header] == lines
    assert all(one.text.startswith(f"{header}\n") and one.page == 7 for one in chunks)
    assert all(one.text == f"{header}\n{extracted.text[one.start : one.end]}" for one in chunks[1:])


def test_a_table_that_would_be_cut_begins_a_chunk_of_its_own() -> None:
    chunks = chunks_of(document(part(prose(8)), table(rows(5))), 256)
    assert [found.text for found in chunks] == [prose(8), document(table(rows(5))).text]


def test_a_short_table_stays_with_the_text_around_it() -> None:
    extracted = document(part("Values at 10 km:"), table(rows(2)), part("Measured in May."))
    assert [found.text for found in chunks_of(extracted, 128)] == [extracted.text]


def test_a_header_that_is_too_long_is_repeated_as_far_as_there_is_room() -> None:
    header = " | ".join(f"column number {number}" for number in range(60))
    extracted = document(part("\n".join([header, *rows(40)]), kind="table", header=header))
    chunks = chunks_of(extracted, 128)
    below = [found for found in chunks if found.start >= len(header)]
    assert all(extracted.text[found.start : found.end] == found.text for found in chunks if found.start < len(header))
    assert all(found.text.startswith("column number 0 | column number 1") for found in below)
    assert all(any(line in found.text.split("\n") for found in chunks) for line in rows(40))


def test_a_row_that_is_too_long_is_cut_between_cells() -> None:
    row = " | ".join(f"measured value {number}" for number in range(30_000))
    assert len(row) > 500_000
    chunks = chunks_of(document(part(f"Name | Value\n{row}", kind="table", header="Name | Value")))
    for found in chunks[1:]:
        cells = [cell.strip() for cell in found.text.removeprefix("Name | Value\n").strip("| ").split(" | ")]
        assert all(cell.startswith("measured value ") for cell in cells)


# -- Code --------------------------------------------------------------------------------------------------------------


def test_code_is_cut_at_empty_lines_and_keeps_its_indentation() -> None:
    functions = [f"    def method_{number}(self, value):\n        return value + {number}" for number in range(30)]
    chunks = chunks_of(document(part("class Sum:\n\n" + "\n\n".join(functions), kind="code")))
    assert len(chunks) > 5
    assert all(found.text.startswith("    def method_") for found in chunks[1:])
    assert all(found.text.rsplit("\n", 1)[1].startswith("        return value + ") for found in chunks)


def test_code_without_empty_lines_is_cut_at_line_ends() -> None:
    lines = [f"total_{number} = first_{number} + second_{number}" for number in range(100)]
    chunks = chunks_of(document(part("\n".join(lines), kind="code")))
    assert [line for found in chunks for line in found.text.split("\n")] == lines


def test_code_that_stands_deep_fills_its_chunks_too() -> None:
    lines = [f"{' ' * 24}total_{number} = first_{number} + second_{number}" for number in range(500)]
    chunks = chunks_of(document(part("\n".join(lines), kind="code")), 256)
    assert sum(count_tokens(found.text) for found in chunks) / len(chunks) > 0.8 * 256


def test_indentation_never_fills_a_chunk() -> None:
    for lines in ([f"{' ' * depth}{'😀' * 3}" for depth in range(60)], [f"{' ' * 30}x = y"] * 60):
        chunks_of(document(part("\n".join(lines), kind="code")), 8)


# -- Hostile texts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "漢字" * 50_000,
        "0123456789abcdef" * 20_000,
        "." * 300_000,
        "😀" * 20_000,
        "word " * 50_000,
        "a\u0301" * 50_000,
        f"a{' ' * 300_000}b",
        f"a{chr(0xA0) * 50_000}b",
        "a.\n" * 30_000,
        "line\n\n\n\n\n\n" * 20_000,
        "A. " * 50_000,
        "(`${" * 20_000,
    ],
    ids=lambda text: f"{text[:6]!r}",
)
def test_a_million_characters_of_anything_are_cut(text: str) -> None:
    chunks_of(document(part(text)), 512, title="T")


def test_chunks_come_one_by_one() -> None:
    text = "a" * 50_000_000
    first = list(islice(chunk(document(part(text)), title="T", max_tokens=512), 3))
    assert [found.start for found in first[1:]] == [found.end for found in first[:-1]]


@pytest.mark.parametrize("max_tokens", [8, 9, 16])
def test_very_small_chunks_can_be_asked_for(max_tokens: int) -> None:
    extracted = document(part(f"{prose(5)} 😀🏳️漢字", 1, ("One", "Two")), table(rows(5)))
    chunks_of(extracted, max_tokens, title="A title of several words")
