"""Builds of the functions' zips for the tests, and a Python that has nothing but them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NAMES = ("chat", "ingestion", "retrieval")
#: What can run here: the architecture of this machine and the version of this Python.
HERE = (
    *("--architecture", "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"),
    *("--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"),
)
_PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True, slots=True)
class Release:
    """A folder of zips."""

    folder: Path

    @property
    def manifest(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = json.loads((self.folder / "manifest.json").read_bytes())
        return found

    @property
    def digests(self) -> dict[str, str]:
        return {name: entry["sha256"] for name, entry in self.manifest.items()}

    def bill(self, name: str) -> dict[str, Any]:
        """The bill of materials of a function."""
        found: dict[str, Any] = json.loads((self.folder / f"{name}.cdx.json").read_bytes())
        return found

    def names(self, name: str) -> list[str]:
        """The paths of the files in a function's zip, in their order."""
        with zipfile.ZipFile(self.folder / f"{name}.zip") as archive:
            return archive.namelist()


def run_build(
    output: Path, *options: str, root: Path = ROOT, python: str = sys.executable, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Builds as the script does, with these variables added to the environment's."""
    return subprocess.run(
        (python, str(root / "scripts" / "build_lambdas.py"), "--output", str(output), *options),
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )


def built(output: Path, *options: str, root: Path = ROOT, python: str = sys.executable, **environment: str) -> Release:
    """As ``run_build``, which has to succeed."""
    result = run_build(output, *options, root=root, python=python, **environment)
    assert result.returncode == 0, result.stderr
    return Release(output)


def unpack(release: Release, folder: Path) -> None:
    """Each zip into a folder of its function's name, with the modes in it, as Lambda does."""
    for name in NAMES:
        with zipfile.ZipFile(release.folder / f"{name}.zip") as archive:
            archive.extractall(folder / name)
            for info in archive.infolist():
                (folder / name / info.filename).chmod(info.external_attr >> 16 & 0o777)


def bare_python(folder: Path) -> Path:
    """An interpreter without any library, pip included."""
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def probe(python: Path, code: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs probe.py in an environment that has nothing but the code in this folder."""
    return subprocess.run(
        (str(python), str(_PROBE), *arguments),
        capture_output=True,
        text=True,
        env=bare_environment(code),
        cwd=code,
        check=False,
    )


def bare_environment(code: Path) -> Mapping[str, str]:
    """What a function finds in its environment, of what matters to Python."""
    return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(code), "LAMBDA_TASK_ROOT": str(code), "LANG": "en_US.UTF-8"}
