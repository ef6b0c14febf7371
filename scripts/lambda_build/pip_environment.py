"""A private virtual environment for pip: the user's own Python may have none, or one that may not be used."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from lambda_build.errors import BuildError


def python(folder: Path) -> str:
    """The interpreter of the environment in ``folder``, which is made where it is not there or damaged.

    Raises ``BuildError`` where this Python cannot make any, ``OSError`` where the folder cannot be written.
    """
    interpreter = folder / "bin" / "python"
    if not _has_pip(interpreter):
        try:
            venv.create(folder, clear=True, with_pip=True)
        except subprocess.CalledProcessError:
            raise BuildError(
                f"{sys.executable} cannot make virtual environments with pip.",
                "Install what is missing (on Debian or Ubuntu: sudo apt install python3-venv), then try again.",
            ) from None
    return str(interpreter)


def _has_pip(interpreter: Path) -> bool:
    if not interpreter.exists():
        return False
    check = (str(interpreter), "-c", "import pip")
    return subprocess.run(check, capture_output=True, check=False).returncode == 0
