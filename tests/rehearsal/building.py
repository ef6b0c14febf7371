"""Builds the zips once for all stories, with the tester's own network: inside the account there is none."""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
from pathlib import Path

from tests.rehearsal.harness import PROJECT

#: Functions run on this machine, so their zips are built for it.
ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def cache_folder() -> Path:
    """Where the build keeps the wheels that it has fetched: the tester's own, so that they are fetched once."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute()


def built(shared: Path) -> Path:
    """A folder of zips below ``shared``, which all workers of this test run have in common. Raises ``RuntimeError``."""
    folder = shared / "lambdas"
    with (shared / "lambdas.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "manifest.json").exists():
            done = subprocess.run(
                [
                    *(sys.executable, PROJECT / "scripts" / "build_lambdas.py", "--output", folder),
                    *("--architecture", ARCHITECTURE, "--python-version", PYTHON_VERSION),
                ],
                env={**os.environ, "XDG_CACHE_HOME": str(cache_folder())},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"The zips could not be built:\n{done.stderr}")
    return folder
