"""Stored conversations to begin from: real keys, real ciphertext, written straight into the stores in one go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from bench.models import QUESTION, REPLY
from chatbot.sealing import ConversationSealer
from shared import backends
from shared.aws import dynamodb_items as items
from shared.aws.kms import KmsKeyWrapper
from shared.config import load_settings
from shared.encryption import DataKeys
from shared.local import sqlite_rows as rows
from shared.models import ConversationRecord, MessageRecord, TokenUsage, TurnRecord
from shared.ports import KeyWrapper
from shared.storage import format_timestamp

OWNER = "owner"
TABLE = "conversations"
_DATABASE = "chatbot.db"
_BATCH = 25  # the most that one BatchWriteItem takes


@dataclass(frozen=True, slots=True)
class Plan:
    """``measured`` conversations of ``messages`` each, among ``others`` of two."""

    messages: int
    measured: int = 1
    others: int = 0


@dataclass(frozen=True, slots=True)
class Seeded:
    """A conversation ready to be written."""

    record: ConversationRecord
    messages: list[tuple[TurnRecord, MessageRecord, str]]


def rotation(messages: int, turns: int) -> int:
    """How many conversations share ``turns`` turns so that none grows by more than half."""
    return max(1, -(-turns * 2 // max(2, messages // 2)))


def seed_sqlite(folder: Path, plan: Plan) -> list[str]:
    """Fills a new local store; returns the ids of the measured conversations."""
    made = backends.local(load_settings({}, data_dir=folder))
    try:
        conversations = list(_conversations(made.key_wrapper, plan))
    finally:
        made.store.close()
    with closing(sqlite3.connect(folder / _DATABASE)) as connection:
        for found in conversations:
            connection.execute(rows.INSERT_CONVERSATION, _header_values(found.record))
            connection.executemany(rows.INSERT_MESSAGE, (rows.message_values(*message) for message in found.messages))
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return _ids(conversations, plan)


def seed_dynamodb(endpoint: str, key_id: str, plan: Plan) -> list[str]:
    """Fills the table; returns the ids of the measured conversations."""
    kms = boto3.client("kms", endpoint_url=endpoint, region_name="us-east-1")
    dynamodb = boto3.client("dynamodb", endpoint_url=endpoint, region_name="us-east-1")
    conversations = list(_conversations(KmsKeyWrapper(kms, key_id), plan))
    everything: list[dict[str, Any]] = [
        item
        for found in conversations
        for item in (
            items.conversation_item(found.record),
            *(items.message_item(*message) for message in found.messages),
        )
    ]
    for start in range(0, len(everything), _BATCH):
        batch = everything[start : start + _BATCH]
        dynamodb.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": item}} for item in batch]})
    return _ids(conversations, plan)


def create_aws(endpoint: str) -> str:
    """The table and a key in the emulator; returns the key's id."""
    dynamodb = boto3.client("dynamodb", endpoint_url=endpoint, region_name="us-east-1")
    names = ("conversation_id", "timestamp", "user_id", "updated_at")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=_keys(*names[:2]),
        GlobalSecondaryIndexes=[
            {"IndexName": items.BY_USER, "KeySchema": _keys(*names[2:]), "Projection": {"ProjectionType": "ALL"}}
        ],
    )
    kms = boto3.client("kms", endpoint_url=endpoint, region_name="us-east-1")
    return str(kms.create_key()["KeyMetadata"]["KeyId"])


def _keys(hash_key: str, range_key: str) -> Any:
    return [{"AttributeName": hash_key, "KeyType": "HASH"}, {"AttributeName": range_key, "KeyType": "RANGE"}]


def _ids(conversations: list[Seeded], plan: Plan) -> list[str]:
    return [found.record.conversation_id for found in conversations[-plan.measured :]]


def _header_values(record: ConversationRecord) -> tuple[Any, ...]:
    return (
        *(record.user_id, record.conversation_id, record.wrapped_key, record.title),
        *(record.created_at, record.updated_at, record.expires_at),
    )


def _conversations(wrapper: KeyWrapper, plan: Plan) -> Iterator[Seeded]:
    sealer = ConversationSealer(DataKeys(wrapper, 300))
    start = datetime.now(UTC) - timedelta(days=2)
    for index in range(plan.others + plan.measured):
        messages = plan.messages if index >= plan.others else 2
        yield _conversation(sealer, messages, start + timedelta(milliseconds=index))


def _conversation(sealer: ConversationSealer, messages: int, start: datetime) -> Seeded:
    conversation_id = str(uuid4())
    key = sealer.new_key(OWNER, conversation_id)
    times = [format_timestamp(start + timedelta(seconds=index)) for index in range(messages)]
    record = ConversationRecord(
        user_id=OWNER,
        conversation_id=conversation_id,
        wrapped_key=key.wrapped,
        title=sealer.seal_title(key, QUESTION[:60]),
        created_at=times[0],
        updated_at=times[-1],
        expires_at=int(start.timestamp()) + 30 * 86_400,
    )
    written = []
    for index in range(0, messages, 2):
        question_id, reply_id = str(uuid4()), str(uuid4())
        question = MessageRecord(question_id, "user", sealer.seal_message(key, question_id, "user", QUESTION))
        reply = MessageRecord(
            message_id=reply_id,
            role="assistant",
            content=sealer.seal_message(key, reply_id, "assistant", REPLY),
            model="instant",
            stop_reason="end_turn",
            retrieval="disabled",
            usage=TokenUsage(400, 170),
        )
        turn = TurnRecord(
            user_id=OWNER,
            conversation_id=conversation_id,
            wrapped_key=key.wrapped,
            title=record.title,
            new_conversation=index == 0,
            user_message=question,
            assistant_message=reply,
            received_at=times[index],
            finished_at=times[index + 1],
            expires_at=record.expires_at,
        )
        written += [(turn, question, times[index]), (turn, reply, times[index + 1])]
    return Seeded(record, written)
