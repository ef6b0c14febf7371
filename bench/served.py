"""The real entry points in a process of their own, over a model that costs nothing.

    python -m bench.served local|cloud MODEL [TRACE]

MODEL is ``instant``, ``counting:<deltas>:<pause in seconds>``, or ``configured`` for the one in the settings. These
come from the environment. With TRACE, each turn is taken apart, and the file is written when the process is told to
end.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from bench.models import CountingModel, InstantModel, with_model
from bench.stages import Stages, seams, timed_backends
from chatbot import handler, server
from shared import backends
from shared.backends import Backends
from shared.config import Settings, load_settings
from shared.ports import ChatModel


def _model(text: str) -> ChatModel:
    kind, *numbers = text.split(":")
    return CountingModel(int(numbers[0]), float(numbers[1])) if kind == "counting" else InstantModel()


def main() -> None:
    """Serves until SIGTERM."""
    home, model, *trace = sys.argv[1:]
    # The server gives the signal on when it has stopped in order.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    stages = Stages() if trace else None

    def changed(root: Callable[[Settings], Backends]) -> Callable[[Settings], Backends]:
        def make(settings: Settings) -> Backends:
            made = root(settings) if model == "configured" else with_model(root(settings), _model(model))
            return timed_backends(made, stages) if stages else made

        return make

    with ExitStack() as patches:
        patches.enter_context(patch.object(backends, home, changed(getattr(backends, home))))
        if stages:
            patches.enter_context(seams(stages))
        try:
            server.run(load_settings()) if home == "local" else handler.main()
        finally:
            if stages:
                stages.write(Path(trace[0]))


if __name__ == "__main__":
    main()
