"""Calls that are waited for until a deadline: a client's own timeouts are fixed when it is made."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

#: As many calls at once as turns run in one process.
_CALLS = 64


class TimedCalls:
    """Makes calls in threads of its own. One that is given up ends there, by the timeouts of its client."""

    def __init__(self, name: str) -> None:
        """``name`` is that of the threads, which are started where they are first needed."""
        self._pool = ThreadPoolExecutor(_CALLS, thread_name_prefix=name)

    def call(self, request: Callable[[], T], deadline: float) -> T:
        """What the call returns or raises; ``TimeoutError`` where the deadline, by ``time.monotonic``, comes first."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        future = self._pool.submit(request)
        try:
            return future.result(left)
        finally:
            future.cancel()

    def close(self) -> None:
        """Lets running calls end by themselves; nobody waits for them."""
        self._pool.shutdown(wait=False, cancel_futures=True)
