"""Stopping an answer while it is being written, over HTTP: what was written is kept, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.errors import StoreError
from shared.models import Completion, TokenUsage
from tests.fake_retriever import ScriptedRetriever, found
from tests.fakes import Pause
from tests.serving import Client, Event, Home, build, events_of, names_of, remote_documents, serving, text_of

#: A day in seconds: no test is so slow that the store would be looked at.
NEVER = 86_400.0


class Streaming:
    """A stream that is being read: the events so far, and the rest when it is asked for."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._text = ""
        while "\n\n" not in self._text:
            self._text += next(chunks)
        self.start = events_of(self._text.split("\n\n")[0] + "\n\n")[0].data

    @property
    def message_id(self) -> str:
        return str(self.start["message_id"])

    def rest(self) -> list[Event]:
        return events_of(self._text + "".join(self._chunks))


@contextmanager
def streaming(client: Client, **fields: Any) -> Iterator[Streaming]:
    with client.open_stream("hi", **{"conversation_id": "c1", **fields}) as response:
        yield Streaming(response.iter_text())


def stop(client: Client, message_id: str) -> None:
    response = client.post(f"/chat/{message_id}/stop")
    assert (response.status_code, response.content) == (204, b"")


def stored(client: Client) -> dict[str, Any]:
    """The last message as the API shows it."""
    return dict(client.get("/conversations/c1").json()["messages"][-1])


@pytest.fixture(autouse=True)
def _no_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process a stop is told at once: nothing is looked for in the store."""
    monkeypatch.setattr("chatbot.stopping._LOOK_SECONDS", NEVER)


def test_a_stopped_answer_is_kept_as_far_as_it_came(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next("first ", "second", pause, " third", " fourth")
    with streaming(client) as stream:
        pause.wait_until_reached()
        stop(client, stream.message_id)
        pause.go.set()
        events = stream.rest()
    assert names_of(events) == ["start", "status", "delta", "delta", "done"]
    assert text_of(events) == "first second"
    done = events[-1].data
    assert done["stop_reason"] == "stopped"
    assert client.messages("c1") == [("user", "hi"), ("assistant", "first second")]
    kept = stored(client)
    assert (kept["message_id"], kept["stop_reason"]) == (stream.message_id, "stopped")
    assert kept["usage"] == done["usage"]
    assert home.model.left == 1
    # The store was neither written nor read for it.
    assert home.store.calls["ask_to_stop"] == home.store.calls["stop_asked"] == 0


def test_a_stopped_answer_is_billed_by_an_estimate(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next("word " * 100, pause, "more")
    with streaming(client) as stream:
        pause.wait_until_reached()
        stop(client, stream.message_id)
        pause.go.set()
        usage = stream.rest()[-1].data["usage"]
    assert usage["output_tokens"] >= 100
    assert usage["input_tokens"] > 0
    total = client.get("/usage").json()["total"]
    assert (total["turns"], total["output_tokens"]) == (1, usage["output_tokens"])


def test_the_next_turn_and_the_export_know_a_stopped_answer(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next("half an", pause, " answer")
    with streaming(client) as stream:
        pause.wait_until_reached()
        stop(client, stream.message_id)
        pause.go.set()
        stream.rest()
    client.say("go on", conversation_id="c1")
    assert home.model.prompt() == [("user", "hi"), ("assistant", "half an"), ("user", "go on")]
    whole = client.get("/conversations/c1/export", params={"format": "json"}).json()
    assert [message.get("stop_reason") for message in whole["messages"]] == [None, "stopped", None, "end_turn"]
    assert "\n\nhalf an\n\n> (stopped here)\n\n" in client.get("/conversations/c1/export").text


@pytest.mark.parametrize("blank", [(), ("  \n",)])
def test_an_answer_that_was_stopped_before_it_began_is_not_kept(
    blank: tuple[str, ...], home: Home, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    pause = Pause()
    home.model.next(*blank, pause, "too late")
    with streaming(client, key="key") as stream:
        pause.wait_until_reached()
        stop(client, stream.message_id)
        if blank:
            pause.go.set()
        # A model that has said nothing at all is not waited for.
        events = stream.rest()
    pause.go.set()
    assert events[-1].name == "error"
    assert events[-1].data["error"]["code"] == "stopped"
    assert "too late" not in text_of(events)
    assert client.get("/conversations/c1").status_code == 404
    # It is no failure that anybody must look at, and the key is free.
    assert "turn failed" not in caplog.text
    assert client.say("hi", conversation_id="c1", key="key")["reply"] == "You said: hi."
    # The model has read the question.
    assert client.get("/usage").json()["total"]["turns"] == 2


def test_who_waits_for_the_whole_answer_is_told_too(
    home: Home, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    pauses = Pause(), Pause()
    home.model.next("so far", pauses[0], " more")
    home.model.next(pauses[1], "more")
    replies = []
    for pause in pauses:
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(client.chat, "hi", conversation_id="c1")
            pause.wait_until_reached()
            [(_, message_id)] = home.services.stopping._here
            stop(client, message_id)
            pause.go.set()
            replies.append(asked.result())
    written, nothing = replies
    assert (written.json()["reply"], written.json()["stop_reason"]) == ("so far", "stopped")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (409, "stopped")


def test_a_stopped_answer_is_given_again_under_its_key(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next("so far", pause, " more")
    with streaming(client, key="key") as stream:
        pause.wait_until_reached()
        stop(client, stream.message_id)
        pause.go.set()
        done = stream.rest()[-1].data
    again = client.say("hi", conversation_id="c1", key="key")
    assert (again["reply"], again["stop_reason"]) == ("so far", "stopped")
    assert (again["message_id"], again["usage"]) == (stream.message_id, done["usage"])
    assert home.model.calls == 1


def test_a_stopped_answer_takes_the_place_of_another(home: Home, client: Client) -> None:
    first, pause = client.say("hi", conversation_id="c1"), Pause()
    home.model.next("so far", pause, " more")
    with streaming(client, replaces=first["message_id"]) as stream:
        pause.wait_until_reached()
        stop(client, stream.message_id)
        assert client.messages("c1")[-1] == ("assistant", "You said: hi.")
        pause.go.set()
        stream.rest()
    assert client.messages("c1") == [("user", "hi"), ("assistant", "so far")]


def test_an_answer_that_has_come_to_its_end_is_whole(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next("the whole answer", pause, Completion("end_turn", TokenUsage(3, 4)))
    with streaming(client) as stream:
        pause.wait_until_reached()
        stop(client, stream.message_id)
        pause.go.set()
        done = stream.rest()[-1].data
    assert (done["stop_reason"], done["usage"]["output_tokens"]) == ("end_turn", 4)
    stop(client, stream.message_id)
    assert stored(client)["stop_reason"] == "end_turn"


def test_a_marker_that_was_held_back_is_told_at_the_stop(tmp_path: Path) -> None:
    home = build(tmp_path, documents=remote_documents(tmp_path, ScriptedRetriever(found("Ships."))))
    with serving(home.app) as url, Client(url) as client:
        pause = Pause()
        home.model.next("Ships [1", "]", " [7]", pause, " and")
        with streaming(client) as stream:
            pause.wait_until_reached()
            stop(client, stream.message_id)
            pause.go.set()
            events = stream.rest()
        assert text_of(events) == "Ships [1]"
        assert stored(client)["citations"][0]["number"] == 1


def test_a_search_that_was_stopped_asks_no_model(tmp_path: Path) -> None:
    pause = Pause()
    home = build(tmp_path, documents=remote_documents(tmp_path, ScriptedRetriever(pause, found("Ships."))))
    with serving(home.app) as url, Client(url) as client:
        with streaming(client) as stream:
            pause.wait_until_reached()
            stop(client, stream.message_id)
            # An index that is waking is not waited for.
            assert stream.rest()[-1].data["error"]["code"] == "stopped"
        pause.go.set()
        assert home.model.calls == 0
        assert client.get("/usage").json()["total"]["turns"] == 0


# --- whose answer, and which ------------------------------------------------------------------------------------------


def test_a_stranger_stops_nothing(home: Home, url: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.stopping._LOOK_SECONDS", 0)
    pause = Pause()
    home.model.next("first", pause, " second")
    with streaming(client) as stream, Client(url, "eve") as eve:
        pause.wait_until_reached()
        stop(eve, stream.message_id)
        stop(client, "another")
        pause.go.set()
        events = stream.rest()
    assert (text_of(events), events[-1].data["stop_reason"]) == ("first second", "end_turn")


def test_one_of_two_answers_is_stopped(home: Home, client: Client) -> None:
    one, two = Pause(), Pause()
    home.model.next("one", one, " more")
    home.model.next("two", two, " more")
    with streaming(client, conversation_id="c1") as first:
        one.wait_until_reached()
        with streaming(client, conversation_id="c2") as second:
            two.wait_until_reached()
            stop(client, first.message_id)
            two.go.set()
            assert text_of(second.rest()) == "two more"
        one.go.set()
        assert text_of(first.rest()) == "one"
    assert home.services.stopping._here == {}


@pytest.mark.parametrize("message_id", ["a b", "a.b", "x" * 65, "é", "%00", "a%2Fb"])
def test_what_cannot_be_a_message_is_refused(message_id: str, client: Client) -> None:
    response = client.post(f"/chat/{message_id}/stop")
    assert response.status_code in {404, 422}
    assert response.json()["error"]["code"] in {"not_found", "invalid_field"}


def test_a_stop_takes_no_other_method(client: Client) -> None:
    assert client.get("/chat/reply/stop").status_code == 405


# --- from another process ---------------------------------------------------------------------------------------------


@contextmanager
def other_process(home: Home) -> Iterator[Client]:
    """A client of another application over the same database."""
    other = build(home.database.parent)
    with serving(other.app) as url, Client(url) as client:
        yield client


def test_an_answer_is_stopped_from_another_process(home: Home, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.stopping._LOOK_SECONDS", 0)
    pause = Pause()
    home.model.next("so far", pause, " more")
    with other_process(home) as other, streaming(client) as stream:
        pause.wait_until_reached()
        stop(other, stream.message_id)
        pause.go.set()
        events = stream.rest()
    assert (text_of(events), events[-1].data["stop_reason"]) == ("so far", "stopped")


def test_a_silent_model_is_stopped_from_another_process(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.stopping._LOOK_SECONDS", 0)
    pause = Pause()
    home.model.next(pause, "too late")
    with other_process(home) as other, streaming(client) as stream:
        pause.wait_until_reached()
        stop(other, stream.message_id)
        events = stream.rest()
    pause.go.set()
    assert events[-1].data["error"]["code"] == "stopped"


def test_what_another_process_was_asked_before_the_first_words_keeps_nothing(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.stopping._LOOK_SECONDS", 1.0)
    seconds = [0.0]
    monkeypatch.setattr(home.services.stopping, "_monotonic", lambda: seconds[0])
    waking, pause = Pause(), Pause()
    home.model.next(waking, "\n", pause, "too late", " by far")
    with other_process(home) as other, streaming(client) as stream:
        waking.wait_until_reached()
        seconds[0] = 1.2  # it looks, and nothing was asked yet
        waking.go.set()
        pause.wait_until_reached()
        stop(other, stream.message_id)
        seconds[0] = 1.5
        pause.go.set()
        events = stream.rest()
    assert home.store.calls["stop_asked"] == 2
    assert (events[-1].name, text_of(events).strip()) == ("error", "")
    assert events[-1].data["error"]["code"] == "stopped"
    assert client.get("/conversations/c1").status_code == 404


def test_an_answer_begun_in_its_first_second_is_kept_as_far_as_it_came(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.stopping._LOOK_SECONDS", 1.0)
    seconds = [0.0]
    monkeypatch.setattr(home.services.stopping, "_monotonic", lambda: seconds[0])
    early, later = Pause(), Pause()
    home.model.next(early, "so far", later, " more")
    with other_process(home) as other, streaming(client) as stream:
        early.wait_until_reached()
        stop(other, stream.message_id)
        early.go.set()
        later.wait_until_reached()
        assert home.store.calls["stop_asked"] == 0
        seconds[0] = 1.0
        later.go.set()
        events = stream.rest()
    assert (text_of(events), events[-1].data["stop_reason"]) == ("so far", "stopped")


def test_a_store_that_does_not_answer_stops_no_turn(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.stopping._LOOK_SECONDS", 0)
    home.store.fail("stop_asked", StoreError("Busy."))
    home.store.fail("ask_to_stop", StoreError("Busy."))
    assert text_of(client.streamed("hi")) == "You said: hi."
    # Once, though the answer has three pieces: whoever reads it must not wait for the store each time.
    assert home.store.calls["stop_asked"] == 1
    response = client.post("/chat/elsewhere/stop")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "store_unavailable")


def test_a_short_answer_does_not_ask_the_store(home: Home, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(client.chat("hi").text)["reply"] == "You said: hi."
    assert home.store.calls["stop_asked"] == 0
