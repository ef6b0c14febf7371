"""What a section of the benchmark hands back, and how it is printed."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Table:
    """One table; cells are ready to print."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def markdown(self) -> str:
        """The table as GitHub shows it, padded so that it can be read without."""
        lines = [self.columns, *self.rows]
        widths = [max(3, *(len(line[index]) for line in lines)) for index in range(len(self.columns))]
        padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
        ruler = ["-" * width for width in widths]
        body = "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], ruler, *padded[1:]))
        return f"**{self.title}**\n\n{body}"


@dataclass(slots=True)
class Report:
    """``verdicts`` compare with the figures of the issue; ``figures`` is what the JSON file keeps."""

    title: str
    tables: list[Table] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def verdict(self, figure: str, found: str, *, reached: bool) -> None:
        """One line: what was asked, what was found, whether that is enough."""
        self.verdicts.append(f"{'reached' if reached else 'NOT reached'}: {figure}; found {found}")

    def markdown(self) -> str:
        """The section as it is printed."""
        parts = [f"## {self.title}", *(table.markdown() for table in self.tables)]
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        parts += [f"Verdict: {verdict}" for verdict in self.verdicts]
        return "\n\n".join(parts)


@dataclass(frozen=True, slots=True)
class Summary:
    """Milliseconds (or another unit) of many samples, in short."""

    count: int
    p50: float
    p99: float
    least: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Summary:
        """p99 is by nearest rank: with fewer than 100 samples it is the largest."""
        ordered = sorted(samples)
        rank = min(len(ordered), math.ceil(len(ordered) * 0.99)) - 1
        return cls(len(ordered), statistics.median(ordered), ordered[rank], ordered[0])

    def cells(self) -> tuple[str, str, str]:
        """p50, p99 and the number of samples."""
        return number(self.p50), number(self.p99), str(self.count)

    def figures(self) -> dict[str, float]:
        """For the JSON file."""
        return {
            "p50": round(self.p50, 4),
            "p99": round(self.p99, 4),
            "least": round(self.least, 4),
            "samples": self.count,
        }


def number(value: float) -> str:
    """Three significant digits, or whole from 100 on."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def interleave(
    variants: Mapping[str, Callable[[], float]], *, rounds: int, per_round: int, warm_up: int
) -> dict[str, list[float]]:
    """The figures of each variant, taken in rounds of random order, so that a noisy minute falls on all of them.

    ``warm_up`` further calls of each come first and are not counted.
    """
    for measure in variants.values():
        for _ in range(warm_up):
            measure()
    found: dict[str, list[float]] = {name: [] for name in variants}
    order = list(variants)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            found[name].extend(variants[name]() for _ in range(per_round))
    return found
