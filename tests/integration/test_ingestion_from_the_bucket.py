"""Files put into a bucket, and what becomes of them: S3, EventBridge and SQS of the emulator deliver the events."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from rag import ingestion_handler
from rag.document_processor import DocumentProcessor, ExtractionLimits
from shared.aws.s3_files import S3Files
from shared.errors import EmbedderError
from tests.emulator.emulator import running_emulator
from tests.events import BUCKET, Context, failures, from_queue
from tests.fakes import PATIENCE
from tests.integration.cloud_documents import Cloud, cloud, deployed

pytestmark = pytest.mark.emulator


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A bucket whose events go to the queue, as the template wires them."""
    processor = DocumentProcessor(ExtractionLimits())
    with running_emulator(tmp_path) as emulator:
        options: dict[str, Any] = dict(emulator.client_options)
        with cloud(tmp_path, options) as made, deployed(made, processor, monkeypatch):
            with closing(boto3.client("events", **options)) as events:
                wire(made, events)
            yield made
    processor.close()


def wire(home: Cloud, events: Any) -> None:
    home.s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {"bucket": {"name": [BUCKET]}},
    }
    events.put_rule(Name="documents", EventPattern=json.dumps(pattern))
    attributes = home.sqs.get_queue_attributes(QueueUrl=home.queue_url, AttributeNames=["QueueArn"])["Attributes"]
    events.put_targets(Rule="documents", Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
    home.sqs.set_queue_attributes(QueueUrl=home.queue_url, Attributes={"VisibilityTimeout": "43200"})


def deliver(home: Cloud, count: int) -> list[str]:
    """Hands so many messages to the function, as Lambda does; returns the ids of those that were not done."""
    left: list[str] = []
    give_up = time.monotonic() + PATIENCE
    while count > 0:
        assert time.monotonic() < give_up, f"{count} events did not come"
        found = home.received()
        if not found:
            continue
        count -= len(found)
        failed = failures(ingestion_handler.handler({"Records": [from_queue(message) for message in found]}, Context()))
        for message in found:
            if message["MessageId"] not in failed:
                home.sqs.delete_message(QueueUrl=home.queue_url, ReceiptHandle=message["ReceiptHandle"])
        left += failed
    return left


def test_files_that_come_change_and_go_are_followed(home: Cloud) -> None:
    key = "my reports/ünï 100%25+%2f.txt"
    home.put(key, "Turnover rose.")
    home.put("b.txt", "The tomatoes want water.", user_id="bob")
    home.put(".hidden", "nobody's")
    assert deliver(home, 3) == []
    assert home.text(key) == "Turnover rose."
    assert home.text("b.txt", "bob") == "The tomatoes want water."
    home.put(key, "Turnover fell.")
    assert deliver(home, 1) == []
    assert home.text(key) == "Turnover fell."
    home.delete(key)
    assert deliver(home, 1) == []
    assert home.record(key) is None
    assert home.strays("turnover") == set()


def test_an_upload_with_a_signed_url_is_ingested_and_deleted_with_all_its_versions(home: Cloud) -> None:
    files = S3Files(home.s3, BUCKET, 1 << 20)
    for text in (b"Turnover rose.", b"Turnover fell."):
        target = files.upload_target("owner", "a b.txt", len(text), "text/plain")
        request = urllib.request.Request(target.url, text, target.headers, method=target.method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert answer.status == 200
    assert deliver(home, 2) == []
    assert home.text("a b.txt") == "Turnover fell."
    files.delete("owner", "a b.txt")
    assert deliver(home, 2) == []
    assert home.record("a b.txt") is None


def test_what_failed_is_delivered_again_soon_and_not_after_the_queues_long_timeout(
    home: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.ingestion_worker._FIRST_PAUSE", 0.0)
    home.put("a.txt", "Turnover rose.")
    home.embedder.fail_next(EmbedderError("The embedder did not answer."))
    assert len(deliver(home, 1)) == 1
    assert home.text("a.txt") == ""
    assert deliver(home, 1) == []
    assert home.text("a.txt") == "Turnover rose."


def test_our_own_messages_come_through_the_same_queue(home: Cloud) -> None:
    home.put("a.txt", "Turnover rose.")
    assert deliver(home, 1) == []
    home.backends().queue.put("owner", "a.txt")
    assert deliver(home, 1) == []
    assert home.text("a.txt") == "Turnover rose."
