"""What the contract suite of the stores needs: a clock to move, turns to save, and tables to save them in."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from shared.models import ConversationRecord, MessageRecord, RequestClaim, TokenUsage, TurnRecord
from shared.ports import Store
from shared.storage import format_timestamp

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
DAY = 86_400


class MovableClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def timestamp(self) -> str:
        return format_timestamp(self.now)


class Turns:
    """Makes turns at the clock's time; the reply comes a second later."""

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock

    def __call__(
        self,
        text: str = "hello",
        *,
        user_id: str = "owner",
        conversation_id: str = "c1",
        new: bool = False,
        key: bytes = b"wrapped key",
        lifetime: int = 30 * DAY,
        model: str = "builtin",
        cost: float | None = 0.25,
        claim: RequestClaim | None = None,
    ) -> TurnRecord:
        now = self._clock.now
        reply_id = claim.message_id if claim else str(uuid.uuid4())
        reply = MessageRecord(
            message_id=reply_id,
            role="assistant",
            content=f"reply to {text}".encode(),
            model=model,
            stop_reason="end_turn",
            retrieval="no_match",
            usage=TokenUsage(10, 5, 3, 2),
            cost_usd=cost,
        )
        return TurnRecord(
            user_id=user_id,
            conversation_id=conversation_id,
            wrapped_key=key,
            title=b"title of " + conversation_id.encode(),
            new_conversation=new,
            user_message=MessageRecord(str(uuid.uuid4()), "user", text.encode()),
            assistant_message=reply,
            received_at=format_timestamp(now),
            finished_at=format_timestamp(now + timedelta(seconds=1)),
            expires_at=int(now.timestamp()) + lifetime,
            claim=claim,
        )

    def claim(self, message_id: str = "reply-1", *, user_id: str = "owner", key_hash: str = "hash") -> RequestClaim:
        """A claim with a lease of a minute that is kept for a day."""
        now = self._clock.now.timestamp()
        return RequestClaim(user_id, key_hash, "fingerprint", "c1", message_id, now + 60.5, int(now) + DAY)


def together(count: int, work: Callable[[int], T]) -> list[T]:
    """The results of calling ``work`` in ``count`` threads that start at the same moment."""
    barrier = threading.Barrier(count)

    def run(number: int) -> T:
        barrier.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def texts(messages: Sequence[MessageRecord]) -> list[str]:
    return [message.content.decode() for message in messages]


def header(store: Store, conversation_id: str = "c1", user_id: str = "owner") -> ConversationRecord:
    found = store.get(user_id, conversation_id)
    assert found is not None
    return found


def all_messages(store: Store, conversation: ConversationRecord, limit: int = 3) -> list[MessageRecord]:
    """Every message, oldest first, collected page by page."""
    found: list[MessageRecord] = []
    cursor = None
    while True:
        page = store.messages(conversation, limit, cursor)
        assert len(page.items) <= limit
        found[:0] = page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def all_conversations(store: Store, user_id: str = "owner", limit: int = 2) -> list[str]:
    """The ids of every conversation, as listed, collected page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = store.conversations(user_id, limit, cursor)
        assert len(page.items) <= limit
        found += [conversation.conversation_id for conversation in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


def create_table(client: DynamoDBClient) -> str:
    """A table as ``infra/cloudformation/storage.yaml`` makes it, as far as the store depends on it."""
    name = f"conversations-{uuid.uuid4().hex}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": "S"}
            for attribute in ("conversation_id", "timestamp", "user_id", "updated_at")
        ],
        KeySchema=[
            {"AttributeName": "conversation_id", "KeyType": "HASH"},
            {"AttributeName": "timestamp", "KeyType": "RANGE"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_user",
                "KeySchema": [
                    {"AttributeName": "user_id", "KeyType": "HASH"},
                    {"AttributeName": "updated_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


def one_call_at_a_time(client: DynamoDBClient) -> None:
    """Makes single calls of a client atomic, as DynamoDB's are and moto's are not.

    moto rolls a transaction back by putting a copy of the whole table in place, over whatever another thread wrote
    meanwhile. Calls of several threads still interleave, which is what the store has to cope with.
    """
    lock = threading.Lock()
    plain: Callable[..., Any] = client._make_api_call  # type: ignore[attr-defined]  # botocore's own, not in the stubs

    def serial(*arguments: Any) -> Any:
        with lock:
            return plain(*arguments)

    client._make_api_call = serial  # type: ignore[attr-defined]  # as above
