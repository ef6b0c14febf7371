"""What the queue of ingestion brings: storage events by way of EventBridge, and messages of our own. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.document_keys import storage_name, user_and_key

_EVENTS = frozenset({"Object Created", "Object Deleted"})


class UnknownMessage(Exception):
    """The message is none that this program knows."""


@dataclass(frozen=True, slots=True)
class Task:
    """A key to be brought up to date; ``sequencer`` is that of the storage event, or empty."""

    user_id: str
    key: str
    sequencer: str = ""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True)


class _OwnMessage(_Strict):
    user_id: str
    key: str


class _Bucket(_Strict):
    name: str


class _Object(_Strict):
    key: str
    sequencer: str = ""


class _Detail(_Strict):
    bucket: _Bucket
    object: _Object


class _StorageEvent(_Strict):
    source: str
    detail_type: str = Field(alias="detail-type")
    detail: _Detail


_MESSAGE: TypeAdapter[_StorageEvent | _OwnMessage] = TypeAdapter(_StorageEvent | _OwnMessage)


def task_of(body: str, bucket: str) -> Task | None:
    """What a message asks for; ``None`` where it is about a name that is nobody's document.

    The keys of these events are written plainly; only those that S3 sends by itself are percent-encoded. Raises
    ``UnknownMessage``.
    """
    try:
        message = _MESSAGE.validate_json(body)
    except ValidationError:
        raise UnknownMessage from None
    if isinstance(message, _OwnMessage):
        task = Task(message.user_id, message.key)
        return task if user_and_key(storage_name(task.user_id, task.key)) == (task.user_id, task.key) else None
    found = message.detail.object
    if message.source != "aws.s3" or message.detail_type not in _EVENTS or message.detail.bucket.name != bucket:
        raise UnknownMessage
    owner = user_and_key(found.key)
    return Task(*owner, found.sequencer) if owner else None
