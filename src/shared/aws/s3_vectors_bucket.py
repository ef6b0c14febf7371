"""Calls to one bucket of S3 Vectors, with their limits kept and their errors translated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.aws import s3_vectors_items as items
from shared.aws.s3_vectors_errors import error_code, translated

if TYPE_CHECKING:
    from types_boto3_s3vectors import S3VectorsClient

_MISSING = "NotFoundException"
_REFUSED = "ValidationException"

Found = dict[str, Any]


class VectorBucket:
    """Everything raises ``IndexUnavailable`` or ``StoreFull``. What is asked of a missing index finds nothing."""

    def __init__(self, client: S3VectorsClient, bucket: str) -> None:
        self._client: Any = client  # the published types do not know text search yet
        self._bucket = bucket
        self._dimensions: dict[str, int] = {}

    def indexes(self, prefix: str) -> list[str]:
        """The names of the indexes that begin so."""
        with translated():
            pages = self._client.get_paginator("list_indexes").paginate(vectorBucketName=self._bucket, prefix=prefix)
            return [index["indexName"] for page in pages for index in page["indexes"]]

    def make(self, index: str, dimension: int) -> None:
        """Makes the index where there is none: with text search, or without where the service refuses that."""
        with translated():
            try:
                self._create(index, dimension, text_search=True)
            except ClientError as error:
                if error_code(error) != _REFUSED:
                    raise
                self._create(index, dimension, text_search=False)

    def dimension(self, index: str) -> int:
        """The length of the index's vectors."""
        if index not in self._dimensions:
            with translated():
                answer = self._client.get_index(vectorBucketName=self._bucket, indexName=index)
            self._dimensions[index] = answer["index"]["dimension"]
        return self._dimensions[index]

    def put(self, index: str, vectors: Iterable[dict[str, Any]]) -> None:
        for batch in items.put_batches(vectors):
            with translated():
                self._client.put_vectors(vectorBucketName=self._bucket, indexName=index, vectors=batch)

    def get(self, index: str, keys: list[str], **wanted: bool) -> list[Found]:
        """Those of at most 100 vectors that exist, in the order of the keys.

        ``wanted`` are ``returnMetadata`` and ``returnData``.
        """
        with translated():
            try:
                answer = self._client.get_vectors(vectorBucketName=self._bucket, indexName=index, keys=keys, **wanted)
            except ClientError as error:
                return self._nothing(error, _MISSING)
            found = {each["key"]: each for each in answer["vectors"]}
            return [found[key] for key in keys if key in found]

    def query(self, index: str, arguments: dict[str, Any]) -> list[Found]:
        """What a search finds, best first."""
        with translated():
            try:
                return self._all_pages(index, arguments)
            except ClientError as error:
                return self._nothing(error, _MISSING)

    def query_words(self, index: str, arguments: dict[str, Any]) -> list[Found]:
        """What a search for words finds, best first; nothing where the index has no text search."""
        with translated():
            try:
                return self._all_pages(index, arguments)
            except ClientError as error:
                return self._nothing(error, _MISSING, _REFUSED)

    def delete(self, index: str, keys: list[str]) -> None:
        """Deletes vectors in the order of the keys. Nothing happens for keys that are not there."""
        for start in range(0, len(keys), items.MOST_DELETED):
            batch = keys[start : start + items.MOST_DELETED]
            with translated():
                self._client.delete_vectors(vectorBucketName=self._bucket, indexName=index, keys=batch)

    def close(self) -> None:
        self._client.close()

    def _create(self, index: str, dimension: int, *, text_search: bool) -> None:
        try:
            self._client.create_index(
                vectorBucketName=self._bucket,
                indexName=index,
                dataType="float32",
                dimension=dimension,
                distanceMetric="cosine",
                metadataConfiguration=items.metadata_configuration(text_search=text_search),
            )
        except ClientError as error:
            if error_code(error) != "ConflictException":  # which says that it is there
                raise

    def _all_pages(self, index: str, arguments: dict[str, Any]) -> list[Found]:
        pages = self._client.get_paginator("query_vectors")
        answers = pages.paginate(vectorBucketName=self._bucket, indexName=index, **arguments)
        return [each for answer in answers for each in answer["vectors"]]

    def _nothing(self, error: ClientError, *codes: str) -> list[Found]:
        """Makes nothing of an error with one of these codes; raises any other."""
        if error_code(error) not in codes:
            raise error
        if error_code(error) == _MISSING:
            # A missing bucket has the same code as a missing index, and is no reason to find nothing.
            self._client.list_indexes(vectorBucketName=self._bucket, maxResults=1)
        return []
