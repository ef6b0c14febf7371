"""The DynamoDB store beyond the contract: what it sends, what it tries again, and what it makes of errors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber
from moto import mock_aws

from shared.aws import dynamodb_calls
from shared.aws import dynamodb_items as items
from shared.aws.dynamodb import DynamoDBStore
from shared.errors import ClaimLost, ConversationChanged, InvalidRequest, KeyConflict, StoreError
from shared.models import MOST_REPLACED_TURNS, ConversationRecord, Replacement, UsageRecord
from tests.contract.stores import MovableClock, Turns, create_table, texts

CONVERSATION = ConversationRecord(
    *("owner", "c1", b"wrapped key", b"title"),
    *("2026-11-21T09:00:00.000000Z", "2026-11-21T09:00:01.000000Z", 2**40),
)
HEADER = {"Item": items.conversation_item(CONVERSATION)}
NO_ACTION: dict[str, Any] = {"Code": "None"}


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def turn(clock: MovableClock) -> Turns:
    return Turns(clock)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb_calls, "_LONGEST_PAUSE", 0)


class Scripted:
    """A store whose client gives the answers that a test has written down, and records its transactions."""

    def __init__(self, clock: MovableClock) -> None:
        client = boto3.client(
            *("dynamodb", "us-east-1"),
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", self._record)
        self.answers = Stubber(client)
        self.answers.activate()
        self.store = DynamoDBStore(client, "table", clock)
        self.transactions: list[dict[str, Any]] = []

    def _record(self, params: dict[str, Any], **_: Any) -> None:
        self.transactions.append(params)

    def answer(self, operation: str, answer: dict[str, Any] | None = None) -> None:
        self.answers.add_response(operation, answer or {})

    def fail(self, operation: str, code: str, **fields: Any) -> None:
        self.answers.add_client_error(operation, code, "the vendor's words", modeled_fields=fields)

    def cancel(self, *reasons: str) -> None:
        listed = [{"Code": reason} for reason in reasons]
        self.fail("transact_write_items", "TransactionCanceledException", CancellationReasons=listed)


@pytest.fixture
def scripted(clock: MovableClock) -> Iterator[Scripted]:
    script = Scripted(clock)
    yield script
    script.answers.assert_no_pending_responses()
    script.store.close()


# --- what stands in the table -----------------------------------------------------------------------------------------


def test_items_stand_as_the_design_says(clock: MovableClock, turn: Turns) -> None:
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1")
        store = DynamoDBStore(client, create_table(client), clock)
        store.save_turn(turn(new=True, claim=store.claim(turn.claim())))
        found = client.scan(TableName=client.list_tables()["TableNames"][0])["Items"]
    keys = {(item["conversation_id"]["S"], item["timestamp"]["S"]): item for item in found}
    assert sorted(keys) == [
        ("owner#!claim#hash", "!claim"),
        ("owner#!usage", "2026-11-21#builtin"),
        ("owner#c1", "!conversation"),
        ("owner#c1", "2026-11-21T10:00:00.000000Z"),
        ("owner#c1", "2026-11-21T10:00:01.000000Z"),
    ]
    in_index = [place for place, item in keys.items() if {"user_id", "updated_at"} & set(item)]
    assert in_index == [("owner#c1", "!conversation")]
    assert [place[1] for place, item in keys.items() if "ttl" not in item] == ["2026-11-21#builtin"]
    assert keys["owner#c1", "2026-11-21T10:00:00.000000Z"]["role"] == {"S": "user"}


@pytest.mark.parametrize("ids", [("a#b", "c"), ("a", "b#c"), ("a", "!usage"), ("a", "!claim#x")])
def test_ids_that_could_name_another_place_are_refused(scripted: Scripted, ids: tuple[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        scripted.store.get(*ids)


def test_a_deletion_that_was_interrupted_shows_nothing_to_the_next_conversation(
    clock: MovableClock, turn: Turns
) -> None:
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1")
        table = create_table(client)
        store = DynamoDBStore(client, table, clock)
        store.save_turn(turn("left", new=True))
        # The header is gone, the messages are not, and the next turn was received before the last one was finished.
        client.delete_item(TableName=table, Key=items.header_key("owner", "c1"))
        store.save_turn(turn("anew", new=True))
        conversation = store.get("owner", "c1")
        assert conversation is not None
        assert conversation.created_at == "2026-11-21T10:00:01.000001Z"
        assert texts(store.recent_messages(conversation, 10)) == ["anew", "reply to anew"]


# --- the transaction of a turn ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
def test_a_turn_that_meets_another_reads_the_header_again(scripted: Scripted, turn: Turns, reason: str) -> None:
    moved = {**HEADER["Item"], "updated_at": {"S": "2026-11-21T11:00:00.000000Z"}}
    scripted.answer("get_item", HEADER)
    scripted.cancel(reason, "None", "None")
    scripted.answer("get_item", {"Item": moved})
    scripted.answer("transact_write_items")
    scripted.answer("update_item")
    assert scripted.store.save_turn(turn()) == "2026-11-21T11:00:00.000002Z"
    first, second = scripted.transactions
    assert first["ClientRequestToken"] != second["ClientRequestToken"]


def test_a_turn_whose_conversation_goes_meanwhile_is_a_key_conflict(scripted: Scripted, turn: Turns) -> None:
    scripted.answer("get_item", HEADER)
    scripted.cancel("ConditionalCheckFailed", "None", "None")
    scripted.answer("get_item")
    with pytest.raises(KeyConflict):
        scripted.store.save_turn(turn())


def test_a_claim_lost_meanwhile_is_told_from_a_moved_header(scripted: Scripted, turn: Turns) -> None:
    scripted.answer("get_item", HEADER)
    scripted.cancel("ConditionalCheckFailed", "None", "None", "ConditionalCheckFailed")
    with pytest.raises(ClaimLost):
        scripted.store.save_turn(turn(claim=turn.claim()))


def test_a_claim_lost_meanwhile_is_told_where_others_are_replaced(scripted: Scripted, turn: Turns) -> None:
    times = tuple(f"2026-11-21T08:00:00.{number:06}Z" for number in range(2 * MOST_REPLACED_TURNS))
    replacing = replace(turn(claim=turn.claim()), replaces=Replacement(times, CONVERSATION.updated_at))
    scripted.answer("get_item", HEADER)
    scripted.cancel("None", "None", "None", "ConditionalCheckFailed", *("None" for _ in times))
    with pytest.raises(ClaimLost):
        scripted.store.save_turn(replacing)
    [sent] = scripted.transactions
    kinds = [kind for action in sent["TransactItems"] for kind in action]
    assert kinds == ["Update", "Put", "Put", "Update", *("Delete" for _ in times)]
    # The most that one transaction takes.
    assert len(kinds) <= 100


def test_a_title_set_in_the_last_moment_stays(scripted: Scripted, turn: Turns) -> None:
    seen = Replacement((CONVERSATION.created_at, CONVERSATION.updated_at), CONVERSATION.updated_at, CONVERSATION.title)
    scripted.answer("get_item", HEADER)
    scripted.cancel("ConditionalCheckFailed", "None", "None", "None", "None")
    scripted.answer("get_item", {"Item": {**HEADER["Item"], "title": {"B": b"chosen"}}})
    scripted.answer("transact_write_items")
    scripted.answer("update_item")
    scripted.store.save_turn(replace(turn(), title=b"made", replaces=seen))
    first, second = (sent["TransactItems"][0]["Update"] for sent in scripted.transactions)
    assert first["ExpressionAttributeValues"][":title"] == {"B": b"made"}
    assert "title" in first["ConditionExpression"]
    assert "title" not in second["UpdateExpression"] + second["ConditionExpression"]


def test_a_replacing_turn_whose_conversation_went_on_is_not_tried_again(scripted: Scripted, turn: Turns) -> None:
    moved = {**HEADER["Item"], "updated_at": {"S": "2026-11-21T11:00:00.000000Z"}}
    scripted.answer("get_item", HEADER)
    scripted.cancel("TransactionConflict", "None", "None", "None")
    scripted.answer("get_item", {"Item": moved})
    with pytest.raises(ConversationChanged):
        scripted.store.save_turn(replace(turn(), replaces=Replacement(("2026",), CONVERSATION.updated_at)))


def test_a_turn_gives_up_after_meeting_others_too_often(scripted: Scripted, turn: Turns) -> None:
    for _ in range(dynamodb_calls.ATTEMPTS):
        scripted.answer("get_item", HEADER)
        scripted.cancel("TransactionConflict", "None", "None")
    with pytest.raises(StoreError, match="busy") as failed:
        scripted.store.save_turn(turn())
    assert failed.value.retry_after


@pytest.mark.parametrize(("reason", "sentence"), [("ValidationError", "400 KB"), ("ThrottlingError", "throttling")])
def test_other_reasons_of_a_cancellation_are_not_tried_again(
    scripted: Scripted, turn: Turns, reason: str, sentence: str
) -> None:
    scripted.answer("get_item", HEADER)
    scripted.cancel("None", reason, "None")
    with pytest.raises(StoreError, match=sentence):
        scripted.store.save_turn(turn())


@pytest.mark.parametrize("code", ["InternalServerError", "TransactionInProgressException"])
def test_a_transaction_of_unknown_outcome_is_sent_again_under_its_token(
    scripted: Scripted, turn: Turns, code: str
) -> None:
    scripted.answer("get_item", HEADER)
    scripted.fail("transact_write_items", code)
    scripted.answer("transact_write_items")
    scripted.answer("update_item")
    scripted.store.save_turn(turn())
    first, second = scripted.transactions
    assert first == second


def test_usage_that_cannot_be_counted_does_not_fail_a_saved_turn(
    scripted: Scripted, turn: Turns, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.answer("get_item", HEADER)
    scripted.answer("transact_write_items")
    scripted.fail("update_item", "ThrottlingException")
    with caplog.at_level(logging.WARNING):
        assert scripted.store.save_turn(turn()) == "2026-11-21T10:00:01.000000Z"
    assert "usage" in caplog.text


# --- other requests ---------------------------------------------------------------------------------------------------


def test_a_request_that_meets_a_transaction_is_tried_again(scripted: Scripted) -> None:
    scripted.fail("update_item", "TransactionConflictException")
    scripted.answer("update_item")
    assert scripted.store.rename("owner", "c1", b"title")


def test_what_a_batch_left_is_deleted_in_the_next(scripted: Scripted) -> None:
    keys = [items.key("owner#c1", f"2026-11-21T09:00:00.{number:06}Z") for number in range(30)]
    requests = [{"DeleteRequest": {"Key": key}} for key in keys]
    scripted.answer("delete_item", {"Attributes": HEADER["Item"]})
    scripted.answer("query", {"Items": keys})
    for sent, left in ((requests[:25], requests[20:25]), (requests[20:25], []), (requests[25:], [])):
        answer = {"UnprocessedItems": {"table": left} if left else {}}
        scripted.answers.add_response("batch_write_item", answer, {"RequestItems": {"table": sent}})
    assert scripted.store.delete("owner", "c1")


def test_a_deletion_stands_once_the_key_is_gone(scripted: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    scripted.answer("delete_item", {"Attributes": HEADER["Item"]})
    scripted.fail("query", "ThrottlingException")
    with caplog.at_level(logging.WARNING):
        assert scripted.store.delete("owner", "c1")
    assert "left" in caplog.text


def test_a_page_is_filled_from_several_answers(scripted: Scripted) -> None:
    first, second = ({**HEADER["Item"], **items.header_key("owner", name)} for name in ("c1", "c2"))
    place = items.place_in_index("owner", CONVERSATION.updated_at, "c1")
    scripted.answer("query", {"Items": [], "LastEvaluatedKey": place})
    scripted.answer("query", {"Items": [first], "LastEvaluatedKey": place})
    scripted.answers.add_response("query", {"Items": [second]}, _query_after(place))
    assert [found.conversation_id for found in scripted.store.conversations("owner", 2).items] == ["c1", "c2"]


def _query_after(place: dict[str, Any]) -> dict[str, Any]:
    names = ("TableName", "IndexName", "ScanIndexForward", "KeyConditionExpression", "FilterExpression", "Limit")
    others = ("ExpressionAttributeNames", "ExpressionAttributeValues")
    return {**dict.fromkeys((*names, *others), ANY), "ExclusiveStartKey": place}


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "sentence", "retried"),
    [
        ("ThrottlingException", "throttling", True),
        ("ProvisionedThroughputExceededException", "throttling", True),
        ("AccessDeniedException", "role's policy", False),
        ("ResourceNotFoundException", "CHATBOT_TABLE", False),
        ("ValidationException", "400 KB", False),
        ("InternalServerError", "try again", True),
    ],
)
def test_errors_become_sentences_without_the_vendors_words(
    scripted: Scripted, code: str, sentence: str, *, retried: bool
) -> None:
    scripted.fail("get_item", code)
    with pytest.raises(StoreError, match=sentence) as failed:
        scripted.store.ping()
    assert "vendor" not in failed.value.message
    assert (failed.value.retry_after is not None) == retried
    assert failed.value.__suppress_context__
    scripted.fail("update_item", code)
    with pytest.raises(StoreError, match=sentence):
        scripted.store.add_usage("owner", UsageRecord("2026-11-21", "builtin"))


def test_an_unreachable_table_is_told_so(clock: MovableClock) -> None:
    client = boto3.client(
        *("dynamodb", "us-east-1"),
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1),
    )
    store = DynamoDBStore(client, "table", clock)
    with pytest.raises(StoreError, match="could not be reached") as failed:
        store.ping()
    assert "127.0.0.1" not in failed.value.message
    store.close()
