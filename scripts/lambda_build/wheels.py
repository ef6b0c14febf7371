"""The libraries of a function as wheels of its platform: from a folder that keeps them, else from the package index.

No Docker and no compiler: wheels of another platform are only unpacked. What is kept is checked against the locked
hashes each time, so that a build that finds everything there needs no network, and no pip.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lambda_build import pip_environment
from lambda_build.errors import BuildError
from lambda_build.requirement_file import Requirement

#: Lambda's name of an architecture and the package index's.
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
#: The C libraries that the runtimes can load wheels of; the first is looked for first.
_C_LIBRARIES = ("manylinux2014", "manylinux_2_28")

_NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|Temporary failure|Failed to establish|ConnectTimeout|ReadTimeout"
    r"|Connection(?:Reset|Refused|Aborted)?Error|ProxyError|SSLError|Network is unreachable|Could not fetch URL",
)
_NOT_THERE = re.compile(r"No matching distribution found for ([^\s(]+)")
_OTHER_HASH = re.compile(r"DO NOT MATCH THE HASHES.*?\n\s+(\S+) from", re.DOTALL)
_DISK_FULL = re.compile(r"No space left on device|Errno 28")


@dataclass(frozen=True, slots=True)
class Platform:
    """What a function runs on: ``arm64`` or ``x86_64``, and the minor version of Python, as ``3.13``."""

    architecture: str
    python: str

    def __str__(self) -> str:
        return f"{self.architecture} and Python {self.python}"

    @property
    def options(self) -> tuple[str, ...]:
        """As pip wants to be told of it."""
        machine = MACHINES[self.architecture]
        tags = [word for library in _C_LIBRARIES for word in ("--platform", f"{library}_{machine}")]
        return (*tags, "--python-version", self.python, "--implementation", "cp")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel on this disk, and its SHA-256."""

    path: Path
    digest: str
    requirement: Requirement


class Wheels:
    """The wheels of one platform, kept in a folder of their own under ``cache``."""

    def __init__(self, cache: Path, environment: Path, platform: Platform) -> None:
        """``environment``: where pip's private environment is made, if it is needed."""
        self._folder = cache / f"{platform.architecture}-{platform.python}"
        self._environment = environment
        self._platform = platform

    def get(self, requirements: Sequence[Requirement]) -> tuple[Wheel, ...]:
        """One wheel for each. Raises ``BuildError``, ``OSError``."""
        found = {requirement: self._kept(requirement) for requirement in requirements}
        missing = [requirement for requirement, wheel in found.items() if wheel is None]
        if missing:
            self._fetch(missing)
            found |= {requirement: self._kept(requirement) for requirement in missing}
        lost = [requirement.name for requirement, wheel in found.items() if wheel is None]
        if lost:
            raise BuildError(f"No wheel of {', '.join(lost)} is in {self._folder}.", "Remove that folder; try again.")
        return tuple(wheel for wheel in found.values() if wheel)

    def _kept(self, requirement: Requirement) -> Wheel | None:
        for path in sorted(self._folder.glob("*.whl")):
            if path.name.lower().startswith(requirement.wheel_prefix):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                if digest in requirement.digests:
                    return Wheel(path, digest, requirement)
        return None

    def _fetch(self, missing: Sequence[Requirement]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        python = pip_environment.python(self._environment)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".fetching-") as name:
            folder = Path(name)
            wanted = folder / "requirements.txt"
            wanted.write_text("\n".join(requirement.text for requirement in missing), encoding="utf-8")
            command = (python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input")
            rules = ("--no-deps", "--require-hashes", "--only-binary=:all:", *self._platform.options)
            result = subprocess.run(
                (*command, *rules, "--dest", name, "--requirement", str(wanted)),
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
            if result.returncode:
                raise _explained(result.stderr, self._platform)
            for wheel in folder.glob("*.whl"):
                wheel.replace(self._folder / wheel.name)


def _explained(said: str, platform: Platform) -> BuildError:
    """What pip's error text comes to."""
    if _DISK_FULL.search(said):
        return BuildError("The disk is full.", "Make room, and run the same command again.")
    if found := _OTHER_HASH.search(said):
        return BuildError(
            f"{found[1]} is not the file that infra/lambdas locked: its hash differs.",
            "Do not use it; check the package index that pip is set to, and your network, then try again.",
        )
    if _NO_NETWORK.search(said):
        return BuildError(
            "The package index cannot be reached.",
            "Check the network (and HTTPS_PROXY, PIP_INDEX_URL), and run the same command again: it goes on.",
        )
    if found := _NOT_THERE.search(said):
        return BuildError(
            f"There is no wheel of {found[1]} for {platform}.",
            "Choose another --python-version or --architecture, or another version of it (pyproject.toml, make lock).",
        )
    last = [line for line in said.splitlines() if line.startswith("ERROR")][-1:] or said.splitlines()[-1:]
    return BuildError(f"pip could not fetch the libraries: {' '.join(last) or 'it gave no reason'}.", "Try again.")
