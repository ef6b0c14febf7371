"""Messages typed line by line: line editing, history, and messages of several lines."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType

from chatbot.command_line.errors import InputError
from chatbot.command_line.input import decoded
from chatbot.command_line.terminal import Terminal

_FENCE = '"""'
_MORE = "...> "


@dataclass(frozen=True, slots=True)
class LineReader:
    """Reads what is typed, or what is piped in, where nothing is prompted for."""

    terminal: Terminal

    def message(self, prompt: str) -> str | None:
        """The next message; ``None`` at the end of input.

        A line that ends with a backslash goes on in the next one. Three double quotes at the start of a line begin a
        message that goes on until a line ends with three.
        """
        line = self._line(prompt)
        if line is None:
            return None
        if line.lstrip().startswith(_FENCE):
            return self._fenced(line.lstrip().removeprefix(_FENCE))
        lines = []
        while line is not None and line.endswith("\\"):
            lines.append(line[:-1])
            line = self._line(_MORE)
        return "\n".join([*lines, line or ""])

    def confirm(self, question: str) -> bool:
        """Whether the answer is yes; anything else is no."""
        answer = self._line(f"{question} [y/N] ")
        return (answer or "").strip().lower() in {"y", "yes"}

    def _fenced(self, first: str) -> str:
        lines: list[str] = []
        line: str | None = first
        while line is not None:
            if line.rstrip().endswith(_FENCE):
                lines.append(line.rstrip().removesuffix(_FENCE))
                break
            lines.append(line)
            line = self._line(_MORE)
        return "\n".join(lines).strip("\n")

    def _line(self, prompt: str) -> str | None:
        if sys.stdin is None:
            return None
        if not self.terminal.interactive:
            data = sys.stdin.buffer.readline()
            return decoded(data, "A line of standard input").rstrip("\r\n") if data else None
        if not self.terminal.out_is_terminal:  # input() would write the prompt into the file the answers go to
            sys.stderr.write(prompt)
            sys.stderr.flush()
            prompt = ""
        try:
            return input(prompt)
        except EOFError:
            self.terminal.say("")
            return None
        except UnicodeDecodeError:
            raise InputError("What was typed is not valid UTF-8 text.") from None


@contextlib.contextmanager
def line_editing(earlier: Callable[[], Sequence[str]], terminal: Terminal) -> Iterator[None]:
    """Line editing, where the terminal and this Python have it; the arrow keys begin with ``earlier`` lines.

    What is typed is kept in memory only: a file of it would stand in the clear beside the encrypted conversations.
    """
    readline = _readline() if terminal.interactive and terminal.out_is_terminal else None
    if readline is None:
        yield
        return
    for line in earlier():
        readline.add_history(" ".join(line.split()))
    try:
        yield
    finally:
        readline.clear_history()


def _readline() -> ModuleType | None:
    """The module that, once imported, gives ``input`` line editing. Some builds of Python come without."""
    try:
        return importlib.import_module("readline")
    except ImportError:
        return None
