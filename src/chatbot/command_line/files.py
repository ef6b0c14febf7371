"""Files that hold conversations: readable by their owner only, and whole or not there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from chatbot.command_line.errors import InputError


def refuse_to_overwrite(path: Path, *, force: bool) -> None:
    """Raises ``InputError`` where a file could not be written to ``path``: asked before the work, not after it."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a regular file; name a file to write to.")
    if path.exists() and not force:
        raise InputError(f"{path} exists already; add --force to replace it, or name another file.")
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent}; make it first, or name another file.")


def write_private(path: Path, data: bytes, *, force: bool) -> None:
    """Writes the file whole or not at all, with mode 0600. Raises ``InputError`` where it must not or cannot."""
    # The file behind a symbolic link is what is replaced, not the link.
    path = path.resolve()
    refuse_to_overwrite(path, force=force)
    try:
        _replace(path, data, force=force)
    except FileExistsError:
        raise InputError(f"{path} has just been made by somebody else; add --force to replace it.") from None
    except OSError as error:
        raise InputError(f"{path} could not be written: {error.strerror}.") from error


def _replace(path: Path, data: bytes, *, force: bool) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if force:
            Path(name).replace(path)
        else:
            _link(Path(name), path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()


def _link(source: Path, path: Path) -> None:
    """Gives the file its name without ever replacing another one."""
    try:
        path.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links; the moment between the question and the act is left
        if path.exists():
            raise FileExistsError(path) from None
        source.replace(path)
