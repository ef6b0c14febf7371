"""Locked requirement files, as ``make lock`` writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lambda_build.errors import BuildError

_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One library. ``digests`` are the SHA-256 of all its files that may be taken; ``text`` is what pip reads."""

    name: str
    version: str
    digests: frozenset[str]
    text: str

    @property
    def wheel_prefix(self) -> str:
        """How the names of its wheels begin."""
        return f"{re.sub(r'[-_.]+', '_', self.name).lower()}-{self.version}-"


def read(path: Path) -> tuple[Requirement, ...]:
    """Raises ``BuildError`` where the file is missing or not locked."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BuildError(f"{path} is missing.", "Get it back with: git checkout -- infra/lambdas") from None
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = [_parse(part.strip(), path) for part in lines.replace("\\\n", " ").splitlines() if part.strip()]
    if not found:
        raise BuildError(f"{path} names no library.", "Write it anew with: make lock")
    return tuple(found)


def _parse(line: str, path: Path) -> Requirement:
    pin, digests = _PIN.match(line), frozenset(_HASH.findall(line))
    if not pin or not digests:
        raise BuildError(f"{path} has {line[:60]!r}, without a version or a hash.", "Write it anew with: make lock")
    return Requirement(pin["name"], pin["version"], digests, line)
