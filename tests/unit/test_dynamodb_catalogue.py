"""The DynamoDB catalogue beyond the contract: what stands in the table, lost answers, parts, and errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber
from moto import mock_aws

from shared.aws import dynamodb_calls
from shared.aws.dynamodb_catalogue import TABLE, DynamoDBCatalogue
from shared.documents import DocumentRecord
from shared.errors import DocumentChanged, InvalidRequest, StoreError

TIME = "2026-11-21T10:00:00.000000Z"
FULL = DocumentRecord(
    user_id="owner",
    document_id="d" * 32,
    key="Berichte/Überblick 2026 %2f.pdf",
    status="processing",
    created_at=TIME,
    updated_at=TIME,
    size=1234,
    content_type="application/pdf",
    version="etag",
    generation="g1",
    embedder="bedrock:titan",
    pages=12,
    chunks=40,
    tokens=9000,
    building="g2",
    retired="g0",
    lease_expires_at=1795269614.25,
    sequencer="617f08299329d189",
    attempts=2,
    progress=0.375,
    error="It failed.",
)
BARE = DocumentRecord("owner", "b" * 32, "a.txt", "queued", TIME, TIME)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb_calls, "_LONGEST_PAUSE", 0)


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1")
        client.create_table(TableName="documents", **TABLE)
        yield client
        client.close()


@pytest.fixture
def catalogue(client: Any) -> DynamoDBCatalogue:
    return DynamoDBCatalogue(client, "documents")


class Scripted:
    """A catalogue whose client gives the answers that a test has written down."""

    def __init__(self) -> None:
        client = boto3.client(
            *("dynamodb", "us-east-1"),
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.answers = Stubber(client)
        self.answers.activate()
        self.catalogue = DynamoDBCatalogue(client, "documents")


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script = Scripted()
    yield script
    script.answers.assert_no_pending_responses()
    script.catalogue.close()


def test_every_field_of_a_record_is_read_back_with_its_type(catalogue: DynamoDBCatalogue) -> None:
    for record in (FULL, BARE):
        saved = catalogue.save(record)
        found = catalogue.get(record.user_id, record.document_id)
        assert found == saved == replace(record, revision=1)
        assert [type(getattr(found, each.name)) for each in fields(found)] == [
            type(getattr(saved, each.name)) for each in fields(saved)
        ]


def test_an_item_has_the_fields_that_are_set_and_the_name_of_its_write(
    catalogue: DynamoDBCatalogue, client: Any
) -> None:
    catalogue.save(BARE)
    (item,) = client.scan(TableName="documents")["Items"]
    assert {name for name in item if name not in item.keys() & {field.name for field in fields(BARE)}} == {"write"}
    assert "error" not in item
    assert item["lease_expires_at"] == {"N": "0.0"}


def test_a_listing_goes_by_key_over_any_number_of_deleted_records(catalogue: DynamoDBCatalogue) -> None:
    keys = ["!", "B", "a", "a/b", "ä", "😀"]
    for number, key in enumerate(keys):
        catalogue.save(replace(BARE, document_id=f"live{number}", key=key))
    for number in range(7):
        catalogue.save(replace(BARE, document_id=f"gone{number}", key=f"a{number}", deleted=True))
    first = catalogue.list("owner", 4)
    second = catalogue.list("owner", 4, first.next_cursor)
    assert [record.key for record in (*first.items, *second.items)] == sorted(keys, key=str.encode)
    assert second.next_cursor is None


def test_records_are_always_read_consistently(catalogue: DynamoDBCatalogue, client: Any) -> None:
    requests: list[dict[str, Any]] = []
    client.meta.events.register("provide-client-params.dynamodb.*", lambda params, **_: requests.append(params))
    catalogue.get("owner", "one")
    catalogue.list("owner", 1)
    catalogue.unfinished(0.0, 1)
    reads = [request.get("RequestItems", {}).get("documents", request) for request in requests]
    assert [read["ConsistentRead"] for read in reads] == [True] * 3


@pytest.mark.parametrize("cursor", ["", "x", "ä", "\ud800", "ZDF8", "YzF8YQ", "ZDF8YQ==", "ZDF8YQ\n", "A" * 5000])
def test_a_cursor_of_another_listing_is_refused(catalogue: DynamoDBCatalogue, cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        catalogue.list("owner", 5, cursor)


@pytest.mark.parametrize("document_id", ["", "é", "a" * 5000, "\ud800"])
def test_ids_that_dynamodb_would_not_take_belong_to_no_document(catalogue: DynamoDBCatalogue, document_id: str) -> None:
    catalogue.save(BARE)
    assert catalogue.get("owner", document_id) is None
    assert list(catalogue.get_many("owner", [document_id, BARE.document_id])) == [BARE.document_id]


def test_a_batch_that_is_answered_in_parts_is_read_to_its_end(scripted: Scripted) -> None:
    keys = [{"user_id": {"S": "owner"}, "document_id": {"S": each}} for each in ("one", "two")]
    items = [{**key, **_texts(key="k", status="ready", created_at=TIME, updated_at=TIME)} for key in keys]
    left = {"documents": {"Keys": keys[1:], "ConsistentRead": True}}
    whole = {"documents": {"Keys": keys, "ConsistentRead": True}}
    scripted.answers.add_response(
        *("batch_get_item", {"Responses": {"documents": items[:1]}, "UnprocessedKeys": left}, {"RequestItems": whole})
    )
    scripted.answers.add_response(
        "batch_get_item", {"Responses": {"documents": items[1:]}, "UnprocessedKeys": {}}, {"RequestItems": left}
    )
    assert list(scripted.catalogue.get_many("owner", ["one", "two", "one"])) == ["one", "two"]


def test_a_batch_that_is_never_answered_whole_is_an_error(scripted: Scripted) -> None:
    left = {"documents": {"Keys": [{"user_id": {"S": "owner"}, "document_id": {"S": "one"}}]}}
    for _ in range(dynamodb_calls.ATTEMPTS):
        scripted.answers.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": left})
    with pytest.raises(StoreError, match="busy"):
        scripted.catalogue.get("owner", "one")


def test_a_write_whose_answer_was_lost_is_known_again(client: Any, catalogue: DynamoDBCatalogue) -> None:
    """botocore sends a request again where its answer was lost; the second one meets what the first one wrote."""
    plain = client.put_item

    def twice(**request: Any) -> Any:
        plain(**request)
        return plain(**request)

    client.put_item = twice
    first = catalogue.save(BARE)
    assert catalogue.save(replace(first, status="ready")).revision == 2


def test_the_same_write_of_somebody_else_is_not_taken_for_ones_own(catalogue: DynamoDBCatalogue) -> None:
    catalogue.save(BARE)
    with pytest.raises(DocumentChanged):
        catalogue.save(BARE)


def test_unfinished_records_come_from_every_page_of_the_table(scripted: Scripted) -> None:
    def item(name: str, time: str) -> dict[str, Any]:
        return _texts(user_id="u", document_id=name, key="k", status="queued", created_at=time, updated_at=time)

    place = _texts(user_id="u", document_id="late")
    expected = {
        "TableName": "documents",
        "ConsistentRead": True,
        "FilterExpression": ANY,
        "ExpressionAttributeNames": ANY,
        "ExpressionAttributeValues": ANY,
    }
    answers = scripted.answers
    answers.add_response(
        "scan", {"Items": [item("late", "2"), item("later", "3")], "LastEvaluatedKey": place}, expected
    )
    answers.add_response("scan", {"Items": [item("early", "1")]}, {**expected, "ExclusiveStartKey": place})
    assert [each.document_id for each in scripted.catalogue.unfinished(0.0, 2)] == ["early", "late"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("ResourceNotFoundException", "CHATBOT_DOCUMENTS_TABLE"),
        ("AccessDeniedException", "refused access"),
        ("ThrottlingException", "throttling"),
    ],
)
def test_errors_are_told_in_words_of_our_own(scripted: Scripted, code: str, sentence: str) -> None:
    for operation in ("put_item", "delete_item", "batch_get_item", "query"):
        scripted.answers.add_client_error(operation, code, "the vendor's words")
    for attempt in (
        lambda: scripted.catalogue.save(BARE),
        lambda: scripted.catalogue.remove(BARE),
        lambda: scripted.catalogue.get("owner", "one"),
        lambda: scripted.catalogue.list("owner", 1),
    ):
        with pytest.raises(StoreError, match=sentence) as caught:
            attempt()
        assert "vendor" not in caught.value.message


def _texts(**values: str) -> dict[str, Any]:
    return {name: {"S": value} for name, value in values.items()}
