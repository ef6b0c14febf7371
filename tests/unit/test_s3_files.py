"""Documents in a bucket: with versions and without, names of every kind, downloads that break off, signed uploads."""

from __future__ import annotations

import errno
import io
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

from shared.aws.clients import AwsClients
from shared.aws.s3_files import S3Files
from shared.document_keys import LONGEST_KEY, checked_key, storage_name
from shared.errors import DocumentRefused, NotFound, StoreError, StoreFull
from tests.emulator.emulator import REGION, Emulator, running_emulator
from tests.fakes import PATIENCE

LONGEST = 1 << 20
NAMES = [
    "a.txt",
    "a folder/ünï cödé/😀 & <b> 'q' \"d\".md",
    "100%25 %2f..%00+plus.txt",
    "x" * 240 + "/" + "é" * 120 + "/" + "y" * 240,
    "# ?=;:@[]{}~.txt",
]


@pytest.fixture(params=["plain", "versioned"])
def bucket(request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    """A client of moto's S3 and an empty bucket."""
    with mock_aws(), closing(boto3.client("s3", REGION)) as client:
        client.create_bucket(Bucket="documents")
        if request.param == "versioned":
            client.put_bucket_versioning(Bucket="documents", VersioningConfiguration={"Status": "Enabled"})
        yield client, "documents"


@pytest.fixture
def files(bucket: tuple[Any, str]) -> S3Files:
    return S3Files(*bucket, LONGEST)


def versions(client: Any) -> list[str]:
    """The names of everything the bucket keeps, versions and markers."""
    found = client.list_object_versions(Bucket="documents")
    return [each["Key"] for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))]


# --- reading and deleting ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user_id", ["owner", "bob@example.org"])
@pytest.mark.parametrize("name", NAMES, ids=["plain", "unicode", "percent", "long", "punctuation"])
def test_a_file_of_any_allowed_name_is_found_fetched_and_deleted(
    bucket: tuple[Any, str], files: S3Files, user_id: str, name: str
) -> None:
    key = checked_key(name)
    bucket[0].put_object(Bucket="documents", Key=storage_name(user_id, key), Body=b"text of it")
    found = files.stat(user_id, key)
    assert found is not None
    assert (found.user_id, found.key, found.size) == (user_id, key, 10)
    assert list(files.list()) == [found]
    with files.fetch(user_id, key) as local:
        assert (local.path.read_bytes(), local.version) == (b"text of it", found)
        assert not set(local.path.parts) & set(key.split("/")), "a key became part of a path"
    assert not local.path.exists()
    files.delete(user_id, key)
    assert files.stat(user_id, key) is None
    assert versions(bucket[0]) == []


def test_the_longest_key_is_within_what_s3_takes() -> None:
    assert len(storage_name("u" * 64, "k" * LONGEST_KEY).encode()) <= 1024


def test_the_version_changes_with_the_bytes(bucket: tuple[Any, str], files: S3Files) -> None:
    seen = set()
    for body in (b"one", b"two", b"one"):
        bucket[0].put_object(Bucket="documents", Key="a.txt", Body=body)
        found = files.stat("owner", "a.txt")
        assert found is not None
        assert '"' not in found.version
        seen.add(found.version)
    assert len(seen) == 2


def test_what_is_not_there_is_told_so(files: S3Files) -> None:
    assert files.stat("owner", "a.txt") is None
    with pytest.raises(NotFound), files.fetch("owner", "a.txt"):
        pass
    files.delete("owner", "a.txt")


def test_deleting_takes_every_version_and_marker_and_no_other_name(bucket: tuple[Any, str], files: S3Files) -> None:
    client = bucket[0]
    for key in ("a", "a", "a.txt", "a/b", "A", ".users/bob/a"):
        client.put_object(Bucket="documents", Key=key, Body=b"x")
    client.delete_object(Bucket="documents", Key="a")
    client.put_object(Bucket="documents", Key="a", Body=b"y")
    files.delete("owner", "a")
    assert sorted(versions(client)) == [".users/bob/a", "A", "a.txt", "a/b"]


def test_more_versions_than_one_request_takes_are_all_deleted(files: S3Files, bucket: tuple[Any, str]) -> None:
    client = bucket[0]
    for number in range(5):
        client.put_object(Bucket="documents", Key="a", Body=b"%d" % number)
    few = client.list_object_versions
    client.list_object_versions = lambda **request: few(**request, MaxKeys=2)
    files.delete("owner", "a")
    client.list_object_versions = few
    assert versions(client) == []


def test_only_what_can_be_a_document_is_listed(bucket: tuple[Any, str], files: S3Files) -> None:
    for key in ("a.txt", "folder/", ".hidden", "x/.git/y", ".users/bob/b.txt", ".users/owner/c.txt", ".users/bob/"):
        bucket[0].put_object(Bucket="documents", Key=key, Body=b"x")
    assert {(found.user_id, found.key) for found in files.list()} == {("owner", "a.txt"), ("bob", "b.txt")}


def test_a_bucket_of_many_pages_is_listed_to_its_end(bucket: tuple[Any, str], files: S3Files) -> None:
    client = bucket[0]
    keys = [f"{number}.txt" for number in range(5)]
    for key in keys:
        client.put_object(Bucket="documents", Key=key, Body=b"")
    all_at_once = client.list_objects_v2
    client.list_objects_v2 = lambda **request: all_at_once(**request, MaxKeys=2)
    assert [found.key for found in files.list()] == keys


def test_a_file_that_grew_beyond_what_is_read_is_refused_unread(bucket: tuple[Any, str]) -> None:
    bucket[0].put_object(Bucket="documents", Key="a.txt", Body=b"x" * (3 << 20))
    with (
        pytest.raises(DocumentRefused, match=r"3 MB, more than the 2 MB"),
        S3Files(*bucket, 2 << 20).fetch("owner", "a.txt"),
    ):
        pass


# --- what goes wrong --------------------------------------------------------------------------------------------------


class Scripted:
    """A bucket whose client gives the answers that a test has written down."""

    def __init__(self) -> None:
        client = boto3.client(
            *("s3", REGION),
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.answers = Stubber(client)
        self.answers.activate()
        self.files = S3Files(client, "documents", LONGEST)

    def body(self, sent: bytes, length: int, etag: str = '"v1"') -> None:
        """An answer that promises ``length`` bytes and brings these."""
        body = StreamingBody(io.BytesIO(sent), length)
        self.answers.add_response("get_object", {"Body": body, "ETag": etag, "ContentLength": length})


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script = Scripted()
    yield script
    script.answers.assert_no_pending_responses()


def test_a_download_that_breaks_off_begins_anew_with_the_file_as_it_is_then(scripted: Scripted) -> None:
    scripted.body(b"first ha", 10)
    scripted.body(b"second", 6, '"v2"')
    with scripted.files.fetch("owner", "a.txt") as local:
        assert (local.path.read_bytes(), local.version.version, local.version.size) == (b"second", "v2", 6)


def test_a_download_that_breaks_off_again_and_again_is_an_error(scripted: Scripted) -> None:
    for _ in range(3):
        scripted.body(b"half", 10)
    with pytest.raises(StoreError, match="broke off"), scripted.files.fetch("owner", "a.txt"):
        pass


def test_a_full_disk_is_told_with_the_remedy(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    scripted.body(b"text", 4)
    monkeypatch.setattr("shutil.copyfileobj", full)
    with pytest.raises(StoreFull, match="ephemeral storage"), scripted.files.fetch("owner", "a.txt"):
        pass


def test_a_version_that_was_not_deleted_is_an_error(scripted: Scripted) -> None:
    listed = [{"Key": "a.txt", "VersionId": "v1"}]
    failed = [{"Key": "a.txt", "VersionId": "v1", "Code": "AccessDenied", "Message": "the vendor's words"}]
    scripted.answers.add_response("list_object_versions", {"Versions": listed})
    scripted.answers.add_response("delete_objects", {"Errors": failed})
    with pytest.raises(StoreError, match="refused access"):
        scripted.files.delete("owner", "a.txt")


def _stat(files: S3Files) -> object:
    return files.stat("owner", "a.txt")


def _fetch(files: S3Files) -> object:
    with files.fetch("owner", "a.txt") as local:
        return local


def _delete(files: S3Files) -> object:
    files.delete("owner", "a.txt")
    return None


def _list(files: S3Files) -> object:
    return [*files.list()]


@pytest.mark.parametrize(
    ("operation", "attempt"),
    [
        ("head_object", _stat),
        ("get_object", _fetch),
        ("list_object_versions", _delete),
        ("list_objects_v2", _list),
    ],
)
@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDenied", "KMS key"),
        ("403", "KMS key"),
        ("NoSuchBucket", "CHATBOT_DOCUMENTS_BUCKET"),
        ("SlowDown", "throttling"),
        ("InternalError", "failed to answer"),
    ],
)
def test_errors_are_told_in_words_of_our_own(
    scripted: Scripted, operation: str, attempt: Callable[[S3Files], object], code: str, sentence: str
) -> None:
    scripted.answers.add_client_error(operation, code, "the vendor's words")
    with pytest.raises(StoreError, match=sentence) as caught:
        attempt(scripted.files)
    assert "vendor" not in caught.value.message


def test_a_network_that_is_down_is_told_in_words_of_our_own() -> None:
    client = boto3.client(
        *("s3", REGION),
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with closing(client), pytest.raises(StoreError, match="could not be reached"):
        S3Files(client, "documents", LONGEST).stat("owner", "a.txt")


# --- uploads ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def served(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Files]:
    """A bucket on the emulator, which checks signatures and what they cover; by the client that is shipped."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    name = f"documents-{uuid.uuid4().hex}"
    with closing(AwsClients(REGION).s3()) as client:
        client.create_bucket(Bucket=name)
        yield S3Files(client, name, LONGEST)


def send(url: str, method: str, headers: dict[str, str], body: bytes) -> int:
    """The status of the answer."""
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.emulator
@pytest.mark.parametrize("name", NAMES, ids=["plain", "unicode", "percent", "long", "punctuation"])
def test_a_signed_upload_lands_under_its_key(served: S3Files, name: str) -> None:
    key = checked_key(name)
    target = served.upload_target("owner", key, 5, "text/plain; charset=utf-8")
    assert send(target.url, target.method, target.headers, b"hello") == 200
    with served.fetch("owner", key) as local:
        assert local.path.read_bytes() == b"hello"


@pytest.mark.emulator
def test_a_signed_upload_takes_no_other_size_type_or_key(served: S3Files) -> None:
    target = served.upload_target("owner", "a.txt", 5, "text/plain")
    assert send(target.url, "PUT", target.headers, b"hello, world") == 403
    assert send(target.url, "PUT", {"Content-Type": "text/html"}, b"hello") == 403
    assert send(target.url.replace("/a.txt", "/b.txt"), "PUT", target.headers, b"hello") == 403
    assert list(served.list()) == []


@pytest.mark.emulator
def test_an_upload_whose_type_was_not_said_may_have_any(served: S3Files) -> None:
    target = served.upload_target("owner", "a.txt", 5, None)
    assert target.headers == {}
    assert send(target.url, target.method, {"Content-Type": "image/png"}, b"hello") == 200


@pytest.mark.emulator
@pytest.mark.parametrize("name", NAMES, ids=["plain", "unicode", "percent", "long", "punctuation"])
def test_a_signed_download_gives_the_bytes_of_its_key_and_of_no_other(served: S3Files, name: str) -> None:
    key = checked_key(name)
    for each in (key, "other.txt"):
        upload = served.upload_target("owner", each, 5, None)
        assert send(upload.url, upload.method, upload.headers, b"hello") == 200
    target = served.download_target("owner", key)
    assert target.headers == {}
    with urllib.request.urlopen(target.url, timeout=PATIENCE) as answer:
        assert answer.read() == b"hello"
    elsewhere = served.download_target("owner", "other.txt").url.partition("?")[0]
    assert send(f"{elsewhere}?{target.url.partition('?')[2]}", "GET", {}, b"") == 403
    assert send(target.url, "PUT", {}, b"hello") == 403


def test_a_download_is_answered_as_a_file_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of HTML that was sent as one would else run in the name of the bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with closing(AwsClients("eu-west-1").s3()) as client:
        url = S3Files(client, "documents", LONGEST).download_target("owner", 'a/b "\u00fc; x=1.html').url
    told = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
    assert url.startswith("https://documents.s3.eu-west-1.amazonaws.com/a/b%20%22%C3%BC%3B%20x%3D1.html?")
    assert told["response-content-type"] == "application/octet-stream"
    assert told["response-content-disposition"] == (
        "attachment; filename=\"b ___ x_1.html\"; filename*=UTF-8''b%20%22%C3%BC%3B%20x%3D1.html"
    )
    assert told["response-cache-control"] == "no-store"
    assert (told["X-Amz-Expires"], told["X-Amz-SignedHeaders"]) == ("900", "host")


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
def test_uploads_go_to_the_regions_own_host_and_end_after_fifteen_minutes(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The global host would send them on to the Region, where the signature does not fit; the web page's policy lets
    them go nowhere else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with closing(AwsClients(region).s3()) as client:
        target = S3Files(client, "documents", LONGEST).upload_target("owner", "a b.txt", 5, "text/plain")
    assert target.url.startswith(f"https://documents.s3.{region}.amazonaws.com/a%20b.txt?X-Amz-Algorithm=AWS4-")
    assert "X-Amz-Expires=900&" in target.url
    assert "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&" in target.url


def test_without_credentials_nothing_is_signed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with closing(AwsClients("eu-west-1").s3()) as client, pytest.raises(StoreError, match="no AWS credentials"):
        S3Files(client, "documents", LONGEST).upload_target("owner", "a.txt", 5, None)
    with closing(AwsClients("eu-west-1").s3()) as client, pytest.raises(StoreError, match="no AWS credentials"):
        S3Files(client, "documents", LONGEST).download_target("owner", "a.txt")
