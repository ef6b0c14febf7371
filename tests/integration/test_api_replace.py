"""Regenerating an answer, editing a question: a turn that takes the place of others, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.errors import ModelStreamBroken, StoreError
from shared.models import MOST_REPLACED_TURNS
from tests.fakes import Pause
from tests.serving import Client, Home, names_of, text_of

ALL = {"limit": 200}


def said(client: Client, *questions: str) -> list[dict[str, Any]]:
    """The messages of ``c1`` with these questions, as the API shows them."""
    for question in questions:
        client.say(question, conversation_id="c1")
    return list(client.get("/conversations/c1", params=ALL).json()["messages"])


def spoken(*questions: str) -> list[tuple[str, str]]:
    """What stands in a conversation with these questions."""
    return [pair for each in questions for pair in (("user", each), ("assistant", f"You said: {each}."))]


def title(client: Client) -> str:
    return str(client.get("/conversations/c1").json()["title"])


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.parametrize("named", ["user", "assistant"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_made_again(named: str, stream: bool, home: Home, client: Client) -> None:
    messages = said(client, "one", "two")
    replaces = messages[2 if named == "user" else 3]["message_id"]
    home.model.next("another answer")
    if stream:
        events = client.streamed("two", conversation_id="c1", replaces=replaces)
        assert (names_of(events)[-1], text_of(events)) == ("done", "another answer")
    else:
        assert client.say("two", conversation_id="c1", replaces=replaces)["reply"] == "another answer"
    assert home.model.prompt() == [*spoken("one"), ("user", "two")]
    assert client.messages("c1") == [*spoken("one"), ("user", "two"), ("assistant", "another answer")]


def test_a_question_is_edited_and_what_came_after_it_goes(home: Home, client: Client) -> None:
    messages = said(client, "one", "two", "three", "four")
    client.say("two, better", conversation_id="c1", replaces=messages[2]["message_id"])
    assert home.model.prompt() == [*spoken("one"), ("user", "two, better")]
    assert client.messages("c1") == spoken("one", "two, better")
    client.say("and on", conversation_id="c1")
    assert client.messages("c1") == spoken("one", "two, better", "and on")
    export = client.get("/conversations/c1/export").text
    assert "three" not in export
    times = [message["created_at"] for message in client.get("/conversations/c1").json()["messages"]]
    assert times == sorted(set(times))


def test_the_model_sees_ten_messages_before_the_replaced_turn(home: Home, client: Client) -> None:
    messages = said(client, *map(str, range(12)))
    client.say("instead", conversation_id="c1", replaces=messages[2 * 8]["message_id"])
    assert home.model.prompt() == [*spoken(*map(str, range(3, 8))), ("user", "instead")]
    assert client.messages("c1") == spoken(*map(str, range(8)), "instead")


@pytest.mark.parametrize("turns", [12, 30])
def test_a_history_is_whole_where_nothing_older_was_left_out(turns: int, home: Home, client: Client) -> None:
    messages = said(client, *map(str, range(turns)))
    begin = max(0, turns - MOST_REPLACED_TURNS)
    found = []
    for number in range(begin, begin + 7):
        context = home.services.conversations.context("owner", "c1", 10, messages[2 * number]["message_id"])
        found.append((len(context.history), context.whole))
    first = [(2 * number, True) for number in range(6)] if turns == 12 else [(10, False)] * 6
    assert found == [*first, (10, False)]


def test_replaced_answers_stay_on_the_bill(client: Client) -> None:
    messages = said(client, "one")
    client.say("one", conversation_id="c1", replaces=messages[0]["message_id"])
    assert client.get("/usage").json()["total"]["turns"] == 2


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_only_the_last_twenty_turns_can_be_replaced(stream: bool, home: Home, client: Client) -> None:
    messages = said(client, *map(str, range(MOST_REPLACED_TURNS + 1)))
    for far in messages[:2]:
        response = client.chat("again", conversation_id="c1", replaces=far["message_id"], stream=stream)
        assert refusal(response) == (422, "invalid_field")
        assert list(response.json()["error"]["fields"]) == ["replaces"]
        assert "20 turns" in response.json()["error"]["message"]
    assert home.model.calls == MOST_REPLACED_TURNS + 1
    client.say("again", conversation_id="c1", replaces=messages[3]["message_id"])
    assert client.messages("c1") == spoken("0", "again")


def test_a_message_beyond_all_that_is_read_at_once_is_still_known(client: Client) -> None:
    messages = said(client, *map(str, range(40)))
    assert refusal(client.chat("x", conversation_id="c1", replaces=messages[0]["message_id"])) == (422, "invalid_field")
    assert refusal(client.chat("x", conversation_id="c1", replaces="none")) == (404, "not_found")


@pytest.mark.parametrize("stream", [False, True])
def test_a_message_that_is_not_there_cannot_be_replaced(stream: bool, home: Home, client: Client) -> None:
    [question, _] = said(client, "one")
    client.say("elsewhere", conversation_id="c2")
    for conversation_id, message_id in (("c2", question["message_id"]), ("c1", "nothing"), ("none", "nothing")):
        response = client.chat("x", conversation_id=conversation_id, replaces=message_id, stream=stream)
        assert refusal(response) == (404, "not_found")
    assert home.model.calls == 2
    assert client.conversation_ids() == ["c2", "c1"]


def test_another_users_message_is_not_there(url: str, client: Client) -> None:
    [question, _] = said(client, "one")
    with Client(url, "eve") as eve:
        eve.say("hi", conversation_id="c1")
        response = eve.chat("x", conversation_id="c1", replaces=question["message_id"])
        assert refusal(response) == (404, "not_found")
    assert client.messages("c1") == spoken("one")


@pytest.mark.parametrize("replaces", ["", "a b", "../c1", "x" * 65, "!", "é", 5, ["a"]])
def test_what_cannot_be_a_message_is_refused(replaces: object, client: Client) -> None:
    response = client.chat("x", conversation_id="c1", replaces=replaces)
    assert response.status_code == 422
    assert next(iter(response.json()["error"]["fields"])).startswith("replaces")


def test_a_conversation_must_be_named(home: Home, client: Client) -> None:
    [question, _] = said(client, "one")
    response = client.chat("x", replaces=question["message_id"], key="key")
    assert refusal(response) == (422, "invalid_field")
    assert "conversation_id" in response.json()["error"]["fields"]["replaces"]
    assert (home.model.calls, home.store.calls["claim"]) == (1, 0)


# --- when it fails, and when others write -----------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_a_turn_that_fails_replaces_nothing(stream: bool, home: Home, client: Client) -> None:
    messages = said(client, "one", "two")
    fields = {"conversation_id": "c1", "replaces": messages[2]["message_id"], "stream": stream}
    home.model.next("half ", ModelStreamBroken("Broken."))
    client.chat("two", key="key", **fields)
    assert client.messages("c1") == spoken("one", "two")
    home.store.fail("save_turn", StoreError("Busy."))
    client.chat("two", key="key", **fields)
    home.store.heal()
    assert client.messages("c1") == spoken("one", "two")
    assert client.chat("two!", key="key", **fields).status_code == 200
    assert client.messages("c1") == spoken("one", "two!")


@pytest.fixture
def paused(home: Home) -> Iterator[Pause]:
    pause = Pause()
    home.model.next("a slow ", pause, "answer")
    yield pause
    pause.go.set()


def test_a_turn_of_another_tab_is_not_lost(home: Home, client: Client, paused: Pause) -> None:
    messages = said_before_pause(home, client, paused)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.streamed, "two", conversation_id="c1", replaces=messages[2]["message_id"])
        paused.wait_until_reached()
        client.say("beside", conversation_id="c1")
        paused.go.set()
        last = slow.result()[-1]
    assert (last.name, last.data["error"]["code"]) == ("error", "conversation_changed")
    assert client.messages("c1") == spoken("one", "two", "beside")


def said_before_pause(home: Home, client: Client, paused: Pause) -> list[dict[str, Any]]:
    """A conversation of two turns; the script that waits is kept for the turn after them."""
    scripts = list(home.model._queued)
    home.model._queued.clear()
    messages = said(client, "one", "two")
    home.model._queued.extend(scripts)
    assert not paused.reached.is_set()
    return messages


def test_of_two_that_replace_the_same_message_one_stays(home: Home, client: Client, paused: Pause) -> None:
    messages = said_before_pause(home, client, paused)
    fields = {"conversation_id": "c1", "replaces": messages[3]["message_id"]}
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.chat, "two", **fields)
        paused.wait_until_reached()
        client.say("two", **fields)
        paused.go.set()
        assert refusal(slow.result()) == (409, "conversation_changed")
    assert client.messages("c1") == spoken("one", "two")
    assert refusal(client.chat("two", **fields)) == (404, "not_found")
    # What was written and could not be saved is counted all the same.
    assert client.get("/usage").json()["total"]["turns"] == 4


def test_a_conversation_deleted_meanwhile_does_not_come_back(home: Home, client: Client, paused: Pause) -> None:
    messages = said_before_pause(home, client, paused)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.chat, "one", conversation_id="c1", replaces=messages[0]["message_id"])
        paused.wait_until_reached()
        client.delete("/conversations/c1")
        paused.go.set()
        assert refusal(slow.result()) == (404, "not_found")
    assert client.conversation_ids() == []


# --- Idempotency-Key --------------------------------------------------------------------------------------------------


def test_a_repeated_request_replaces_once(home: Home, client: Client) -> None:
    messages = said(client, "one", "two")
    fields = {"conversation_id": "c1", "replaces": messages[2]["message_id"]}
    first = client.say("two!", key="key", **fields)
    # The message that it names is gone by now, and the answer is there all the same.
    assert client.say("two!", key="key", **fields) == first
    assert home.model.calls == 3
    assert client.messages("c1") == spoken("one", "two!")


def test_the_key_of_a_request_that_replaced_something_else_is_a_conflict(client: Client) -> None:
    messages = said(client, "one", "two")
    client.say("two", key="key", conversation_id="c1", replaces=messages[2]["message_id"])
    other = client.chat("two", key="key", conversation_id="c1", replaces=messages[0]["message_id"])
    assert refusal(other) == (409, "idempotency_conflict")
    assert refusal(client.chat("two", key="key", conversation_id="c1")) == (409, "idempotency_conflict")


def test_an_answer_that_was_replaced_is_not_given_again(client: Client) -> None:
    first = client.say("one", key="key", conversation_id="c1")
    client.say("one!", conversation_id="c1", replaces=first["message_id"])
    response = client.chat("one", key="key", conversation_id="c1")
    assert refusal(response) == (404, "not_found")
    assert "replaced" in response.json()["error"]["message"]


# --- titles -----------------------------------------------------------------------------------------------------------


def test_a_title_follows_the_first_question(client: Client) -> None:
    messages = said(client, "Waht is a lighthouse?", "two")
    assert title(client) == "Waht is a lighthouse?"
    client.say("What is a lighthouse?", conversation_id="c1", replaces=messages[0]["message_id"])
    assert title(client) == "What is a lighthouse?"


def test_a_title_that_was_given_stays(client: Client) -> None:
    messages = said(client, "one")
    client.patch("/conversations/c1", json={"title": "Lighthouses"})
    client.say("two", conversation_id="c1", replaces=messages[0]["message_id"])
    assert title(client) == "Lighthouses"


def test_a_title_that_is_given_meanwhile_stays(home: Home, client: Client) -> None:
    messages = said(client, "one")
    home.store.before("save_turn", lambda: client.patch("/conversations/c1", json={"title": "Lighthouses"}))
    client.say("two", conversation_id="c1", replaces=messages[0]["message_id"])
    assert title(client) == "Lighthouses"


def test_a_later_question_changes_no_title(client: Client) -> None:
    messages = said(client, "one", "two")
    client.say("three", conversation_id="c1", replaces=messages[2]["message_id"])
    assert title(client) == "one"
