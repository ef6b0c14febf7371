"""What parent and child say to each other."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from rag.extracted import ExtractedText, Part
from rag.extraction import wire

PARTS = (
    Part(0, 9, 1, ("Pumps", "Seals")),
    Part(11, 20, 2, ("Pumps",), "table", "a | b"),
    Part(20, 22, None, (), "code"),
)
TEXT = ExtractedText("Größe \u2028 title", "\U0001f9e9" * 22, PARTS, pages=2)


def _sent(reply: wire.Reply) -> bytes:
    stream = io.BytesIO()
    wire.write_reply(stream, reply)
    return stream.getvalue()


def _read(content: bytes, max_characters: int = 1_000) -> wire.Reply:
    return wire.read_reply(io.BytesIO(content), max_characters)


def test_a_request_arrives_as_it_was_sent() -> None:
    request = wire.Request("/folder/a\nb", "na\0me\u202e", "text/plain", 7.5)
    stream = io.BytesIO()
    wire.write_request(stream, request)
    stream.seek(0)
    assert wire.read_request(stream) == request
    assert wire.read_request(stream) is None


@pytest.mark.parametrize("reply", [TEXT, wire.Refusal("No."), wire.Refusal("No.", "ValueError at pdf.py:7")])
def test_a_reply_arrives_as_it_was_sent(reply: wire.Reply) -> None:
    assert _read(_sent(reply)) == reply


def test_a_reply_that_was_cut_off_is_no_reply() -> None:
    whole = _sent(TEXT)
    for length in range(len(whole)):
        with pytest.raises(wire.Garbled):
            _read(whole[:length])


@pytest.mark.parametrize(
    "changed",
    [
        {"bytes": -1},
        {"bytes": 1 << 40},
        {"bytes": "many"},
        {"parts": [[0, 23, None, 0, "prose", 0]]},
        {"parts": [[9, 3, None, 0, "prose", 0]]},
        {"parts": [[0, 9, None, 0, "prose", 0], [5, 20, None, 0, "prose", 0]]},
        {"parts": [[0, 9, None, 7, "prose", 0]]},
        {"parts": [[0, 9, None, 0, "verse", 0]]},
        {"parts": [[0, 9]]},
        {"parts": 7},
        {"refused": "No.", "defect": "words of a document"},
        {"refused": "No" * 1_000, "defect": ""},
    ],
)
def test_a_reply_that_cannot_be_is_no_reply(changed: dict[str, Any]) -> None:
    line, text = _sent(TEXT).split(b"\n", 1)
    with pytest.raises(wire.Garbled):
        _read(json.dumps({**json.loads(line), **changed}).encode() + b"\n" + text)


@pytest.mark.parametrize("content", [b"", b"\n", b"[]\n", b"7\n", b"{}\n", b"\xff\n", b'{"refused": 7'])
def test_what_is_no_message_is_no_reply(content: bytes) -> None:
    with pytest.raises(wire.Garbled):
        _read(content)
