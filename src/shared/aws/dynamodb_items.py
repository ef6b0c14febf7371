"""Items of the DynamoDB table to records and back.

Every hash key begins with the user's id and ``#``, which no id holds: no key made for one user can name another's item.

    hash (conversation_id)           range (timestamp)       what
    <user>#<conversation>            !conversation           header; it alone has user_id and updated_at, the keys of
                                                             the index ``by_user``
    <user>#<conversation>            2026-11-21T10:00:00...  a message
    <user>#!claim#<key hash>         !claim                  an idempotency key
    <user>#!stop#<message>           !stop                   a request to stop a reply
    <user>#!usage                    2026-11-21#<model>      a day's counters of one model
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from shared.errors import InvalidRequest
from shared.models import ConversationRecord, MessageRecord, RequestClaim, TokenUsage, TurnRecord, UsageRecord

Item = dict[str, Any]

#: The index that lists conversations, newest first.
BY_USER = "by_user"

_HEADER = "!conversation"
_CLAIM = "!claim"
_STOP = "!stop"
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_COUNTERS = ("turns", *_TOKENS, "cost_usd", "unpriced_turns")


def partition(user_id: str, conversation_id: str) -> str:
    """The hash key of a conversation. Ids that could reach beyond their own place are refused."""
    if "#" in user_id or "#" in conversation_id or conversation_id.startswith("!"):
        raise InvalidRequest(
            "Ids of users and conversations hold no '#' and begin with no '!'.", field="conversation_id"
        )
    return f"{user_id}#{conversation_id}"


def header_key(user_id: str, conversation_id: str) -> Item:
    return key(partition(user_id, conversation_id), _HEADER)


def claim_key(user_id: str, key_hash: str) -> Item:
    return key(f"{partition(user_id, '')}!claim#{key_hash}", _CLAIM)


def stop_key(user_id: str, message_id: str) -> Item:
    return key(f"{partition(user_id, '')}!stop#{message_id}", _STOP)


def usage_partition(user_id: str) -> str:
    return f"{partition(user_id, '')}!usage"


def key(hash_key: str, range_key: str) -> Item:
    return {"conversation_id": {"S": hash_key}, "timestamp": {"S": range_key}}


def place_in_index(user_id: str, updated_at: str, conversation_id: str) -> Item:
    """The start key that continues a listing after this conversation."""
    return {**header_key(user_id, conversation_id), "user_id": {"S": user_id}, "updated_at": {"S": updated_at}}


def number(value: float) -> Item:
    """The value in plain decimals; DynamoDB keeps 38 digits, more than a float has."""
    return {"N": format(Decimal(repr(value)), "f")}


def conversation_item(record: ConversationRecord) -> Item:
    return {
        **header_key(record.user_id, record.conversation_id),
        "user_id": {"S": record.user_id},
        "updated_at": {"S": record.updated_at},
        "created_at": {"S": record.created_at},
        "wrapped_key": {"B": record.wrapped_key},
        "title": {"B": record.title},
        "ttl": number(record.expires_at),
    }


def conversation(item: Mapping[str, Any]) -> ConversationRecord:
    return ConversationRecord(
        user_id=item["user_id"]["S"],
        conversation_id=item["conversation_id"]["S"].partition("#")[2],
        wrapped_key=item["wrapped_key"]["B"],
        title=item["title"]["B"],
        created_at=item["created_at"]["S"],
        updated_at=item["updated_at"]["S"],
        expires_at=int(item["ttl"]["N"]),
    )


def message_item(turn: TurnRecord, record: MessageRecord, timestamp: str) -> Item:
    item = {
        **key(partition(turn.user_id, turn.conversation_id), timestamp),
        "role": {"S": record.role},
        "content": {"B": record.content},
        "message_id": {"S": record.message_id},
        "ttl": number(turn.expires_at),
    }
    for name in ("model", "stop_reason", "retrieval"):
        value = getattr(record, name)
        if value is not None:
            item[name] = {"S": value}
    if record.usage is not None:
        item |= {name: number(getattr(record.usage, name)) for name in _TOKENS}
    if record.cost_usd is not None:
        item["cost_usd"] = number(record.cost_usd)
    return item


def message(item: Mapping[str, Any]) -> MessageRecord:
    return MessageRecord(
        message_id=item["message_id"]["S"],
        role=item["role"]["S"],
        content=item["content"]["B"],
        timestamp=item["timestamp"]["S"],
        model=_text(item, "model"),
        stop_reason=item["stop_reason"]["S"] if "stop_reason" in item else None,
        retrieval=item["retrieval"]["S"] if "retrieval" in item else None,
        usage=_tokens(item) if _TOKENS[0] in item else None,
        cost_usd=float(item["cost_usd"]["N"]) if "cost_usd" in item else None,
    )


def claim_item(record: RequestClaim) -> Item:
    item = {
        **claim_key(record.user_id, record.key_hash),
        "fingerprint": {"S": record.fingerprint},
        "claimed_conversation": {"S": record.conversation_id},
        "message_id": {"S": record.message_id},
        "lease_expires_at": number(record.lease_expires_at),
        "ttl": number(record.expires_at),
        "done": {"BOOL": record.done},
    }
    if record.message_timestamp is not None:
        item["message_timestamp"] = {"S": record.message_timestamp}
    return item


def claim(item: Mapping[str, Any]) -> RequestClaim:
    user_id, _, rest = item["conversation_id"]["S"].partition("#")
    return RequestClaim(
        user_id=user_id,
        key_hash=rest.partition("#")[2],
        fingerprint=item["fingerprint"]["S"],
        conversation_id=item["claimed_conversation"]["S"],
        message_id=item["message_id"]["S"],
        lease_expires_at=float(item["lease_expires_at"]["N"]),
        expires_at=int(item["ttl"]["N"]),
        done=item["done"]["BOOL"],
        message_timestamp=_text(item, "message_timestamp"),
    )


def usage_update(table: str, user_id: str, record: UsageRecord) -> dict[str, Any]:
    """The request that adds to the counters; DynamoDB adds atomically, in decimals."""
    figures = {name: getattr(record.usage if name in _TOKENS else record, name) for name in _COUNTERS}
    return {
        "TableName": table,
        "Key": key(usage_partition(user_id), f"{record.day}#{record.model}"),
        "UpdateExpression": "ADD " + ", ".join(f"{name} :{name}" for name in figures),
        "ExpressionAttributeValues": {f":{name}": number(value) for name, value in figures.items()},
    }


def usage(item: Mapping[str, Any]) -> UsageRecord:
    day, _, model = item["timestamp"]["S"].partition("#")
    return UsageRecord(
        day=day,
        model=model,
        turns=int(item["turns"]["N"]),
        usage=_tokens(item),
        cost_usd=float(item["cost_usd"]["N"]),
        unpriced_turns=int(item["unpriced_turns"]["N"]),
    )


def _text(item: Mapping[str, Any], name: str) -> str | None:
    return str(item[name]["S"]) if name in item else None


def _tokens(item: Mapping[str, Any]) -> TokenUsage:
    return TokenUsage(*(int(item[name]["N"]) for name in _TOKENS))
