"""Runs the project's scripts as a person would: from a checkout, at a shell, with the ordinary AWS CLI.

The checkout and the home folder have spaces in their paths; there is no terminal; on the PATH are ``aws``, ``python3``
and the system's tools, nothing of the project's own environments.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from tests.rehearsal.orders import Order, as_json

PROJECT = Path(__file__).parents[2]
#: What a person has of the repository and the scripts need.
_PARTS = ("scripts", "infra", "src", "requirements.txt", "pyproject.toml")
#: A script that runs longer hangs.
_LONGEST_SECONDS = 240.0
_UNEVENTFUL = re.compile(r" +\d+ s  [A-Z]+_(IN_PROGRESS|COMPLETE|SKIPPED)  .*/")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output; ``at`` is in seconds since the start."""

    at: float
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class AwsCall:
    """A call to the AWS CLI; ``status`` is ``None`` where it never ended by itself."""

    number: int
    argv: list[str]
    status: int | None
    seconds: float

    @property
    def name(self) -> str:
        """Service and operation."""
        words = itertools.dropwhile(lambda word: word.startswith("-") or word.isdecimal(), self.argv)
        return " ".join(itertools.islice(words, 2))


@dataclass
class Run:
    """A script that is running or has run. ``status`` is negative where a signal ended it."""

    command: str
    process: subprocess.Popen[str]
    calls_file: Path
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0
    _readers: list[threading.Thread] = field(default_factory=list)

    def follow(self) -> None:
        """Begins to collect the output."""
        started = time.monotonic()
        for name, pipe in (("out", self.process.stdout), ("err", self.process.stderr)):
            assert pipe
            reader = threading.Thread(target=self._read, args=(name, pipe, started))
            reader.start()
            self._readers.append(reader)

    def _read(self, name: str, pipe: IO[str], started: float) -> None:
        with pipe:
            for line in pipe:
                self.lines.append(Line(time.monotonic() - started, name, line.rstrip("\n")))

    def wait(self, seconds: float = _LONGEST_SECONDS) -> Run:
        """Waits for its end. Raises ``AssertionError`` with the output where that does not come."""
        started = time.monotonic()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"{self.command} did not end within {seconds:.0f} s:\n{self.text}") from None
        finally:
            # What it left running would hold its pipes open.
            self.signal(signal.SIGKILL)
            for reader in self._readers:
                reader.join()
        self.seconds = max([time.monotonic() - started, *(line.at for line in self.lines)])
        return self

    def wait_for(self, pattern: str, seconds: float = 60.0) -> None:
        """Waits for a line of output that matches. Raises ``AssertionError`` where none comes."""
        deadline = time.monotonic() + seconds
        while not any(re.search(pattern, line.text) for line in [*self.lines]):
            running = self.process.poll() is None and time.monotonic() < deadline
            assert running, f"no line matches {pattern!r} in:\n{self.text}"
            time.sleep(0.05)

    def signal(self, number: int) -> None:
        """To the whole process group, as the terminal does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    @property
    def status(self) -> int:
        return int(self.process.returncode)

    @property
    def out(self) -> str:
        return self._joined("out")

    @property
    def err(self) -> str:
        return self._joined("err")

    @property
    def text(self) -> str:
        """Both outputs as a terminal shows them, with the exit code; without the resources that went well."""
        shown = (line.text for line in self.lines if not _UNEVENTFUL.match(line.text))
        return "\n".join([f"$ {self.command}", *shown, f"[exit {self.process.poll()}]"])

    def _joined(self, stream: str) -> str:
        return "\n".join(line.text for line in self.lines if line.stream == stream)

    @property
    def calls(self) -> list[AwsCall]:
        """Its calls to the AWS CLI, in order."""
        return read_calls(self.calls_file)


def read_calls(file: Path) -> list[AwsCall]:
    """What ``aws_cli.server`` noted."""
    notes = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    ends: dict[int, dict[str, Any]] = {note["n"]: note for note in notes if note["event"] == "end"}
    nothing: dict[str, Any] = {"status": None, "seconds": 0.0}
    return [
        AwsCall(note["n"], note["argv"], (end := ends.get(note["n"], nothing))["status"], end["seconds"])
        for note in notes
        if note["event"] == "start"
    ]


def make_checkout(folder: Path) -> Path:
    """A copy of what a clone holds, to be changed by the tests."""
    for part in _PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        elif source.exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / part)
    return folder


@dataclass
class Shell:
    """A person's shell: where they are, who they are, and what ``aws`` reaches."""

    checkout: Path
    home: Path
    environ: dict[str, str]
    runs: list[Run] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends what still runs."""
        for run in self.runs:
            run.signal(signal.SIGKILL)
            run.process.wait()

    def start(
        self,
        *command: str,
        orders: Iterable[Order] = (),
        environ: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> Run:
        """Starts a command in the checkout, in a process group of its own."""
        calls = self.home.parent / "calls" / f"{len(self.runs):04}.jsonl"
        calls.parent.mkdir(exist_ok=True)
        variables = {**self.environ, "HOME": str(self.home), "REHEARSAL_CALLS": str(calls), **(environ or {})}
        harm = tuple(orders)
        if harm:
            variables["REHEARSAL_ORDERS"] = as_json(harm)
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command,
            cwd=self.checkout,
            env={name: value for name, value in variables.items() if value},
            stdin=stdin,
            stdout=pipe,
            stderr=pipe,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        )
        run = Run(shlex.join(command), process, calls)
        self.runs.append(run)
        run.follow()
        return run

    def run(self, *command: str, **options: Any) -> Run:
        """The same, waited for."""
        return self.start(*command, **options).wait()

    def typed(self, text: str, *command: str) -> Run:
        """The command at a terminal, where ``text`` is typed; waited for."""
        keyboard, terminal = os.openpty()
        try:
            os.write(keyboard, text.encode())
            return self.start(*command, stdin=terminal).wait()
        finally:
            os.close(keyboard)
            os.close(terminal)

    def script(self, name: str, *arguments: str, **options: Any) -> Run:
        """``./scripts/<name>`` with arguments, waited for."""
        return self.run(f"./scripts/{name}", *arguments, **options)

    def done(self, name: str, *arguments: str, **options: Any) -> Run:
        """The same for a script that must succeed."""
        run = self.script(name, *arguments, **options)
        assert run.status == 0, run.text
        return run

    def line(self, command: str) -> Run:
        """A line as a person types it."""
        return self.run("bash", "-c", command)

    def aws(self, *arguments: str) -> Any:
        """What the AWS CLI answers, as JSON; ``None`` where it answers nothing."""
        run = self.run("aws", *arguments, "--output", "json")
        assert run.status == 0, run.text
        return json.loads(run.out) if run.out.strip() else None


def path_of(folder: Path, quick_aws: Path) -> str:
    """A PATH with the quick ``aws``, a plain ``python3`` and the system's tools."""
    programs = folder / "programs"
    programs.mkdir()
    python = Path(sys.executable).resolve()
    (programs / "python3").symlink_to(python)
    # An environment without any library: what is installed beside that Python is not there on another machine.
    (programs / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n", "utf-8")
    return os.pathsep.join([str(quick_aws), str(programs), "/usr/bin", "/bin"])


@contextlib.contextmanager
def changed(file: Path, old: str, new: str) -> Iterator[None]:
    """A file with one passage replaced. Raises ``AssertionError`` where the passage is not there once."""
    before = file.read_text("utf-8")
    assert before.count(old) == 1, f"{file} has {old!r} {before.count(old)} times, expected once"
    file.write_text(before.replace(old, new), "utf-8")
    try:
        yield
    finally:
        file.write_text(before, "utf-8")
