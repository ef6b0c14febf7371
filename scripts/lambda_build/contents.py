"""What goes into a function's zip: our modules that it reaches, and what it uses of the libraries."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from lambda_build.archive import File
from lambda_build.bytecode import Interpreter, compiled
from lambda_build.errors import BuildError
from lambda_build.functions import NEVER, Function, files_of, unused
from lambda_build.modules import Source, reached
from lambda_build.wheels import Wheel

#: Parts of a wheel's data folder that are installed beside its modules; scripts and headers are not needed.
_BESIDE_MODULES = ("purelib", "platlib")


def own_files(source: Source, function: Function) -> dict[str, File]:
    """By path in the zip. Raises ``BuildError``, ``OSError``."""
    modules = reached(source, function.entries, NEVER).modules
    paths = {_path_of(source.folder, module) for module in modules} | set(files_of(modules))
    # A mode of our own: that of a checkout depends on the umask.
    return {path: File((source.folder / path).read_bytes(), executable=path.endswith(".sh")) for path in paths}


def library_files(wheels: Iterable[Wheel], function: Function) -> dict[str, File]:
    """By path in the zip. Raises ``BuildError`` where two libraries bring different files of the same path."""
    files: dict[str, File] = {}
    for wheel in wheels:
        for path, data in _unpacked(wheel.path):
            if unused(path, function.services):
                continue
            if files.setdefault(path, File(data)).data != data:
                raise BuildError(f"{wheel.path.name} brings another {path} than a library before it.", "Use one only.")
    return files


def with_bytecode(own: dict[str, File], libraries: dict[str, File], python: Interpreter) -> dict[str, File]:
    """All files, with the bytecode that ``python`` makes.

    Ours stands beside its source, so that the owner can read what runs; that of libraries stands for it, as both
    together would be too large.
    """
    files = own | libraries
    tag = "cpython-" + "".join(python.version.split(".")[:2])
    for path, data in compiled(python, {path: file.data for path, file in files.items() if _is_module(path)}).items():
        place = PurePosixPath(path)
        if path in own:
            files[str(place.parent / "__pycache__" / f"{place.stem}.{tag}.pyc")] = File(data)
        else:
            del files[path]
            files[f"{path}c"] = File(data)
    return files


def _is_module(path: str) -> bool:
    return path.endswith(".py") and ".dist-info/" not in path


def _path_of(source: Path, module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}.py" if (source / f"{path}.py").is_file() else f"{path}/__init__.py"


def _unpacked(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Paths and contents of a wheel's files, as they stand beside each other when it is installed."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for info in archive.infolist():
                path = _installed(info.filename)
                if path and not info.is_dir():
                    yield path, archive.read(info)
    except zipfile.BadZipFile:
        raise BuildError(f"{wheel} is damaged.", "Remove it, and run the same command again.") from None


def _installed(name: str) -> str | None:
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise BuildError(f"A library brings a file named {name!r}.", "Do not use it; check the package index.")
    if not parts[0].endswith(".data"):
        return name
    return "/".join(parts[2:]) if parts[1] in _BESIDE_MODULES else None
