"""Everything that the three functions do about documents: over HTTP, and with what the queue delivers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.document_keys import document_id_of
from shared.documents import DocumentRecord
from tests.events import BUCKET, created, deleted, failures, from_queue, queued, sqs_event
from tests.infra.iam.chat_paths import visiting
from tests.infra.iam.home import Home
from tests.serving import Client

_TEXT = "Turnover rose by eleven percent in autumn. " * 20
#: Texts enough that not all of them are sent at once.
_FILES = ("finance.txt", "garden.txt")


def keep(home: Home) -> None:
    """Documents come, change, are searched and go."""
    _arrivals(home)
    with visiting(home) as client:
        _questions(client)
        _uploads(home, client)
        _failed(home, client)
        _deletions(home, client)
    _repairs(home)


def _arrivals(home: Home) -> None:
    for key in _FILES:
        _put(home, key, f"{key}: {_TEXT}")
    assert _told(home, *map(created, _FILES)) == []
    # Delivered again, and changed: what is live is counted, read and replaced.
    assert _told(home, created("finance.txt")) == []
    _put(home, "finance.txt", f"Turnover fell. {_TEXT}")
    assert _told(home, created("finance.txt", sequencer="617f08299329d18a")) == []
    assert _record(home, "finance.txt").status == "ready"
    _put(home, ".users/bob/secret.txt", "Somebody else's.")
    assert _told(home, queued("bob", "secret.txt"), "no message at all") != []


def _questions(client: Client) -> None:
    assert client.get("/health/detailed").json()["status"] == "ok"
    found = client.post("/search", json={"query": "turnover in autumn"}).json()
    assert found["results"]
    wanted = [document_id_of("owner", "garden.txt")]
    assert client.post("/search", json={"query": "autumn", "document_ids": wanted}).json()["results"]
    assert client.say("How was the turnover?")["retrieval"] == "used"
    assert client.say("How was it?", document_ids=wanted)["retrieval"] == "used"


def _uploads(home: Home, client: Client) -> None:
    page = client.get("/documents", params={"limit": 1}).json()
    assert client.get("/documents", params={"limit": 1, "cursor": page["next_cursor"]}).status_code == 200
    wanted = {"filename": "new.txt", "size": 5, "content_type": "text/plain"}
    announced = client.post("/documents", json=wanted).json()
    assert announced["upload"]["method"] == "PUT"
    path = f"/documents/{announced['document_id']}"
    assert client.get(path).json()["status"] == "queued"
    _put(home, "new.txt", "Hello.")
    assert _told(home, created("new.txt")) == []
    assert client.get(path).json()["status"] == "ready"
    assert client.get(f"{path}/download").json()["method"] == "GET"
    assert client.get(f"{path}/text").json() == {"passages": [{"text": "Hello."}], "complete": True}


def _failed(home: Home, client: Client) -> None:
    """Refused files, an embedder that fails, and their owner who tries again."""
    _put(home, "broken.pdf", "This is no PDF.")
    assert _told(home, created("broken.pdf")) == []
    assert _record(home, "broken.pdf").status == "failed"
    _put(home, "late.txt", "Late.")
    home.bedrock.fail_embedding(403)
    event = _received(home, created("late.txt"))
    assert len(failures(home.ingest(event))) == 1
    assert _told(home, created("late.txt")) == []
    # With little time left the second message is put back.
    assert _told(home, created("late.txt"), created("garden.txt"), milliseconds=20_000) == []
    broken = document_id_of("owner", "broken.pdf")
    assert client.post(f"/documents/{broken}/retry").json()["status"] == "queued"
    _work_off(home)
    # S3 must say that the file is gone, and not refuse to say it.
    home.s3.delete_object(Bucket=home.bucket, Key="broken.pdf")
    assert client.post(f"/documents/{broken}/retry").status_code == 422
    assert client.delete(f"/documents/{broken}").status_code == 204


def _deletions(home: Home, client: Client) -> None:
    finance = document_id_of("owner", "finance.txt")
    assert client.delete(f"/documents/{finance}").status_code == 204
    _work_off(home)
    assert _is_gone(home, "finance.txt")
    home.s3.delete_object(Bucket=home.bucket, Key="garden.txt")
    assert _told(home, deleted("garden.txt")) == []
    assert _is_gone(home, "garden.txt")


def _repairs(home: Home) -> None:
    """What a crash leaves behind, and what the owner has done by hand."""
    # The chat function had marked the document, and ended before the file was deleted.
    record = _record(home, "late.txt")
    home.catalogue.save(replace(record, deleted=True))
    assert _told(home, queued("owner", "late.txt")) == []
    assert "Versions" not in home.s3.list_object_versions(Bucket=home.bucket, Prefix="late.txt")
    assert home.ingest({"reindex": True})["queued"] == 0
    home.lose_index()
    assert home.ingest({"reindex": "all"})["queued"] > 0
    _work_off(home)
    assert _record(home, "new.txt").status == "ready"


def _put(home: Home, name: str, text: str) -> None:
    home.s3.put_object(Bucket=home.bucket, Key=name, Body=text.encode())


def _told(home: Home, *bodies: str, milliseconds: int = 900_000) -> list[str]:
    """The ids of the messages that the function gives back."""
    return failures(home.ingest(sqs_event(*(body.replace(BUCKET, home.bucket) for body in bodies)), milliseconds))


def _received(home: Home, body: str) -> dict[str, Any]:
    """The event of a message that is in the queue, as its visibility is changed there."""
    home.sqs.send_message(QueueUrl=home.queue_url, MessageBody=body.replace(BUCKET, home.bucket))
    found = home.sqs.receive_message(QueueUrl=home.queue_url, AttributeNames=["All"])["Messages"]
    return {"Records": [from_queue(message) for message in found]}


def _work_off(home: Home) -> None:
    """Hands the function what is queued, as Lambda does."""
    while found := home.sqs.receive_message(
        QueueUrl=home.queue_url, MaxNumberOfMessages=10, AttributeNames=["All"]
    ).get("Messages"):
        assert failures(home.ingest({"Records": [from_queue(message) for message in found]})) == []
        for message in found:
            home.sqs.delete_message(QueueUrl=home.queue_url, ReceiptHandle=message["ReceiptHandle"])


def _record(home: Home, key: str) -> DocumentRecord:
    record = home.catalogue.get("owner", document_id_of("owner", key))
    assert record
    return record


def _is_gone(home: Home, key: str) -> bool:
    return home.catalogue.get("owner", document_id_of("owner", key)) is None
