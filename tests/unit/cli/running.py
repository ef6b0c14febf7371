"""Ways to run the command line: in this process, as a process, and on a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from chatbot.cli import cli

COMMAND = [sys.executable, "-W", "error", "-m", "chatbot.cli"]
# Makes the terminal on standard input the controlling one, so that Ctrl-C reaches the command as a signal.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
_TIMEOUT = 60.0


class CommandLine:
    """``chatbot``, or another command in its place, with a home of its own and the given variables."""

    def __init__(self, home: Path, command: Sequence[str] = COMMAND, **environ: str) -> None:
        self.home = home
        self._command = command
        self.environ = {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "config"),
            "CHATBOT_DATA_DIR": str(home / "data"),
            "PATH": os.environ["PATH"],
            **environ,
        }

    def run(self, *arguments: str, stdin: str | bytes = "", **environ: str) -> Result:
        """In this process; nothing here is a terminal."""
        return CliRunner().invoke(cli, arguments, input=stdin, obj={**self.environ, **environ}, prog_name="chatbot")

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*self._command, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, env={**self.environ, **environ}
        )

    @contextlib.contextmanager
    def on_terminal(self, *arguments: str, **environ: str) -> Iterator[TerminalRun]:
        """As a process whose input, output and errors are one terminal. Killed at the end, if it is still there."""
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *self._command, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={"TERM": "xterm", **self.environ, **environ},
        )
        os.close(slave)
        try:
            yield TerminalRun(process, master)
        finally:
            process.kill()
            process.wait()
            os.close(master)


class TerminalRun:
    """A person at the terminal: types, and reads what the screen was sent."""

    def __init__(self, process: subprocess.Popen[bytes], master: int) -> None:
        self._process = process
        self._master = master
        self._unread = ""
        self.screen = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def expect(self, text: str) -> str:
        """Waits until the text shows, after what earlier calls have found. Returns what came with it."""
        deadline = time.monotonic() + _TIMEOUT
        while text not in self._unread:
            if time.monotonic() > deadline or not self._read(deadline):
                raise AssertionError(f"{text!r} did not show; the screen:\n{self.screen}")
        found, _, self._unread = self._unread.partition(text)
        return found + text

    def exit_code(self) -> int:
        """Waits until the command has ended."""
        deadline = time.monotonic() + _TIMEOUT
        while self._read(deadline):
            pass
        return self._process.wait(timeout=_TIMEOUT)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
        data = b""
        with contextlib.suppress(OSError):  # how Linux says that nobody has the terminal open any more
            data = os.read(self._master, 65536) if ready else b""
        text = data.decode("utf-8", "replace")
        self.screen += text
        # Bracketed paste and the like are the line editor's own talk with the terminal.
        self._unread = re.sub(r"\x1b\[\?\d+[hl]", "", self._unread + text)
        return bool(data)
