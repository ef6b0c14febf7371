"""Stands in for the ``aws`` program: answers from a list of rules, and notes each call.

``fake_aws.sh`` is the program, and asks here what to answer. The first rule that fits answers: ``call`` is a regular
expression for the words of the call; ``after`` one that an earlier call must have fitted; ``times`` how often the rule
answers at all. ``out``, ``error`` and ``status`` are what the program gives; ``interrupt`` presses Ctrl-C first.
"""

from __future__ import annotations

import re
import shutil
import socketserver
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import islice
from pathlib import Path
from typing import Self

#: Files that a script hands over and removes at its end.
_KEPT = ("parameters.json", "batch.json")
#: Would win over a profile.
_OTHER_CREDENTIALS = re.compile("AWS_(ACCESS|SECRET|SESSION|SECURITY|ROLE|WEB_IDENTITY)_.*")
_PROGRAM = Path(__file__).with_suffix(".sh")


@dataclass(frozen=True, slots=True)
class Rule:
    """What the account answers to which calls."""

    call: str
    out: str = ""
    error: str = ""
    status: int = 0
    times: int = 0
    after: str = ""
    interrupt: bool = False

    def fits(self, call: str, earlier: Sequence[str]) -> bool:
        if not re.search(self.call, call, re.DOTALL):
            return False
        if self.after and not any(re.search(self.after, line) for line in earlier):
            return False
        return not self.times or sum(bool(re.search(self.call, line)) for line in earlier) < self.times


def write_program(file: Path) -> None:
    """The ``aws`` that a script finds."""
    file.write_text(f"#!{shutil.which('bash')}\n{_PROGRAM.read_text('utf-8')}", "utf-8")
    file.chmod(0o755)


class Account:
    """Answers the program while the context lasts. ``calls`` are what it was asked; ``kept`` gets copies of files."""

    def __init__(self, rules: Sequence[Rule], kept: Path) -> None:
        self.calls: list[str] = []
        self._rules = rules
        self._kept = kept
        self._lock = threading.Lock()
        account = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                rule = account._answer(*_question(self.rfile))
                status = "interrupt" if rule.interrupt else str(rule.status)
                self.wfile.write("".join(f"{part}\0" for part in (rule.out, rule.error, status)).encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="aws")
        #: What ``aws`` has to find in its environment.
        self.environ = {"FAKE_AWS": str(self._server.server_address[1])}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, profile: str, variables: list[str], words: list[str]) -> Rule:
        call = _call_of(words)
        if "AWS_PROFILE" in variables:
            others = "".join(f" or by {name}" for name in variables if _OTHER_CREDENTIALS.match(name))
            call += f" [as {profile}{others}]"
        for word in words:
            name = word.rpartition("/")[2]
            if word.startswith("file://") and name in _KEPT:
                shutil.copyfile(word.removeprefix("file://"), self._kept / name)
        with self._lock:
            earlier = self.calls[:]
            self.calls.append(call.replace("\n", " "))
        unknown = Rule("", error=f"the fake account has no answer to: aws {call}\n", status=99)
        return next((rule for rule in self._rules if rule.fits(call, earlier)), unknown)


def _question(stream: BufferedIOBase) -> tuple[str, list[str], list[str]]:
    """Profile, names of variables, words."""
    fields = _fields(stream)
    count, profile, variables = (next(fields) for _ in range(3))
    return profile, variables.split(), [*islice(fields, int(count))]


def _fields(stream: BufferedIOBase) -> Iterator[str]:
    """What ends with a NUL each, as soon as it is there."""
    field = bytearray()
    while byte := stream.read(1):
        if byte == b"\0":
            yield field.decode()
            field.clear()
        else:
            field += byte


def _call_of(words: list[str]) -> str:
    """The words of the call, without the options that are the same for all."""
    left = iter(words)
    return " ".join(word for word in left if not (word.startswith("--cli-") and next(left)))
