from __future__ import annotations

import json

import pytest

from chatbot.command_line.terminal import neutralise, one_line, shorten, table, to_json, width_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nwith é and 漢字", "plain\ttext\nwith é and 漢字"),
        ("\x1b[2Jgone", "␛[2Jgone"),
        ("bell\x07 back\x08 null\x00 delete\x7f", "bell␇ back␈ null␀ delete␡"),
        ("\x9b31m and \u202egnp.exe", "\ufffd31m and \ufffdgnp.exe"),
        ("windows\r\nline", "windows\nline"),
    ],
)
def test_nothing_that_a_terminal_acts_on_is_left(text: str, shown: str) -> None:
    assert neutralise(text) == shown


def test_a_title_stays_on_its_line() -> None:
    assert one_line(" two\nlines\u2028and\x1b more ") == "two lines and␛ more"


def test_json_holds_no_active_characters_and_the_same_value() -> None:
    value = {"text": "é \x1b \x9b \u202e \ud800 漢"}
    text = to_json(value)
    assert json.loads(text) == value
    assert "é" in text
    assert not set(text) & set("\x1b\x9b\u202e\ud800")


def test_columns_line_up_for_wide_and_combining_characters() -> None:
    assert width_of("漢字") == 4
    assert width_of("e\u0301") == 1
    assert table(["A", "B"], [["漢字", "x"], ["abc", "y"]]).splitlines() == ["A     B", "漢字  x", "abc   y"]


def test_text_is_cut_to_the_columns_there_are() -> None:
    assert shorten("short", 5) == "short"
    assert shorten("a bit longer", 6) == "a bit…"
    assert width_of(shorten("漢字漢字", 5)) <= 5
