"""Models that cost nothing, so that what is measured is ours."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace

from shared.backends import Backends
from shared.models import Completion, ModelEvent, ModelRequest, TextDelta, TokenUsage
from shared.ports import ChatModel

QUESTION = "Could you tell me once more what we said about the ferry to Cacilhas, and when the last one goes back?"
REPLY = " ".join(["The last ferry leaves at a quarter past one, and on Sundays an hour earlier."] * 9)

#: Names under which the two homes take the model for one of theirs.
LOCAL = "openai:instant@http://127.0.0.1:9/v1"
CLOUD = "bedrock:instant"


class InstantModel:
    """Answers at once. Implements the port ``ChatModel``."""

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        yield TextDelta(REPLY)
        yield Completion("end_turn", TokenUsage(len(request.messages) * 40, 170))

    def close(self) -> None:
        """Holds nothing."""


class CountingModel:
    """Counts aloud, with a pause before each number, so that a listener sees what is lost or out of order."""

    def __init__(self, deltas: int, pause_seconds: float) -> None:
        self._deltas = deltas
        self._pause = pause_seconds

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        for index in range(self._deltas):
            if self._pause:
                time.sleep(self._pause)
            yield TextDelta(f"{index} ")
        yield Completion("end_turn", TokenUsage(len(request.messages) * 40, self._deltas))

    def close(self) -> None:
        """Holds nothing."""


def with_model(backends: Backends, model: ChatModel) -> Backends:
    """The same backends, whose every model is this one."""
    return replace(backends, open_model=lambda _spec, _context: model)
