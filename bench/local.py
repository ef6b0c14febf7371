"""Local servers and use-cases over seeded data folders, for the sections."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from bench.models import LOCAL, QUESTION, InstantModel, with_model
from bench.processes import environment, free_port, python, running
from bench.seed import OWNER
from chatbot.services import Services, build_services
from chatbot.turn import TurnRequest
from shared import backends
from shared.config import load_settings


@contextmanager
def serving(folder: Path, model: str = "instant", trace: Path | None = None) -> Iterator[tuple[int, int]]:
    """The local server over the folder, as ``make run`` starts it but for the model; gives its port and process id."""
    port = free_port()
    env = environment(CHATBOT_PORT=str(port), CHATBOT_DATA_DIR=str(folder), CHATBOT_MODEL=LOCAL)
    arguments = python("-m", "bench.served", "local", model, *([str(trace)] if trace else []))
    with running(arguments, env, port) as pid:
        yield port, pid


class InProcess:
    """The use-case alone, without HTTP, threads or events on a loop."""

    def __init__(self, folder: Path, conversations: Sequence[str]) -> None:
        settings = load_settings({}, data_dir=folder, model=LOCAL)
        self._services: Services = build_services(settings, with_model(backends.local(settings), InstantModel()))
        self._conversations = cycle(conversations)

    def turn(self) -> float:
        """Milliseconds of one turn."""
        request = TurnRequest(OWNER, QUESTION, time.monotonic() + 300, next(self._conversations))
        began = time.perf_counter()
        for _ in self._services.chat.turn(request):
            pass
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Frees the database."""
        self._services.close(1)
