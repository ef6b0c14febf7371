"""The transaction that writes a turn."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared import storage
from shared.aws import dynamodb_calls as calls
from shared.aws import dynamodb_items as items
from shared.models import ConversationRecord, RequestClaim, TurnRecord

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# How often one and the same transaction is sent when its outcome stayed unknown, each time with the client's retries.
_SENDINGS = 3
_NO_ANSWER = "no answer"
_UNKNOWN_OUTCOME = {_NO_ANSWER, "TransactionInProgressException", "InternalServerError", "ServiceUnavailable"}
# The actions of a turn: header, two messages, claim; then, without any condition, deletions of what it replaces.
_CLAIM_POSITION = 3


class TurnWriter:
    """Writes turns with optimistic locking: read the header, write only if it still stands so, else begin again."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def write(self, turn: TurnRecord, now: int) -> str:
        """Returns the reply's time. Raises ``KeyConflict``, ``ConversationChanged``, ``ClaimLost``, ``StoreError``."""
        for attempt in range(calls.ATTEMPTS):
            standing = self._header(turn)
            live = standing if standing and standing.expires_at > now else None
            if turn.new_conversation == (live is not None) or (live and live.wrapped_key != turn.wrapped_key):
                raise storage.key_conflict()
            if live and turn.replaces and live.updated_at != turn.replaces.last_seen:
                raise storage.conversation_changed()
            user_time, reply_time = storage.turn_times(turn, self._last_time(turn, live))
            actions: list[TransactWriteItemTypeDef] = [
                self._moved_header(turn, live, reply_time)
                if live
                else self._new_header(turn, user_time, reply_time, now),
                self._put(items.message_item(turn, turn.user_message, user_time)),
                self._put(items.message_item(turn, turn.assistant_message, reply_time)),
            ]
            if turn.claim:
                actions.append(self._finished_claim(turn.claim, reply_time, now))
            actions += self._deletions(turn)
            if self._commit(actions):
                return reply_time
            calls.pause(attempt)
        raise calls.contended()

    def _header(self, turn: TurnRecord) -> ConversationRecord | None:
        key = items.header_key(turn.user_id, turn.conversation_id)
        answer = calls.call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True)
        return items.conversation(answer["Item"]) if "Item" in answer else None

    def _last_time(self, turn: TurnRecord, live: ConversationRecord | None) -> str | None:
        """The newest message's time.

        It stands on a live header. A new conversation may find messages left by one that expired, or whose deletion is
        under way (oldest first, so the newest is there to the end): beginning after them keeps them out of sight.
        """
        if live:
            return live.updated_at
        answer = calls.call(
            self._client.query,
            TableName=self._table,
            ConsistentRead=True,
            ScanIndexForward=False,
            Limit=1,
            KeyConditionExpression="conversation_id = :id AND #timestamp > :header",
            ExpressionAttributeNames={"#timestamp": "timestamp"},
            ExpressionAttributeValues={
                ":id": {"S": items.partition(turn.user_id, turn.conversation_id)},
                ":header": items.header_key(turn.user_id, turn.conversation_id)["timestamp"],
            },
        )
        return answer["Items"][0]["timestamp"]["S"] if answer["Items"] else None

    def _new_header(self, turn: TurnRecord, user_time: str, reply_time: str, now: int) -> TransactWriteItemTypeDef:
        record = ConversationRecord(
            *(turn.user_id, turn.conversation_id, turn.wrapped_key, turn.title),
            *(user_time, reply_time, turn.expires_at),
        )
        return {
            "Put": {
                "TableName": self._table,
                "Item": items.conversation_item(record),
                "ConditionExpression": "attribute_not_exists(conversation_id) OR #ttl <= :now",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": {":now": items.number(now)},
            }
        }

    def _moved_header(self, turn: TurnRecord, seen: ConversationRecord, reply_time: str) -> TransactWriteItemTypeDef:
        # An update, not a put: a title set meanwhile stays.
        update, condition = "SET updated_at = :time, #ttl = :ttl", "updated_at = :seen AND wrapped_key = :key"
        values: items.Item = {
            ":time": {"S": reply_time},
            ":ttl": items.number(turn.expires_at),
            ":seen": {"S": seen.updated_at},
            ":key": {"B": seen.wrapped_key},
        }
        if turn.replaces and turn.replaces.old_title == seen.title:
            update, condition = f"{update}, title = :title", f"{condition} AND title = :old"
            values |= {":title": {"B": turn.title}, ":old": {"B": seen.title}}
        return {
            "Update": {
                "TableName": self._table,
                "Key": items.header_key(turn.user_id, turn.conversation_id),
                "UpdateExpression": update,
                "ConditionExpression": condition,
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": values,
            }
        }

    def _put(self, item: dict[str, Any]) -> TransactWriteItemTypeDef:
        return {"Put": {"TableName": self._table, "Item": item}}

    def _deletions(self, turn: TurnRecord) -> list[TransactWriteItemTypeDef]:
        place = items.partition(turn.user_id, turn.conversation_id)
        timestamps = turn.replaces.timestamps if turn.replaces else ()
        return [{"Delete": {"TableName": self._table, "Key": items.key(place, each)}} for each in timestamps]

    def _finished_claim(self, claim: RequestClaim, reply_time: str, now: int) -> TransactWriteItemTypeDef:
        return {
            "Update": {
                "TableName": self._table,
                "Key": items.claim_key(claim.user_id, claim.key_hash),
                "UpdateExpression": "SET done = :yes, message_timestamp = :time",
                "ConditionExpression": "message_id = :mine AND done = :no AND #ttl > :now",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                "ExpressionAttributeValues": {
                    ":mine": {"S": claim.message_id},
                    ":time": {"S": reply_time},
                    ":yes": {"BOOL": True},
                    ":no": {"BOOL": False},
                    ":now": items.number(now),
                },
            }
        }

    def _commit(self, actions: list[TransactWriteItemTypeDef]) -> bool:
        """Whether the transaction was committed; ``False`` where another one came in between.

        Where the outcome stays unknown (a lost answer), the very same request is sent again: its token makes DynamoDB
        answer for the first one instead of writing twice. Where the network stays away, ``StoreError`` is raised
        although the turn may have been written; then its claim is done, and the client's retry gets the stored answer.
        """
        token = str(uuid.uuid4())
        for sending in range(1, _SENDINGS + 1):
            try:
                self._client.transact_write_items(TransactItems=actions, ClientRequestToken=token)
            except (ClientError, BotoCoreError) as error:
                code = calls.error_code(error) if isinstance(error, ClientError) else _NO_ANSWER
                if isinstance(error, ClientError) and code == "TransactionCanceledException":
                    _raise_unless_conflict(error)
                    return False
                if code not in _UNKNOWN_OUTCOME or sending == _SENDINGS:
                    raise calls.translated(error) from None
            else:
                break
            calls.pause(sending)
        return True


def _raise_unless_conflict(error: ClientError) -> None:
    """Returns where the transaction met another one, so that beginning again makes sense."""
    codes = [str(reason.get("Code", "None")) for reason in error.response.get("CancellationReasons", [])]
    if "ConditionalCheckFailed" in codes[_CLAIM_POSITION:]:
        raise storage.claim_lost()
    for code in codes:
        if code not in {"None", "ConditionalCheckFailed", "TransactionConflict"}:
            raise calls.for_code(code)
