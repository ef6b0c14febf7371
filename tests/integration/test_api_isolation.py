"""What is somebody else's does not exist: no route tells it from what never was."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving import Client, Home, build, serving

ALICE, BOB = "alice", "bob"
IDS = ("x", "y", "..x")
#: Differ from one answer to the next.
_FLEETING = {"date", "x-request-id"}
_example = itertools.count()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return build(Path(tmp_path_factory.mktemp("isolation")))


@pytest.fixture(scope="module")
def url(home: Home) -> Iterator[str]:
    with serving(home.app) as found:
        yield found


def told(response: httpx.Response) -> tuple[int, Any, dict[str, str]]:
    """Everything that an answer tells, without what differs anyway."""
    request_id = response.headers["x-request-id"]
    headers = {name: value for name, value in response.headers.items() if name not in _FLEETING}
    return response.status_code, response.text.replace(request_id, "-"), headers


ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/conversations/{}", None),
    ("GET", "/conversations/{}?limit=1", None),
    ("GET", "/conversations/{}?cursor=nonsense", None),
    ("GET", "/conversations/{}/export", None),
    ("GET", "/conversations/{}/export?format=json", None),
    ("PATCH", "/conversations/{}", {"title": "mine now"}),
    ("DELETE", "/conversations/{}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_a_foreign_conversation_answers_as_a_missing_one(method: str, path: str, body: Any, url: str) -> None:
    with Client(url, ALICE) as alice, Client(url, BOB) as bob:
        alice.say("a secret of alice", conversation_id="foreign")
        before = alice.get("/conversations/foreign").json()
        foreign = told(bob.request(method, path.format("foreign"), json=body))
        missing = told(bob.request(method, path.format("missing"), json=body))
        assert foreign == missing
        assert foreign[0] == 404
        assert alice.get("/conversations/foreign").json() == before


def test_a_foreign_message_is_replaced_or_stopped_as_a_missing_one(home: Home, url: str) -> None:
    with Client(url, "gina") as gina, Client(url, "hugo") as hugo:
        theirs = gina.say("a secret of gina", conversation_id="foreign")["message_id"]
        hugo.say("hello", conversation_id="foreign")
        calls = home.model.calls
        answers = [told(hugo.chat("x", conversation_id="foreign", replaces=each)) for each in (theirs, "missing")]
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
        assert told(hugo.post(f"/chat/{theirs}/stop")) == told(hugo.post("/chat/missing/stop"))
        assert home.model.calls == calls
        assert gina.messages("foreign")[0] == ("user", "a secret of gina")


def test_a_cursor_into_a_foreign_conversation_leads_nowhere(url: str) -> None:
    with Client(url, "carol") as carol, Client(url, "dave") as dave:
        for number in range(3):
            carol.say("a secret of carol", conversation_id=f"c{number}")
            carol.say("another", conversation_id=f"c{number}")
        dave.say("of dave", conversation_id="c1")
        cursor = carol.get("/conversations", params={"limit": 1}).json()["next_cursor"]
        listed = dave.get("/conversations", params={"cursor": cursor}).json()["conversations"]
        assert {item["title"] for item in listed} <= {"of dave"}
        cursor = carol.get("/conversations/c1", params={"limit": 1}).json()["next_cursor"]
        read = dave.get("/conversations/c1", params={"cursor": cursor})
        assert "carol" not in read.text


def test_a_turn_under_a_foreign_id_begins_a_conversation_of_ones_own(home: Home, url: str) -> None:
    with Client(url, "erin") as erin, Client(url, "frank") as frank:
        erin.say("a secret of erin", conversation_id="same")
        answer = frank.say("hello", conversation_id="same")
        assert answer["reply"] == "You said: hello."
        assert home.model.prompt() == [("user", "hello")]
        assert frank.messages("same") == [("user", "hello"), ("assistant", "You said: hello.")]
        assert erin.messages("same")[0] == ("user", "a secret of erin")
        assert frank.get("/usage").json()["total"]["turns"] == 1


_actions = st.tuples(
    st.sampled_from((ALICE, BOB)),
    st.sampled_from(("chat", "stream", "rename", "delete", "read", "export", "list", "again", "replace")),
    st.sampled_from(IDS),
)


@settings(max_examples=20, deadline=None)
@given(actions=st.lists(_actions, min_size=1, max_size=14))
def test_whatever_two_users_do_each_finds_only_ones_own(url: str, actions: list[tuple[str, str, str]]) -> None:
    number = next(_example)
    with Client(url, f"{ALICE}-{number}") as alice, Client(url, f"{BOB}-{number}") as bob:
        worlds = {ALICE: World(alice, ALICE), BOB: World(bob, BOB)}
        for user, action, conversation_id in actions:
            worlds[user].do(action, conversation_id)
        for world in worlds.values():
            world.compare()


class World:
    """What one user did, and so must find: titles and messages by conversation."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._expected: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        self._turns = 0

    def do(self, action: str, conversation_id: str) -> None:
        """One request; its answer must fit what is there."""
        path = f"/conversations/{conversation_id}"
        there = conversation_id in self._expected
        match action:
            case "chat" | "stream" | "again":
                self._chat(action, conversation_id)
            case "replace":
                self._replace(conversation_id)
            case "rename":
                title = f"title of {self._name}"
                assert self._client.patch(path, json={"title": title}).status_code == (200 if there else 404)
                if there:
                    self._expected[conversation_id] = (title, self._expected[conversation_id][1])
            case "delete":
                assert self._client.delete(path).status_code == (204 if there else 404)
                self._expected.pop(conversation_id, None)
            case "read" | "export":
                response = self._client.get(path if action == "read" else f"{path}/export")
                assert response.status_code == (200 if there else 404)
                assert self._other not in response.text
            case _:
                assert self._other not in self._client.get("/conversations").text

    def compare(self) -> None:
        """Everything is as this user left it."""
        listed = self._client.get("/conversations").json()["conversations"]
        assert {item["conversation_id"]: item["title"] for item in listed} == {
            conversation_id: title for conversation_id, (title, _) in self._expected.items()
        }
        for conversation_id, (_, messages) in self._expected.items():
            assert self._client.messages(conversation_id) == messages

    @property
    def _other(self) -> str:
        return BOB if self._name == ALICE else ALICE

    def _replace(self, conversation_id: str) -> None:
        """The last turn gives way; of somebody else's there is nothing to replace."""
        self._turns += 1
        message = f"{self._name} says {self._turns}"
        title, messages = self._expected.get(conversation_id, ("", []))
        view = self._client.get(f"/conversations/{conversation_id}").json()
        last = view["messages"][-1]["message_id"] if messages else "nothing"
        answer = self._client.chat(message, conversation_id=conversation_id, replaces=last)
        if not messages:
            assert answer.status_code == 404
            return
        if len(messages) == 2 and title == messages[0][1]:
            title = message
        turn = [("user", message), ("assistant", f"You said: {message}.")]
        self._expected[conversation_id] = (title, [*messages[:-2], *turn])

    def _chat(self, action: str, conversation_id: str) -> None:
        self._turns += 1
        message = f"{self._name} says {self._turns}"
        key = f"key-{self._turns}"
        if action == "stream":
            self._client.streamed(message, conversation_id=conversation_id)
        else:
            self._client.say(message, conversation_id=conversation_id, key=key)
        if action == "again":
            self._client.say(message, conversation_id=conversation_id, key=key)
        title, messages = self._expected.get(conversation_id, (message, []))
        self._expected[conversation_id] = (
            title,
            [*messages, ("user", message), ("assistant", f"You said: {message}.")],
        )
