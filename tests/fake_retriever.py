"""A ``Retriever`` that finds what it is told to."""

from __future__ import annotations

import threading
from collections import deque

from shared.documents import Passage, RetrievalRequest, RetrievalResult
from tests.fakes import Pause

Step = RetrievalResult | BaseException | Pause

DISABLED = RetrievalResult("disabled")
NO_MATCH = RetrievalResult("no_match")


def passage(text: str, number: int = 1, *, page: int | None = 1, tokens: int | None = None) -> Passage:
    """A passage of a document that is named after the number."""
    return Passage(
        document_id=f"{number:032x}",
        document=f"document-{number}.pdf",
        page=page,
        section="Results",
        text=text,
        score=1 / number,
        tokens=tokens or max(1, len(text) // 4),
    )


def found(*texts: str, whole: bool = False) -> RetrievalResult:
    """A result with these passages."""
    passages = tuple(passage(text, number) for number, text in enumerate(texts, start=1))
    return RetrievalResult("used", passages, whole=whole)


class ScriptedRetriever:
    """Answers each request with the next of the steps it was given, then with ``otherwise``."""

    def __init__(self, *steps: Step, otherwise: Step = DISABLED) -> None:
        self.requests: list[RetrievalRequest] = []
        self.closed = False
        self.otherwise = otherwise
        self._steps = deque(steps)
        self._lock = threading.Lock()

    def next(self, *steps: Step) -> None:
        """Queues steps for the coming requests; a ``Pause`` is waited for, then the step after it is taken."""
        with self._lock:
            self._steps.extend(steps)

    @property
    def queries(self) -> list[str]:
        """What was searched for."""
        return [request.query for request in self.requests]

    def retrieve(self, request: RetrievalRequest) -> RetrievalResult:
        with self._lock:
            self.requests.append(request)
        while True:
            with self._lock:
                step = self._steps.popleft() if self._steps else self.otherwise
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, RetrievalResult):
                return step
            step.reached.set()
            assert step.go.wait(60), "the test never let the search go on"

    def close(self) -> None:
        self.closed = True
