"""How long to wait for others: until the user stops the turn, or until another model could stand in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import Any

from shared.errors import ModelTimeout, TurnStopped
from shared.models import ModelEvent

#: Between two looks whether the turn was stopped.
_LOOK_SECONDS = 0.2

Stopped = Callable[[], bool]
"""Whether the user has stopped the turn."""


def never() -> bool:
    """For what nobody can stop."""
    return False


def nothing_written() -> TurnStopped:
    """For a turn that was stopped before the first words."""
    return TurnStopped("The answer was stopped before anything of it was written, so nothing was saved.")


def done_within(awaited: Future[Any], seconds: float | None, stopped: Stopped) -> bool:
    """Whether it is done after so long at most; ``None`` waits as long as it takes. Raises ``TurnStopped``."""
    end = None if seconds is None else time.monotonic() + seconds
    while True:
        left = _LOOK_SECONDS if end is None else max(0, min(_LOOK_SECONDS, end - time.monotonic()))
        if wait([awaited], timeout=left).done:
            return True
        if stopped():
            raise nothing_written()
        if end is not None and time.monotonic() >= end:
            return False


def first_within(
    events: Generator[ModelEvent], seconds: float | None, stopped: Stopped = never
) -> Generator[ModelEvent]:
    """The events; ``ModelTimeout`` where the first has not come after ``seconds``, ``TurnStopped`` where ``stopped()``.

    The first one is waited for in another thread, because an adapter may be deep in a socket's read. One that comes
    too late finds nobody and is dropped, and its stream is closed then. ``None`` is for an adapter whose own deadline
    is enough.
    """
    first = _First(events).within(seconds, stopped)
    if first is None:
        return
    try:
        yield first
        yield from events
    finally:
        events.close()


class _First:
    def __init__(self, events: Generator[ModelEvent]) -> None:
        self._events = events
        self._found: Future[ModelEvent | None] = Future()
        self._lock = threading.Lock()
        self._given_up = False

    def within(self, seconds: float | None, stopped: Stopped) -> ModelEvent | None:
        """The first event; ``None`` where there is none. Raises what the stream raised, and as ``first_within``."""
        threading.Thread(target=self._take, name="first-token", daemon=True).start()
        try:
            in_time = done_within(self._found, seconds, stopped)
        except BaseException:
            self._give_up()
            raise
        if not in_time:
            self._give_up()
            raise ModelTimeout(f"The model said nothing for {seconds:.0f} seconds; try again.")
        return self._found.result()

    def _give_up(self) -> None:
        with self._lock:
            self._given_up = True
            if self._found.done():
                self._events.close()

    def _take(self) -> None:
        try:
            first, failure = next(self._events, None), None
        except BaseException as error:  # noqa: BLE001 - it is raised again, by the thread that waits for it
            first, failure = None, error
        with self._lock:
            if failure is None:
                self._found.set_result(first)
            else:
                self._found.set_exception(failure)
            if self._given_up:
                self._events.close()
