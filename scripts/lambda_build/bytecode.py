"""Bytecode in the zips: without it a function compiles all that it imports at every cold start, which doubles it.

It has to be made by the runtime's minor version of Python. Where this machine has none, there is none in the zips.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lambda_build.errors import BuildError

_COMPILER = Path(__file__).with_name("compile_bytecode.py")
#: Where functions find their code; tracebacks name it.
TASK_ROOT = "/var/task/"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python on this machine, and its whole version, as ``3.13.2``."""

    path: str
    version: str


def interpreter(version: str) -> Interpreter | None:
    """A released CPython of this minor version on this machine, or none."""
    question = "import platform, sys; print(sys.implementation.cache_tag, platform.python_version())"
    for candidate in _candidates(version):
        try:
            answer = subprocess.run(
                (candidate, "-I", "-c", question), capture_output=True, text=True, check=False, timeout=30
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        tag, _, exact = answer.stdout.strip().partition(" ")
        # Not one before its release, whose bytecode may differ.
        if tag == f"cpython-{version.replace('.', '')}" and exact.rpartition(".")[2].isdecimal():
            return Interpreter(candidate, exact)
    return None


def _candidates(version: str) -> Iterator[str]:
    if f"{sys.version_info.major}.{sys.version_info.minor}" == version:
        yield sys.executable
    name = f"python{version}"
    for folder in os.get_exec_path():
        if found := shutil.which(name, path=folder):
            yield found
    # Where pyenv and uv keep those that are not on the path.
    for pattern in (f".pyenv/versions/{version}.*/bin/{name}", f".local/share/uv/python/cpython-{version}*/bin/{name}"):
        yield from sorted(str(path) for path in Path.home().glob(pattern))


def compiled(python: Interpreter, sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """The ``.pyc`` of these sources, by their paths; those that cannot be compiled are left out.

    Raises ``BuildError``.
    """
    encoded = {TASK_ROOT + path: base64.b64encode(source).decode() for path, source in sources.items()}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run(
        (python.path, "-S", "-s", "-X", "no_debug_ranges", "-W", "ignore", str(_COMPILER)),
        input=json.dumps(encoded).encode(),
        capture_output=True,
        env=plain | {"PYTHONHASHSEED": "0"},
        check=False,
    )
    if result.returncode:
        raise BuildError(f"{python.path} could not compile the functions.", "Build without it: add --source-only.")
    answer: dict[str, str] = json.loads(result.stdout)
    return {path.removeprefix(TASK_ROOT): base64.b64decode(text) for path, text in answer.items()}
