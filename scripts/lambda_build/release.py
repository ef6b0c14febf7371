"""The zips of all functions in a folder, with the manifest that names them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lambda_build import contents, requirement_file
from lambda_build.archive import File, pack
from lambda_build.bytecode import Interpreter
from lambda_build.errors import BuildError
from lambda_build.functions import Function
from lambda_build.modules import Source
from lambda_build.sbom import bill_of_materials
from lambda_build.wheels import Platform, Wheel, Wheels

_MANIFEST = "manifest.json"
_VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Built:
    """A zip that is there now.

    ``inputs`` stands for all it was made from. ``bytecode`` is the Python that made that, none where there is none.
    ``new`` says whether the zip was made now.
    """

    name: str
    path: Path
    digest: str
    bytes: int
    inputs: str
    bytecode: str | None
    new: bool


class Release:
    """Builds into ``output``. ``python`` makes the bytecode; without it there is none."""

    def __init__(
        self, root: Path, output: Path, wheels: Wheels, platform: Platform, python: Interpreter | None
    ) -> None:
        self._root = root
        self._output = output
        self._wheels = wheels
        self._platform = platform
        self._python = python

    def build(self, functions: Sequence[Function]) -> list[Built]:
        """All or nothing of the manifest; a zip is either whole or not there.

        Raises ``BuildError``, ``OSError``.
        """
        self._output.mkdir(parents=True, exist_ok=True)
        before = self._before()
        # One after the other: together they would fetch the same wheels.
        wheels = {function.name: self._wheels_of(function) for function in functions}
        # These, too: together they would parse the same modules.
        source = Source(self._root / "src")
        own = {function.name: contents.own_files(source, function) for function in functions}
        with ThreadPoolExecutor(len(functions)) as pool:
            jobs = [
                pool.submit(
                    self._one, function, own[function.name], wheels[function.name], before.get(function.name, {})
                )
                for function in functions
            ]
            built = [job.result() for job in jobs]
        self._write(_MANIFEST, json.dumps({one.name: self._entry(one) for one in built}, indent=2).encode() + b"\n")
        return built

    def _wheels_of(self, function: Function) -> tuple[Wheel, ...]:
        lock = self._root / "infra" / "lambdas" / f"{function.name}.txt"
        locked = requirement_file.read(lock)
        if gone := function.unneeded - {requirement.name for requirement in locked}:
            raise BuildError(f"{lock} has no {', '.join(gone)}.", "Take it out of scripts/lambda_build/functions.py.")
        return self._wheels.get([requirement for requirement in locked if requirement.name not in function.unneeded])

    def _one(
        self, function: Function, own: dict[str, File], wheels: Sequence[Wheel], before: Mapping[str, Any]
    ) -> Built:
        inputs = self._inputs(own, wheels)
        path = self._output / f"{function.name}.zip"
        bill = self._output / f"{function.name}.cdx.json"
        if before.get("inputs") == inputs and bill.exists() and path.exists():
            data = path.read_bytes()
            if (digest := hashlib.sha256(data).hexdigest()) == before.get("sha256"):
                return Built(function.name, path, digest, len(data), inputs, before.get("bytecode"), new=False)
        libraries = contents.library_files(wheels, function)
        files = own | libraries
        if self._python:
            files = contents.with_bytecode(own, libraries, self._python)
        data = pack(files)
        self._write(path.name, data)
        self._write(bill.name, bill_of_materials(function.name, self._version(), wheels).encode())
        made_by = self._python.version if self._python else None
        return Built(function.name, path, hashlib.sha256(data).hexdigest(), len(data), inputs, made_by, new=True)

    def _inputs(self, own: Mapping[str, File], wheels: Sequence[Wheel]) -> str:
        """A digest of everything that the zip is made from: source, libraries, and what makes it."""
        digest = hashlib.sha256()
        for name in (str(self._platform), "bytecode" if self._python else "source", self._version()):
            digest.update(f"{name}\n".encode())
        for code in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(hashlib.sha256(code.read_bytes()).digest())
        for wheel in sorted(wheels, key=lambda wheel: wheel.digest):
            digest.update(bytes.fromhex(wheel.digest))
        for path in sorted(own):
            digest.update(path.encode() + b"\0" + hashlib.sha256(own[path].data).digest())
        return digest.hexdigest()

    def _entry(self, built: Built) -> dict[str, Any]:
        return {
            "file": built.path.name,
            "sha256": built.digest,
            "bytes": built.bytes,
            "architecture": self._platform.architecture,
            "python": self._platform.python,
            "bytecode": built.bytecode,
            "inputs": built.inputs,
        }

    def _before(self) -> dict[str, dict[str, Any]]:
        """The manifest of the last build; empty where it cannot be used."""
        try:
            found = json.loads((self._output / _MANIFEST).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        entries = found.items() if isinstance(found, dict) else ()
        return {name: entry for name, entry in entries if isinstance(entry, dict)}

    def _version(self) -> str:
        path = self._root / "src" / "chatbot" / "__init__.py"
        if found := _VERSION.search(path.read_text(encoding="utf-8")):
            return found[1]
        raise BuildError(f"{path} has no __version__.", "Give it one.")

    def _write(self, name: str, data: bytes) -> None:
        with _whole(self._output / name) as temporary:
            temporary.write_bytes(data)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A place to write to, which takes the name ``path`` once all is written, and is gone otherwise."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
