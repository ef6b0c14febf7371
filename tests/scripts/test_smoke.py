"""The smoke test against the application itself: it passes where all is well, and fails for each thing that is not."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import smoke
import smoke_documents
from chatbot_api import Answer, Api, Event, Unreachable, deployed, is_private
from cli_config import Mistake
from smoke_report import Failed, Report
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE
from tests.serving import Home, Stage, build, local_documents

KEY = "abcdefghij0123456789"

Edit = Callable[[str, bytes], bytes]


class Gateway:
    """What stands before the application in the cloud: no key, no answer. ``edit`` spoils answers, by their path."""

    def __init__(self, app: ASGIApp, *, open_to_all: bool = False) -> None:
        self.app = app
        self.open_to_all = open_to_all
        self.edit: Edit = lambda _path, body: body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        headers = dict(scope.get("headers", ()))
        closed = path != "/health" and not path.endswith("/content") and headers.get(b"x-api-key") != KEY.encode()
        if closed and not self.open_to_all:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"{}"})
            return

        async def forward(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [pair for pair in message["headers"] if pair[0] != b"content-length"]
            else:
                message["body"] = self.edit(path, message.get("body", b""))
            await send(message)

        await self.app(scope, receive, forward)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    embedder = FakeEmbedder(related_from=0.2)
    built = build(tmp_path, documents=local_documents(tmp_path, embedder))
    yield built
    built.services.close(PATIENCE)


@pytest.fixture
def gateway(home: Home, stage: tuple[Stage, str]) -> Gateway:
    made = Gateway(home.app)
    stage[0].app = made
    return made


@pytest.fixture
def api(gateway: Gateway, stage: tuple[Stage, str], monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(smoke_documents, "_BETWEEN_SECONDS", 0.01)
    monkeypatch.setattr(smoke_documents, "_READY_SECONDS", PATIENCE)
    monkeypatch.setattr(smoke_documents, "_FOUND_SECONDS", 0.1)
    return Api(stage[1], KEY)


def run(api: Api) -> list[str]:
    output = io.StringIO()
    smoke._run(api, Report(output))
    return output.getvalue().splitlines()


def test_it_passes_where_all_is_well_and_leaves_nothing(api: Api, home: Home) -> None:
    lines = run(api)
    assert all(line.startswith("ok ") for line in lines), lines
    assert len(lines) == 14
    assert api.call("GET", "/conversations").data["conversations"] == []
    assert api.call("GET", "/documents").data["documents"] == []


def test_without_documents_it_says_so(tmp_path: Path, stage: tuple[Stage, str]) -> None:
    home = build(tmp_path)
    stage[0].app = Gateway(home.app)
    lines = run(Api(stage[1], KEY))
    assert lines[-1].startswith("documents are off")
    home.services.close(PATIENCE)


def test_an_api_that_answers_without_the_key_fails_it(api: Api, gateway: Gateway) -> None:
    gateway.open_to_all = True
    with pytest.raises(Failed, match="without the key: 403; found 200"):
        run(api)


@pytest.mark.parametrize(
    ("path", "old", "new", "sentence"),
    [
        ("/health", b'"ok"', b'"ill"', "status ok"),
        ("/chat", b'"reply":"', b'"reply":" ","x":"', "a reply that is not empty"),
        ("/chat", b'"type": "done"', b'"type": "over"', "done as the last event"),
        ("/chat", b'"message_id"', b'"massage_id"', "an answer of the API's form"),
        ("/chat", b'"delta"', b'"dealt"', "a delta event"),
        ("/search", b'"results"', b'"nothing"', "the document within"),
        ("/chat", b'"retrieval":"used"', b'"retrieval":"no_match"', 'retrieval "used"'),
        ("/chat", b'"document":"smoke', b'"document":"other', "a citation of smoke-test-"),
    ],
)
def test_what_is_not_as_it_should_be_fails_it(
    api: Api, gateway: Gateway, path: str, old: bytes, new: bytes, *, sentence: str
) -> None:
    gateway.edit = lambda at, body: body.replace(old, new) if at == path else body
    with pytest.raises(Failed, match=sentence):
        run(api)
    gateway.edit = lambda _path, body: body
    assert api.call("GET", "/conversations").data["conversations"] == []
    assert api.call("GET", "/documents").data["documents"] == []


def test_a_stream_that_was_held_back_fails_it() -> None:
    events = [
        Event({"type": kind}, 4.0 + number / 1000) for number, kind in enumerate(["start", "delta", "delta", "done"])
    ]
    with pytest.raises(Failed, match="events one after the other; found all 4 at once"):
        smoke._pace(events)


def test_a_stream_that_comes_piece_by_piece_passes_it() -> None:
    events = [Event({"type": kind}, float(number)) for number, kind in enumerate(["start", "delta", "delta", "done"])]
    assert smoke._pace(events) == "first event 0.00 s, first text 1.00 s, 4 events"


def test_a_waking_index_is_waited_for(api: Api, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([b'{"error": {"code": "index_waking"}}'] * 3)
    original = Api.call

    def call(self: Api, method: str, path: str, body: object = None, **options: object) -> object:
        waking = next(answers, None) if path == "/search" else None
        return Answer(503, waking) if waking else original(self, method, path, body, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Api, "call", call)
    smoke_documents.wait_for_index(api, PATIENCE)
    assert next(answers, None) is None


def test_an_index_that_does_not_come_is_given_up(api: Api, gateway: Gateway) -> None:
    gateway.edit = lambda path, body: b"" if path == "/search" else body
    with pytest.raises(Failed, match="POST /search: 200 within 0 s"):
        smoke_documents.wait_for_index(Api(api.url, "wrong"), 0)


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(Unreachable, match=r"GET http://127\.0\.0\.1:9/health"):
        Api("http://127.0.0.1:9", KEY).call("GET", "/health")


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "does not say where dev is"),
        ({"url": "http://example.com", "api_key": "k"}, "expected an https:// address"),
        ({"url": "https://example.com"}, "does not say where dev is"),
    ],
)
def test_a_configuration_that_does_not_do_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, str], sentence: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "chatbot" / "config.toml"
    file.parent.mkdir()
    file.write_text("[env.dev]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in config.items()))
    with pytest.raises(Mistake, match=sentence):
        deployed("dev", "https://example.com")


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://example.com", True),
        ("http://127.0.0.1:4566/x", True),
        ("http://localhost", True),
        ("http://example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_key_is_sent_only_where_nobody_can_read_it(url: str, private: bool) -> None:
    assert is_private(url) is private


def test_the_key_shows_in_no_repr() -> None:
    assert KEY not in repr(Api("https://x", KEY))
