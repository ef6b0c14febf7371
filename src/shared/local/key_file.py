"""The key wrapper of a laptop: AES-256-GCM under a key in a file that only its owner can read."""

from __future__ import annotations

import base64
import binascii
import errno
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import ConfigurationError, DecryptionError
from shared.models import DataKey

_HEADER = "chatbot-key-v1:"
_VERSION = b"\x01"
_NONCE_BYTES = 12
_KEY_BYTES = 32
#: What ``os.link`` says on file systems that have no hard links: FAT, some network and container mounts.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})
#: What ``os.fsync`` says of a folder where only files can be synced.
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})
_WRAPPED_BYTES = len(_VERSION) + _NONCE_BYTES + _KEY_BYTES + 16


class KeyFile:
    """Wraps data keys under the key in a file.

    A wrapped key is a version (1 byte), a nonce (12), the encrypted key (32) and a tag (16).
    """

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises ``ConfigurationError`` where it is missing, damaged or readable by others."""
        self._key = _read(path)
        self._aead = AESGCM(self._key)

    @classmethod
    def create(cls, path: Path) -> KeyFile:
        """Makes a new key, unless another process was quicker; a file that stands is never overwritten."""
        text = _HEADER + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode() + "\n"
        try:
            _write_new(path, text)
        except OSError as error:
            raise ConfigurationError(
                f"The key file {path} could not be written ({error.strerror}); make its folder writable."
            ) from None
        return cls(path)

    def fingerprint(self) -> bytes:
        """32 bytes that tell this key from others without giving it away."""
        return hmac.digest(self._key, b"chatbot key fingerprint", hashlib.sha256)

    def new_key(self, context: Mapping[str, str]) -> DataKey:
        plaintext = secrets.token_bytes(_KEY_BYTES)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._aead.encrypt(nonce, plaintext, _associated_data(context))
        return DataKey(plaintext, _VERSION + nonce + sealed)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        if len(wrapped) != _WRAPPED_BYTES or wrapped[:1] != _VERSION:
            raise _refused()
        nonce, sealed = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, sealed, _associated_data(context))
        except InvalidTag:
            raise _refused() from None

    def check(self) -> None:
        """Always usable: the key was read at start."""


def _refused() -> DecryptionError:
    return DecryptionError(
        "The key of this conversation could not be unwrapped: it was changed, or wrapped under another key file."
    )


def _associated_data(context: Mapping[str, str]) -> bytes:
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise ConfigurationError(
            f"The key file {path} is missing, and without it the stored conversations cannot be read. Put it back from "
            "a backup, or move the database away to start anew."
        ) from None
    except (OSError, UnicodeDecodeError):
        raise _damaged(path) from None
    if mode & 0o077:
        raise ConfigurationError(
            f"The key file {path} can be read by others (mode {mode & 0o777:04o}, expected 0600); "
            f"run: chmod 600 '{path}'"
        )
    try:
        key = base64.b64decode(text.removeprefix(_HEADER).strip(), validate=True)
    except binascii.Error:
        raise _damaged(path) from None
    if not text.startswith(_HEADER) or len(key) != _KEY_BYTES:
        raise _damaged(path)
    return key


def _damaged(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"The key file {path} is not a key of this program (expected one line '{_HEADER}' and 44 characters). "
        "Put it back from a backup; nothing was changed."
    )


def _write_new(path: Path, text: str) -> None:
    """Writes the file whole or not at all, mode 0600, and durably; leaves a file that already stands."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".key-")
    try:
        _fill(descriptor, text)
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _write_in_place(path, text)
    finally:
        Path(temporary).unlink()
    _sync_folder(path.parent)


def _write_in_place(path: Path, text: str) -> None:
    """The second best: another process that starts in this moment may find half a key, and refuse it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    try:
        _fill(descriptor, text)
    except OSError:
        path.unlink()
        raise


def _fill(descriptor: int, text: str) -> None:
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Without this a power cut could take the new name away, and the key with it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)
