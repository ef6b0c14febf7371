"""Stopping an answer that is being written: at once where it is written in this process, else through the store."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from shared.errors import ChatbotError
from shared.ports import Clock, StopStore

#: No answer takes so long; what stopped none is forgotten then.
_KEPT = timedelta(hours=1)
#: Between two looks into the store, and before the first: a short answer costs none.
_LOOK_SECONDS = 1.0


class Stopping:
    """Takes requests to stop, and tells running turns of them."""

    def __init__(self, store: StopStore, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``monotonic`` tells seconds that only pass."""
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._here: dict[tuple[str, str], threading.Event] = {}

    def ask(self, user_id: str, message_id: str) -> None:
        """Asks the turn that writes this reply to stop. Nothing happens where there is none, or it is another user's.

        Raises ``StoreError`` where the turn is not one of this process and the others cannot be told.
        """
        with self._lock:
            asked = self._here.get((user_id, message_id))
        if asked:
            asked.set()
        else:
            self._store.ask_to_stop(user_id, message_id, int((self._clock() + _KEPT).timestamp()))

    @contextmanager
    def watch(self, user_id: str, message_id: str) -> Iterator[StopWatch]:
        """For the turn that writes this reply, as long as it does."""
        asked = threading.Event()
        with self._lock:
            self._here[user_id, message_id] = asked
        try:
            yield StopWatch(
                asked, lambda latest: self._store.stop_asked(user_id, message_id, latest=latest), self._monotonic
            )
        finally:
            with self._lock:
                del self._here[user_id, message_id]


class StopWatch:
    """Whether one turn was asked to stop. Used by that turn's thread alone."""

    def __init__(
        self, here: threading.Event, elsewhere: Callable[[bool], bool], monotonic: Callable[[], float]
    ) -> None:
        """``here`` is set in this process; ``elsewhere`` looks into the store, for the latest there is if told so."""
        self._here = here
        self._elsewhere = elsewhere
        self._monotonic = monotonic
        self._began = self._looked_at = monotonic()

    def asked(self, *, latest: bool = False) -> bool:
        """Costs nothing but a look into the store now and then. Never fails the turn.

        With ``latest`` it has looked just now, unless the turn has only begun.
        """
        now = self._monotonic()
        if not self._here.is_set() and now - (self._began if latest else self._looked_at) >= _LOOK_SECONDS:
            self._looked_at = now
            try:
                if self._elsewhere(latest):
                    self._here.set()
            except ChatbotError:
                # Asked again, it would hold up the answer each time for as long as it takes to fail.
                self._began = self._looked_at = math.inf
        return self._here.is_set()
