"""The web interface beside the API, as the local server serves both."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from chatbot.server import local_app
from chatbot.web_files import WEB_POLICY, WebFiles
from shared.config import load_settings
from tests.serving import Client, Stage

PAGE = "<!doctype html><title>Chatbot</title><script type=module src=/assets/app-1a2b.js></script>"
SCRIPT = "console.log('of the interface');\n" * 200
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built interface, and beside it what must never be served."""
    folder = tmp_path / "web" / "dist"
    for name, content in {
        "index.html": PAGE,
        "sw.js": "self.addEventListener('fetch', () => {});",
        "manifest.webmanifest": "{}",
        "icon.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        ".ready": "hidden",
        "assets/app-1a2b.js": SCRIPT,
        "assets/app-1a2b.css": "body { margin: 0 }",
        "assets/.hidden.js": "hidden",
        "assets/.folder/a.js": "hidden",
        "other/a.js": "not where files are",
        "noending": "hidden",
        "../secret.txt": "canary",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for name in (
        "worker.mjs",
        "engine.wasm",
        "font.woff2",
        "font.ttf",
        "map.bcmap",
        "glyphs.pfb",
        "icon.png",
        "x.json",
    ):
        (folder / "assets" / name).write_bytes(b"\0" * 2000)
    (folder / "assets" / "link.txt").symlink_to(folder / ".." / "secret.txt")
    (folder / "assets" / "links").symlink_to(folder / "..")
    return folder


@pytest.fixture
def app(tmp_path: Path, dist: Path) -> Iterator[FastAPI]:
    settings = load_settings(
        {"CHATBOT_DATA_DIR": str(tmp_path / "data"), "CHATBOT_MODEL": "openai:m@http://127.0.0.1:9/v1"}
    )
    made = local_app(settings, start=False, web=WebFiles(dist))
    yield made
    made.state.services.close(0)


@pytest.fixture
def client(app: FastAPI, stage: tuple[Stage, str]) -> Iterator[Client]:
    stage[0].app = app
    with Client(stage[1]) as opened:
        yield opened


def raw(client: Client, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """The answer to a path that no client would leave as it is."""
    connection = http.client.HTTPConnection(str(client.base_url.host), client.base_url.port, timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


# --- pages and files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/c/4f7c9a52", "/c/my.chat.v2", "/library", "/costs", "/settings", "/welcome", "/c/"]
)
def test_pages_are_the_one_page(path: str, client: Client) -> None:
    response = client.get(path, headers=BROWSER)
    assert (response.status_code, response.text) == (200, PAGE)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/assets/app-1a2b.js", "text/javascript; charset=utf-8"),
        ("/assets/app-1a2b.css", "text/css; charset=utf-8"),
        ("/assets/worker.mjs", "text/javascript; charset=utf-8"),
        ("/assets/engine.wasm", "application/wasm"),
        ("/assets/font.woff2", "font/woff2"),
        ("/assets/font.ttf", "font/ttf"),
        ("/assets/map.bcmap", "application/octet-stream"),
        ("/assets/glyphs.pfb", "application/octet-stream"),
        ("/assets/icon.png", "image/png"),
        ("/assets/x.json", "application/json"),
        ("/icon.svg", "image/svg+xml"),
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
    ],
)
def test_files_have_their_types_and_assets_are_kept_for_ever(
    path: str, media_type: str, client: Client, dist: Path
) -> None:
    response = client.get(path)
    assert (response.status_code, response.content) == (200, (dist / path[1:]).read_bytes())
    assert response.headers["content-type"] == media_type
    for_ever = "public, max-age=31536000, immutable"
    assert response.headers["cache-control"] == (for_ever if path.startswith("/assets/") else "no-cache")


def test_pages_and_workers_run_under_the_policy_of_the_interface(client: Client) -> None:
    for path in ("/", "/library", "/sw.js", "/assets/worker.mjs"):
        headers = client.get(path, headers=BROWSER).headers
        policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
        assert policy == WEB_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-request-id"]


def test_answers_of_the_api_keep_their_stricter_policy(client: Client) -> None:
    for path in ("/api/models", "/models", "/api/nothing", "/assets/none.js"):
        assert "script-src" not in client.get(path).headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/assets/app-1a2b.js", "/library"])
def test_a_head_tells_what_a_get_would(path: str, client: Client) -> None:
    got, told = client.get(path, headers=BROWSER), client.head(path, headers=BROWSER)
    assert told.status_code == 200
    assert told.content == b""
    for name in ("content-length", "content-type", "etag", "cache-control", "content-encoding"):
        assert told.headers.get(name) == got.headers.get(name)


def test_text_is_sent_packed_to_whoever_takes_it(client: Client) -> None:
    path = "/assets/app-1a2b.js"
    packed, plain = client.get(path), client.get(path, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(SCRIPT) / 5
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text == SCRIPT
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "content-encoding" not in client.get(path, headers={"accept-encoding": "br, gzip;q=0"}).headers
    assert "content-encoding" not in client.get("/assets/font.woff2").headers


def test_what_a_browser_has_is_not_sent_again(client: Client) -> None:
    etag = client.get("/").headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        response = client.get("/", headers={"if-none-match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
        assert response.headers["cache-control"] == "no-cache"
    assert client.get("/", headers={"if-none-match": '"other"'}).status_code == 200


def test_a_new_build_is_shown_without_a_new_start(client: Client, dist: Path) -> None:
    assert client.get("/").text == PAGE
    before = client.get("/").headers["etag"]
    (dist / "assets" / "app-1a2b.js").unlink()
    (dist / "assets" / "app-3c4d.js").write_text("new")
    (dist / "index.html").write_text(PAGE.replace("1a2b", "3c4d") + " ")
    response = client.get("/")
    assert "3c4d" in response.text
    assert response.headers["etag"] != before
    assert client.get("/assets/app-3c4d.js").text == "new"
    assert client.get("/assets/app-1a2b.js").status_code == 404


def test_a_file_that_is_removed_is_not_found(client: Client, dist: Path) -> None:
    (dist / "assets" / "app-1a2b.css").unlink()
    assert client.get("/assets/app-1a2b.css", headers=BROWSER).status_code == 404


# --- what is not served -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/%252e%252e/secret.txt",
        "/..\\secret.txt",
        "/assets/..%5c..%5csecret.txt",
        "//secret.txt",
        "/assets//app-1a2b.js",
        "/assets/app-1a2b.js%00.css",
        "/%00",
        "/assets/app-1a2b.js/",
        "/./assets/app-1a2b.js",
        "/assets/link.txt",
        "/assets/links/secret.txt",
        "/assets/links/dist/index.html",
        "/.ready",
        "/assets/.hidden.js",
        "/assets/.folder/a.js",
        "/assets/",
        "/other/a.js",
        "/noending",
        "/web/dist/index.html",
        "/etc/passwd",
        "/assets/" + "a" * 5000,
    ],
)
def test_nothing_beside_the_files_of_the_interface_is_served(path: str, client: Client) -> None:
    status, body = raw(client, path)
    assert status == 404
    assert b"not_found" in body
    for secret in (b"canary", b"hidden", b"not where files are"):
        assert secret not in body
        assert secret not in raw(client, path, Accept=BROWSER["accept"])[1]


@pytest.mark.parametrize("path", ["/assets/none.js", "/none.png", "/favicon.ico"])
def test_a_missing_file_is_never_the_page(path: str, client: Client) -> None:
    assert client.get(path, headers=BROWSER).status_code == 404


@pytest.mark.parametrize("path", ["/library", "/c/abc", "/nothing"])
def test_what_asks_for_no_page_gets_none(path: str, client: Client) -> None:
    response = client.get(path, headers={"accept": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert client.post(path, headers=BROWSER).status_code in {404, 405}


def test_a_page_is_refused_under_a_foreign_name(client: Client) -> None:
    assert raw(client, "/", Host="rebound.example")[0] == 400


# --- the API beside it ------------------------------------------------------------------------------------------------


def test_the_api_is_the_same_below_its_prefix(client: Client) -> None:
    for path in ("/models", "/health", "/conversations", "/documents", "/usage"):
        assert client.get(f"/api{path}").json() == client.get(path).json()
    assert client.get("/api/nothing").status_code == 404
    assert client.get("/api/api/models").status_code == 404
    assert client.get("/apis/models").status_code == 404


def test_below_the_prefix_nothing_is_a_page(client: Client) -> None:
    for path in ("/api/library", "/api/assets/app-1a2b.js", "/api/c/abc", "/api/index.html"):
        response = client.get(path, headers=BROWSER)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_a_route_of_the_api_is_no_page_in_a_browser_either(client: Client) -> None:
    assert client.get("/conversations", headers=BROWSER).json() == {"conversations": [], "next_cursor": None}
    assert client.get("/openapi.json", headers=BROWSER).json()["openapi"].startswith("3.")
    assert client.get("/search", headers=BROWSER).text == PAGE  # which is asked with POST only


def test_addresses_in_answers_begin_with_the_prefix(client: Client) -> None:
    text = b"Rinse the filter. " * 40_000  # more than a body of JSON may have
    announced = client.post("/api/documents", json={"filename": "a.txt", "size": len(text)}).json()
    assert urlsplit(announced["upload"]["url"]).path.startswith("/api/documents/")
    assert client.put(announced["upload"]["url"], content=text).status_code == 204
    download = client.get(f"/api/documents/{announced['document_id']}/download").json()
    assert urlsplit(download["url"]).path == f"/api/documents/{announced['document_id']}/content"
    assert client.get(download["url"]).content == text


def test_the_longest_reply_from_elsewhere_is_taken_below_the_prefix(client: Client) -> None:
    turn = {"question": "Which?", "reply": "\U0001f680" * 64_000, "asked_at": "2024-03-01T09:15:00Z"}
    body = json.dumps({"conversation_id": "c1", "title": "t", "turns": [turn]})  # 768,000 bytes, each escaped
    response = client.post("/api/conversations/import", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 200, response.text
    assert client.messages("c1")[1] == ("assistant", turn["reply"])
    assert client.post("/api/chat", content=body, headers={"content-type": "application/json"}).status_code == 413


def test_the_document_of_the_api_says_where_it_stands(client: Client) -> None:
    assert client.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]
    assert "servers" not in client.get("/openapi.json").json()


def test_the_plain_page_is_below_the_prefix(client: Client) -> None:
    response = client.get("/api/", headers=BROWSER)
    assert "chatbot is running" in response.text
    assert "/api/chat" in response.text
    assert "not built" not in response.text


def test_without_a_build_a_plain_page_says_how_to_get_one(client: Client, dist: Path) -> None:
    (dist / "index.html").unlink()
    response = client.get("/", headers=BROWSER)
    assert response.status_code == 200
    assert "Node.js 20.19" in response.text
    assert "make run" in response.text
    assert client.get("/assets/app-1a2b.js").status_code == 404
    assert client.get("/library", headers=BROWSER).status_code == 404
    assert client.get("/api/models").status_code == 200
    (dist / "index.html").write_text(PAGE)
    assert client.get("/").text == PAGE


def test_files_are_read_and_packed_once(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = WebFiles(dist)
    first = files.find("/assets/app-1a2b.js")
    (dist / "assets" / "app-1a2b.js").write_text("changed without a new page")
    os.utime(dist / "assets" / "app-1a2b.js", (time.time(), time.time()))
    assert files.find("/assets/app-1a2b.js") is first
    assert first is not None
    assert first.packed is not None
    assert gzip.decompress(first.packed) == first.content == SCRIPT.encode()


def test_a_folder_that_is_not_there_is_no_interface(tmp_path: Path) -> None:
    files = WebFiles(tmp_path / "none")
    assert not files.built
    assert files.find("/") is None
    assert files.find("/assets/a.js") is None
