"""Names below a folder, reached step by step without following links, so that none leads out of it."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.errors import StoreError, StoreFull

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: What ``os.fsync`` says of a folder where only files can be synced.
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Place:
    """A name in an open folder. ``folder`` is its descriptor, ``path`` where the name stands."""

    folder: int
    name: str
    path: Path

    def stat(self) -> os.stat_result:
        """Of the name itself, be it a link. Raises ``OSError``."""
        return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)

    def sync(self) -> None:
        """Brings the folder to the disk: without this a power cut could take a change of its names back."""
        try:
            os.fsync(self.folder)
        except OSError as error:
            if error.errno not in _NO_FOLDER_SYNC:
                raise


class Folder:
    """A folder on this machine. A name is found in either of Unicode's forms: file systems differ in what they keep."""

    def __init__(self, path: Path) -> None:
        """Makes the folder, for its owner only, where it is not there. Raises ``StoreError``, ``StoreFull``."""
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path = path.resolve(strict=True)
        except OSError as error:
            self.path = path
            raise self.translated(error) from None

    @contextmanager
    def place(self, name: str, *, make: bool = False) -> Iterator[Place]:
        """Where the relative path stands, or would. ``make`` makes the folders on the way.

        Raises ``OSError`` for what is on the way, ``StoreError`` where the folder itself is not there: not everything
        in it is meant to be gone then.
        """
        *parents, last = name.split("/")
        with self._opened(parents, make=make) as (folder, path):
            found = _name_in(folder, last)
            yield Place(folder, found, path / found)

    def entries(self) -> list[os.DirEntry[str]]:
        """What stands in the folder. Raises ``StoreError``."""
        try:
            return [*os.scandir(self.path)]
        except OSError as error:
            raise self.translated(error) from None

    def translated(self, error: OSError) -> StoreError:
        """The error as the ports know it."""
        if error.errno in _FULL:
            return StoreFull(
                f"The folder {self.path} takes no more: the disk, or this user's share of it, is full. Free some space "
                "and try again."
            )
        return StoreError(
            f"The folder {self.path} failed ({error.strerror}). Check that it is there, and that its files may be read "
            "and written."
        )

    @contextmanager
    def _opened(self, parts: Sequence[str], *, make: bool) -> Iterator[tuple[int, Path]]:
        path = self.path
        try:
            folder = os.open(path, _OPEN_FOLDER)
        except OSError as error:
            raise self.translated(error) from None
        try:
            for part in parts:
                name = _name_in(folder, part)
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=folder)
                deeper = os.open(name, _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                path, folder = path / name, deeper
            yield folder, path
        finally:
            os.close(folder)


def _name_in(folder: int, name: str) -> str:
    """The name as the open folder has it, whichever of Unicode's forms that is."""
    if name.isascii():
        return name
    names = os.listdir(folder)
    if name in names:
        return name
    return next((found for found in names if unicodedata.normalize("NFC", found) == name), name)
