"""Everything that the chat function does about conversations, over HTTP, as its owner does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.infra.iam.deployment import CHAT
from tests.infra.iam.home import Home
from tests.serving import Client, names_of, serving

#: Turns of the conversation that is read page by page.
_LONG = 2


def talk(home: Home) -> None:
    """Every route of conversations, each path of it."""
    with visiting(home) as client:
        _turns(home, client)
        _failures(home, client)
        _others(client)
    # Started anew, the function has no data key in memory: reading unwraps them.
    with visiting(home) as client:
        assert client.messages("long")[0][0] == "user"
        _upkeep(client)


@contextmanager
def visiting(home: Home) -> Iterator[Client]:
    """The owner's client of the chat function, which starts. What it asks for is noted."""
    with serving(home.chat()) as url, Client(url) as client:
        client.event_hooks = {"request": [lambda request: home.asked.add((request.method, request.url.path))]}
        yield client


def _turns(home: Home, client: Client) -> None:
    new = client.say("Good morning.")
    client.say("And now?", conversation_id=new["conversation_id"])
    for model in _models(home):
        client.say("Hello.", model=model)
    assert names_of(client.streamed("Hello.", conversation_id="streamed"))[-1] == "done"
    for _ in range(_LONG):
        client.say("Again.", conversation_id="long", use_documents=False)
    last = client.get("/conversations/long").json()["messages"][-1]
    client.say("Better.", conversation_id="long", use_documents=False, replaces=last["message_id"], key="key-0")
    assert client.post("/chat/elsewhere/stop").status_code == 204
    first = client.chat("Once.", key="key-1")
    again = client.chat("Once.", key="key-1")
    assert first.json()["message_id"] == again.json()["message_id"]
    assert client.chat("Something else.", key="key-1").status_code == 409


def _failures(home: Home, client: Client) -> None:
    """A turn that fails gives its claim back."""
    refusals = [(400, "ValidationException", "no")] * len(_models(home))
    home.bedrock.fail_next(*refusals)
    assert client.chat("Fail.", key="key-2", conversation_id="failed").status_code >= 400
    assert client.chat("Fail.", key="key-2", conversation_id="failed").status_code == 200
    if len(refusals) > 1:
        # The model that stands in where the first one fails.
        home.bedrock.fail_next((403, "AccessDeniedException", "no"))
        assert client.say("Hello.")["model"] == _models(home)[1]


def _others(client: Client) -> None:
    assert client.get("/").status_code == 200
    assert client.head("/").status_code == 200
    assert client.get("/openapi.json").status_code == 200
    turn = {"question": "Who was there?", "reply": "Ann.", "asked_at": "2026-03-01T09:15:00Z"}
    brought = {"conversation_id": "brought", "title": "From elsewhere", "turns": [turn]}
    assert [client.post("/conversations/import", json=brought).json()["imported"] for _ in range(2)] == [1, 0]
    assert client.get("/models").json()["models"]
    assert client.get("/usage").json()["total"]["turns"] > 0
    assert client.get("/health").status_code == 200
    assert client.get("/health/detailed").json()["status"] == "ok"


def _upkeep(client: Client) -> None:
    page = client.get("/conversations", params={"limit": 1}).json()
    assert client.get("/conversations", params={"limit": 1, "cursor": page["next_cursor"]}).status_code == 200
    older = client.get("/conversations/long", params={"limit": 2}).json()["next_cursor"]
    assert client.get("/conversations/long", params={"limit": 2, "cursor": older}).status_code == 200
    assert client.patch("/conversations/long", json={"title": "Long"}).status_code == 200
    for kind in ("markdown", "json"):
        assert client.get("/conversations/long/export", params={"format": kind}).status_code == 200
    assert client.delete("/conversations/long").status_code == 204
    assert client.get("/conversations/long").status_code == 404
    assert client.patch("/conversations/long", json={"title": "Long"}).status_code == 404


def _models(home: Home) -> list[str]:
    """The models that the function may call, the first one first."""
    environ: Any = home.functions[CHAT].environment
    return [environ["CHATBOT_MODEL"], *filter(None, environ.get("CHATBOT_FALLBACK_MODELS", "").split(","))]
