"""Starts the server, and makes the ``aws`` that stands on the PATH."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).parent
ENVIRONMENT = _HERE.parents[2] / ".venv-cli" / "bin"


@contextmanager
def quick_aws(folder: Path) -> Iterator[Path]:
    """A new ``folder`` to put first on the PATH, with the one program ``aws``; the server ends with the context.

    Raises ``RuntimeError`` where the CLI's environment is missing or the server does not start.
    """
    python = ENVIRONMENT / "python"
    if not python.exists():
        raise RuntimeError(f"The AWS CLI's environment is missing ({python}). Run `make rehearse`, which makes it.")
    # The address of a Unix socket has room for a hundred characters; pytest's folders need more.
    with tempfile.TemporaryDirectory(prefix="aws-") as short:
        socket = Path(short, "socket")
        command = [python, _HERE / "server.py", socket]
        environ = {"PATH": "/usr/bin:/bin", "HOME": short, "LC_ALL": "C.UTF-8"}
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, text=True) as server:
            assert server.stdout
            if server.stdout.readline().strip() != "ready":
                raise RuntimeError("The AWS CLI could not be started; see its error above.")
            folder.mkdir()
            # By its real name: the client needs nothing of the environment, and to find that is a fifth of its start.
            client = [str(python.resolve()), "-I", "-S", str(_HERE / "client.py"), str(socket)]
            _write_program(folder / "aws", client)
            yield folder
            server.communicate()  # closes its standard input, which ends it


def _write_program(file: Path, command: list[str]) -> None:
    file.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', "utf-8")
    file.chmod(0o755)
