"""The files of documents in an S3 bucket. A key there is only ever a name in the bucket, never a path on a disk."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from urllib3.exceptions import HTTPError as TransportError

from shared.document_keys import attachment_of, storage_name, user_and_key
from shared.documents import DownloadTarget, FileVersion, LocalFile, UploadTarget
from shared.errors import DocumentRefused, NotFound, StoreError, StoreFull

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

_log = logging.getLogger(__name__)

_MEGABYTE = 1 << 20
_URL_SECONDS = 900
#: A download that breaks off begins anew: redelivery by the queue would take its visibility timeout.
_DOWNLOADS = 3
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_DENIED = frozenset({"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"})
_THROTTLED = frozenset({"503", "SlowDown", "Throttling", "RequestLimitExceeded"})


class S3Files:
    """The port ``DocumentFiles`` over one bucket, with versions or without. Encryption is the bucket's default."""

    def __init__(self, client: S3Client, bucket: str, longest: int) -> None:
        """``longest`` is the size in bytes above which no file is fetched. The client's timeouts are the caller's."""
        self._client = client
        self._bucket = bucket
        self._longest = longest

    def upload_target(self, user_id: str, key: str, size: int, content_type: str | None) -> UploadTarget:
        """A signed URL for fifteen minutes. Another size, or another type where one was given, does not fit it."""
        typed = {"ContentType": content_type} if content_type else {}
        parameters = {**self._place(user_id, key), "ContentLength": size, **typed}
        try:
            url = self._client.generate_presigned_url("put_object", Params=parameters, ExpiresIn=_URL_SECONDS)
        except BotoCoreError as error:
            raise _translated(error) from None
        return UploadTarget(url, "PUT", {"Content-Type": content_type} if content_type else {})

    def download_target(self, user_id: str, key: str) -> DownloadTarget:
        """A signed URL for fifteen minutes, for a browser to keep the file: S3 answers as told, not as it was stored.

        What came in as a page of HTML must not go out as one.
        """
        told = {
            "ResponseContentDisposition": attachment_of(key),
            "ResponseContentType": "application/octet-stream",
            "ResponseCacheControl": "no-store",
        }
        parameters = {**self._place(user_id, key), **told}
        try:
            url = self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=_URL_SECONDS)
        except BotoCoreError as error:
            raise _translated(error) from None
        return DownloadTarget(url, {})

    def stat(self, user_id: str, key: str) -> FileVersion | None:
        try:
            found = self._client.head_object(**self._place(user_id, key))
        except (BotoCoreError, ClientError) as error:
            if _code(error) in _MISSING:
                return None
            raise _translated(error) from None
        return _version(user_id, key, found["ETag"], found["ContentLength"])

    @contextmanager
    def fetch(self, user_id: str, key: str) -> Iterator[LocalFile]:
        """As the port says. Raises ``DocumentRefused`` for a file of more than ``longest`` bytes."""
        with tempfile.TemporaryDirectory(prefix="document-") as folder:
            path = Path(folder, "file")
            yield LocalFile(path, self._download(user_id, key, path))

    def delete(self, user_id: str, key: str) -> None:
        while versions := self._versions(storage_name(user_id, key)):
            self._delete_versions(versions)

    def list(self) -> Iterator[FileVersion]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        try:
            for page in pages:
                for each in page.get("Contents", ()):
                    if owner := user_and_key(each["Key"]):
                        yield _version(*owner, each["ETag"], each["Size"])
        except (BotoCoreError, ClientError) as error:
            raise _translated(error) from None

    def _place(self, user_id: str, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": storage_name(user_id, key)}

    def _download(self, user_id: str, key: str, path: Path) -> FileVersion:
        """Writes the file as it is now to the path. What one answer brings is one version, so that nothing mixes."""
        for _ in range(_DOWNLOADS):
            answer = self._open(user_id, key)
            version = _version(user_id, key, answer["ETag"], answer["ContentLength"])
            with closing(answer["Body"]) as body:
                if version.size > self._longest:
                    raise _too_long(version.size, self._longest)
                try:
                    with path.open("wb") as target:
                        shutil.copyfileobj(body, target)
                except (BotoCoreError, TransportError) as error:
                    _log.warning("s3 download error=%s", type(error).__name__)
                    continue
                except OSError as error:
                    raise _from_disk(error) from None
            return version
        raise StoreError("The file broke off while it came from S3; try again.", retry_after=1.0)

    def _open(self, user_id: str, key: str) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = self._client.get_object(**self._place(user_id, key))
        except (BotoCoreError, ClientError) as error:
            if _code(error) in _MISSING:
                raise NotFound("There is no such file any more; it was deleted.") from None
            raise _translated(error) from None
        return answer

    def _versions(self, name: str) -> Sequence[ObjectIdentifierTypeDef]:
        """Versions and delete markers of this very name, at most a thousand: they come before longer names."""
        try:
            found = self._client.list_object_versions(Bucket=self._bucket, Prefix=name)
        except (BotoCoreError, ClientError) as error:
            raise _translated(error) from None
        listed = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
        return [{"Key": name, "VersionId": each["VersionId"]} for each in listed if each["Key"] == name]

    def _delete_versions(self, versions: Sequence[ObjectIdentifierTypeDef]) -> None:
        try:
            answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": versions, "Quiet": True})
        except (BotoCoreError, ClientError) as error:
            raise _translated(error) from None
        if errors := answer.get("Errors"):
            raise _for_code(errors[0].get("Code", ""))


def _version(user_id: str, key: str, etag: str, size: int) -> FileVersion:
    return FileVersion(user_id, key, etag.strip('"'), size)


def _too_long(size: int, longest: int) -> DocumentRefused:
    return DocumentRefused(
        f"This file has {size / _MEGABYTE:,.0f} MB, more than the {longest / _MEGABYTE:,.0f} MB that are read; split "
        "it into several files."
    )


def _code(error: BotoCoreError | ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def _translated(error: BotoCoreError | ClientError) -> StoreError:
    if isinstance(error, ClientError):
        return _for_code(_code(error))
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return StoreError("There are no AWS credentials to reach S3 with; run: aws configure")
    return StoreError("S3 could not be reached; check the network and the region, then try again.", retry_after=1.0)


def _for_code(code: str) -> StoreError:
    if code in _DENIED:
        return StoreError(
            "S3 refused access to the bucket of documents; check the role's policy, also for the bucket's KMS key, and "
            "the credentials."
        )
    if code == "NoSuchBucket":
        return StoreError("There is no such S3 bucket; check CHATBOT_DOCUMENTS_BUCKET and the region.")
    if code in _THROTTLED:
        return StoreError("S3 is throttling requests; try again in a moment.", retry_after=1.0)
    return StoreError("S3 failed to answer; try again in a moment.", retry_after=1.0)


def _from_disk(error: OSError) -> StoreError:
    if error.errno in {ENOSPC, EDQUOT}:
        return StoreFull("No space is left to download the file to; enlarge the function's ephemeral storage.")
    return StoreError("The file could not be written to the temporary folder; check that it can be written to.")
