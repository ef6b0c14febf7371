"""Markers of citations: what stands for no passage is dropped, however the reply was cut into pieces."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatbot.markers import MarkerFilter, without_markers


def through(text: str, passages: int, size: int | None = None) -> str:
    """The text after the filter, fed in pieces of ``size`` characters."""
    markers = MarkerFilter(passages)
    pieces = [text] if size is None else [text[start : start + size] for start in range(0, len(text), size)]
    return "".join([*map(markers.feed, pieces), markers.end()])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Paris [1].", "Paris [1]."),
        ("Paris[2].", "Paris[2]."),
        ("Paris [3].", "Paris."),
        ("Paris [1][3] and Rome [2].", "Paris [1] and Rome [2]."),
        ("Both [1, 2].", "Both [1][2]."),
        ("Both [2; 9], really.", "Both [2], really."),
        ("Twice [1, 1].", "Twice [1]."),
        ("None [7, 8].", "None."),
        ("[9] first", " first"),
        ("Not one: [0], [a], [1999], [], [1", "Not one: [0], [a], [1999], [], [1"),
        ("two  spaces and an end ", "two  spaces and an end "),
        ("inline `a[7]` stays [7]", "inline `a[7]` stays"),
        ("```\nx[7] = y[1]\n```\nand [7].", "```\nx[7] = y[1]\n```\nand."),
        ("Write ``` to begin code. See [7].\nAlso [2].", "Write ``` to begin code. See.\nAlso [2]."),
        ("~~~\na[7]\n~~~\n[7]", "~~~\na[7]\n~~~\n"),
        (" [" + ", ".join(str(number) for number in range(1, 40)) + "]", " [1][2]"),
        ("a stray ` tick\nends with its line [7].", "a stray ` tick\nends with its line."),
        ("", ""),
    ],
)
def test_unknown_markers_are_dropped_and_known_ones_stay(written: str, told: str) -> None:
    assert through(written, passages=2) == told
    for size in (1, 2, 3, 5):
        assert through(written, 2, size) == told


def test_without_passages_no_marker_is_left() -> None:
    assert through("So it is [1], they say [2].", passages=0) == "So it is, they say."


def test_text_is_not_held_back_longer_than_needed() -> None:
    markers = MarkerFilter(2)
    assert markers.feed("Paris is the capital") == "Paris is the capital"
    assert markers.feed(" [1") == ""
    assert markers.feed("] of") == " [1] of"
    assert markers.feed(" [not a marker") == " [not a marker"


@settings(deadline=None)
@given(st.text(alphabet="ab [](),;`\n0123456789", max_size=80), st.integers(0, 12), st.integers(1, 7))
@example("a\n [3]", 1, 1)
def test_pieces_make_no_difference(text: str, passages: int, size: int) -> None:
    assert through(text, passages, size) == through(text, passages)


@pytest.mark.parametrize("size", [1, 80])
@pytest.mark.parametrize(
    ("written", "told"),
    [("[3[4]]", "[3 ]"), ("[[7]3]", "[ 3]"), ("[[7] [8]3]", "[  3]"), ("[a[7]]", "[a]"), ("[3[2]]", "[3[2]]")],
)
def test_what_is_taken_out_leaves_no_other_marker_behind(written: str, told: str, size: int) -> None:
    assert through(written, passages=2, size=size) == told


@settings(deadline=None)
@given(st.text(alphabet="[],1 7", max_size=12), st.integers(0, 3))
@example("[1[1]]", 0)
def test_every_marker_that_comes_out_stands_for_a_passage(text: str, passages: int) -> None:
    told = through(text, passages)
    assert all(int(number) <= passages for number in re.findall(r"\[([1-9]\d{0,2})\]", told))


@settings(deadline=None)
@given(st.text(alphabet="ab \n.!`x", max_size=80))
def test_text_without_brackets_passes_unchanged(text: str) -> None:
    assert through(text, 3, 4) == text


def test_earlier_replies_lose_their_numbers() -> None:
    assert without_markers("Paris [1] and Rome [2][3].") == "Paris and Rome."


def test_earlier_code_keeps_its_numbers() -> None:
    assert without_markers("It is [1]:\n```\nx = data[1]\n```") == "It is:\n```\nx = data[1]\n```"


def test_an_earlier_reply_never_becomes_blank() -> None:
    assert without_markers("[1]") == "[1]"
