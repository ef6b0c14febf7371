"""One turn over HTTP: what comes back, what the model was given, what is kept, and how it fails."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import (
    ModelRejectedRequest,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
    StoreError,
    StoreFull,
)
from shared.models import Completion, ModelRequest, TokenUsage
from tests.fakes import USAGE, Pause, Step
from tests.serving import MODEL, OTHER_MODEL, Client, Home, build, events_of, names_of, serving, text_of

DAY = 86_400
CANARY = "canary-7f3a"

FAILURES = [
    pytest.param(ModelThrottled("Too many requests.", retry_after=7), 429, "model_throttled", id="throttled"),
    pytest.param(ModelTimeout("Too slow."), 504, "model_timeout", id="timing out"),
    pytest.param(ModelUnavailable("Not there."), 502, "model_unavailable", id="unavailable"),
    pytest.param(ModelRejectedRequest("Not that."), 502, "model_rejected_request", id="rejecting"),
    pytest.param(ModelStreamBroken("Broken."), 502, "model_stream_broken", id="broken"),
    pytest.param(RuntimeError(CANARY), 500, "internal_error", id="unexpected"),
    pytest.param(MemoryError(CANARY), 500, "internal_error", id="out of memory"),
]


def test_a_turn_is_answered_and_kept(client: Client) -> None:
    answer = client.say("What is a lighthouse?")
    assert answer["reply"] == "You said: What is a lighthouse?."
    assert answer["model"] == MODEL
    assert answer["stop_reason"] == "end_turn"
    assert answer["citations"] == []
    assert answer["retrieval"] == "disabled"
    assert answer["usage"]["input_tokens"] == USAGE.input_tokens
    assert answer["usage"]["output_tokens"] == USAGE.output_tokens
    assert client.messages(answer["conversation_id"]) == [
        ("user", "What is a lighthouse?"),
        ("assistant", answer["reply"]),
    ]


def test_a_stream_tells_the_same_as_the_json_answer(client: Client) -> None:
    events = client.streamed("hello", conversation_id="streamed")
    answer = client.say("hello", conversation_id="whole")
    assert names_of(events) == ["start", "status", "delta", "delta", "delta", "done"]
    start, done = events[0].data, events[-1].data
    assert text_of(events) == answer["reply"]
    assert start["conversation_id"] == "streamed"
    assert start["model"] == answer["model"]
    for field in ("stop_reason", "usage", "retrieval"):
        assert done[field] == answer[field]
    stored = client.get("/conversations/streamed").json()["messages"]
    assert stored[-1]["message_id"] == start["message_id"]


def test_the_accept_header_asks_for_a_stream_too(client: Client) -> None:
    response = client.post("/chat", json={"message": "hi"}, headers={"accept": "text/event-stream"})
    assert names_of(events_of(response.text))[-1] == "done"


def test_a_stream_is_not_to_be_kept_or_held_back(client: Client) -> None:
    with client.open_stream("hi") as response:
        assert "no-store" in response.headers["cache-control"]
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["x-request-id"]
        response.read()


def test_text_arrives_before_the_model_has_finished(home: Home, client: Client) -> None:
    pause = Pause()
    home.model.next("first", pause, "second")
    with client.open_stream("hi") as response:
        chunks = response.iter_text()
        received = ""
        while "first" not in received:
            received += next(chunks)
        assert not pause.go.is_set()
        pause.go.set()
        received += "".join(chunks)
    assert text_of(events_of(received)) == "firstsecond"


def test_a_new_conversation_gets_an_id_that_nobody_has(client: Client) -> None:
    ids = {client.say("hi")["conversation_id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize("conversation_id", ["a", "A-z.0_9", "...", "x" * 64, "-", "null"])
def test_a_conversation_may_begin_under_an_id_of_the_clients(conversation_id: str, client: Client) -> None:
    assert client.say("hi", conversation_id=conversation_id)["conversation_id"] == conversation_id
    assert client.get(f"/conversations/{conversation_id}").status_code == 200


def test_the_second_turns_prompt_holds_the_first(home: Home, client: Client) -> None:
    first = client.say("My name is Ada.")
    client.say("What is my name?", conversation_id=first["conversation_id"])
    assert home.model.prompt() == [
        ("user", "My name is Ada."),
        ("assistant", first["reply"]),
        ("user", "What is my name?"),
    ]


def test_the_model_sees_the_last_ten_messages_oldest_first(home: Home, client: Client) -> None:
    for number in range(8):
        client.say(f"question {number}", conversation_id="long")
    expected = []
    for number in range(2, 7):
        expected += [("user", f"question {number}"), ("assistant", f"You said: question {number}.")]
    assert home.model.prompt() == [*expected, ("user", "question 7")]


def test_another_conversation_is_not_in_the_prompt(home: Home, client: Client) -> None:
    client.say("a secret", conversation_id="one")
    client.say("hello", conversation_id="two")
    assert home.model.prompt() == [("user", "hello")]


def test_a_named_model_answers(home: Home, client: Client) -> None:
    assert client.say("hi", model=OTHER_MODEL)["model"] == OTHER_MODEL
    assert (home.model.calls, home.other_model.calls) == (0, 1)


def test_a_cut_answer_is_kept_and_says_that_it_was_cut(home: Home, client: Client) -> None:
    home.model.next("as long as it g", Completion("max_tokens", TokenUsage(3, 4, 5, 6)))
    answer = client.say("hi", conversation_id="cut")
    assert answer["stop_reason"] == "max_tokens"
    assert answer["usage"]["cache_read_tokens"] == 5
    stored = client.get("/conversations/cut").json()["messages"][-1]
    assert stored["stop_reason"] == "max_tokens"
    assert stored["usage"] == answer["usage"]


@pytest.mark.parametrize("message", ["\u2028", "a\r\nb\n\n\ndata: x\n\nevent: done", "😀" * 16_000, "\x7f\x1b[2J", "﷽"])
def test_any_text_goes_through_a_stream_and_the_store_unchanged(message: str, home: Home, client: Client) -> None:
    text = message + "."
    events = client.streamed(text, conversation_id="c1")
    assert text_of(events) == f"You said: {text}."
    assert names_of(events).count("done") == 1
    assert client.messages("c1") == [("user", text), ("assistant", f"You said: {text}.")]
    assert home.model.prompt() == [("user", text)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (("so \ud83d", "\ude00 it is"), "so 😀 it is"),
        (("\ud83d", "\ude00"), "😀"),
        (("half \ud83d", " alone"), "half \ufffd alone"),
        (("at the end \ud83d",), "at the end \ufffd"),
        (("\ude00 second first",), "\ufffd second first"),
    ],
)
def test_a_character_that_the_model_cut_in_two_is_put_together(
    pieces: tuple[Step, ...], text: str, stream: bool, home: Home, client: Client
) -> None:
    home.model.next(*pieces)
    if stream:
        assert text_of(client.streamed("hi", conversation_id="c1")) == text
    else:
        assert client.say("hi", conversation_id="c1")["reply"] == text
    assert client.messages("c1")[-1] == ("assistant", text)


@pytest.mark.parametrize(("error", "status", "code"), FAILURES)
def test_a_model_failing_at_once_fails_the_turn_and_a_retry_works(
    error: BaseException, status: int, code: str, home: Home, client: Client
) -> None:
    home.model.next(error)
    response = client.chat("hi", conversation_id="c1", key="key")
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert response.json()["error"]["request_id"] == response.headers["x-request-id"]
    assert CANARY not in response.text
    assert client.get("/conversations/c1").status_code == 404
    assert client.say("hi", conversation_id="c1", key="key")["reply"] == "You said: hi."
    assert client.messages("c1") == [("user", "hi"), ("assistant", "You said: hi.")]


@pytest.mark.parametrize(("error", "status", "code"), FAILURES)
def test_a_model_failing_mid_stream_ends_it_with_an_error_and_nothing_is_saved(
    error: BaseException, status: int, code: str, home: Home, client: Client
) -> None:
    home.model.next("half an ", error)
    events = client.streamed("hi", conversation_id="c1", key="key")
    assert names_of(events) == ["start", "status", "delta", "error"]
    assert events[-1].data["error"]["code"] == code
    assert events[-1].data["error"]["request_id"]
    assert CANARY not in str(events)
    assert client.get("/conversations/c1").status_code == 404
    home.model.next("a whole answer")
    assert text_of(client.streamed("hi", conversation_id="c1", key="key")) == "a whole answer"
    assert client.messages("c1") == [("user", "hi"), ("assistant", "a whole answer")]


@pytest.mark.parametrize("blank", [(), ("  \n",), ("\u200a", " ")])
def test_an_empty_answer_is_an_error_and_is_not_kept(blank: tuple[Step, ...], home: Home, client: Client) -> None:
    home.model.next(*blank)
    response = client.chat("hi", conversation_id="c1")
    assert response.status_code == 502
    assert client.get("/conversations/c1").status_code == 404


@pytest.mark.parametrize(("retry_after", "header"), [(7, "7"), (0.2, "1"), (None, "1")])
def test_a_throttled_model_says_when_to_come_back(
    retry_after: float | None, header: str, home: Home, client: Client
) -> None:
    home.model.next(ModelThrottled("Too many.", retry_after=retry_after))
    assert client.chat("hi").headers["retry-after"] == header


def test_a_stream_that_fails_says_when_to_come_back_too(home: Home, client: Client) -> None:
    home.model.next(ModelThrottled("Too many.", retry_after=7))
    assert client.streamed("hi")[-1].data["error"]["retry_after"] == 7


def test_a_turn_that_failed_is_not_in_the_next_prompt(home: Home, client: Client) -> None:
    client.say("one", conversation_id="c1")
    home.model.next("half ", ModelStreamBroken("Broken."))
    client.streamed("lost", conversation_id="c1")
    client.say("two", conversation_id="c1")
    assert home.model.prompt() == [("user", "one"), ("assistant", "You said: one."), ("user", "two")]


STORE_FAILURES: list[tuple[Exception, int, str]] = [
    (StoreError("The database does not answer."), 503, "store_unavailable"),
    (StoreFull("The disk is full."), 503, "store_full"),
    (RuntimeError(CANARY), 500, "internal_error"),
]


@pytest.mark.parametrize("method", ["claim", "get", "recent_messages", "save_turn"])
@pytest.mark.parametrize("failure", STORE_FAILURES)
@pytest.mark.parametrize("stream", [False, True])
def test_a_store_failing_at_any_step_fails_the_turn_and_a_retry_works(
    stream: bool, failure: tuple[Exception, int, str], method: str, home: Home, client: Client
) -> None:
    error, status, code = failure
    client.say("before", conversation_id="c1")
    home.store.fail(method, error)
    response = client.chat("hi", conversation_id="c1", key="key", stream=stream)
    if stream and method == "save_turn":
        told = events_of(response.text)[-1].data
    else:
        assert response.status_code == status
        told = response.json()
    assert told["error"]["code"] == code
    assert CANARY not in response.text
    home.store.heal()
    assert len(client.messages("c1")) == 2
    assert client.say("hi", conversation_id="c1", key="key")["reply"]
    assert len(client.messages("c1")) == 4


def test_a_key_that_cannot_be_given_back_hides_neither_error_nor_store(home: Home, client: Client) -> None:
    home.model.next(ModelTimeout("Too slow."))
    home.store.fail("release", StoreError("The database does not answer."))
    assert client.chat("hi", key="key").json()["error"]["code"] == "model_timeout"


@pytest.mark.parametrize("stream", [False, True])
def test_a_key_wrapper_out_of_reach_fails_the_turn_and_a_retry_works(stream: bool, home: Home, client: Client) -> None:
    home.keys.unavailable = True
    response = client.chat("hi", conversation_id="c1", stream=stream)
    told = events_of(response.text)[-1].data if stream else response.json()
    assert told["error"]["code"] == "key_unavailable"
    home.keys.unavailable = False
    assert client.say("hi", conversation_id="c1")["reply"]


def test_reading_a_conversation_costs_one_unwrapping_cold_and_none_warm(home: Home, client: Client) -> None:
    for number in range(5):
        client.say(f"question {number}", conversation_id="c1")
    assert home.keys.calls == {"new_key": 1}
    cold = build(home.database.parent)
    cold.keys._keys.update(home.keys._keys)
    with serving(cold.app) as url, Client(url) as other:
        other.say("a sixth", conversation_id="c1")
        assert len(cold.model.prompt()) == 11
        assert cold.keys.calls == {"unwrap": 1}
        other.say("a seventh", conversation_id="c1")
        assert cold.keys.calls == {"unwrap": 1}


@pytest.mark.parametrize("new", [True, False])
def test_two_turns_at_once_in_one_conversation_are_both_kept_in_order(new: bool, home: Home, client: Client) -> None:
    if not new:
        client.say("before", conversation_id="c1")
    slow, quick = Pause(), Pause()
    home.model.next("slow", slow, " answer")
    home.model.next("quick", quick, " answer")
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.say, "slow question", conversation_id="c1")
        slow.wait_until_reached()
        second = pool.submit(client.say, "quick question", conversation_id="c1")
        quick.wait_until_reached()
        quick.go.set()
        assert second.result()["reply"] == "quick answer"
        slow.go.set()
        assert first.result()["reply"] == "slow answer"
    assert client.messages("c1")[0 if new else 2 :] == [
        ("user", "quick question"),
        ("assistant", "quick answer"),
        ("user", "slow question"),
        ("assistant", "slow answer"),
    ]
    times = [message["created_at"] for message in client.get("/conversations/c1").json()["messages"]]
    assert times == sorted(set(times))


def test_many_turns_at_once_in_one_new_conversation_are_all_kept_in_pairs(home: Home, client: Client) -> None:
    together = threading.Barrier(12)

    def meet(request: ModelRequest) -> Iterable[Step]:
        return together.wait, f"to {request.messages[-1].text}"

    home.model.script = meet
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda number: client.say(f"q{number}", conversation_id="c1"), range(12)))
    messages = client.messages("c1")
    pairs = list(zip(messages[::2], messages[1::2], strict=True))
    assert {asked for (_, asked), _ in pairs} == {f"q{number}" for number in range(12)}
    assert all(answered == ("assistant", f"to {asked}") for (_, asked), answered in pairs)


@pytest.mark.parametrize("again", [False, True])
def test_a_conversation_deleted_while_a_turn_runs_stays_deleted(again: bool, home: Home, client: Client) -> None:
    client.say("before", conversation_id="c1")
    pause = Pause()
    home.model.next("too late", pause)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(client.chat, "hi", conversation_id="c1", key="key")
        pause.wait_until_reached()
        assert client.delete("/conversations/c1").status_code == 204
        if again:
            client.say("a new beginning", conversation_id="c1")
        pause.go.set()
        response = running.result()
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"
    if again:
        assert client.messages("c1")[0] == ("user", "a new beginning")
        assert len(client.messages("c1")) == 2
    else:
        assert client.get("/conversations/c1").status_code == 404
    # The tokens were spent all the same.
    assert client.get("/usage").json()["total"]["turns"] == (3 if again else 2)


def test_thirty_two_streams_at_once_lose_and_reorder_nothing(home: Home, client: Client) -> None:
    together = threading.Barrier(32)

    def talk(request: ModelRequest) -> Iterable[Step]:
        name = request.messages[-1].text
        yield together.wait
        for number in range(60):
            yield f"{name}:{number} "

    home.model.script = talk

    def listen(number: int) -> str:
        with Client(str(client.base_url)) as own:
            events = own.streamed(f"s{number}", conversation_id=f"c{number}")
        assert names_of(events) == ["start", "status", *["delta"] * 60, "done"]
        return text_of(events)

    with ThreadPoolExecutor(32) as pool:
        texts = list(pool.map(listen, range(32)))
    for number, text in enumerate(texts):
        assert text == "".join(f"s{number}:{piece} " for piece in range(60))
        assert client.messages(f"c{number}") == [("user", f"s{number}"), ("assistant", text)]


def test_a_quiet_stream_is_kept_alive_by_comments(home: Home, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.api.QUIET_SECONDS", 0.01)
    pause = Pause()
    home.model.next("first", pause, "second")
    with client.open_stream("hi") as response:
        chunks, received = response.iter_text(), ""
        while received.count(": still working") < 3:
            received += next(chunks)
        pause.go.set()
        received += "".join(chunks)
    assert text_of(events_of(received)) == "firstsecond"
    assert names_of(events_of(received))[-1] == "done"


def test_a_quiet_model_does_not_trouble_a_json_answer(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.api.QUIET_SECONDS", 0.001)
    told = threading.Event()
    home.model.next("first", lambda: told.wait(0.05), "second")
    assert client.say("hi")["reply"] == "firstsecond"


def test_every_turn_renews_the_life_of_its_conversation(home: Home, client: Client) -> None:
    client.say("first", conversation_id="c1")
    home.clock.advance(29 * DAY)
    client.say("second", conversation_id="c1")
    home.clock.advance(29 * DAY)
    client.say("third", conversation_id="c1")
    assert client.conversation_ids() == ["c1"]
    # What was said first has had its thirty days.
    assert home.model.prompt() == [("user", "second"), ("assistant", "You said: second."), ("user", "third")]


def test_an_expired_conversation_is_gone_for_every_route(home: Home, client: Client) -> None:
    client.say("first", conversation_id="c1")
    home.clock.advance(30 * DAY)
    assert client.conversation_ids() == []
    assert client.get("/conversations/c1").status_code == 404
    assert client.get("/conversations/c1/export").status_code == 404
    assert client.patch("/conversations/c1", json={"title": "x"}).status_code == 404
    assert client.delete("/conversations/c1").status_code == 404
    client.say("anew", conversation_id="c1")
    assert home.model.prompt() == [("user", "anew")]
    assert client.messages("c1") == [("user", "anew"), ("assistant", "You said: anew.")]


def test_usage_counts_turns_and_tokens_by_model(client: Client) -> None:
    client.say("one")
    client.say("two")
    client.say("three", model=OTHER_MODEL)
    report = client.get("/usage").json()
    assert {day["model"]: day["turns"] for day in report["days"]} == {MODEL: 2, OTHER_MODEL: 1}
    assert report["total"]["input_tokens"] == 3 * USAGE.input_tokens


def test_models_are_listed_with_the_default_first(client: Client) -> None:
    models = client.get("/models").json()["models"]
    assert [(model["id"], model["default"]) for model in models] == [(MODEL, True), (OTHER_MODEL, False)]


def test_health_tells_which_dependency_fails(home: Home, client: Client) -> None:
    assert client.get("/health/detailed").json()["status"] == "ok"
    home.store.fail("ping", StoreError("The database does not answer."))
    home.keys.unavailable = True
    response = client.get("/health/detailed")
    assert response.status_code == 503
    found = response.json()["dependencies"]
    assert (found["store"]["status"], found["encryption_key"]["status"]) == ("failed", "failed")
    assert client.get("/health").status_code == 200
