"""What the command line chose, as each section is given it."""

from __future__ import annotations

from dataclasses import dataclass

#: The figures of the issue.
TURN_P50_MS = 8.0
FLAT_WITHIN = 1.2
FIRST_EVENT_MS = 30.0
READY_MS = 600.0
ENTRY_PEAK_MB = 150.0
FIRST_TOKEN_MS = 1000.0

#: Messages that a model sees.
HISTORY = 10


@dataclass(frozen=True, slots=True)
class Options:
    """``quick`` takes fewer samples and leaves out the largest sizes."""

    quick: bool = False
    startup_python: str | None = None

    def samples(self, full: int) -> int:
        """A number of samples, a fifth where it must be quick."""
        return max(5, full // 5) if self.quick else full

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes to grow through."""
        return (10, 1_000) if self.quick else (10, 100, 1_000, 10_000)
