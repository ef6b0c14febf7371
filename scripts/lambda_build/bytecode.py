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
from pathlib import Path

from lambda_build.errors import BuildError

_COMPILER = Path(__file__).with_name("compile_bytecode.py")
#: Where functions find their code; tracebacks name it.
TASK_ROOT = "/var/task/"


def interpreter(version: str) -> str | None:
    """A released CPython of this minor version on this machine, or none."""
    wanted = f"cpython-{version.replace('.', '')} final"
    question = "import sys; print(sys.implementation.cache_tag, sys.version_info.releaselevel)"
    for candidate in _candidates(version):
        try:
            answer = subprocess.run(  # noqa: S603 - interpreters that the user has installed
                (candidate, "-I", "-c", question), capture_output=True, text=True, check=False, timeout=30
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if answer.stdout.strip() == wanted:
            return candidate
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


def compiled(python: str, sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """The ``.pyc`` of these sources, by their paths; those that cannot be compiled are left out.

    Raises ``BuildError``.
    """
    encoded = {TASK_ROOT + path: base64.b64encode(source).decode() for path, source in sources.items()}
    result = subprocess.run(  # noqa: S603 - found by interpreter()
        (python, "-S", "-s", "-X", "no_debug_ranges", "-W", "ignore", str(_COMPILER)),
        input=json.dumps(encoded).encode(),
        capture_output=True,
        env={"PYTHONHASHSEED": "0", "PATH": os.defpath},
        check=False,
    )
    if result.returncode:
        raise BuildError(f"{python} could not compile the functions.", "Build without it: add --source-only.")
    answer: dict[str, str] = json.loads(result.stdout)
    return {path.removeprefix(TASK_ROOT): base64.b64decode(text) for path, text in answer.items()}
