from __future__ import annotations

import pytest

from chatbot.command_line.sse import ServerEvent, read_events

STREAM = 'event: start\ndata: {"a": 1}\n\n: a comment\n\nevent: delta\ndata: {"text":\ndata: "é"}\nid: 7\n\n'
EVENTS = [ServerEvent("start", '{"a": 1}'), ServerEvent("delta", '{"text":\n"é"}')]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_the_stream_is_cut_and_its_lines_end(line_end: str, size: int) -> None:
    # The byte after the last line end tells a lone CR from half a CRLF.
    raw = (STREAM + ":").replace("\n", line_end).encode()
    assert list(read_events(raw[start : start + size] for start in range(0, len(raw), size))) == EVENTS


def test_an_event_that_the_end_of_the_stream_cuts_off_is_dropped() -> None:
    assert list(read_events([b'data: {"text": "whole"}\n\ndata: {"text": "ha'])) == [
        ServerEvent("", '{"text": "whole"}')
    ]


def test_a_byte_order_mark_and_an_event_without_data_are_skipped() -> None:
    assert list(read_events([b"\xef\xbb\xbfdata: 1\n\nevent: empty\n\ndata:2\n\n"])) == [
        ServerEvent("", "1"),
        ServerEvent("", "2"),
    ]


def test_bytes_that_are_not_utf8_do_not_end_the_stream() -> None:
    assert list(read_events([b"data: a\xffb\n\n"])) == [ServerEvent("", "a\ufffdb")]


def test_an_event_is_given_as_soon_as_it_is_complete() -> None:
    def chunks() -> object:
        yield b"data: 1\r\n\r\n"
        raise AssertionError("the next chunk was waited for")

    assert next(read_events(chunks())) == ServerEvent("", "1")  # type: ignore[arg-type]  # a generator of bytes
