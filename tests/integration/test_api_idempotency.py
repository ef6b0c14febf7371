"""One Idempotency-Key, one turn: however often, in whatever form and from wherever it is sent."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared.errors import ModelTimeout, StoreError
from tests.fakes import Pause
from tests.serving import OTHER_MODEL, Client, Home, build, names_of, serving, text_of

HOUR = 3600


@pytest.mark.parametrize("conversation_id", [None, "c1"])
def test_fifty_requests_at_once_make_one_turn_and_get_one_answer(
    conversation_id: str | None, home: Home, client: Client
) -> None:
    pause, together = Pause(), threading.Barrier(50)
    home.model.next("one", pause, " answer")
    fields = {"conversation_id": conversation_id} if conversation_id else {}

    def ask(number: int) -> dict[str, Any]:
        with Client(str(client.base_url)) as own:
            together.wait()
            if number % 2:
                return own.say("hi", key="key", **fields)
            events = own.streamed("hi", key="key", **fields)
        start, done = events[0].data, events[-1].data
        assert (events[0].name, events[-1].name) == ("start", "done")
        told = {field: start[field] for field in ("conversation_id", "message_id", "model")}
        told |= {field: done[field] for field in ("stop_reason", "usage", "retrieval")}
        return {**told, "reply": text_of(events), "citations": []}

    with ThreadPoolExecutor(50) as pool:
        running = [pool.submit(ask, number) for number in range(50)]
        pause.wait_until_reached()
        pause.go.set()
        answers = [each.result() for each in running]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["reply"] == "one answer"
    assert home.model.calls == 1
    assert client.conversation_ids() == [answers[0]["conversation_id"]]
    assert client.messages(answers[0]["conversation_id"]) == [("user", "hi"), ("assistant", "one answer")]
    assert client.get("/usage").json()["total"]["turns"] == 1


@pytest.mark.parametrize("first_streams", [False, True])
@pytest.mark.parametrize("then_streams", [False, True])
def test_an_answer_is_given_again_in_either_form(
    first_streams: bool, then_streams: bool, home: Home, client: Client
) -> None:
    replies = []
    for stream in (first_streams, then_streams):
        if stream:
            replies.append(text_of(client.streamed("hi", key="key", conversation_id="c1")))
        else:
            replies.append(client.say("hi", key="key", conversation_id="c1")["reply"])
    assert replies == ["You said: hi."] * 2
    assert home.model.calls == 1


def test_an_answer_is_given_again_though_the_conversation_went_on(client: Client) -> None:
    first = client.say("first", key="key", conversation_id="c1")
    client.say("second", conversation_id="c1")
    assert client.say("first", key="key", conversation_id="c1") == first
    assert len(client.messages("c1")) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"message": "other"},
        {"message": "hi "},
        {"conversation_id": "c2"},
        {"conversation_id": None},
        {"model": OTHER_MODEL},
        {"use_documents": False},
        {"document_ids": ["d1"]},
        {"document_ids": []},
    ],
)
def test_a_key_used_for_another_request_is_a_conflict(change: dict[str, Any], home: Home, client: Client) -> None:
    fields: dict[str, Any] = {"message": "hi", "conversation_id": "c1"}
    client.say(key="key", **fields)
    for stream in (False, True):
        response = client.chat(key="key", **{**fields, **change, "stream": stream})
        assert response.status_code == 409
        assert response.json()["error"]["code"] == "idempotency_conflict"
    assert home.model.calls == 1


def test_a_conflict_is_seen_while_the_first_request_is_still_being_answered(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next(pause, "hello")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.say, "hi", key="key")
        pause.wait_until_reached()
        assert client.chat("other", key="key").status_code == 409
        pause.go.set()
        assert first.result()["reply"] == "hello"


def test_other_keys_are_other_turns(home: Home, client: Client) -> None:
    for key in ("k", "K", "k1", "%6b", "!" * 255):
        client.say("hi", key=key)
    assert home.model.calls == 5


def test_the_same_key_of_another_user_is_another_key(url: str, client: Client) -> None:
    mine = client.say("hi", key="key")
    with Client(url, "somebody") as other:
        theirs = other.say("something else", key="key")
    assert theirs["conversation_id"] != mine["conversation_id"]
    assert client.say("hi", key="key") == mine


def test_a_key_is_free_again_after_a_failure(home: Home, client: Client) -> None:
    home.model.next(ModelTimeout("Too slow."))
    assert client.chat("hi", key="key").status_code == 504
    # Another body, too: nothing was done under the key.
    assert client.say("something else", key="key")["reply"] == "You said: something else."


def test_requests_that_wait_for_a_failing_one_try_for_themselves(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next(pause, ModelTimeout("Too slow."))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.chat, "hi", key="key", conversation_id="c1")
        pause.wait_until_reached()
        second = pool.submit(client.say, "hi", key="key", conversation_id="c1")
        pause.go.set()
        assert first.result().status_code == 504
        assert second.result()["reply"] == "You said: hi."
    assert len(client.messages("c1")) == 2


def test_the_key_of_a_holder_that_died_is_free_when_its_lease_ends(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next("from the ", pause, "dead")
    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(client.chat, "hi", key="key", conversation_id="c1")
        pause.wait_until_reached()
        home.clock.advance(HOUR)
        answer = client.say("hi", key="key", conversation_id="c1")
        assert answer["reply"] == "You said: hi."
        # It was only slow, and finds that its place is taken.
        pause.go.set()
        late = holder.result()
    assert late.status_code == 409
    assert late.json()["error"]["code"] == "request_in_progress"
    assert client.messages("c1") == [("user", "hi"), ("assistant", "You said: hi.")]
    assert client.say("hi", key="key", conversation_id="c1") == answer


def test_a_request_that_cannot_wait_longer_is_told_to_come_back(tmp_path: Path) -> None:
    home, pause = build(tmp_path, turn_timeout_seconds=0.2), Pause()
    home.model.next(pause, "hello")
    with serving(home.app) as url, Client(url) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.say, "hi", key="key")
        pause.wait_until_reached()
        for stream in (False, True):
            response = client.chat("hi", key="key", stream=stream)
            assert response.status_code == 409
            assert response.json()["error"]["code"] == "request_in_progress"
            assert response.headers["retry-after"] == "2"
        pause.go.set()
        answer = first.result()
        assert client.say("hi", key="key") == answer


def test_an_answer_is_kept_for_a_day(home: Home, client: Client) -> None:
    first = client.say("hi", key="key")
    home.clock.advance(24 * HOUR - 1)
    assert client.say("hi", key="key") == first
    home.clock.advance(1)
    assert client.say("hi", key="key") != first
    assert home.model.calls == 2


def test_the_answer_of_a_deleted_conversation_is_not_given_again(home: Home, client: Client) -> None:
    client.say("hi", key="key", conversation_id="c1")
    client.delete("/conversations/c1")
    response = client.chat("hi", key="key", conversation_id="c1")
    assert response.status_code == 404
    client.say("anew", conversation_id="c1")
    assert client.chat("hi", key="key", conversation_id="c1").status_code == 404
    assert home.model.calls == 2


@pytest.mark.parametrize("method", ["claim", "get", "message_at"])
def test_an_answer_that_cannot_be_read_now_is_given_again_later(method: str, home: Home, client: Client) -> None:
    first = client.say("hi", key="key", conversation_id="c1")
    home.store.fail(method, StoreError("No answer."))
    for stream in (False, True):
        assert client.chat("hi", key="key", conversation_id="c1", stream=stream).status_code == 503
    home.store.heal()
    assert client.say("hi", key="key", conversation_id="c1") == first
    assert home.model.calls == 1


def test_a_waiting_stream_is_kept_alive_and_then_told_the_answer(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.api.QUIET_SECONDS", 0.01)
    pause = Pause()
    home.model.next(pause, "hello")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.say, "hi", key="key")
        pause.wait_until_reached()
        with client.open_stream("hi", key="key") as response:
            chunks = response.iter_text()
            assert next(chunks).startswith(":")
            pause.go.set()
            rest = "".join(chunks)
        assert first.result()["reply"] == "hello"
    assert '"hello"' in rest
    assert rest.rstrip().splitlines()[-2] == "event: done"


def test_requests_without_a_key_are_never_taken_for_the_same(home: Home, client: Client) -> None:
    assert names_of(client.streamed("hi"))[-1] == names_of(client.streamed("hi"))[-1] == "done"
    assert home.model.calls == 2
    assert home.store.calls["claim"] == 0
