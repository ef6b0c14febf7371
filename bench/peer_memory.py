"""One side of the comparison alone in a process: 100 turns, then the peak memory on standard output.

python -m bench.peer_memory ours|peer FOLDER CONVERSATION
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from bench.processes import peak_mb

_TURNS = 100


def _subject(name: str, folder: Path, conversation: str) -> Callable[[], float]:
    """Imports one side only."""
    if name == "ours":
        from bench.local import InProcess  # noqa: PLC0415 - as above

        return InProcess(folder, [conversation]).turn
    from bench.langchain_turn import LangChainTurn  # noqa: PLC0415 - as above

    return LangChainTurn(folder, 1).turn


def main() -> None:
    """Runs the turns."""
    name, folder, conversation = sys.argv[1:]
    turn = _subject(name, Path(folder), conversation)
    for _ in range(_TURNS):
        turn()
    print(peak_mb())


if __name__ == "__main__":
    main()
