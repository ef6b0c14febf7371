"""The key of a laptop: made once, readable by its owner alone, never overwritten."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from shared.errors import ConfigurationError, DecryptionError
from shared.local.key_file import KeyFile

CONTEXT = {"user_id": "owner", "conversation_id": "trip"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chatbot.key"


def test_a_wrapped_key_unwraps_with_the_same_file_and_context(path: Path) -> None:
    key = KeyFile.create(path).new_key(CONTEXT)
    assert KeyFile(path).unwrap(key.wrapped, CONTEXT) == key.plaintext
    assert len(key.plaintext) == 32
    assert key.plaintext not in key.wrapped


@pytest.mark.parametrize("context", [{"user_id": "owner"}, {**CONTEXT, "user_id": "mallory"}, {}])
def test_another_context_is_refused(path: Path, context: dict[str, str]) -> None:
    wrapper = KeyFile.create(path)
    with pytest.raises(DecryptionError):
        wrapper.unwrap(wrapper.new_key(CONTEXT).wrapped, context)


def test_every_changed_byte_and_length_of_a_wrapped_key_is_refused(path: Path) -> None:
    wrapper = KeyFile.create(path)
    wrapped = wrapper.new_key(CONTEXT).wrapped
    damaged = [wrapped[:i] + bytes([wrapped[i] ^ 1]) + wrapped[i + 1 :] for i in range(len(wrapped))]
    damaged += [wrapped[:i] for i in range(len(wrapped))] + [wrapped + b"\0"]
    for candidate in damaged:
        with pytest.raises(DecryptionError):
            wrapper.unwrap(candidate, CONTEXT)


def test_another_file_does_not_unwrap(path: Path, tmp_path: Path) -> None:
    key = KeyFile.create(path).new_key(CONTEXT)
    with pytest.raises(DecryptionError):
        KeyFile.create(tmp_path / "another").unwrap(key.wrapped, CONTEXT)


def test_the_file_is_readable_by_its_owner_alone(path: Path) -> None:
    KeyFile.create(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_creating_again_keeps_the_key(path: Path) -> None:
    first = KeyFile.create(path).fingerprint()
    assert KeyFile.create(path).fingerprint() == first


def test_creating_at_once_from_many_threads_gives_one_key(path: Path) -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(KeyFile.create(path).fingerprint())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_the_fingerprint_is_not_the_key(path: Path) -> None:
    assert KeyFile.create(path).fingerprint() not in path.read_bytes()


def test_a_missing_file_is_said_to_be_missing(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"is missing.*backup"):
        KeyFile(path)
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"junk", b"chatbot-key-v1:", b"chatbot-key-v1:AAAA", b"\xff\xfe", b"chatbot-key-v1:!!!!" * 4]
)
def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="not a key of this program"):
        KeyFile(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o777])
def test_a_file_that_others_can_read_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    KeyFile.create(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        KeyFile(path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises((ConfigurationError, FileNotFoundError), match="key"):
        KeyFile.create(tmp_path / "missing" / "key")


def no_links(code: int) -> object:
    """``os.link`` of a file system that has none."""

    def link(source: object, target: object) -> None:
        raise OSError(code, os.strerror(code))

    return link


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_hard_links_will_do(path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    monkeypatch.setattr(os, "link", no_links(code))
    first = KeyFile.create(path).fingerprint()
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyFile.create(path).fingerprint() == first
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_another_failure_of_the_link_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links(errno.EIO))
    with pytest.raises(ConfigurationError, match="could not be written"):
        KeyFile.create(path)
    assert [*path.parent.iterdir()] == []


def test_without_hard_links_half_a_key_does_not_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links(errno.EPERM))
    synced = os.fsync

    def fsync(descriptor: int) -> None:
        if path.exists():
            raise OSError(errno.ENOSPC, "no space")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ConfigurationError, match="could not be written"):
        KeyFile.create(path)
    assert [*path.parent.iterdir()] == []


@pytest.mark.parametrize("links", [True, False])
def test_a_new_key_survives_a_power_cut(path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links(errno.EPERM))
    synced: list[tuple[bool, bool]] = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), path.exists()))
    )
    KeyFile.create(path)
    assert synced[-1] == (True, True)


def test_a_file_system_that_cannot_sync_folders_will_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not for folders")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert KeyFile.create(path).fingerprint() == KeyFile(path).fingerprint()
