"""The files of documents on a laptop: a folder that its owner may also change by hand."""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from shared.document_keys import document_id_of, storage_name, user_and_key
from shared.documents import DownloadTarget, FileVersion, LocalFile, UploadTarget
from shared.errors import DocumentRefused, NotFound, TooLarge
from shared.local.folder import Folder
from shared.local.folder_upload import Upload, remove_stale_uploads

_USERS = ".users"
#: What is not there, or is not followed there.
_NOT_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
#: Names that programs give to files which are not meant to stay, or not meant for people.
_PASSING_BEGINNINGS = ("~$", ".")
_PASSING_ENDS = (".part", ".partial", ".crdownload", ".download", ".tmp", "~")
_NOBODYS = frozenset({"thumbs.db", "desktop.ini"})


class FolderFiles:
    """The port ``DocumentFiles`` over a folder. No link within it is followed, so that nothing outside is touched."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Makes the folder. ``max_bytes`` is the largest size of a document. Raises ``StoreError``, ``StoreFull``."""
        self._folder = Folder(folder)
        self._max_bytes = max_bytes
        remove_stale_uploads(self._folder)

    def upload_target(self, user_id: str, key: str, size: int, content_type: str | None) -> UploadTarget:
        """A path of the API; whoever serves it hands the bytes to ``receiving``."""
        headers = {"content-type": content_type or "application/octet-stream"}
        return UploadTarget(f"/documents/{document_id_of(user_id, key)}/content?size={size}", "PUT", headers)

    def download_target(self, user_id: str, key: str) -> DownloadTarget:
        """A path of the API; whoever serves it takes the bytes of ``open_file``."""
        return DownloadTarget(f"/documents/{document_id_of(user_id, key)}/content", {})

    def open_file(self, user_id: str, key: str) -> BinaryIO:
        """As the port says; a link, a pipe or a device is no file."""
        try:
            with self._folder.place(storage_name(user_id, key)) as place:
                if not stat.S_ISREG(place.stat().st_mode):
                    raise _no_file()
                # What stands there now may be another thing already: a link is not followed, nor a pipe waited for.
                flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
                file = os.fdopen(os.open(place.name, flags, dir_fd=place.folder), "rb")
        except OSError as error:
            if error.errno in _NOT_THERE:
                raise _no_file() from None
            raise self._folder.translated(error) from None
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise _no_file()
        return file

    def receive(self, user_id: str, key: str, pieces: Iterable[bytes], expected_size: int | None = None) -> None:
        """Stores the bytes under the key, whole and durably, or nothing. Errors as those of ``receiving``."""
        with self.receiving(user_id, key, expected_size) as write:
            for piece in pieces:
                write(piece)

    @contextmanager
    def receiving(self, user_id: str, key: str, expected_size: int | None = None) -> Iterator[Callable[[bytes], None]]:
        """Takes bytes piece by piece; at the end of the context they are the file, unless it is left by an error.

        Raises ``InvalidRequest`` where there are more or fewer bytes than expected, or something else has the name;
        ``StoreFull``, ``StoreError``.
        """
        if expected_size is not None and expected_size > self._max_bytes:
            raise TooLarge(
                f"The file has {expected_size} bytes, and {self._max_bytes} are taken; split it, or raise "
                "CHATBOT_DOCUMENT_MAX_MB.",
                field="size",
            )
        upload = Upload(self._folder, self._max_bytes if expected_size is None else expected_size)
        try:
            yield upload.write
            upload.finish(storage_name(user_id, key), expected_size)
        finally:
            upload.close()

    def stat(self, user_id: str, key: str) -> FileVersion | None:
        found = self._find(user_id, key)
        return found.version if found else None

    @contextmanager
    def fetch(self, user_id: str, key: str) -> Iterator[LocalFile]:
        """The file itself: whoever reads it checks with ``stat`` afterwards that it is still the same.

        Raises ``NotFound``, and ``DocumentRefused`` for a file that is larger than a document may be.
        """
        found = self._find(user_id, key)
        if found is None:
            raise _no_file()
        if found.version.size > self._max_bytes:
            raise DocumentRefused(
                f"The file is {found.version.size} bytes long, and {self._max_bytes} are allowed; split it, or raise "
                "CHATBOT_DOCUMENT_MAX_MB."
            )
        yield found

    def delete(self, user_id: str, key: str) -> None:
        """As the port says; folders that are empty then go too."""
        name = storage_name(user_id, key)
        try:
            with self._folder.place(name) as place:
                if stat.S_ISREG(place.stat().st_mode):
                    os.unlink(place.name, dir_fd=place.folder)
                    place.sync()
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise self._folder.translated(error) from None
        while name := name.rpartition("/")[0]:
            with suppress(OSError), self._folder.place(name) as place:
                os.rmdir(place.name, dir_fd=place.folder)

    def list(self) -> Iterator[FileVersion]:
        """As the port says: hidden and passing files, links, and what may not be read are left out.

        Raises ``StoreError`` where the folder itself is not there.
        """
        entries = self._folder.entries()
        waiting = [(each, each.name) for each in entries if each.name == _USERS or not _is_passing(each.name)]
        while waiting:
            entry, name = waiting.pop()
            # What is gone by now or may not be read is passed over: before anything is cleared away ``stat`` is asked.
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    with os.scandir(entry) as below:
                        waiting += [(each, f"{name}/{each.name}") for each in below if not _is_passing(each.name)]
                elif found := _listed(entry, name):
                    yield found

    def _find(self, user_id: str, key: str) -> LocalFile | None:
        try:
            with self._folder.place(storage_name(user_id, key)) as place:
                version = _version(user_id, key, place.stat())
                return LocalFile(place.path, version) if version else None
        except OSError as error:
            if error.errno in _NOT_THERE:
                return None
            raise self._folder.translated(error) from None


def _no_file() -> NotFound:
    return NotFound("There is no such file any more; it was deleted.")


def _listed(entry: os.DirEntry[str], name: str) -> FileVersion | None:
    owner = user_and_key(unicodedata.normalize("NFC", name))
    return _version(*owner, entry.stat(follow_symlinks=False)) if owner else None


def _version(user_id: str, key: str, found: os.stat_result) -> FileVersion | None:
    if not stat.S_ISREG(found.st_mode):
        return None
    version = f"{found.st_mtime_ns:x}-{found.st_size:x}-{found.st_ino:x}"
    return FileVersion(user_id, key, version, found.st_size)


def _is_passing(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith(_PASSING_BEGINNINGS) or lowered.endswith(_PASSING_ENDS) or lowered in _NOBODYS
