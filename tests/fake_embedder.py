"""An ``Embedder`` for tests: bags of words, so that texts that share words are near each other."""

from __future__ import annotations

import hashlib
import re
import struct
import threading
from collections import deque
from collections.abc import Sequence

from shared.documents import EmbedderTraits, Vector
from shared.embeddings import seconds_left, unit_vector


class FakeEmbedder:
    """Gives each word a direction of its own, always the same, and each text the sum of its words' directions.

    ``texts`` are all that it was given, ``calls`` how many calls of ``embed`` there were, failed ones too.
    """

    def __init__(
        self,
        name: str = "builtin",
        dimensions: int = 32,
        *,
        chunk_tokens: int = 512,
        related_from: float = 0.0,
    ) -> None:
        self.traits = EmbedderTraits(name, chunk_tokens, related_from)
        self.texts: list[str] = []
        self.calls = 0
        self.closed = False
        self._dimensions = dimensions
        self._failures: deque[BaseException | None] = deque()
        self._lock = threading.Lock()

    def fail_next(self, *failures: BaseException | None) -> None:
        """Makes the next calls fail, one by one; ``None`` lets one through."""
        self._failures.extend(failures)

    def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        with self._lock:
            self.calls += 1
            failure = self._failures.popleft() if self._failures else None
            if failure is not None:
                raise failure
            seconds_left(deadline)
            self.texts.extend(texts)
        return [self._vector(text) for text in texts]

    def close(self) -> None:
        self.closed = True

    def _vector(self, text: str) -> Vector[float]:
        # The text before any word gives a text without words a direction, too: a little of its own.
        total = [0.01 * value for value in self._direction("")]
        for word in set(re.findall(r"\w+", text.lower())):
            total = [sum(pair) for pair in zip(total, self._direction(word), strict=True)]
        return unit_vector(total)

    def _direction(self, word: str) -> tuple[int, ...]:
        digest = hashlib.shake_256(word.encode("utf-8", "replace")).digest(self._dimensions)
        return struct.unpack(f"{self._dimensions}b", digest)
