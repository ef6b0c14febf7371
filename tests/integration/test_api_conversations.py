"""Looking after conversations over HTTP: list, read, rename, delete, export."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import Any

import pytest

from shared.errors import StoreError
from tests.fakes import START
from tests.serving import MODEL, Client, Home, build, serving


def pages(client: Client, path: str, limit: int) -> list[list[dict[str, Any]]]:
    """Every page of a listing, followed by its cursors."""
    found = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        response = client.get(path, params=params)
        assert response.status_code == 200, response.text
        body = response.json()
        found.append(body["conversations" if path == "/conversations" else "messages"])
        cursor = body.get("next_cursor")
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_paging_gives_every_conversation_once_latest_turn_first(limit: int, home: Home, client: Client) -> None:
    for number in range(7):
        client.say("hi", conversation_id=f"c{number}")
        home.clock.advance(1)
    client.say("again", conversation_id="c2")
    found = pages(client, "/conversations", limit)
    assert all(1 <= len(page) <= limit for page in found)
    assert [item["conversation_id"] for page in found for item in page] == ["c2", "c6", "c5", "c4", "c3", "c1", "c0"]


def test_paging_gives_conversations_of_the_same_moment_once_each(client: Client) -> None:
    for number in range(6):
        client.say("hi", conversation_id=f"c{number}")
    found = pages(client, "/conversations", 2)
    assert sorted(item["conversation_id"] for page in found for item in page) == [f"c{number}" for number in range(6)]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10])
def test_paging_gives_every_message_once_from_the_newest_page_back(limit: int, client: Client) -> None:
    for number in range(5):
        client.say(f"q{number}", conversation_id="c1")
    found = pages(client, "/conversations/c1", limit)
    texts = [message["text"] for page in reversed(found) for message in page]
    assert texts == [text for number in range(5) for text in (f"q{number}", f"You said: q{number}.")]


def test_a_page_stays_put_while_messages_are_added(client: Client) -> None:
    for number in range(4):
        client.say(f"q{number}", conversation_id="c1")
    newest = client.get("/conversations/c1", params={"limit": 2}).json()
    client.say("meanwhile", conversation_id="c1")
    before = client.get("/conversations/c1", params={"limit": 2, "cursor": newest["next_cursor"]}).json()
    assert [message["text"] for message in before["messages"]] == ["q2", "You said: q2."]


def test_an_empty_listing_is_empty(client: Client) -> None:
    assert client.get("/conversations").json() == {"conversations": [], "next_cursor": None}


def test_a_message_says_when_by_what_and_for_how_much(client: Client) -> None:
    answer = client.say("hi", conversation_id="c1")
    asked, answered = client.get("/conversations/c1").json()["messages"]
    assert asked["created_at"].startswith(START.strftime("%Y-%m-%dT%H:%M:%S"))
    assert "model" not in asked
    assert (answered["message_id"], answered["model"]) == (answer["message_id"], MODEL)
    assert answered["usage"] == answer["usage"]


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("How tall is the Eiffel Tower?", "How tall is the Eiffel Tower?"),
        ("\n\n   What   is\tthis?\nsecond line", "What is this?"),
        ("```\nprint(1)\n```", "print(1)"),
        ("!?", "!?"),
        ("日本の首都は？", "日本の首都は？"),  # noqa: RUF001 - that is how it is written
    ],
)
def test_the_title_comes_from_the_first_message(message: str, title: str, client: Client) -> None:
    client.say(message, conversation_id="c1")
    client.say("something else", conversation_id="c1")
    assert client.get("/conversations/c1").json()["title"] == title


def test_a_long_first_message_makes_a_short_title(client: Client) -> None:
    client.say("word " * 6000, conversation_id="c1")
    title = client.get("/conversations").json()["conversations"][0]["title"]
    assert len(title) <= 60
    assert title.endswith("word…")


def test_a_new_title_stays_and_does_not_move_the_conversation(home: Home, client: Client) -> None:
    client.say("older", conversation_id="c1")
    home.clock.advance(1)
    client.say("newer", conversation_id="c2")
    response = client.patch("/conversations/c1", json={"title": "  Trip to Lisbon 🇵🇹 "})
    assert response.status_code == 200
    assert response.json()["title"] == "Trip to Lisbon 🇵🇹"
    client.say("and on", conversation_id="c2")
    listed = client.get("/conversations").json()["conversations"]
    assert [item["title"] for item in listed] == ["newer", "Trip to Lisbon 🇵🇹"]
    client.say("more", conversation_id="c1")
    assert client.get("/conversations/c1").json()["title"] == "Trip to Lisbon 🇵🇹"


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, 5, None, "a\0b", "\ud800", ["a"]])
def test_a_title_that_cannot_be_one_is_refused(title: object, client: Client) -> None:
    client.say("hi", conversation_id="c1")
    response = client.patch(
        "/conversations/c1", content=json.dumps({"title": title}), headers={"content-type": "application/json"}
    )
    assert response.status_code == 422
    assert list(response.json()["error"]["fields"]) == ["title"]
    assert client.get("/conversations/c1").json()["title"] == "hi"


def test_a_deleted_conversation_is_gone_and_its_id_is_free_again(home: Home, client: Client) -> None:
    client.say("my secret", conversation_id="c1")
    response = client.delete("/conversations/c1")
    assert (response.status_code, response.content) == (204, b"")
    assert client.get("/conversations/c1").status_code == 404
    assert client.delete("/conversations/c1").status_code == 404
    assert client.conversation_ids() == []
    client.say("anew", conversation_id="c1")
    assert home.model.prompt() == [("user", "anew")]
    assert client.messages("c1") == [("user", "anew"), ("assistant", "You said: anew.")]
    # Another key: nothing sealed before could be read with it.
    assert home.keys.calls["new_key"] == 2


def test_an_export_as_markdown_holds_everything_said(client: Client) -> None:
    client.say("What is *this*?", conversation_id="c1")
    client.say("# And that?", conversation_id="c1")
    response = client.get("/conversations/c1/export")
    assert response.headers["content-type"] == "text/markdown; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="conversation-c1.md"'
    positions = [
        response.text.index(part)
        for part in (
            "# What is *this*?",
            "## You",
            "## Assistant",
            "You said: What is *this*?.",
            "You said: # And that?.",
        )
    ]
    assert positions[0] == 0
    assert positions == sorted(positions)


def test_an_export_as_json_holds_what_the_api_shows(client: Client) -> None:
    for number in range(3):
        client.say(f"q{number} 😀", conversation_id="c1")
    response = client.get("/conversations/c1/export", params={"format": "json"})
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    shown = client.get("/conversations/c1").json()
    assert document["title"] == shown["title"]
    for field in ("message_id", "role", "text", "created_at"):
        assert [message[field] for message in document["messages"]] == [message[field] for message in shown["messages"]]


@pytest.mark.parametrize("page", [1, 3, 4, 10, 11])
def test_an_export_is_whole_however_long_the_conversation(
    page: int, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.turn_context._PAGE", page)
    for number in range(5):
        client.say(f"q{number}", conversation_id="c1")
    document = client.get("/conversations/c1/export", params={"format": "json"}).json()
    assert [message["text"] for message in document["messages"][::2]] == [f"q{number}" for number in range(5)]


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /conversations",
        "GET /conversations/c1",
        "PATCH /conversations/c1",
        "DELETE /conversations/c1",
        "GET /conversations/c1/export",
        "GET /usage",
    ],
)
@pytest.mark.parametrize(
    "failure",
    [(StoreError("No answer."), 503, "store_unavailable"), (RuntimeError("canary-51"), 500, "internal_error")],
)
def test_a_failing_store_is_told_in_the_envelope_on_every_route(
    failure: tuple[Exception, int, str], request_line: str, home: Home, client: Client
) -> None:
    error, status, code = failure
    method, path = request_line.split()
    for name in ("get", "conversations", "messages", "rename", "delete", "usage"):
        home.store.fail(name, error)
    response = client.request(method, path, json={"title": "x"} if method == "PATCH" else None)
    assert response.status_code == status
    found = response.json()["error"]
    assert found["code"] == code
    assert found["request_id"] == response.headers["x-request-id"]
    assert "canary" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_a_damaged_conversation_hides_no_other_and_says_so_when_read(home: Home, client: Client) -> None:
    client.say("first", conversation_id="c1")
    client.say("second", conversation_id="c2")
    bare = build(home.database.parent)
    with serving(bare.app) as url, Client(url) as other:
        # This process has none of the keys: nothing can be unwrapped.
        listed = other.get("/conversations").json()["conversations"]
        assert len(listed) == 2
        assert all("cannot be decrypted" in item["title"] for item in listed)
        response = other.get("/conversations/c1")
        assert response.status_code == 500
        assert response.json()["error"]["code"] == "decryption_failed"


def test_a_damaged_message_hides_no_other_and_is_shown_to_no_model(home: Home, client: Client) -> None:
    for text in ("first", "second"):
        client.say(text, conversation_id="c")
    with contextlib.closing(sqlite3.connect(home.database)) as database, database:
        database.execute("UPDATE messages SET content = x'00' WHERE timestamp = (SELECT min(timestamp) FROM messages)")
    unreadable = "(this message cannot be decrypted)"
    read = client.get("/conversations/c").json()["messages"]
    assert [message["text"] for message in read] == [unreadable, "You said: first.", "second", "You said: second."]
    assert unreadable in client.get("/conversations/c/export").text
    asked = home.model.calls
    refused = client.chat("third", conversation_id="c")
    assert (refused.status_code, refused.json()["error"]["code"]) == (500, "decryption_failed")
    assert home.model.calls == asked
