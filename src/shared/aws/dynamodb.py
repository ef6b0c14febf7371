"""The store of the cloud: one DynamoDB table. See ``dynamodb_items`` for what stands in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared import storage
from shared.aws import dynamodb_calls as calls
from shared.aws import dynamodb_items as items
from shared.aws.dynamodb_turns import TurnWriter
from shared.errors import StoreError
from shared.models import ConversationRecord, MessageRecord, Page, RequestClaim, TurnRecord, UsageRecord
from shared.ports import Clock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import WriteRequestTypeDef

logger = logging.getLogger(__name__)

_BATCH = 25  # the most that one BatchWriteItem takes


class DynamoDBStore:
    """The port ``Store`` over a table and its index ``by_user``.

    Time to live deletes hours or days late, so every read filters what has expired. A turn is one transaction, but for
    its usage: see ``save_turn``.
    """

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock) -> None:
        """The client's timeouts and retries are the caller's choice; the store takes it over and closes it."""
        self._client = client
        self._table = table
        self._clock = clock
        self._turns = TurnWriter(client, table)

    # --- usage --------------------------------------------------------------------------------------------------------

    def add_usage(self, user_id: str, record: UsageRecord) -> None:
        """As the port says; where an answer is lost and the client sends again, the figures may count twice."""
        calls.call(self._client.update_item, **items.usage_update(self._table, user_id, record))

    def usage(self, user_id: str, since: str) -> list[UsageRecord]:
        found = self._query(
            ConsistentRead=True,
            KeyConditionExpression="conversation_id = :id AND #timestamp >= :since",
            ExpressionAttributeNames={"#timestamp": "timestamp"},
            ExpressionAttributeValues={":id": {"S": items.usage_partition(user_id)}, ":since": {"S": since}},
        )
        return [items.usage(item) for item in found]

    # --- claims -------------------------------------------------------------------------------------------------------

    def claim(self, claim: RequestClaim) -> RequestClaim:
        try:
            calls.call(
                self._client.put_item,
                TableName=self._table,
                Item=items.claim_item(claim),
                ConditionExpression=(
                    "attribute_not_exists(conversation_id) OR #ttl <= :now OR (done = :no AND lease_expires_at <= :now)"
                ),
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={
                    ":now": items.number(self._clock().timestamp()),
                    ":no": {"BOOL": False},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            # Also after a lost answer to our own put: then the claim that stands is ours.
            response: Mapping[str, Any] = error.response
            return items.claim(response["Item"])
        return claim

    def release(self, claim: RequestClaim) -> None:
        self._change(
            self._client.delete_item,
            Key=items.claim_key(claim.user_id, claim.key_hash),
            ConditionExpression="message_id = :mine AND done = :no",
            ExpressionAttributeValues={":mine": {"S": claim.message_id}, ":no": {"BOOL": False}},
        )

    # --- stopping -----------------------------------------------------------------------------------------------------

    def ask_to_stop(self, user_id: str, message_id: str, expires_at: int) -> None:
        item = {**items.stop_key(user_id, message_id), "ttl": items.number(expires_at)}
        calls.call(self._client.put_item, TableName=self._table, Item=item)

    def stop_asked(self, user_id: str, message_id: str, *, latest: bool = False) -> bool:
        # Asked for every second of every answer: read at half the price, which may be a moment late.
        return self._get(items.stop_key(user_id, message_id), consistent=latest) is not None

    # --- conversations ------------------------------------------------------------------------------------------------

    def get(self, user_id: str, conversation_id: str) -> ConversationRecord | None:
        item = self._get(items.header_key(user_id, conversation_id))
        return items.conversation(item) if item else None

    def recent_messages(self, conversation: ConversationRecord, limit: int) -> list[MessageRecord]:
        return [*reversed(self._newest(conversation, limit))]

    def messages(self, conversation: ConversationRecord, limit: int, cursor: str | None = None) -> Page[MessageRecord]:
        before = storage.decode_message_cursor(cursor) if cursor is not None else None
        found = self._newest(conversation, limit + 1, before)
        return storage.page(found, limit, lambda last: storage.encode_message_cursor(last.timestamp), reverse=True)

    def message_at(self, conversation: ConversationRecord, timestamp: str) -> MessageRecord | None:
        # Headers sort before every time, so this keeps them out, too.
        if timestamp < conversation.created_at:
            return None
        item = self._get(items.key(items.partition(conversation.user_id, conversation.conversation_id), timestamp))
        return items.message(item) if item else None

    def save_turn(self, turn: TurnRecord) -> str:
        """As the port says, but for the usage, which is counted right after the transaction.

        Within it, all turns of a user would meet at the day's one counter and cancel each other. Where counting fails,
        a warning is logged and the turn stays saved.
        """
        reply_time = self._turns.write(turn, self._now())
        if turn.imported:
            return reply_time
        try:
            self.add_usage(turn.user_id, storage.turn_usage(turn))
        except StoreError:
            logger.warning(
                "The usage of a saved turn was not counted.",
                extra={"message_id": turn.assistant_message.message_id, "model": turn.assistant_message.model},
            )
        return reply_time

    def rename(self, user_id: str, conversation_id: str, title: bytes) -> bool:
        changed = self._change(
            self._client.update_item,
            Key=items.header_key(user_id, conversation_id),
            UpdateExpression="SET title = :title",
            ConditionExpression="#ttl > :now",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":title": {"B": title}, ":now": items.number(self._now())},
        )
        return changed is not None

    def delete(self, user_id: str, conversation_id: str) -> bool:
        """As the port says. Once the header is gone, so is the conversation: its messages cannot be decrypted any more.

        Where deleting them fails, a warning is logged, and what is left goes when it expires.
        """
        deleted = self._change(
            self._client.delete_item,
            Key=items.header_key(user_id, conversation_id),
            ConditionExpression="#ttl > :now",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":now": items.number(self._now())},
            ReturnValues="ALL_OLD",
        )
        if deleted is None:
            return False
        try:
            self._delete_messages(items.conversation(deleted["Attributes"]))
        except StoreError:
            logger.warning("Messages of a deleted conversation are left.", extra={"conversation_id": conversation_id})
        return True

    def ping(self) -> None:
        self._get(items.key("!ping", "!ping"))

    def close(self) -> None:
        self._client.close()

    def conversations(self, user_id: str, limit: int, cursor: str | None = None) -> Page[ConversationRecord]:
        """As the port says; an index follows its table with a moment's delay."""
        query: dict[str, Any] = {
            "IndexName": items.BY_USER,
            "ScanIndexForward": False,
            "KeyConditionExpression": "user_id = :user",
            "ExpressionAttributeValues": {":user": {"S": user_id}},
        }
        if cursor is not None:
            query["ExclusiveStartKey"] = items.place_in_index(user_id, *storage.decode_conversation_cursor(cursor))
        records = [items.conversation(item) for item in self._query_live(limit + 1, query)]
        return storage.page(
            records, limit, lambda last: storage.encode_conversation_cursor(last.updated_at, last.conversation_id)
        )

    # --- internals ----------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return storage.epoch_seconds(self._clock())

    def _get(self, key: items.Item, *, consistent: bool = True) -> items.Item | None:
        """The item, unless it has expired."""
        answer = calls.call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=consistent)
        item = answer.get("Item")
        return item if item and int(item["ttl"]["N"]) > self._now() else None

    def _change(self, request: Any, **parameters: Any) -> Mapping[str, Any] | None:
        """The answer to a conditional write; ``None`` where its condition does not hold."""
        try:
            answer: Mapping[str, Any] = calls.call(request, TableName=self._table, **parameters)
        except ClientError:
            return None
        return answer

    def _newest(
        self, conversation: ConversationRecord, limit: int, before: str | None = None
    ) -> Sequence[MessageRecord]:
        """Up to ``limit`` messages before a time, newest first."""
        first, last = conversation.created_at, storage.previous_timestamp(before) if before else "~"
        if limit <= 0 or last < first:
            return ()
        query = {"ConsistentRead": True, "ScanIndexForward": False, **_between(conversation, first, last)}
        return [items.message(item) for item in self._query_live(limit, query)]

    def _delete_messages(self, conversation: ConversationRecord) -> None:
        """Deletes everything up to the header's own time, oldest first; what is newer belongs to a conversation begun
        anew under the same id."""
        keys = (
            {"conversation_id": item["conversation_id"], "timestamp": item["timestamp"]}
            for item in self._query(ConsistentRead=True, **_between(conversation, "0", conversation.updated_at))
        )
        while batch := [*islice(keys, _BATCH)]:
            self._write_batch([{"DeleteRequest": {"Key": key}} for key in batch])

    def _write_batch(self, requests: Sequence[WriteRequestTypeDef]) -> None:
        left: Mapping[str, Sequence[Any]] = {self._table: requests}
        for attempt in range(calls.ATTEMPTS):
            left = calls.call(self._client.batch_write_item, RequestItems=left).get("UnprocessedItems", {})
            if not left:
                return
            calls.pause(attempt)
        raise calls.contended()

    def _query_live(self, limit: int, query: Mapping[str, Any]) -> Iterator[items.Item]:
        """The first ``limit`` items that have not expired, reading on until they are found."""
        names = {**query.get("ExpressionAttributeNames", {}), "#ttl": "ttl"}
        values = {**query["ExpressionAttributeValues"], ":now": items.number(self._now())}
        live = {**query, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
        return islice(self._query(Limit=limit, FilterExpression="#ttl > :now", **live), limit)

    def _query(self, **query: Any) -> Iterator[items.Item]:
        """Every item of a query, page after page."""
        while True:
            answer = calls.call(self._client.query, TableName=self._table, **query)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _between(conversation: ConversationRecord, first: str, last: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "conversation_id = :id AND #timestamp BETWEEN :first AND :last",
        "ExpressionAttributeNames": {"#timestamp": "timestamp"},
        "ExpressionAttributeValues": {
            ":id": {"S": items.partition(conversation.user_id, conversation.conversation_id)},
            ":first": {"S": first},
            ":last": {"S": last},
        },
    }
