"""The function that ingests, from a queue's event to what a search finds: over moto's S3, DynamoDB and SQS."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from rag import ingestion_handler
from rag.document_processor import DocumentProcessor, ExtractionLimits
from rag.lease import LEASE_SECONDS
from shared.document_keys import document_id_of
from shared.documents import EmbeddedChunk, Generation
from shared.errors import EmbedderError, IndexWaking, StoreError
from tests import events
from tests.contract.stores import together
from tests.events import Context, created, deleted, failures, ids, queued, sqs_event
from tests.fake_embedder import FakeEmbedder
from tests.integration.cloud_documents import EMBEDDER, OPTIONS, SETTINGS, Cloud, cloud, deployed

CANARY = "kanarienvogel4711"
#: A word of its own in each of many paragraphs, so that there are several batches of chunks.
LONG = "\n\n".join(f"Paragraph {number} is about word{number}. " + "It goes on and on. " * 6 for number in range(150))


@pytest.fixture(scope="module")
def processor() -> Iterator[DocumentProcessor]:
    """Readers in processes of their own, which outlast a test."""
    made = DocumentProcessor(ExtractionLimits())
    yield made
    made.close()


@pytest.fixture
def home(tmp_path: Path, processor: DocumentProcessor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with mock_aws(), cloud(tmp_path, OPTIONS) as made, deployed(made, processor, monkeypatch):
        yield made


def is_done(answer: dict[str, Any]) -> bool:
    return answer == {"batchItemFailures": []}


# --- created, overwritten, deleted ------------------------------------------------------------------------------------


def test_a_created_file_can_be_searched(home: Cloud) -> None:
    home.put("reports/ünï 2026.txt", "Turnover rose.")
    assert is_done(home.handle(created("reports/ünï 2026.txt")))
    record = home.record("reports/ünï 2026.txt")
    assert record is not None
    assert (record.status, record.chunks, record.embedder) == ("ready", 1, EMBEDDER)
    assert home.text("reports/ünï 2026.txt") == "Turnover rose."


def test_a_key_that_looks_percent_encoded_is_taken_as_it_is(home: Cloud) -> None:
    home.put("100%25+plus%2f.txt", "Turnover rose.")
    assert is_done(home.handle(created("100%25+plus%2f.txt")))
    assert home.text("100%25+plus%2f.txt") == "Turnover rose."


def test_an_overwritten_file_replaces_what_it_said_before(home: Cloud) -> None:
    home.put("a.txt", "Turnover rose.")
    home.handle(created("a.txt", sequencer="01"))
    home.put("a.txt", "Turnover fell.")
    assert is_done(home.handle(created("a.txt", sequencer="02")))
    assert home.text("a.txt") == "Turnover fell."
    assert home.strays("turnover", "a.txt") == set()


@pytest.mark.parametrize("forever", [False, True], ids=["marked as deleted", "deleted for good"])
def test_a_deleted_file_leaves_nothing(home: Cloud, forever: bool) -> None:
    home.put("a.txt", "Turnover rose.")
    home.handle(created("a.txt", sequencer="01"))
    home.delete("a.txt")
    assert is_done(home.handle(deleted("a.txt", sequencer="02", forever=forever)))
    assert home.record("a.txt") is None
    assert home.strays("turnover") == set()


def test_a_file_of_another_user_is_that_users(home: Cloud) -> None:
    home.put("a.txt", "Turnover rose.", user_id="bob")
    assert is_done(home.handle(created(".users/bob/a.txt")))
    assert home.text("a.txt", "bob") == "Turnover rose."
    assert home.text("a.txt") is None


def test_a_file_that_nothing_can_be_made_of_is_told_in_its_record_and_is_done(home: Cloud) -> None:
    home.s3.put_object(Bucket=events.BUCKET, Key="a.pdf", Body=b"%PDF-1.7 broken")
    assert is_done(home.handle(created("a.pdf")))
    record = home.record("a.pdf")
    assert record is not None
    assert record.status == "failed"
    assert record.error


def test_a_message_of_our_own_brings_a_document_up_to_date(home: Cloud) -> None:
    home.put("a.txt", "Turnover rose.", user_id="bob")
    assert is_done(home.handle(queued("bob", "a.txt")))
    assert home.text("a.txt", "bob") == "Turnover rose."


# --- twice, late, and in any order ------------------------------------------------------------------------------------


def test_an_event_that_comes_twice_does_nothing_the_second_time(home: Cloud) -> None:
    home.put("a.txt", "Turnover rose.")
    event = created("a.txt")
    assert is_done(home.handle(event, event))
    before = (home.record("a.txt"), home.embedder.calls)
    assert is_done(home.handle(event))
    assert (home.record("a.txt"), home.embedder.calls) == before


STEPS = (created("a.txt", sequencer="01"), created("a.txt", sequencer="02"), deleted("a.txt", sequencer="0300"))


def histories(count: int) -> list[tuple[str, ...]]:
    """Every order in which so many changes (``c0``, ``c1``...) can happen and their events (``e0``...) come."""
    steps = [f"{kind}{number}" for kind in "ce" for number in range(count)]
    changes = [f"c{number}" for number in range(count)]
    return [
        order
        for order in itertools.permutations(steps)
        if [step for step in order if step[0] == "c"] == changes
        and all(order.index(f"c{number}") < order.index(f"e{number}") for number in range(count))
    ]


def change(home: Cloud, number: int) -> None:
    """Creates, overwrites and deletes the file, in this order."""
    if number == 2:
        home.delete("a.txt")
    else:
        home.put("a.txt", ("Turnover rose.", "Turnover fell.")[number])


@pytest.mark.parametrize("order", histories(3), ids="-".join)
def test_a_file_that_was_deleted_is_gone_in_whatever_order_its_events_come(home: Cloud, order: Sequence[str]) -> None:
    for step in order:
        if step[0] == "c":
            change(home, int(step[1]))
        else:
            assert is_done(home.handle(STEPS[int(step[1])]))
    assert home.record("a.txt") is None
    assert home.strays("turnover") == set()


@pytest.mark.parametrize("order", histories(2), ids="-".join)
def test_a_file_that_was_overwritten_says_the_new_in_whatever_order_its_events_come(
    home: Cloud, order: Sequence[str]
) -> None:
    for step in order:
        if step[0] == "c":
            change(home, int(step[1]))
        else:
            assert is_done(home.handle(STEPS[int(step[1])]))
    assert home.text("a.txt") == "Turnover fell."
    assert home.strays("turnover", "a.txt") == set()


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
def test_a_file_that_came_again_after_its_deletion_is_there_in_whatever_order_its_events_come(
    home: Cloud, order: tuple[int, ...]
) -> None:
    home.put("a.txt", "Turnover rose.")
    home.delete("a.txt")
    home.put("a.txt", "Turnover fell.")
    steps = (created("a.txt", sequencer="01"), deleted("a.txt", sequencer="02"), created("a.txt", sequencer="03"))
    assert is_done(home.handle(*(steps[number] for number in order)))
    assert home.text("a.txt") == "Turnover fell."
    assert home.strays("turnover", "a.txt") == set()


def test_the_same_event_in_several_invocations_at_once_makes_one_document(home: Cloud) -> None:
    home.put("a.txt", LONG)
    event = created("a.txt")
    answers = together(4, lambda _: home.handle(event))
    assert any(is_done(answer) for answer in answers)
    home.clock.advance(LEASE_SECONDS + 1)
    assert is_done(home.handle(event))
    record = home.record("a.txt")
    assert record is not None
    assert (record.status, record.building, record.retired) == ("ready", None, None)
    assert len(home.live("a.txt")) == record.chunks
    assert home.strays("word7", "a.txt") == set()


# --- batches ----------------------------------------------------------------------------------------------------------

POISON = [
    "",
    "not json",
    "null",
    "[]",
    "{}",
    "[" * 100_000,
    '{"user_id": "owner"}',
    '{"user_id": 1, "key": "a.txt"}',
    '{"Records": [{"s3": {"object": {"key": "a.txt"}}}]}',
    '{"Event": "s3:TestEvent"}',
    created("a.txt").replace("Object Created", "Object Tags Added"),
    created("a.txt").replace("aws.s3", "aws.ec2"),
    created("a.txt").replace(events.BUCKET, "somebody-elses"),
    created("a.txt").replace('"key"', '"clef"'),
    json.dumps({**json.loads(created("a.txt")), "detail": None}),
]


@pytest.mark.parametrize("poison", POISON, ids=range(len(POISON)))
def test_a_message_that_is_not_understood_fails_alone(home: Cloud, poison: str) -> None:
    home.put("a.txt", "Turnover rose.")
    home.put("b.txt", "Turnover fell.")
    event = sqs_event(created("a.txt"), poison, created("b.txt"))
    assert failures(ingestion_handler.handler(event, Context())) == [ids(event)[1]]
    assert (home.text("a.txt"), home.text("b.txt")) == ("Turnover rose.", "Turnover fell.")


@pytest.mark.parametrize(
    "body",
    [
        created("folder/"),
        created(".DS_Store"),
        created("x/.git/config"),
        created("a\u202ecod.txt"),
        created("nfd-u\u0308.txt"),
        created(".users/owner/a.txt"),
        created(".users/../a.txt"),
        deleted(".hidden"),
        queued("owner", "../a.txt"),
        queued("owner", ".users/bob/a.txt"),
        queued("../bob", "a.txt"),
        queued("owner", ""),
    ],
)
def test_a_name_that_is_nobodys_document_is_passed_over(home: Cloud, body: str) -> None:
    assert is_done(home.handle(body))
    assert home.embedder.calls == 0


def test_one_document_that_fails_is_delivered_again_alone(home: Cloud) -> None:
    for key in ("a.txt", "b.txt", "c.txt"):
        home.put(key, f"Turnover of {key}.")
    home.embedder.fail_next(None, EmbedderError("The embedder did not answer.", retry_after=2.0))
    event = sqs_event(created("a.txt"), created("b.txt"), created("c.txt"))
    assert failures(ingestion_handler.handler(event, Context())) == [ids(event)[1]]
    assert [home.text(key) for key in ("a.txt", "c.txt")] == ["Turnover of a.txt.", "Turnover of c.txt."]
    assert is_done(home.handle(created("b.txt")))
    assert home.text("b.txt") == "Turnover of b.txt."


def test_a_defect_in_the_middle_of_a_batch_fails_alone(home: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    home.put("a.txt", "Turnover rose.")
    home.put("b.txt", "Turnover fell.")
    plain = type(home.catalogue).get

    def broken(catalogue: Any, user_id: str, document_id: str) -> Any:
        if document_id == document_id_of("owner", "a.txt"):
            raise KeyError(CANARY)
        return plain(catalogue, user_id, document_id)

    monkeypatch.setattr(type(home.catalogue), "get", broken)
    event = sqs_event(created("a.txt"), created("b.txt"))
    assert failures(ingestion_handler.handler(event, Context())) == [ids(event)[0]]
    monkeypatch.undo()
    assert home.text("b.txt") == "Turnover fell."


def test_what_is_not_begun_near_the_end_is_queued_afresh_and_costs_no_delivery(home: Cloud) -> None:
    home.put("a.txt", "Turnover rose.")
    home.put("b.txt", "Turnover fell.")
    event = sqs_event(created("a.txt"), created("b.txt"), "not json", created(".hidden"), received=9)
    answer = ingestion_handler.handler(event, Context(200_000))
    assert failures(answer) == [ids(event)[2]]
    assert (home.text("a.txt"), home.text("b.txt")) == ("Turnover rose.", None)
    assert work_off_queue(home) == 1
    assert home.text("b.txt") == "Turnover fell."


def test_what_is_not_begun_and_cannot_be_queued_afresh_is_delivered_again_at_once(
    home: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StoreError("No answer.")

    hastened: list[tuple[str, float]] = []
    monkeypatch.setattr(
        "shared.aws.sqs_queue.SqsQueue.redeliver", lambda _, receipt, seconds: hastened.append((receipt, seconds))
    )
    monkeypatch.setattr("shared.aws.sqs_queue.SqsQueue.put", refuse)
    home.put("a.txt", "Turnover rose.")
    event = sqs_event(created("a.txt"), created("b.txt"), created("c.txt"))
    answer = ingestion_handler.handler(event, Context(50_000))
    assert failures(answer) == ids(event)[1:]
    assert home.text("a.txt") == "Turnover rose."
    assert hastened == [(record["receiptHandle"], 0.0) for record in event["Records"][1:]]


def test_work_that_would_outlast_the_invocation_is_given_back_in_order(home: Cloud) -> None:
    home.put("a.txt", "Turnover rose.")
    event = sqs_event(created("a.txt"))
    assert failures(ingestion_handler.handler(event, Context(5_000))) == ids(event)
    record = home.record("a.txt")
    assert record is not None
    assert (record.status, home.embedder.texts) == ("queued", [])
    assert is_done(ingestion_handler.handler(event, Context()))


@pytest.mark.parametrize(
    ("received", "retry_after", "pause"), [(1, None, 5), (3, None, 20), (1, 30.0, 30), (9, None, 300), (90, None, 300)]
)
def test_what_failed_comes_again_after_a_pause_that_grows(
    home: Cloud, monkeypatch: pytest.MonkeyPatch, received: int, retry_after: float | None, pause: int
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("shared.aws.sqs_queue.SqsQueue.redeliver", lambda _, __, seconds: pauses.append(seconds))
    home.put("a.txt", "Turnover rose.")
    home.embedder.fail_next(IndexWaking("The index wakes up.", retry_after=retry_after))
    ingestion_handler.handler(sqs_event(created("a.txt"), received=received), Context())
    assert pauses == [pause]


def test_a_queue_that_takes_no_pauses_still_gets_its_failures(home: Cloud) -> None:
    """The receipts of these messages are none of moto's, which refuses them."""
    home.embedder.fail_next(EmbedderError("The embedder did not answer."))
    home.put("a.txt", "Turnover rose.")
    assert len(failures(home.handle(created("a.txt")))) == 1


# --- killed in the middle ---------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The end of the process."""


def killed_at(home: Cloud, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Makes the process end at a place of replacing a.txt, once."""
    switched = False
    adds = 0

    def save(record: Any) -> Any:
        nonlocal switched
        live = home.record("a.txt")
        if live and record.generation != live.generation:
            if place == "before the switch":
                raise Killed
            written = plain_save(record)
            switched = True
            if place == "after the switch":
                raise Killed
            return written
        return plain_save(record)

    def add(generation: Generation, chunks: Sequence[EmbeddedChunk]) -> None:
        nonlocal adds
        adds += 1
        if place == f"batch {adds}":
            raise Killed
        plain_add(generation, chunks)

    def remove(*arguments: Any, **options: Any) -> None:
        if switched and place == "before the old is removed":
            raise Killed
        plain_remove(*arguments, **options)

    plain_save, plain_add, plain_remove = home.catalogue.save, home.index.add, home.index.remove
    monkeypatch.setattr(home.catalogue, "save", save)
    monkeypatch.setattr(home.index, "add", add)
    monkeypatch.setattr(home.index, "remove", remove)


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("batch 1", "old"),
        ("batch 2", "old"),
        ("before the switch", "old"),
        ("after the switch", "new"),
        ("before the old is removed", "new"),
    ],
)
def test_a_process_that_ends_in_the_middle_leaves_one_whole_text_and_the_next_one_goes_on(
    home: Cloud, monkeypatch: pytest.MonkeyPatch, place: str, shown: str
) -> None:
    texts = {"old": LONG, "new": LONG.replace("about", "concerned with")}
    home.put("a.txt", texts["old"])
    home.handle(created("a.txt", sequencer="01"))
    whole = {"old": home.text("a.txt")}
    home.put("a.txt", texts["new"])
    with monkeypatch.context() as patch:
        killed_at(home, patch, place)
        with pytest.raises(Killed):
            home.handle(created("a.txt", sequencer="02"))
    record = home.record("a.txt")
    assert record is not None
    assert ("concerned" in (home.text("a.txt") or "")) == (shown == "new")
    assert len(home.live("a.txt")) == record.chunks
    # The queue brings the event again when the lease of the dead process has run out, and may do so before.
    assert not is_done(home.handle(created("a.txt", sequencer="02")))
    home.clock.advance(LEASE_SECONDS + 1)
    assert is_done(home.handle(created("a.txt", sequencer="02")))
    assert "concerned" in (home.text("a.txt") or "")
    assert home.text("a.txt") != whole["old"]
    record = home.record("a.txt")
    assert record is not None
    assert (record.status, record.building, record.retired) == ("ready", None, None)
    assert home.strays("word7", "a.txt") == set()


# --- another embedder -------------------------------------------------------------------------------------------------


def work_off_queue(home: Cloud) -> int:
    """Hands everything queued to the function, as Lambda does; returns how many messages there were."""
    count = 0
    while found := home.received():
        event = {"Records": [events.from_queue(message) for message in found]}
        assert is_done(ingestion_handler.handler(event, Context()))
        for message in found:
            home.sqs.delete_message(QueueUrl=home.queue_url, ReceiptHandle=message["ReceiptHandle"])
        count += len(found)
    return count


def test_after_a_change_of_the_embedder_every_document_is_queued_and_stays_searchable(
    home: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("a.txt", "b.txt"):
        home.put(key, f"Turnover of {key}.")
        home.handle(created(key))
    home.put("c.txt", "Turnover of c.txt.", user_id="bob")
    home.put(".hidden", "nobody's")
    other = "bedrock:amazon.titan-embed-text-v2:1"
    home.embedders[other] = FakeEmbedder(other, dimensions=16)
    monkeypatch.setenv("CHATBOT_EMBEDDER", other)
    ingestion_handler._worker.cache_clear()
    assert ingestion_handler.handler({"reindex": True}, Context()) == {"queued": 3}
    assert home.text("a.txt") == "Turnover of a.txt."
    assert work_off_queue(home) == 3
    for key, user_id in (("a.txt", "owner"), ("b.txt", "owner"), ("c.txt", "bob")):
        record = home.record(key, user_id)
        assert record is not None
        assert (record.embedder, home.text(key, user_id)) == (other, f"Turnover of {key}.")
    assert ingestion_handler.handler({"reindex": True}, Context()) == {"queued": 0}


def test_after_the_index_was_made_anew_every_document_is_in_it_again(home: Cloud) -> None:
    for key in ("a.txt", "b.txt", "gone.txt"):
        home.put(key, f"Turnover of {key}.")
        home.handle(created(key))
    kept = home.record("b.txt")
    # As when documents were switched off and on: one file is new, one has vanished, and no event told of either.
    home.index.remove("owner", document_id_of("owner", "a.txt"))
    home.s3.delete_object(Bucket=events.BUCKET, Key="gone.txt")
    home.put("new.txt", "Turnover of new.txt.")
    assert ingestion_handler.handler({"reindex": True}, Context()) == {"queued": 1}
    assert work_off_queue(home) == 1
    assert home.text("a.txt") == ""
    assert ingestion_handler.handler({"reindex": "all"}, Context()) == {"queued": 4}
    assert work_off_queue(home) == 4
    for key in ("a.txt", "b.txt", "new.txt"):
        assert home.text(key) == f"Turnover of {key}."
    assert home.record("gone.txt") is None
    # What was in order was left alone.
    assert home.record("b.txt") == kept


# --- start and logs ---------------------------------------------------------------------------------------------------


def test_settings_that_are_missing_are_all_named_at_the_first_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.errors import ConfigurationError  # noqa: PLC0415

    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    ingestion_handler._worker.cache_clear()
    with pytest.raises(ConfigurationError) as caught:
        ingestion_handler.handler(sqs_event(created("a.txt")), Context())
    for name in (
        "CHATBOT_DOCUMENTS_TABLE",
        "CHATBOT_DOCUMENTS_BUCKET",
        "CHATBOT_INGESTION_QUEUE_URL",
        "CHATBOT_OPENSEARCH_ENDPOINT",
        "CHATBOT_EMBEDDER",
        "AWS_REGION",
    ):
        assert name in caught.value.message


def test_logs_tell_what_was_done_and_nothing_of_what_it_was_about(
    home: Cloud, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATBOT_LOG_LEVEL", "DEBUG")
    key = f"{CANARY}.txt"
    home.put(key, f"{CANARY} rose.")
    home.handle(created(key))
    home.put(key, f"{CANARY} fell.")
    home.embedder.fail_next(EmbedderError(CANARY))
    home.handle(created(key))
    home.s3.put_object(Bucket=events.BUCKET, Key=f"{CANARY}.pdf", Body=CANARY.encode())
    home.handle(created(f"{CANARY}.pdf"), CANARY, queued(CANARY, CANARY), created(f".{CANARY}"))
    ingestion_handler.handler({"reindex": True}, Context())
    told = capsys.readouterr()
    lines = [json.loads(line) for line in told.out.splitlines()]
    assert CANARY not in told.out + told.err
    assert {"message done", "message not done", "message is of no known kind"} <= {line["message"] for line in lines}
    done = next(line for line in lines if line["message"] == "message done")
    assert {"message_id", "document_id", "duration_ms"} <= done.keys()
