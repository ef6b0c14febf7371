"""The lines of a smoke test."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

T = TypeVar("T")


class Failed(Exception):
    """A check failed; the text says what was expected and what was found."""


def expect(holds: bool, expected: str, found: Any) -> None:  # noqa: FBT001  # reads as a sentence
    """Raises ``Failed`` where it does not hold."""
    if not holds:
        raise Failed(f"expected {expected}; found {found}")


class Report:
    """Writes a line for each check."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def check(self, name: str, run: Callable[[], T]) -> T:
        """What ``run`` gives; text of it stands in the line. Raises what ``run`` raises, after a line that says so."""
        began = time.monotonic()
        try:
            result = run()
        except Exception as error:
            self.line(f"FAILED  {name:<36} {time.monotonic() - began:7.2f} s")
            if isinstance(error, (LookupError, TypeError, AttributeError)):
                raise Failed(f"expected an answer of the API's form; found one without {error}") from error
            raise
        note = f"  {result}" if isinstance(result, str) and result else ""
        self.line(f"ok      {name:<36} {time.monotonic() - began:7.2f} s{note}")
        return result

    def line(self, text: str) -> None:
        self._output.write(f"{text}\n")
        self._output.flush()
