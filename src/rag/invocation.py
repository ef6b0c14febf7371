"""What the platform tells a function about its invocation."""

from __future__ import annotations

import time
from typing import Protocol


class LambdaContext(Protocol):
    """The part of the platform's context that is used here."""

    def get_remaining_time_in_millis(self) -> int:
        """Until the function is ended."""
        ...


def deadline_of(context: LambdaContext, margin: float) -> float:
    """So many seconds before the end of the invocation, as a ``time.monotonic()`` reading."""
    return time.monotonic() + context.get_remaining_time_in_millis() / 1000 - margin
