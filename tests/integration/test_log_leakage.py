"""A canary in every place that content can come from is found in no log, no file and no error."""

from __future__ import annotations

import base64
import io
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import logger
from shared.errors import ModelStreamBroken, StoreError
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE, Pause
from tests.serving import Client, Home, build, local_documents, names_of, serving

CANARY = "kanarienvogel4711"
WARY_HEADERS = {
    "user-agent": CANARY,
    "cookie": f"a={CANARY}",
    "authorization": f"Bearer {CANARY}",
    "x-api-key": CANARY,
    "referer": f"http://{CANARY}/",
    "x-forwarded-for": CANARY,
}
#: The canary as itself, in other cases and encodings.
FORMS = [
    CANARY.encode(),
    CANARY.upper().encode(),
    CANARY.encode("utf-16-le"),
    CANARY.encode().hex().encode(),
    *(base64.b64encode(b"x" * shift + CANARY.encode())[4:-4] for shift in range(3)),
]


@pytest.fixture(params=[True, False], ids=["JSON", "text"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Everything that is logged, from DEBUG on, in one of the two formats."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    quiet = {name: logging.getLogger(name).level for name in ("botocore", "boto3", "urllib3", "httpx", "httpcore")}
    stream = io.StringIO()
    logger.configure("DEBUG", json_lines=request.param, stream=stream)
    yield stream
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in quiet.items():
        logging.getLogger(name).setLevel(level)


def trouble(home: Home, client: Client) -> list[str]:
    """Says the canary wherever something can be said, well and badly. Returns the bodies of every error."""
    errors = []

    def failing(message: str = CANARY, **fields: object) -> None:
        response = client.chat(message, **fields)  # type: ignore[arg-type]  # any field, the wrong ones too
        assert response.status_code >= 400
        errors.append(response.text)

    wary = RuntimeError(CANARY)
    wary.__cause__ = ValueError({"text": CANARY})
    wary.add_note(CANARY)
    for error in (wary, ExceptionGroup(CANARY, [wary]), UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY)):
        home.model.next(error)
        failing(key=f"{CANARY}-failing")
        home.model.next(CANARY, error)
        events = client.streamed(CANARY)
        assert names_of(events)[-1] == "error"
        errors.append(str(events[-1].data))
    home.model.next(CANARY, ModelStreamBroken("Broken."))
    errors.append(str(client.streamed(CANARY)[-1].data))
    for method in ("claim", "get", "save_turn"):
        for failure in (wary, StoreError("No answer.")):
            home.store.fail(method, failure)
            failing(conversation_id="c1", key=f"{CANARY}-store")
            home.store.heal()
    for name in ("get", "conversations", "rename", "delete", "usage", "messages"):
        home.store.fail(name, wary)
    for method, path in (("GET", ""), ("GET", "/c1"), ("PATCH", "/c1"), ("DELETE", "/c1"), ("GET", "/c1/export")):
        response = client.request(method, f"/conversations{path}?x={CANARY}", json={"title": CANARY})
        assert response.status_code == 500
        errors.append(response.text)
    home.store.heal()
    errors += refused_requests(client)
    return errors


def refused_requests(client: Client) -> list[str]:
    """Requests that fail before anything is done."""
    json_header = {"content-type": "application/json"}
    responses = [
        client.chat(CANARY + "\0"),
        client.chat(CANARY * 2000),
        client.chat("hi", model=CANARY),
        client.chat("hi", conversation_id=f"../{CANARY}"),
        client.chat("hi", document_ids=CANARY),
        client.chat("hi", stream=CANARY),
        client.chat("hi", key=f"{CANARY} {CANARY}"),
        client.post("/chat", content=f'{{"message": "{CANARY}'.encode(), headers=json_header),
        client.post("/chat", content=CANARY.encode(), headers={"content-type": CANARY}),
        client.post("/chat", content=CANARY.encode() * 50_000, headers=json_header),
        client.get(f"/conversations?cursor={CANARY}"),
        client.get(f"/conversations?limit={CANARY}"),
        client.get(f"/usage?days={CANARY}"),
        client.get(f"/{CANARY}?{CANARY}={CANARY}"),
        client.get(f"/conversations/{CANARY}/{CANARY}/{CANARY}"),
        client.get("/health", headers={"host": f"{CANARY}.example"}),
        client.get("/health", headers={"host": f"[{CANARY}"}),
    ]
    assert all(400 <= response.status_code < 500 for response in responses)
    return [response.text for response in responses]


def ordinary(home: Home, client: Client) -> None:
    """Says the canary in every way that works."""
    home.model.next(CANARY, f" {CANARY}")
    client.say(CANARY, conversation_id="c1", key=CANARY)
    client.say(CANARY, conversation_id="c1", key=CANARY)
    assert client.chat("other", key=CANARY).status_code == 409
    client.streamed(CANARY, conversation_id="c1")
    pause = Pause()
    home.model.next(CANARY, pause)
    with client.open_stream(CANARY, conversation_id="c1"):
        pause.wait_until_reached()
    pause.go.set()
    turn = {"question": CANARY, "reply": CANARY, "asked_at": "2026-03-01T09:15:00Z"}
    brought = {"conversation_id": "c2", "title": CANARY, "turns": [turn]}
    for body in (brought, brought, {**brought, CANARY: CANARY}, {**brought, "turns": [{**turn, "asked_at": CANARY}]}):
        assert client.post("/conversations/import", json=body).status_code in {200, 422}
    assert CANARY in client.get("/conversations/c2").text
    assert client.patch("/conversations/c1", json={"title": CANARY}).status_code == 200
    assert CANARY in client.get("/conversations").text
    assert CANARY in client.get("/conversations/c1/export").text


def test_no_content_is_found_anywhere(log: io.StringIO, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    home = build(tmp_path)
    with serving(home.app) as url, Client(url) as client:
        client.headers.update(WARY_HEADERS)
        ordinary(home, client)
        errors = trouble(home, client)
        # The write-ahead log is gone when the last connection closes: it is looked into before.
        stored = [path.read_bytes() for path in tmp_path.iterdir()]
        assert any(path.name.endswith("-wal") for path in tmp_path.iterdir())
    stored += [path.read_bytes() for path in tmp_path.iterdir()]
    written = log.getvalue()
    assert written.count("turn failed") > 5
    assert "unexpected error" in written
    assert "RuntimeError" in written
    for form in FORMS:
        assert form not in written.encode()
        assert not [body for body in errors if form in body.encode()]
        assert not [file for file in stored if form in file]
    # Beside the log nothing is written.
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_every_request_is_logged_once_with_what_helps_to_find_it(log: io.StringIO, tmp_path: Path) -> None:
    home = build(tmp_path)
    with serving(home.app) as url, Client(url) as client:
        log.truncate(0)
        client.post("/chat", json={"message": "hi", "conversation_id": "c1"}, headers={"x-request-id": "request-1"})
    lines = [line for line in log.getvalue().strip("\0").splitlines() if "request-1" in line]
    assert len(lines) == 2
    turn, request = lines
    for text in ("c1", "amazon.nova-lite"):
        assert text in turn
    for text in ("/chat", "POST", "200"):
        assert text in request
    if turn.startswith("{"):
        assert json.loads(turn)["output_tokens"] == 7
        assert json.loads(request)["status"] == 200


def test_an_unexpected_error_is_logged_under_the_id_that_the_client_was_told(log: io.StringIO, tmp_path: Path) -> None:
    home = build(tmp_path)
    with serving(home.app) as url, Client(url) as client:
        home.model.next(RuntimeError("no"))
        told = [client.chat("hi").json()["error"]["request_id"]]
        home.store.fail("conversations", RuntimeError("no"))
        told.append(client.get("/conversations").json()["error"]["request_id"])
    for request_id in told:
        lines = [line for line in log.getvalue().splitlines() if request_id in line and "RuntimeError" in line]
        assert len(lines) == 1


def test_documents_leave_no_canary_in_a_log(tmp_path: Path, log: io.StringIO) -> None:
    embedder = FakeEmbedder()
    home = build(tmp_path, documents=local_documents(tmp_path, embedder))
    with serving(home.app) as url, Client(url) as client:
        for name, content in (
            (f"{CANARY}.txt", f"The {CANARY} sings.".encode()),
            (f"{CANARY}.pdf", b"%PDF-1.7 " + CANARY.encode()),
            (f"{CANARY}/{CANARY}.md", f"# {CANARY}\n\n{CANARY}".encode()),
        ):
            embedder.fail_next(RuntimeError(CANARY))
            upload = client.post("/documents", json={"filename": name, "size": len(content)}).json()["upload"]
            client.put(upload["url"], content=content)
        assert home.services.documents
        give_up = time.monotonic() + PATIENCE
        while any(item["status"] == "processing" for item in client.get("/documents").json()["documents"]):
            assert time.monotonic() < give_up
        for document in client.get("/documents").json()["documents"]:
            for what in ("text", "download", "content"):
                assert client.get(f"/documents/{document['document_id']}/{what}").status_code == 200
        client.post("/documents", json={"filename": f"../{CANARY}", "size": 1})
        client.post("/search", json={"query": f"{CANARY} sings"})
        client.post("/search", json={"query": CANARY, "document_ids": [CANARY]})
        embedder.fail_next(RuntimeError(CANARY))
        client.chat(f"What does the {CANARY} do?")
        client.put(f"/documents/{CANARY}/content", content=CANARY.encode())
        client.delete(f"/documents/{CANARY}")
    assert "document" in log.getvalue()
    assert [form for form in FORMS if form in log.getvalue().encode()] == []
