"""Conversations from elsewhere, taken over through the API."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.errors import StoreError
from tests.serving import Client, Home

LONG_AGO = datetime(2024, 3, 1, 9, 15, tzinfo=UTC)


def turns(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Turns a minute apart, each answered after four seconds."""
    return [
        {
            "question": f"Question {number}?",
            "reply": f"Reply {number}.",
            "asked_at": (LONG_AGO + timedelta(minutes=number)).isoformat(),
            "answered_at": (LONG_AGO + timedelta(minutes=number, seconds=4)).isoformat(),
            "model": "gpt-4o",
        }
        for number in range(first, first + count)
    ]


def send(client: Client, some: list[dict[str, Any]], **fields: Any) -> httpx.Response:
    return client.post("/conversations/import", json={"title": "Brought along", "turns": some, **fields})


def imported(client: Client, some: list[dict[str, Any]], **fields: Any) -> tuple[str, int, int]:
    response = send(client, some, **fields)
    assert response.status_code == 200, response.text
    found = response.json()
    return found["conversation_id"], found["imported"], found["skipped"]


def questions(client: Client, conversation_id: str) -> list[str]:
    return [text for role, text in client.messages(conversation_id) if role == "user"]


def refused(client: Client, some: list[dict[str, Any]], **fields: Any) -> list[str]:
    """The fields that are said to be wrong. Nothing may have been written."""
    before = client.conversation_ids()
    response = send(client, some, **fields)
    assert response.status_code == 422, response.text
    assert client.conversation_ids() == before
    return [*response.json()["error"]["fields"]]


def test_an_imported_conversation_reads_as_it_was_held(client: Client) -> None:
    conversation_id, *counts = imported(client, turns(2))
    assert counts == [2, 0]
    view = client.get(f"/conversations/{conversation_id}").json()
    assert view["title"] == "Brought along"
    assert [(each["role"], each["text"], each["created_at"]) for each in view["messages"]] == [
        ("user", "Question 0?", "2024-03-01T09:15:00.000000Z"),
        ("assistant", "Reply 0.", "2024-03-01T09:15:04.000000Z"),
        ("user", "Question 1?", "2024-03-01T09:16:00.000000Z"),
        # A next request may go on right after it.
        ("assistant", "Reply 1.", "2024-03-01T09:16:00.000001Z"),
    ]
    assert view["messages"][1]["model"] == "gpt-4o"
    assert "usage" not in view["messages"][1]
    assert (view["created_at"], view["updated_at"]) == ("2024-03-01T09:15:00.000000Z", "2024-03-01T09:16:00.000001Z")


def test_it_counts_as_no_use_and_asks_no_model(client: Client, home: Home) -> None:
    imported(client, turns(3))
    assert client.get("/usage", params={"days": 366}).json() == {
        "days": [],
        "total": {"turns": 0, "input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 0, "cost_usd": 0.0},
    }
    assert home.model.requests == []


def test_it_can_be_gone_on_with(client: Client, home: Home) -> None:
    conversation_id, *_ = imported(client, turns(1))
    client.say("And now?", conversation_id=conversation_id)
    assert questions(client, conversation_id) == ["Question 0?", "And now?"]
    assert "Reply 0." in str(home.model.requests[-1].messages)


def test_a_long_conversation_comes_in_several_requests(client: Client) -> None:
    conversation_id, *_ = imported(client, turns(50))
    assert imported(client, turns(10, first=50), conversation_id=conversation_id)[1:] == (10, 0)
    assert questions(client, conversation_id) == [f"Question {number}?" for number in range(60)]


def test_importing_again_adds_only_what_is_new(client: Client) -> None:
    conversation_id, *_ = imported(client, turns(3), conversation_id="from-elsewhere")
    assert imported(client, turns(3), conversation_id=conversation_id)[1:] == (0, 3)
    assert imported(client, turns(5), conversation_id=conversation_id, title="Another")[1:] == (2, 3)
    assert questions(client, conversation_id) == [f"Question {number}?" for number in range(5)]
    assert client.get(f"/conversations/{conversation_id}").json()["title"] == "Brought along"


def test_the_same_turns_sent_from_several_places_at_once_are_kept_once(client: Client) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda _: imported(client, turns(8), conversation_id="c1"), range(4))]
    assert sum(count for _, count, _ in found) == 8
    assert questions(client, "c1") == [f"Question {number}?" for number in range(8)]


def test_what_was_kept_before_an_error_stays_and_the_rest_comes_when_sent_again(client: Client, home: Home) -> None:
    away = StoreError("The store is away.")
    store = home.store
    store.before("save_turn", lambda: store.before("save_turn", lambda: store.before("save_turn", fail)))

    def fail() -> None:
        store.fail("save_turn", away)

    assert send(client, turns(4), conversation_id="c1").status_code == 503
    assert questions(client, "c1") == ["Question 0?", "Question 1?"]
    store.heal()
    assert imported(client, turns(4), conversation_id="c1")[1:] == (2, 2)
    assert questions(client, "c1") == [f"Question {number}?" for number in range(4)]


def test_a_conversation_of_another_user_is_neither_found_nor_touched(client: Client, url: str) -> None:
    imported(client, turns(1), conversation_id="c1")
    with Client(url, user="eve") as eve:
        assert imported(eve, turns(2, first=5), conversation_id="c1")[1:] == (2, 0)
        assert questions(eve, "c1") == ["Question 5?", "Question 6?"]
    assert questions(client, "c1") == ["Question 0?"]


def test_turns_older_than_what_was_said_here_are_skipped(client: Client) -> None:
    client.say("Hello.", conversation_id="c1")
    assert imported(client, turns(2), conversation_id="c1")[1:] == (0, 2)
    assert questions(client, "c1") == ["Hello."]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (None, "2024-03-01T09:15:00.000001Z"),
        ("2024-03-01T09:15:00Z", "2024-03-01T09:15:00.000001Z"),
        ("2024-03-01T08:00:00Z", "2024-03-01T09:15:00.000001Z"),
        ("2024-03-01T10:15:07+01:00", "2024-03-01T09:15:07.000000Z"),
        ("2024-03-01T12:00:00Z", "2024-03-01T09:15:59.999999Z"),
    ],
)
def test_a_reply_stands_between_its_question_and_the_next(told: str | None, kept: str, client: Client) -> None:
    some = turns(2)
    some[0]["answered_at"] = told
    conversation_id, *_ = imported(client, some)
    messages = client.get(f"/conversations/{conversation_id}").json()["messages"]
    assert messages[1]["created_at"] == kept
    assert questions(client, conversation_id) == ["Question 0?", "Question 1?"]


def test_the_closest_turns_stay_apart_and_are_known_again(client: Client) -> None:
    some = turns(50)
    for number, each in enumerate(some):
        each["asked_at"] = (LONG_AGO + timedelta(microseconds=2 * number)).isoformat()
        each["answered_at"] = None
    conversation_id, *_ = imported(client, some[:25])
    assert imported(client, some, conversation_id=conversation_id)[1:] == (25, 25)
    assert questions(client, conversation_id) == [f"Question {number}?" for number in range(50)]


def test_the_next_request_may_ask_before_the_last_reply_was_there(client: Client) -> None:
    some = turns(3)
    some[1]["answered_at"] = (LONG_AGO + timedelta(minutes=30)).isoformat()
    conversation_id, *_ = imported(client, some[:2])
    assert imported(client, some[2:], conversation_id=conversation_id)[1:] == (1, 0)
    assert imported(client, some, conversation_id=conversation_id)[1:] == (0, 3)
    assert questions(client, conversation_id) == [f"Question {number}?" for number in range(3)]


@pytest.mark.parametrize(
    "moment",
    [
        "2024-03-01T09:15:00",
        "2024-03-01",
        "yesterday",
        "",
        "1709284500",
        "2024-13-01T00:00:00Z",
        "2024-03-01T09:15:00Z\n",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "2099-01-01T00:00:00Z",
        1709284500,
        1709284500000,
        None,
        True,
        ["2024-03-01T09:15:00Z"],
    ],
)
def test_what_is_no_time_of_a_turn_is_refused(moment: object, client: Client) -> None:
    some = turns(1)
    some[0]["asked_at"] = moment
    assert refused(client, some) == ["turns.0.asked_at"]


@pytest.mark.parametrize("second", [0, 1])
def test_turns_out_of_order_or_doubled_are_refused(second: int, client: Client) -> None:
    some = [*turns(1, first=1), *turns(1, first=second)]
    assert refused(client, some) == ["turns.1.asked_at"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("question", ""),
        ("question", " \n"),
        ("question", "x" * 32_001),
        ("question", "a\0b"),
        ("question", "half \ud83d"),
        ("question", 7),
        ("reply", ""),
        ("reply", "x" * 64_001),
        ("reply", "half \ude00"),
        ("reply", None),
        ("answered_at", "2024-03-01T09:15:04"),
        ("answered_at", 1709284500),
        ("model", "a model with spaces"),
        ("model", "m" * 201),
        ("model", ""),
        ("model", "caf\u00e9"),
        ("surprise", 1),
    ],
)
def test_a_turn_with_a_wrong_field_is_refused_by_its_place(field: str, value: object, client: Client) -> None:
    some = turns(2)
    some[1][field] = value
    response = client.post(
        "/conversations/import",
        # With halves of characters spelt out, which UTF-8 cannot hold.
        content=json.dumps({"title": "t", "turns": some}),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 422, response.text
    assert [*response.json()["error"]["fields"]] == [f"turns.1.{field}"]
    assert client.conversation_ids() == []


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"turns": []}, "turns"),
        ({"turns": "none"}, "turns"),
        ({"turns": {}}, "turns"),
        ({"turns": [None]}, "turns.0"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"conversation_id": ""}, "conversation_id"),
        ({"conversation_id": "../other"}, "conversation_id"),
        ({"conversation_id": ".."}, "conversation_id"),
        ({"conversation_id": "a#b"}, "conversation_id"),
        ({"user_id": "eve"}, "user_id"),
    ],
)
def test_a_request_with_a_wrong_field_is_refused(fields: dict[str, Any], wrong: str, client: Client) -> None:
    response = client.post("/conversations/import", json={"title": "t", "turns": turns(1), **fields})
    assert response.status_code == 422, response.text
    assert [*response.json()["error"]["fields"]] == [wrong]
    assert client.conversation_ids() == []


def test_more_turns_than_fit_into_a_request_are_refused(client: Client) -> None:
    assert refused(client, turns(51)) == ["turns"]


def test_longest_turns_are_kept_whole(client: Client) -> None:
    some = turns(1)
    some[0] |= {"question": "\U0001f600" * 32_000, "reply": "ß" * 64_000}
    conversation_id, *_ = imported(client, some)
    assert client.messages(conversation_id) == [("user", "\U0001f600" * 32_000), ("assistant", "ß" * 64_000)]


def test_the_longest_turn_fits_however_it_is_escaped(client: Client) -> None:
    some = turns(1)
    some[0] |= {"question": "\U0001f600" * 32_000, "reply": "\U0001f680" * 64_000}
    response = client.post(
        "/conversations/import",
        content=json.dumps({"conversation_id": "c1", "title": "\U0001f600" * 200, "turns": some}),
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 200, response.text
    assert client.messages("c1") == [("user", "\U0001f600" * 32_000), ("assistant", "\U0001f680" * 64_000)]


def test_a_body_beyond_the_limit_is_refused(client: Client) -> None:
    some = [{**each, "reply": "x" * 64_000} for each in turns(21)]
    response = send(client, some)
    assert response.status_code == 413
    assert "1,310,720 bytes; send fewer turns" in response.json()["error"]["message"]
    assert client.conversation_ids() == []
