"""What every place of documents' files does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from shared.aws.s3_files import S3Files
from shared.document_keys import storage_name
from shared.document_ports import DocumentFiles
from shared.errors import NotFound
from shared.local.folder_files import FolderFiles
from shared.models import OWNER
from tests.emulator.emulator import REGION
from tests.fake_documents import MemoryFiles

KEYS = ["a.txt", "year/Übung 7.txt", "😀.md"]


@dataclass(frozen=True, slots=True)
class Place:
    """Files to be tested, and how bytes come to them."""

    files: DocumentFiles
    write: Callable[[str, str, bytes], object]


@pytest.fixture(params=["folder", "s3", "fake"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An empty place of each kind."""
    if request.param == "folder":
        folder = FolderFiles(tmp_path / "documents", 1000)
        yield Place(folder, lambda user_id, key, found: folder.receive(user_id, key, [found]))
    elif request.param == "s3":
        with mock_aws(), closing(boto3.client("s3", REGION)) as client:
            client.create_bucket(Bucket="documents")
            yield Place(
                S3Files(client, "documents", 1000),
                lambda user_id, key, found: client.put_object(
                    Bucket="documents", Key=storage_name(user_id, key), Body=found
                ),
            )
    else:
        fake = MemoryFiles()
        yield Place(fake, lambda user_id, key, found: fake.write(key, found.decode(), user_id))


@pytest.mark.parametrize("user_id", [OWNER, "you"])
@pytest.mark.parametrize("key", KEYS)
def test_a_file_is_told_listed_fetched_and_deleted(place: Place, user_id: str, key: str) -> None:
    assert place.files.stat(user_id, key) is None
    place.write(user_id, key, b"text")
    found = place.files.stat(user_id, key)
    assert found is not None
    assert (found.user_id, found.key, found.size) == (user_id, key, 4)
    assert [*place.files.list()] == [found]
    with place.files.fetch(user_id, key) as local:
        assert local.path.read_bytes() == b"text"
        assert local.version == found
    place.files.delete(user_id, key)
    assert place.files.stat(user_id, key) is None
    assert [*place.files.list()] == []


def test_other_bytes_have_another_version(place: Place) -> None:
    place.write(OWNER, "a.txt", b"old")
    before = place.files.stat(OWNER, "a.txt")
    place.write(OWNER, "a.txt", b"new")
    assert place.files.stat(OWNER, "a.txt") != before


def test_what_is_not_there_cannot_be_fetched_and_may_be_deleted(place: Place) -> None:
    with pytest.raises(NotFound), place.files.fetch(OWNER, "a.txt"):
        pass
    place.files.delete(OWNER, "a.txt")


def test_users_do_not_see_each_others_files(place: Place) -> None:
    place.write("you", "a.txt", b"yours")
    assert place.files.stat(OWNER, "a.txt") is None
    place.files.delete(OWNER, "a.txt")
    assert place.files.stat("you", "a.txt") is not None


def test_an_upload_is_told_where_to_go(place: Place) -> None:
    target = place.files.upload_target(OWNER, "a.txt", 4, "text/plain")
    assert target.method == "PUT"
    assert target.url


@pytest.mark.parametrize("key", KEYS)
def test_a_download_is_told_where_to_come_from(place: Place, key: str) -> None:
    place.write(OWNER, key, b"mine")
    mine, yours = place.files.download_target(OWNER, key), place.files.download_target("you", key)
    assert mine.url != yours.url
    # A browser sends no header of its own with a click.
    assert mine.headers == {}
