"""Bytes on their way into a folder, in a file that nobody takes for one of its own."""

from __future__ import annotations

import errno
import os
import time
import uuid
from contextlib import suppress

from shared.errors import InvalidRequest, TooLarge
from shared.local.folder import Folder

_UPLOADS = ".uploads"
#: What a crash left behind is removed after this many seconds.
_STALE_AFTER = 86_400
_IN_THE_WAY = frozenset({errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY})


class Upload:
    """One upload. ``InvalidRequest`` is raised for what was sent, ``StoreError`` and ``StoreFull`` for the folder."""

    def __init__(self, folder: Folder, max_bytes: int) -> None:
        """``max_bytes`` is the largest size that is taken."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._size = 0
        self._path = folder.path / _UPLOADS / uuid.uuid4().hex
        try:
            self._path.parent.mkdir(exist_ok=True, mode=0o700)
            self._file = self._path.open("xb")
        except OSError as error:
            raise folder.translated(error) from None

    def write(self, piece: bytes) -> None:
        """Takes the next bytes."""
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise TooLarge(
                f"More bytes arrived than the {self._max_bytes} that are taken here; announce the file with its size.",
                field="size",
            )
        try:
            self._file.write(piece)
        except OSError as error:
            raise self._folder.translated(error) from None

    def finish(self, name: str, expected_size: int | None) -> None:
        """Gives the bytes their name, durably and in one step; what stood there is replaced."""
        if expected_size is not None and self._size != expected_size:
            raise InvalidRequest(
                f"The upload broke off: {self._size} of {expected_size} bytes arrived. Send the file again.",
                field="size",
            )
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            with self._folder.place(name, make=True) as place:
                os.replace(self._path, place.name, dst_dir_fd=place.folder)
                place.sync()
        except OSError as error:
            if error.errno in _IN_THE_WAY:
                raise _in_the_way() from None
            raise self._folder.translated(error) from None

    def close(self) -> None:
        """Frees the file, and removes it where it was not given a name."""
        with suppress(OSError):  # what could not be written before cannot be now
            self._file.close()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def remove_stale_uploads(folder: Folder) -> None:
    """Removes what a crash left behind; uploads that still go on, in another process too, are younger."""
    with suppress(OSError):
        for path in (folder.path / _UPLOADS).iterdir():
            if path.stat().st_mtime < time.time() - _STALE_AFTER:
                path.unlink()


def _in_the_way() -> InvalidRequest:
    return InvalidRequest(
        "A folder, a link or another spelling of its name stands where this file would, or a file where its folder "
        "would; choose another name, or move away what stands there.",
        field="filename",
    )
