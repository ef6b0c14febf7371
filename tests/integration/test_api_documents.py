"""Documents over HTTP, as a laptop serves them: announced, sent, read, searched, deleted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.errors import EmbedderError
from shared.models import OWNER
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE
from tests.serving import Client, Home, Stage, build, local_documents

MANUAL = "# Dishwasher\n\n## Filter\n\nRinse the filter once a month.\n\n## Weight\n\nThe appliance weighs 38 kg.\n"


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder(related_from=0.2)


@pytest.fixture
def home(tmp_path: Path, embedder: FakeEmbedder) -> Iterator[Home]:
    built = build(tmp_path, documents=local_documents(tmp_path, embedder))
    yield built
    built.services.close(PATIENCE)


@pytest.fixture
def client(home: Home, stage: tuple[Stage, str]) -> Iterator[Client]:
    stage[0].app = home.app
    with Client(stage[1]) as opened:
        yield opened


def add(client: Client, name: str, content: bytes | str) -> str:
    """Announces and sends a document; its id."""
    data = content.encode() if isinstance(content, str) else content
    announced = client.post("/documents", json={"filename": name, "size": len(data)})
    assert announced.status_code == 200, announced.text
    upload = announced.json()["upload"]
    sent = client.request(upload["method"], upload["url"], content=data, headers=upload["headers"])
    assert sent.status_code == 204, sent.text
    document_id: str = announced.json()["document_id"]
    return document_id


def settled(client: Client, document_id: str) -> dict[str, Any]:
    """The document once it is ready or failed."""
    give_up = time.monotonic() + PATIENCE
    while True:
        document: dict[str, Any] = client.get(f"/documents/{document_id}").json()
        if document["status"] in {"ready", "failed"}:
            return document
        assert time.monotonic() < give_up, document
        time.sleep(0.02)


def test_a_document_is_announced_sent_and_read(client: Client) -> None:
    document = settled(client, add(client, "manuals/dishwasher.md", MANUAL))
    assert (document["status"], document["filename"]) == ("ready", "manuals/dishwasher.md")
    assert document["size"] == len(MANUAL)
    assert document["chunks"] >= 1
    listed = client.get("/documents").json()
    assert [item["document_id"] for item in listed["documents"]] == [document["document_id"]]


def test_the_file_stands_in_the_folder_of_documents(client: Client, tmp_path: Path) -> None:
    settled(client, add(client, "manuals/dishwasher.md", MANUAL))
    assert (tmp_path / "documents" / "manuals" / "dishwasher.md").read_text("utf-8") == MANUAL


def test_passages_are_found_with_their_place(client: Client) -> None:
    document_id = add(client, "dishwasher.md", MANUAL)
    settled(client, document_id)
    best = client.post("/search", json={"query": "weight of the appliance"}).json()["results"][0]
    assert (best["document_id"], best["document"]) == (document_id, "dishwasher.md")
    assert "38 kg" in best["text"]
    assert "Weight" in best["section"]
    assert 0 < best["score"] <= 1


def test_an_answer_cites_the_document(client: Client, home: Home) -> None:
    document_id = add(client, "dishwasher.md", MANUAL)
    settled(client, document_id)
    home.model.next("It weighs 38 kg [1].")
    answer = client.say("What does the appliance weigh?")
    assert answer["retrieval"] == "used"
    assert {citation["document_id"] for citation in answer["citations"]} == {document_id}
    assert "38 kg" in home.model.prompt()[0][1]


def test_a_document_of_the_same_name_replaces_the_one_before(client: Client) -> None:
    first = add(client, "a.txt", "The password of the cellar is swordfish.")
    settled(client, first)
    second = add(client, "a.txt", "The cellar has no password any more, said Ann.")
    assert second == first
    give_up = time.monotonic() + PATIENCE
    while "Ann" not in (found := client.post("/search", json={"query": "password of the cellar"}).text):
        assert time.monotonic() < give_up, found
        time.sleep(0.02)
    assert "swordfish" not in found


def test_a_deleted_document_is_gone_with_its_file_and_its_text(client: Client, tmp_path: Path) -> None:
    document_id = add(client, "secret.txt", "The xylophonist lives in Zwolle.")
    settled(client, document_id)
    assert client.delete(f"/documents/{document_id}").status_code == 204
    assert client.get(f"/documents/{document_id}").status_code == 404
    assert client.get("/documents").json()["documents"] == []
    assert client.post("/search", json={"query": "xylophonist"}).json() == {"results": []}
    remains = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "chatbot.db"]
    assert not [data for data in remains if b"xylophonist" in data or b"Zwolle" in data]


def test_a_file_that_cannot_be_read_fails_with_a_sentence_and_can_be_retried(
    client: Client, embedder: FakeEmbedder
) -> None:
    document_id = add(client, "broken.pdf", b"%PDF-1.7\n" + b"\0" * 400)
    failed = settled(client, document_id)
    assert failed["status"] == "failed"
    assert failed["error"].endswith(".")
    assert client.post(f"/documents/{document_id}/retry").status_code == 200
    assert settled(client, document_id)["status"] == "failed"
    assert embedder.calls == 0


def test_only_what_failed_can_be_retried(client: Client) -> None:
    document_id = add(client, "a.txt", "Fine.")
    settled(client, document_id)
    response = client.post(f"/documents/{document_id}/retry")
    assert (response.status_code, response.json()["error"]["code"]) == (422, "invalid_field")


def test_a_document_waits_for_an_embedder_that_is_down(client: Client, embedder: FakeEmbedder) -> None:
    embedder.fail_next(EmbedderError("The embedder is down."))
    document_id = add(client, "a.txt", "The cellar is cold.")
    assert settled(client, document_id)["status"] == "ready"


@pytest.mark.parametrize(
    ("announced", "field"),
    [
        ({"filename": "../etc/passwd", "size": 5}, "filename"),
        ({"filename": "a\0b", "size": 5}, "filename"),
        ({"filename": "\u202etxt.exe", "size": 5}, "filename"),
        ({"filename": "x" * 400, "size": 5}, "filename"),
        ({"filename": "photo.png", "size": 5}, "filename"),
        ({"filename": "a.txt", "size": 0}, "size"),
        ({"filename": "a.txt", "size": -1}, "size"),
        ({"filename": "a.txt", "size": "many"}, "size"),
        ({"filename": "a.txt"}, "size"),
    ],
)
def test_what_cannot_be_a_document_is_refused_when_it_is_announced(
    client: Client, announced: dict[str, Any], field: str
) -> None:
    response = client.post("/documents", json=announced)
    assert response.status_code == 422
    error = response.json()["error"]
    assert field in error["message"] or field in error.get("fields", {}) or error["code"] == "invalid_field"
    assert client.get("/documents").json()["documents"] == []


def test_a_file_that_is_too_large_is_refused_as_such(client: Client) -> None:
    response = client.post("/documents", json={"filename": "a.txt", "size": 1 << 40})
    assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")


def test_a_client_cannot_raise_the_limit_of_an_upload(client: Client, tmp_path: Path) -> None:
    announced = client.post("/documents", json={"filename": "a.txt", "size": 10}).json()
    path = f"/documents/{announced['document_id']}/content"
    for response in (
        client.put(f"{path}?size={1 << 40}", content=b"x"),
        client.put(path, content=b"x" * ((1 << 20) + 1)),
    ):
        assert (response.status_code, response.json()["error"]["code"]) == (413, "too_large")
    assert not (tmp_path / "documents" / "a.txt").exists()


def test_the_health_of_documents_is_shown(client: Client) -> None:
    assert client.get("/health/detailed").json()["dependencies"]["documents"]["status"] == "ok"


@pytest.mark.parametrize("sent", [b"short", b"far longer than announced"])
def test_bytes_that_are_not_as_announced_are_not_taken(client: Client, tmp_path: Path, sent: bytes) -> None:
    announced = client.post("/documents", json={"filename": "a.txt", "size": 10}).json()
    response = client.put(announced["upload"]["url"], content=sent)
    assert response.status_code in {413, 422}
    assert not (tmp_path / "documents" / "a.txt").exists()


def test_bytes_that_nobody_announced_are_not_taken(client: Client) -> None:
    assert client.put(f"/documents/{'0' * 32}/content", content=b"x").status_code == 404


def test_unknown_documents_are_not_found(client: Client) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/retry")):
        assert client.request(method, f"/documents/{'0' * 32}{path}").status_code == 404
    assert client.get("/documents/..%2f..%2fetc").status_code in {404, 422}


def test_other_users_see_nothing_of_it(client: Client, stage: tuple[Stage, str]) -> None:
    document_id = add(client, "a.txt", "The password of the cellar is swordfish.")
    settled(client, document_id)
    with Client(stage[1], user="ann") as ann:
        assert ann.get("/documents").json()["documents"] == []
        assert ann.post("/search", json={"query": "password", "document_ids": [document_id]}).json() == {"results": []}
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/retry")):
            foreign = ann.request(method, f"/documents/{document_id}{path}")
            missing = ann.request(method, f"/documents/{'0' * 32}{path}")
            assert foreign.status_code == missing.status_code == 404
            assert foreign.json()["error"]["message"] == missing.json()["error"]["message"]
        assert ann.put(f"/documents/{document_id}/content", content=b"mine now").status_code == 404
        own = add(ann, "a.txt", "Ann's cellar is empty.")
        assert settled(ann, own)["status"] == "ready"
    assert own != document_id
    assert "Ann" not in client.post("/search", json={"query": "cellar"}).text


def test_the_same_file_sent_by_many_at_once_is_one_document(client: Client, embedder: FakeEmbedder) -> None:
    ids = {add(client, "a.txt", "The cellar is cold.") for _ in range(5)}
    assert len(ids) == 1
    assert settled(client, ids.pop())["chunks"] == 1
    assert len(set(embedder.texts)) == 1


def test_listing_goes_on_from_page_to_page(client: Client) -> None:
    for number in range(5):
        add(client, f"{number}.txt", f"Note number {number}.")
    names, cursor = [], None
    while True:
        page = client.get("/documents", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        names += [item["filename"] for item in page["documents"]]
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    assert names == [f"{number}.txt" for number in range(5)]
    assert client.get("/documents", params={"cursor": "rubbish"}).status_code == 422


def test_a_search_can_be_limited_to_documents_and_in_number(client: Client) -> None:
    ids = [add(client, f"{name}.txt", f"The cellar of {name} is cold.") for name in ("ann", "ben", "eve")]
    for document_id in ids:
        settled(client, document_id)
    found = client.post("/search", json={"query": "cold cellar", "document_ids": ids[:2]}).json()["results"]
    assert {item["document_id"] for item in found} == set(ids[:2])
    assert len(client.post("/search", json={"query": "cold cellar", "top_k": 1}).json()["results"]) == 1


def test_where_documents_are_switched_off_the_api_says_so(tmp_path: Path, stage: tuple[Stage, str]) -> None:
    home = build(tmp_path)
    stage[0].app = home.app
    with Client(stage[1]) as client:
        for response in (
            client.get("/documents"),
            client.post("/documents", json={"filename": "a.txt", "size": 1}),
            client.post("/search", json={"query": "x"}),
        ):
            assert (response.status_code, response.json()["error"]["code"]) == (404, "documents_disabled")
        assert client.say("Hello")["retrieval"] == "disabled"
    home.services.close(PATIENCE)


def test_a_file_put_into_the_folder_is_read_and_one_taken_out_is_forgotten(
    client: Client, home: Home, tmp_path: Path
) -> None:
    assert home.services.documents
    home.services.documents.start()
    file = tmp_path / "documents" / "notes" / "cellar.txt"
    file.parent.mkdir()
    file.write_text("The cellar is cold.", encoding="utf-8")
    wait_for(client, 1)
    file.unlink()
    wait_for(client, 0)
    assert client.post("/search", json={"query": "cellar"}).json() == {"results": []}
    assert home.services.documents.service.list(OWNER, 10).items == ()


def wait_for(client: Client, ready: int) -> None:
    """Waits until so many documents are listed, all of them ready."""
    give_up = time.monotonic() + PATIENCE
    while True:
        states = [item["status"] for item in client.get("/documents").json()["documents"]]
        if states == ["ready"] * ready:
            return
        assert time.monotonic() < give_up, states
        time.sleep(0.05)
