"""Events as AWS sends them, after its documentation, and the context of an invocation.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping
from typing import Any

BUCKET = "documents-111122223333"

_numbers = itertools.count(1)


class Context:
    """What the platform tells of an invocation. Each reading of the time left takes the next value, the last stays."""

    aws_request_id = "c0ffee00-0000-4000-8000-000000000000"

    def __init__(self, *milliseconds: int) -> None:
        self._left = [*(milliseconds or (900_000,))]

    def get_remaining_time_in_millis(self) -> int:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


def created(key: str, *, sequencer: str = "617f08299329d189", size: int = 5, reason: str = "PutObject") -> str:
    """An event of a new or overwritten file."""
    return _storage_event(
        "Object Created",
        {"key": key, "size": size, "etag": "b1946ac92492d2347c6235b4d2611184", "sequencer": sequencer},
        {"reason": reason},
    )


def deleted(key: str, *, sequencer: str = "617f0837b476e463", forever: bool = False) -> str:
    """An event of a deleted file; ``forever`` where a version went, and not only a marker came."""
    kind = "Permanently Deleted" if forever else "Delete Marker Created"
    return _storage_event(
        "Object Deleted",
        {"key": key, "etag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": sequencer},
        {"reason": "DeleteObject", "deletion-type": kind},
    )


def queued(user_id: str, key: str) -> str:
    """A message of our own."""
    return json.dumps({"user_id": user_id, "key": key})


def sqs_event(*bodies: str, received: int = 1) -> dict[str, Any]:
    """The event of a batch of messages, of which each was received so many times by now."""
    return {"Records": [_record(body, received) for body in bodies]}


def from_queue(message: Mapping[str, Any]) -> dict[str, Any]:
    """The record that Lambda makes of a message as ReceiveMessage gives it."""
    record = _record(message["Body"], int(message["Attributes"]["ApproximateReceiveCount"]))
    return {**record, "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"]}


def ids(event: Mapping[str, Any]) -> list[str]:
    """The ids of the messages in a batch."""
    return [record["messageId"] for record in event["Records"]]


def failures(answer: Mapping[str, Any]) -> list[str]:
    """The ids that an answer gives back to the queue."""
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def _storage_event(kind: str, stored: dict[str, Any], more: dict[str, str]) -> str:
    return json.dumps(
        {
            "version": "0",
            "id": "17793124-05d4-b198-2fde-7ededc63b103",
            "detail-type": kind,
            "source": "aws.s3",
            "account": "111122223333",
            "time": "2026-11-21T00:00:00Z",
            "region": "us-east-1",
            "resources": [f"arn:aws:s3:::{BUCKET}"],
            "detail": {
                "version": "0",
                "event-version": "1.0",
                "bucket": {"name": BUCKET},
                "object": {**stored, "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"},
                "request-id": "N4N7GDK58NMKJ12R",
                "requester": "123456789012",
                "source-ip-address": "1.2.3.4",
                **more,
            },
        }
    )


def _record(body: str, received: int) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "messageId": f"059f36b4-87a3-44ab-83d2-{number:012d}",
        "receiptHandle": f"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a{number}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": str(received),
            "SentTimestamp": "1795269614319",
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": "1795269614329",
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:ingestion",
        "awsRegion": "us-east-1",
    }
