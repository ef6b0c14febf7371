"""A person's shell with the scripts in it, and the account that they reach."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.scripts.fake_aws import Account, Rule, write_program

#: Beside ``aws`` and ``python3``, all that the scripts may ask of a machine.
TOOLS = (
    *("awk", "bash", "cat", "cp", "curl", "date", "dirname", "grep", "head", "mkdir", "mktemp", "mv", "paste"),
    *("rm", "sed", "sleep", "sort", "tail", "tr", "env", "sh"),
)

_CHANGES = re.compile(
    r" (create|put|delete|execute|update|schedule|continue|rollback|invoke|package|upload)-?\S*|s3 (cp|sync)|wait "
)
_LONGEST_SECONDS = 60


@dataclass(frozen=True)
class Result:
    """What a script did. ``calls`` are those of the AWS CLI, as text."""

    status: int
    out: str
    err: str
    calls: list[str]
    #: What a change set was given.
    parameters: list[dict[str, Any]]

    @property
    def text(self) -> str:
        return f"{self.out}\n--- errors\n{self.err}\n--- calls\n" + "\n".join(self.calls)

    def called(self, pattern: str) -> bool:
        return any(re.search(pattern, call) for call in self.calls)

    @property
    def changes(self) -> list[str]:
        """The calls that make, change or delete something."""
        return [call for call in self.calls if _CHANGES.search(call)]

    def refused(self, *parts: str, script: str = "deploy.sh") -> None:
        """Asserts that it failed with one sentence that holds all parts, and no traceback."""
        assert self.status == 1, self.text
        last = self.err.rstrip().splitlines()[-1] if self.err.strip() else ""
        assert f"{script}: " in last, self.text  # after a question, where it asked one
        for part in parts:
            assert part in last, f"{part!r} is not in {last!r}"
        assert "Traceback" not in self.err
        assert "no answer to" not in self.err, self.text


@dataclass
class Shell:
    checkout: Path
    tools: Path
    folder: Path
    rules: list[Rule] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.folder / "a home"
        self.programs = self.folder / "programs"
        self.account = self.folder / "account"
        temporary = self.folder / "temporary files"
        for folder in (self.home, self.programs, self.account, temporary):
            folder.mkdir()
        write_program(self.programs / "aws")
        self.environ = {
            "PATH": f"{self.programs}:{self.tools}",
            "HOME": str(self.home),
            "TMPDIR": str(temporary),
            "AWS_REGION": "us-east-1",
        }

    @property
    def config(self) -> Path:
        return self.home / ".config" / "chatbot" / "config.toml"

    def answer(
        self,
        call: str,
        out: str = "",
        *,
        error: str = "",
        status: int | None = None,
        times: int = 0,
        after: str = "",
        interrupt: bool = False,
    ) -> None:
        """From now on the account answers so; before what was said earlier."""
        code = status if status is not None else (254 if error else 0)
        complaint = f"\n{error}\n" if error else ""
        self.rules.insert(0, Rule(call, out, complaint, code, times=times, after=after, interrupt=interrupt))

    def fails(self, call: str, code: str, message: str = "said the service", **options: Any) -> None:
        """From now on the call fails as the service would have it fail."""
        operation = "".join(word.capitalize() for word in call.rsplit(" ", 1)[-1].split("-"))
        error = f"An error occurred ({code}) when calling the {operation} operation: {message}"
        self.answer(call, error=error, **options)

    def reached(self) -> Account:
        """The account, which answers ``aws`` while this context lasts, in an environment with what it says."""
        return Account(self.rules, self.account)

    def run(self, script: str, *words: str, typed: str | None = None) -> Result:
        """``scripts/<script>`` from another folder. ``typed`` is typed at its terminal; without it there is none."""
        terminal = pty.openpty() if typed is not None else None
        if terminal:
            os.write(terminal[0], typed.encode() if typed else b"")
        with self.reached() as account:
            done = subprocess.run(
                [str(self.checkout / "scripts" / script), *words],
                cwd=self.folder,
                env=self.environ | account.environ,
                stdin=terminal[1] if terminal else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LONGEST_SECONDS,
                check=False,
                start_new_session=True,
            )
        for end in terminal or ():
            os.close(end)
        assert not list((self.folder / "temporary files").iterdir()), "temporary files are left"
        given = self.account / "parameters.json"
        parameters = json.loads(given.read_text("utf-8")) if given.exists() else []
        return Result(done.returncode, done.stdout, done.stderr, account.calls, parameters)
