"""The catalogue of documents in the cloud: one DynamoDB table, an item a document, with the fields of the record.

``TABLE`` is its definition. The index ``by_key`` is a local one, because only those can be read consistently.
"""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared import storage
from shared.aws import dynamodb_calls as calls
from shared.aws.dynamodb_items import Item, number
from shared.document_storage import decode_document_cursor, document_changed, encode_document_cursor
from shared.documents import DocumentRecord
from shared.models import Page

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_BY_KEY = "by_key"

#: The table as CreateTable and CloudFormation take it, but for its name and what protects it.
TABLE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": "user_id", "AttributeType": "S"},
        {"AttributeName": "document_id", "AttributeType": "S"},
        {"AttributeName": "key", "AttributeType": "S"},
    ],
    "KeySchema": [
        {"AttributeName": "user_id", "KeyType": "HASH"},
        {"AttributeName": "document_id", "KeyType": "RANGE"},
    ],
    "LocalSecondaryIndexes": [
        {
            "IndexName": _BY_KEY,
            "KeySchema": [
                {"AttributeName": "user_id", "KeyType": "HASH"},
                {"AttributeName": "key", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}

#: Names the write that made the item, so that a write whose answer was lost and which was sent again knows itself.
_WRITE = "write"
_FIELDS = frozenset(field.name for field in fields(DocumentRecord))
_FLOATS = frozenset({"lease_expires_at", "progress"})
#: Longer ones name no document, and DynamoDB takes no longer key.
_LONGEST_ID = 100


class DynamoDBCatalogue:
    """The port ``DocumentCatalogue`` over a table made as ``TABLE`` says."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """The client's timeouts and retries are the caller's choice; the catalogue takes it over and closes it."""
        self._client = client
        self._table = table

    def get(self, user_id: str, document_id: str) -> DocumentRecord | None:
        return self.get_many(user_id, [document_id]).get(document_id)

    def get_many(self, user_id: str, document_ids: Collection[str]) -> dict[str, DocumentRecord]:
        keys = [_key(user_id, each) for each in dict.fromkeys(document_ids) if _may_exist(each)]
        left: Mapping[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}} if keys else {}
        found: dict[str, DocumentRecord] = {}
        for attempt in range(calls.ATTEMPTS):
            if not left:
                return found
            if attempt:
                calls.pause(attempt)
            answer = calls.call(self._client.batch_get_item, RequestItems=left)
            records = (_record(item) for item in answer["Responses"].get(self._table, ()))
            found |= {record.document_id: record for record in records}
            left = answer.get("UnprocessedKeys", {})
        raise calls.contended()

    def save(self, record: DocumentRecord) -> DocumentRecord:
        written = replace(record, revision=record.revision + 1)
        write = secrets.token_hex(8)
        condition = _guard(record) if record.revision else {"ConditionExpression": "attribute_not_exists(user_id)"}
        try:
            calls.call(
                self._client.put_item,
                TableName=self._table,
                Item={**_item(written), _WRITE: {"S": write}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ClientError as error:
            response: Mapping[str, Any] = error.response
            if response.get("Item", {}).get(_WRITE) != {"S": write}:
                raise document_changed() from None
        return written

    def remove(self, record: DocumentRecord) -> None:
        try:
            calls.call(
                self._client.delete_item,
                TableName=self._table,
                Key=_key(record.user_id, record.document_id),
                **_guard(record),
            )
        except ClientError:
            raise document_changed() from None

    def unfinished(self, now: float, limit: int) -> list[DocumentRecord]:
        """As the port says. Reads the whole table: what is left is known to the queue, and this is for repairs."""
        found = self._read(
            self._client.scan,
            ConsistentRead=True,
            FilterExpression=(
                "lease_expires_at <= :now AND (#status IN (:queued, :processing) OR deleted = :yes"
                " OR attribute_exists(building) OR attribute_exists(retired))"
            ),
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={
                ":now": number(now),
                ":queued": {"S": "queued"},
                ":processing": {"S": "processing"},
                ":yes": {"BOOL": True},
            },
        )
        return heapq.nsmallest(limit, found, key=lambda record: record.updated_at)

    def list(self, user_id: str, limit: int, cursor: str | None = None) -> Page[DocumentRecord]:
        # No key comes before a space: controls are not allowed in one.
        after = decode_document_cursor(cursor) if cursor is not None else " "
        found = self._read(
            self._client.query,
            IndexName=_BY_KEY,
            ConsistentRead=True,
            Limit=limit + 1,
            KeyConditionExpression="user_id = :user AND #key > :after",
            FilterExpression="deleted = :no",
            ExpressionAttributeNames={"#key": "key"},
            ExpressionAttributeValues={":user": {"S": user_id}, ":after": {"S": after}, ":no": {"BOOL": False}},
        )
        records = [*islice(found, limit + 1)]
        return storage.page(records, limit, lambda last: encode_document_cursor(last.key))

    def close(self) -> None:
        self._client.close()

    def _read(self, request: Any, **parameters: Any) -> Iterator[DocumentRecord]:
        """Every record of a query or scan, page after page."""
        while True:
            answer: Mapping[str, Any] = calls.call(request, TableName=self._table, **parameters)
            yield from map(_record, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _key(user_id: str, document_id: str) -> Item:
    return {"user_id": {"S": user_id}, "document_id": {"S": document_id}}


def _may_exist(document_id: str) -> bool:
    return 0 < len(document_id) <= _LONGEST_ID and document_id.isascii()


def _guard(record: DocumentRecord) -> dict[str, Any]:
    """The condition that nobody has written the record since."""
    return {
        "ConditionExpression": "revision = :revision",
        "ExpressionAttributeValues": {":revision": number(record.revision)},
    }


def _item(record: DocumentRecord) -> Item:
    """The fields that are set."""
    return {name: _attribute(value) for name, value in asdict(record).items() if value is not None}


def _attribute(value: str | float) -> Item:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"S": value} if isinstance(value, str) else number(value)


def _record(item: Mapping[str, Any]) -> DocumentRecord:
    return DocumentRecord(**{name: _value(name, each) for name, each in item.items() if name in _FIELDS})


def _value(name: str, attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    if kind != "N":
        return value
    return float(value) if name in _FLOATS else int(value)
