"""Stops asking a model that keeps failing, for a while, so that the next one in line answers at once.

The pattern is Michael Nygard's (Release It!, 2007): closed, open after failures in a row, half-open for one trial.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class CircuitBreaker:
    """Opens after ``failures`` in a row, for ``rest_seconds``; then lets one caller through to try."""

    def __init__(
        self, failures: int = 3, rest_seconds: float = 30, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._allowed_failures = failures
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_again_at = 0.0

    @property
    def is_open(self) -> bool:
        """Whether callers are being turned away at this moment."""
        with self._lock:
            return self._failures >= self._allowed_failures and self._clock() < self._closed_again_at

    def allows(self) -> bool:
        """Whether to make the call; report its end with ``succeeded`` or ``failed``."""
        with self._lock:
            if self._failures < self._allowed_failures:
                return True
            if self._clock() < self._closed_again_at:
                return False
            # This caller is the trial; the others wait until it reports, or until it has had its time.
            self._closed_again_at = self._clock() + self._rest_seconds
            return True

    def succeeded(self) -> None:
        """The call worked: closed."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """The call failed: one nearer to open, or open again."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._allowed_failures:
                self._closed_again_at = self._clock() + self._rest_seconds
