"""How much of anything a document may have or take. Pure data."""

from __future__ import annotations

import math
from dataclasses import dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class ExtractionLimits:
    """Bounds of one document.

    ``max_characters`` bounds the text that comes out. A file may give ``free_characters`` whatever its size, above
    that only ``max_expansion`` characters for each of its bytes: real PDFs stay below 10, bombs go into thousands.
    ``max_unpacked_bytes`` bounds what all members of an Office file unpack to, ``max_packing`` how many times larger
    than packed a big one may be (spreadsheets reach 100). ``memory_bytes`` is the address space of the child with its
    interpreter; Linux enforces it, macOS does not. Processor time is at most ``seconds`` and, for each
    megabyte of the file, ``seconds_per_megabyte``, together never above ``max_seconds``; wall time half as much again.
    """

    max_bytes: int = 100 * MEGABYTE
    max_pages: int = 5_000
    #: As much as 5,000 printed pages; the built-in embedder takes ten minutes for it.
    max_characters: int = 10_000_000
    free_characters: int = 500_000
    max_expansion: int = 30
    max_unpacked_bytes: int = 1_000 * MEGABYTE
    max_packing: int = 200
    memory_bytes: int = 512 * MEGABYTE
    seconds: float = 6
    seconds_per_megabyte: float = 8
    max_seconds: float = 120

    def seconds_for(self, size: int) -> float:
        """The time that a file of so many bytes may take."""
        return min(self.max_seconds, self.seconds + self.seconds_per_megabyte * size / MEGABYTE)

    def characters_for(self, size: int) -> int:
        """The text that a file of so many bytes may give, in characters."""
        return min(self.max_characters, max(self.free_characters, math.ceil(self.max_expansion * size)))
