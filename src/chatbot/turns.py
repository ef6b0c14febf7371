"""Runs turns in threads of their own, so that one goes on and is saved though its client has gone."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from dataclasses import dataclass

from chatbot.events import TurnDone, TurnEvent
from shared.errors import UNEXPECTED, ChatbotError, ModelTimeout, ModelUnavailable, Overloaded

log = logging.getLogger(__name__)

#: Far more than one person's turns, each a thread that waits most of the time, for its model or for another request
#: with the same Idempotency-Key. Beyond it memory would be at risk.
_MOST_TURNS = 256
#: What an adapter that looks at the deadline is given to say so itself.
_GRACE_SECONDS = 2
#: What turns that were stopped are given to reach their next event, in seconds.
_STOPPED_SECONDS = 2


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The last event of a turn that raised."""

    error: ChatbotError


@dataclass(frozen=True, slots=True)
class StillRunning:
    """Nothing has happened for a while, but it will."""


#: ``None`` on the queue ends a turn.
_Queue = asyncio.Queue[TurnEvent | TurnFailed | None]


class TurnRunner:
    """Starts turns and hands their events to the event loop of whoever asked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: set[threading.Thread] = set()
        self._stopping = threading.Event()

    async def run(
        self, turn: Generator[TurnEvent], *, quiet_seconds: float, deadline: float, request_id: str
    ) -> AsyncGenerator[TurnEvent | TurnFailed | StillRunning]:
        """The turn's events, a ``TurnFailed`` last where it raised; ``StillRunning`` after each quiet while.

        A turn that is silent past its deadline (a ``time.monotonic()`` reading) is told to have failed: its adapter may
        be waiting for a socket and not look at the time. Leaving the iterator early stops only the listening. In both
        cases the turn runs to its end.
        """
        queue: _Queue = asyncio.Queue()
        arguments = (turn, queue, asyncio.get_running_loop(), request_id)
        # A daemon: Python waits for the others before it exits, and a model may be silent for minutes.
        thread = threading.Thread(target=self._run, args=arguments, name="turn", daemon=True)
        with self._changed:
            crowded = len(self._running) >= _MOST_TURNS
            if not crowded:
                self._running.add(thread)
        if crowded:
            yield TurnFailed(Overloaded("Too many messages are being answered just now; try again.", retry_after=2))
            return
        thread.start()
        while True:
            left = deadline + _GRACE_SECONDS - time.monotonic()
            try:
                async with asyncio.timeout(max(0, min(quiet_seconds, left))):
                    event = await queue.get()
            except TimeoutError:
                if left > quiet_seconds:
                    yield StillRunning()
                    continue
                yield TurnFailed(ModelTimeout("The model did not answer in the time a turn may take; ask again."))
                return
            if event is None:
                return
            yield event

    def stop(self) -> None:
        """Ends every running turn, unsaved, at its next event."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def close(self, seconds: float) -> None:
        """Waits up to ``seconds`` for running turns, so that their replies are saved, and then stops them.

        Stopped ones, now or by ``stop`` meanwhile or before, have a moment to end.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._stopping.is_set() or not self._running, seconds)
        self.stop()
        with self._changed:
            self._changed.wait_for(lambda: not self._running, _STOPPED_SECONDS)
            unfinished = len(self._running)
        if unfinished:
            log.warning("stopped with turns still running", extra={"count": unfinished})

    def _run(self, turn: Generator[TurnEvent], queue: _Queue, loop: asyncio.AbstractEventLoop, request_id: str) -> None:
        def tell(event: TurnEvent | TurnFailed | None) -> None:
            # The loop may be closed at any moment: nobody listens any more, and the turn goes on.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(queue.put_nowait, event)

        try:
            self._drive(turn, tell)
        except ChatbotError as error:
            tell(TurnFailed(error))
        except Exception:
            # The one place below which nothing may end a thread unseen; what it was stands in the log, without content.
            log.exception("turn ended by an unexpected error", extra={"request_id": request_id})
            tell(TurnFailed(ChatbotError(UNEXPECTED)))
        finally:
            tell(None)
            with self._changed:
                self._running.discard(threading.current_thread())
                self._changed.notify_all()

    def _drive(self, turn: Generator[TurnEvent], tell: Callable[[TurnEvent], None]) -> None:
        for event in turn:
            tell(event)
            if self._stopping.is_set() and not isinstance(event, TurnDone):
                turn.close()
                raise ModelUnavailable("The server was stopped before the reply was finished; ask again.")
