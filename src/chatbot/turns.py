"""Runs turns in threads of their own, so that one goes on and is saved though its client has gone."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Generator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from chatbot.events import TurnEvent
from shared.errors import ChatbotError

log = logging.getLogger(__name__)

#: A thread waits for its model most of the time; this many are answered at once, more wait for a free one.
_THREADS = 64


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
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="turn")
        self._lock = threading.Lock()
        self._running: set[Future[None]] = set()
        self._stopping = threading.Event()

    async def run(
        self, turn: Generator[TurnEvent], quiet_seconds: float
    ) -> AsyncGenerator[TurnEvent | TurnFailed | StillRunning]:
        """The turn's events, a ``TurnFailed`` last where it raised; ``StillRunning`` after each quiet while.

        Leaving the iterator early stops only the listening: the turn runs to its end.
        """
        queue: _Queue = asyncio.Queue()
        future = self._threads.submit(self._drive, turn, queue, asyncio.get_running_loop())
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._forget)
        while True:
            try:
                async with asyncio.timeout(quiet_seconds):
                    event = await queue.get()
            except TimeoutError:
                yield StillRunning()
                continue
            if event is None:
                return
            yield event

    def close(self, seconds: float) -> None:
        """Waits up to ``seconds`` for running turns, so that their replies are saved; then stops them."""
        with self._lock:
            running = set(self._running)
        unfinished = wait(running, timeout=seconds).not_done
        if unfinished:
            log.warning("stopped with turns still running", extra={"count": len(unfinished)})
        self._stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)

    def _drive(self, turn: Generator[TurnEvent], queue: _Queue, loop: asyncio.AbstractEventLoop) -> None:
        def tell(event: TurnEvent | TurnFailed | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(queue.put_nowait, event)

        try:
            for event in turn:
                tell(event)
                if self._stopping.is_set():
                    turn.close()
        except ChatbotError as error:
            tell(TurnFailed(error))
        except Exception:
            # The one place below which nothing may end a thread unseen; what it was stands in the log, without content.
            log.exception("turn ended by an unexpected error")
            tell(TurnFailed(ChatbotError("Something went wrong here; it was logged under the request's id.")))
        finally:
            tell(None)
