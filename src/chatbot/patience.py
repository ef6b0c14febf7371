"""How long to wait for a model that another one could stand in for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator

from shared.errors import ModelTimeout
from shared.models import ModelEvent


def first_within(events: Generator[ModelEvent], seconds: float) -> Generator[ModelEvent]:
    """The events; ``ModelTimeout`` where the first has not come after ``seconds``.

    The first one is waited for in another thread, because an adapter may be deep in a socket's read. One that comes
    too late finds nobody and is dropped, and its stream is closed then.
    """
    waiter = _Waiter(events)
    first = waiter.first(seconds)
    if first is None:
        return
    try:
        yield first
        yield from events
    finally:
        events.close()


class _Waiter:
    def __init__(self, events: Generator[ModelEvent]) -> None:
        self._events = events
        self._found: queue.SimpleQueue[ModelEvent | BaseException | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._given_up = False

    def first(self, seconds: float) -> ModelEvent | None:
        """The first event; ``None`` where there is none. Raises what the stream raised, and ``ModelTimeout``."""
        threading.Thread(target=self._wait, name="first-token", daemon=True).start()
        try:
            found = self._found.get(timeout=max(0, seconds))
        except queue.Empty:
            with self._lock:
                self._given_up = True
            raise ModelTimeout(f"The model said nothing for {seconds:.0f} seconds; try again.") from None
        if isinstance(found, BaseException):
            raise found
        return found

    def _wait(self) -> None:
        found: ModelEvent | BaseException | None
        try:
            found = next(self._events, None)
        except BaseException as error:  # noqa: BLE001 - it is raised again, by the thread that waits for it
            found = error
        with self._lock:
            self._found.put(found)
            if self._given_up:
                self._events.close()
