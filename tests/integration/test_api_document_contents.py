"""What is in a document, over HTTP: its text, and its file to keep."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import pytest

from shared import retrieval_wire as wire
from shared.documents import RetrievalRequest, RetrievalResult
from shared.local.folder_files import FolderFiles
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE
from tests.integration.test_api_documents import MANUAL, add, settled
from tests.serving import Client, Home, Stage, build, local_documents, remote_documents

NOWHERE = "0" * 32


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


def text_of(client: Client, document_id: str) -> dict[str, Any]:
    response = client.get(f"/documents/{document_id}/text")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


# --- text -------------------------------------------------------------------------------------------------------------


def test_the_text_of_a_document_is_told_in_its_order(client: Client) -> None:
    add(client, "beside.md", "# Beside\n\nSomething else.\n")
    document_id = add(client, "dishwasher.md", MANUAL)
    settled(client, document_id)
    found = text_of(client, document_id)
    assert found["complete"] is True
    assert [passage["section"] for passage in found["passages"]] == ["Filter", "Weight"]
    told = "\n".join(passage["text"] for passage in found["passages"])
    assert told.index("Rinse the filter") < told.index("38 kg")
    assert "Something else" not in told


def test_a_long_document_comes_whole(client: Client) -> None:
    lines = [f"Line {number} tells of the harbour and of the people who work there." for number in range(2000)]
    document_id = add(client, "long.txt", "\n\n".join(lines))
    assert settled(client, document_id)["chunks"] > 8
    found = text_of(client, document_id)
    assert found["complete"] is True
    assert "\n\n".join(passage["text"] for passage in found["passages"]).split() == " ".join(lines).split()


def test_no_embedder_is_asked_for_a_text(client: Client, embedder: FakeEmbedder) -> None:
    document_id = add(client, "dishwasher.md", MANUAL)
    settled(client, document_id)
    before = embedder.calls
    text_of(client, document_id)
    assert embedder.calls == before


def test_a_document_that_is_too_long_is_not_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    document_id = add(client, "dishwasher.md", MANUAL)
    settled(client, document_id)
    monkeypatch.setattr("chatbot.document_services._LONGEST_TEXT", 10)
    assert text_of(client, document_id) == {"passages": [], "complete": False}


def test_a_document_that_was_not_read_has_no_text(client: Client) -> None:
    announced = client.post("/documents", json={"filename": "later.txt", "size": 5}).json()["document_id"]
    assert text_of(client, announced) == {"passages": [], "complete": False}
    broken = add(client, "broken.pdf", b"%PDF-1.7\n" + b"\0" * 400)
    settled(client, broken)
    assert text_of(client, broken) == {"passages": [], "complete": False}


class OverTheWire:
    """A ``Retriever`` behind what the two functions of the cloud say to each other."""

    def __init__(self, retriever: Any) -> None:
        self.retriever = retriever

    def retrieve(self, request: RetrievalRequest) -> RetrievalResult:

        asked = wire.decode_request(json.loads(wire.encode_request(request)))
        return wire.decode_answer(json.dumps(wire.encode_result(self.retriever.retrieve(asked))).encode())

    def close(self) -> None:
        """Closed by who made it."""


def test_the_text_comes_through_the_function_that_searches_too(
    client: Client, home: Home, stage: tuple[Stage, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = add(client, "dishwasher.md", MANUAL)
    settled(client, document_id)
    assert home.services.documents
    far = OverTheWire(home.services.documents.retriever)
    cloud = build(tmp_path, documents=remote_documents(tmp_path, far))
    stage[0].app = cloud.app
    whole = text_of(client, document_id)
    assert whole["complete"] is True
    assert "38 kg" in whole["passages"][1]["text"]
    # What does not fit into an answer of Lambda's is left out, and that is said.
    monkeypatch.setattr(wire, "LONGEST_PAYLOAD", 500)
    cut = text_of(client, document_id)
    assert cut == {"passages": whole["passages"][:1], "complete": False}
    cloud.services.close(PATIENCE)


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_file_is_downloaded_as_it_was_sent(client: Client) -> None:
    page = b"<html><script>alert(1)</script><p>Rinse the filter.</p>" + os.urandom(400_000)
    document_id = add(client, "manuals/Sp\u00fclmaschine 1.html", page)
    target = client.get(f"/documents/{document_id}/download").json()
    assert (target["method"], target["headers"]) == ("GET", {})
    assert target["url"].startswith(str(client.base_url))
    response = client.get(target["url"])
    assert response.content == page
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"Sp_lmaschine 1.html\"; filename*=UTF-8''Sp%C3%BClmaschine%201.html"
    )
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("what", ["download", "content", "text"])
def test_what_is_not_there_is_not_found(what: str, client: Client) -> None:
    assert client.get(f"/documents/{NOWHERE}/{what}").status_code == 404
    document_id = add(client, "gone.txt", "Gone soon.")
    settled(client, document_id)
    client.delete(f"/documents/{document_id}")
    assert client.get(f"/documents/{document_id}/{what}").status_code == 404


@pytest.mark.parametrize("what", ["download", "content"])
def test_a_file_that_is_gone_is_not_found(what: str, client: Client, tmp_path: Path) -> None:
    document_id = client.post("/documents", json={"filename": "later.txt", "size": 5}).json()["document_id"]
    response = client.get(f"/documents/{document_id}/{what}")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("what", ["download", "content", "text"])
def test_a_document_of_another_user_is_not_found(what: str, client: Client, stage: tuple[Stage, str]) -> None:
    document_id = add(client, "mine.txt", "Mine alone.")
    settled(client, document_id)
    with Client(stage[1], user="eve") as eve:
        response = eve.get(f"/documents/{document_id}/{what}")
        missing = eve.get(f"/documents/{NOWHERE}/{what}")
    assert response.status_code == missing.status_code == 404
    assert response.json()["error"]["message"] == missing.json()["error"]["message"]
    assert "Mine" not in response.text


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "socket", "linked folder"])
def test_what_is_no_file_of_the_folder_is_never_sent(kind: str, client: Client, tmp_path: Path) -> None:
    secret = tmp_path / "outside" / "a.txt"
    secret.parent.mkdir()
    secret.write_text("canary")
    document_id = client.post("/documents", json={"filename": "box/a.txt", "size": 6}).json()["document_id"]
    box = tmp_path / "documents" / "box"
    if kind == "linked folder":
        box.symlink_to(secret.parent)
    else:
        box.mkdir()
    if kind == "link":
        (box / "a.txt").symlink_to(secret)
    elif kind == "folder":
        (box / "a.txt").mkdir()
    elif kind == "pipe":
        os.mkfifo(box / "a.txt")
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            # Its path may be longer than a socket's may be.
            place = Path.cwd()
            os.chdir(box)
            listener.bind("a.txt")
            os.chdir(place)
    for what in ("download", "content"):
        response = client.get(f"/documents/{document_id}/{what}")
        assert response.status_code == 404
        assert "canary" not in response.text


def test_a_download_that_is_broken_off_leaves_no_file_open(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[BinaryIO] = []
    open_file = FolderFiles.open_file

    def kept(files: FolderFiles, user_id: str, key: str) -> BinaryIO:
        opened.append(open_file(files, user_id, key))
        return opened[-1]

    monkeypatch.setattr(FolderFiles, "open_file", kept)
    document_id = add(client, "big.txt", b"x" * 1_000_000)
    for _ in range(3):
        with client.stream("GET", f"/documents/{document_id}/content") as response:
            next(response.iter_bytes())
    assert client.get(f"/documents/{document_id}/content").content == b"x" * 1_000_000
    assert len(opened) == 4
    give_up = time.monotonic() + PATIENCE
    while not all(file.closed for file in opened):
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_where_documents_are_switched_off_there_is_nothing_to_read(tmp_path: Path, stage: tuple[Stage, str]) -> None:
    without = build(tmp_path)
    stage[0].app = without.app
    with Client(stage[1]) as client:
        for what in ("download", "text"):
            response = client.get(f"/documents/{NOWHERE}/{what}")
            assert (response.status_code, response.json()["error"]["code"]) == (404, "documents_disabled")
    without.services.close(PATIENCE)


def test_the_address_of_a_download_is_below_the_path_of_the_api(client: Client) -> None:
    document_id = add(client, "a.txt", "Text.")
    path = urlsplit(client.get(f"/documents/{document_id}/download").json()["url"]).path
    assert path == f"/documents/{document_id}/content"


def test_whether_an_upload_replaces_something_is_told(client: Client, home: Home) -> None:
    def replaces() -> bool:
        told = client.post("/documents", json={"filename": "a.txt", "size": 4}).json()["replaces"]
        home.clock.advance(60)
        return bool(told)

    # Announced is not sent: the second tab replaces nothing either.
    assert [replaces(), replaces()] == [False, False]
    document_id = add(client, "a.txt", "Text")
    # The file is there, whether or not it was read yet.
    assert replaces()
    settled(client, document_id)
    assert replaces()
    client.delete(f"/documents/{document_id}")
    assert not replaces()
