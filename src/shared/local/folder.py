"""Names below a folder, reached step by step without following links, so that none leads out of it."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Collection, Iterator, Sequence
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
    """A folder on this machine. A name is found in either of Unicode's forms: file systems differ in what they keep.

    It is found in no other spelling, even where the file system takes ``Report.pdf`` and ``report.pdf`` for one.
    """

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

        Raises ``OSError`` for what is on the way; where that is another spelling of a name, ``FileExistsError`` with
        ``make``, ``FileNotFoundError`` without. ``StoreError`` where the folder itself is not there: not everything
        in it is meant to be gone then.
        """
        *parents, last = name.split("/")
        with self._opened(parents, make=make) as (folder, path):
            found = self._name_in(folder, last, make=make)
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
                name = self._name_in(folder, part, make=make)
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=folder)
                deeper = os.open(name, _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                path, folder = path / name, deeper
            yield folder, path
        finally:
            os.close(folder)

    def _name_in(self, folder: int, name: str, *, make: bool) -> str:
        """The name as the open folder has it, whichever of Unicode's forms that is."""
        # Only where case is ignored does the opposite case stand there too; elsewhere the folder need not be read.
        if name.isascii() and not self._stands(folder, name.swapcase()):
            return name
        stands = self._stands(folder, name)
        found = as_listed(name, os.listdir(folder))
        if stands and found is None:
            code = errno.EEXIST if make else errno.ENOENT
            raise OSError(code, os.strerror(code))
        return found or name

    def _stands(self, folder: int, name: str) -> bool:
        """Whether the file system finds the name."""
        try:
            os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True


def as_listed(name: str, names: Collection[str]) -> str | None:
    """The name as it is among those of its folder, in either of Unicode's forms; ``None`` in another spelling."""
    if name in names:
        return name
    return next((found for found in names if unicodedata.normalize("NFC", found) == name), None)
