"""A model that says nothing is left for the next one in line."""

from __future__ import annotations

import threading
from collections.abc import Generator

import pytest

from chatbot.patience import first_within
from shared.errors import ModelThrottled, ModelTimeout, TurnStopped
from shared.models import Completion, ModelEvent, TextDelta, TokenUsage
from tests.fakes import PATIENCE

DONE = Completion("end_turn", TokenUsage())


class Stream:
    """A stream that waits before its first event; ``closed`` tells that it was closed or ran to its end."""

    def __init__(self, *events: ModelEvent | Exception) -> None:
        self.go, self.closed = threading.Event(), threading.Event()
        self._events = events

    def open(self) -> Generator[ModelEvent]:
        try:
            self.go.wait(PATIENCE)
            for event in self._events:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            self.closed.set()


def ready(*events: ModelEvent | Exception) -> Stream:
    stream = Stream(*events)
    stream.go.set()
    return stream


def test_a_stream_in_time_goes_through() -> None:
    stream = ready(TextDelta("a"), TextDelta("b"), DONE)
    assert list(first_within(stream.open(), PATIENCE)) == [TextDelta("a"), TextDelta("b"), DONE]
    assert stream.closed.is_set()


def test_an_empty_stream_stays_empty() -> None:
    assert list(first_within(ready().open(), PATIENCE)) == []


def test_an_error_instead_of_the_first_event_is_raised() -> None:
    with pytest.raises(ModelThrottled):
        list(first_within(ready(ModelThrottled("busy")).open(), PATIENCE))


def test_a_silent_stream_is_left_and_closed_when_it_wakes() -> None:
    stream = Stream(TextDelta("late"), DONE)
    with pytest.raises(ModelTimeout):
        list(first_within(stream.open(), 0.05))
    stream.go.set()
    assert stream.closed.wait(PATIENCE)


def test_a_silent_stream_is_left_where_the_turn_is_stopped() -> None:
    stream, asked = Stream(TextDelta("late"), DONE), iter([False, True])
    with pytest.raises(TurnStopped):
        list(first_within(stream.open(), None, lambda: next(asked)))
    stream.go.set()
    assert stream.closed.wait(PATIENCE)


def test_without_a_limit_it_waits_as_long_as_it_takes() -> None:
    stream = Stream(TextDelta("a"), DONE)

    def wake() -> bool:
        stream.go.set()
        return False

    assert list(first_within(stream.open(), None, wake)) == [TextDelta("a"), DONE]


def test_leaving_early_closes_the_stream() -> None:
    stream = ready(TextDelta("a"), TextDelta("b"), DONE)
    events = first_within(stream.open(), PATIENCE)
    assert next(events) == TextDelta("a")
    events.close()
    assert stream.closed.is_set()
