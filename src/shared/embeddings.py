"""What the adapters of ``Embedder`` share: deadline, further attempts, texts they send, vectors they get."""

from __future__ import annotations

import math
import random
import time
from array import array
from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.documents import Vector
from shared.errors import EmbedderError

T = TypeVar("T")

#: Attempts at one request, and the bound of the random pause after the first of them; it doubles with each.
_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.5

#: Stands for a text without any words, which some services refuse. What its vector is means nothing.
_NO_WORDS = "-"
#: Unit vectors that were kept as 16-bit floats are this near to 1.
_UNIT_WITHIN = 0.01


class EmbedderBusy(EmbedderError):
    """The same request may succeed in a moment."""


def attempts(request: Callable[[], T], deadline: float, sleep: Callable[[float], None]) -> T:
    """What the request returns, made again with random pauses ("full jitter") as long as it is ``EmbedderBusy``.

    Raises what the last one raised, which is no later than the deadline.
    """
    for attempt in range(1, _ATTEMPTS):
        seconds_left(deadline)
        try:
            return request()
        except EmbedderBusy:
            pause = random.uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt)  # noqa: S311 - it keeps no secret
            if time.monotonic() + pause >= deadline:
                raise
        sleep(pause)
    seconds_left(deadline)
    return request()


def seconds_left(deadline: float) -> float:
    """Seconds until the deadline (of ``time.monotonic()``), more than 0. Raises ``EmbedderError`` where it passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise out_of_time()
    return left


def out_of_time() -> EmbedderError:
    return EmbedderError("The embedder did not answer in the time it had; try again.", retry_after=1.0)


def readable(text: str, longest: int) -> str:
    """The text as every service takes it: not blank, no NUL, no half characters, at most ``longest`` characters."""
    cleaned = text[:longest].replace("\0", " ").encode("utf-8", "replace").decode()
    return cleaned if cleaned.strip() else _NO_WORDS


def unit_vector(values: Sequence[float]) -> Vector[float]:
    """The values scaled to length 1. Raises ``ValueError`` where they are no numbers or have no direction."""
    try:
        length = math.hypot(*values)
    except (TypeError, OverflowError):
        raise ValueError("not numbers") from None
    if not 0 < length < math.inf:
        raise ValueError("no direction")
    return array("f", [value / length for value in values])


def is_unit(vector: Vector[float]) -> bool:
    """Whether all of it are finite numbers, and its length is 1 or what rounding made of that."""
    return abs(math.hypot(*vector) - 1) < _UNIT_WITHIN
