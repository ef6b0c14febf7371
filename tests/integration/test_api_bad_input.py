"""Every request that is not as it should be gets an answer that says so, and nothing else happens."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fakes import PATIENCE
from tests.serving import Client, Home, build, serving

JSON = {"content-type": "application/json"}
MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return build(Path(tmp_path_factory.mktemp("bad-input")))


@pytest.fixture(scope="module")
def url(home: Home) -> Iterator[str]:
    with serving(home.app) as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_happened(home: Home, client: Client) -> Iterator[None]:
    """After every test: the model was not asked, nothing was stored, and the server still answers."""
    yield
    assert home.model.calls == 0
    assert home.store.calls["save_turn"] == 0
    assert home.store.calls["claim"] == 0
    assert client.get("/conversations").json()["conversations"] == []


def refused(response: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The error of a refused request, which must be in the envelope."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["request_id"] == response.headers["x-request-id"]
    assert (list(error["fields"]) if "fields" in error else []) == ([field] if field else [])
    return error


def post(client: Client, body: bytes, **headers: str) -> httpx.Response:
    return client.post("/chat", content=body, headers={**JSON, **headers})


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="empty"),
        pytest.param("   \n\t\u2003", id="blank"),
        pytest.param("x" * 32_001, id="too long"),
        pytest.param("😀" * 32_001, id="too long, each a pair"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param("a\udc00b", id="lone second surrogate"),
        pytest.param("\ude00\ud83d", id="swapped surrogates"),
        pytest.param(5, id="number"),
        pytest.param(True, id="boolean"),
        pytest.param(None, id="null"),
        pytest.param(["hi"], id="list"),
        pytest.param({"text": "hi"}, id="object"),
        pytest.param(float("nan"), id="NaN"),
        pytest.param(float("inf"), id="Infinity"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_message_that_is_none_is_refused(message: object, stream: bool, client: Client) -> None:
    body = json.dumps({"message": message, "stream": stream}).encode()
    refused(post(client, body), 422, "invalid_field", "message")


def test_a_message_as_long_as_allowed_is_taken(tmp_path: Path) -> None:
    with serving((other := build(tmp_path)).app) as url, Client(url) as client:
        assert client.say("😀" * 32_000)["reply"]
        body = json.dumps({"message": "\U0001f600" * 32_000}).encode()
        assert len(body) == 384_015
        assert post(client, body).status_code == 200
        assert other.model.calls == 2


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="open"),
        pytest.param(b'{"message": "hi"', id="not closed"),
        pytest.param(b'{"message": "hi",}', id="trailing comma"),
        pytest.param(b"{'message': 'hi'}", id="single quotes"),
        pytest.param(b'{"message": "hi"} {}', id="two objects"),
        pytest.param(b'{"message": "a\nb"}', id="raw newline"),
        pytest.param(b'{"message": "\xff\xfe"}', id="invalid UTF-8"),
        pytest.param(b'{"message": "\xc3"}', id="cut UTF-8"),
        pytest.param(b"[" * 200_000, id="deep list"),
        pytest.param(b'{"a":' * 80_000, id="deep object"),
        pytest.param(b'{"message": ' + b"9" * 10_000 + b"}", id="huge number"),
        pytest.param(b'"hi"', id="a string"),
        pytest.param(b'[{"message": "hi"}]', id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"NaN", id="NaN"),
        pytest.param(b"5", id="a number"),
        pytest.param(b"message=hi", id="a form"),
        pytest.param(b"\0" * 100, id="NULs"),
    ],
)
def test_a_body_that_is_no_json_object_is_malformed(body: bytes, client: Client) -> None:
    refused(post(client, body), 400, "malformed_request")


def test_raw_surrogates_are_no_utf_8(client: Client) -> None:
    response = post(client, b'{"message": "\xed\xa0\x80"}')
    assert response.status_code in (400, 422)
    refused(
        response,
        response.status_code,
        response.json()["error"]["code"],
        "message" if "fields" in response.text else None,
    )


def test_deep_nesting_within_a_field_is_refused(client: Client) -> None:
    body = b'{"message": ' + b"[" * 500 + b"]" * 500 + b"}"
    refused(post(client, body), 422, "invalid_field", "message")


def test_of_duplicate_keys_the_last_one_holds(client: Client) -> None:
    # As every JSON parser of the standard library reads them: the first, good one does not get through.
    refused(post(client, b'{"message": "hi", "message": 5}'), 422, "invalid_field", "message")


@pytest.mark.parametrize("name", ["Message", "mesage", "user_id", "temperature", "\x00", "a.b"])
def test_an_unknown_field_is_refused_by_name(name: str, client: Client) -> None:
    refused(client.post("/chat", json={"message": "hi", name: 1}), 422, "invalid_field", name)


def test_an_unknown_field_that_is_no_text_is_refused(client: Client) -> None:
    response = post(client, b'{"message": "hi", "\\ud800": 1}')
    assert response.status_code in (400, 422)
    assert response.json()["error"]["request_id"]


WRONG_VALUES: dict[str, tuple[object, ...]] = {
    "stream": ("maybe", 2, [], None),
    "use_documents": ("maybe", 2, None),
    "model": ("", "x" * 513, 5, "\ud800"),
    "conversation_id": (
        *("", "../etc", "a/b", "x" * 65, "a b", "é", "a\0", "a\n", ".", ".."),
        *(5, ["a"], "\ud800", "%2f", "a\\b", "\u202e"),
    ),
    "document_ids": ("a", 5, {"a": 1}),
}


@pytest.mark.parametrize(("field", "value"), [(name, each) for name, values in WRONG_VALUES.items() for each in values])
def test_a_field_of_the_wrong_kind_is_refused_by_name(field: str, value: object, client: Client) -> None:
    body = json.dumps({"message": "hi", field: value}).encode()
    refused(post(client, body), 422, "invalid_field", field)


@pytest.mark.parametrize("value", [[5], [""], ["x" * 129], ["ok", None], ["\ud800"]])
def test_a_list_says_which_of_its_items_is_wrong(value: list[object], client: Client) -> None:
    response = post(client, json.dumps({"message": "hi", "document_ids": value}).encode())
    refused(response, 422, "invalid_field", f"document_ids.{len(value) - 1}")


def test_too_many_documents_are_refused(client: Client) -> None:
    refused(client.chat("hi", document_ids=["d"] * 101), 422, "invalid_field", "document_ids")


@pytest.mark.parametrize("model", ["gpt-5", "bedrock:other", "builtin", "../model", "a\0b", "x" * 512])
def test_a_model_that_is_not_configured_is_refused_with_those_that_are(model: str, client: Client) -> None:
    error = refused(client.chat("hi", model=model, key="key"), 422, "unknown_model", "model")
    assert "amazon.nova-lite" in error["message"]
    assert model not in error["message"].replace("bedrock:amazon", "")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", "nonsense", ""],
)
def test_a_body_of_another_type_is_refused(content_type: str, client: Client) -> None:
    response = client.post("/chat", content=b'{"message": "hi"}', headers={"content-type": content_type})
    error = refused(response, 400, "malformed_request")
    assert "application/json" in error["message"]


def test_a_body_of_no_type_is_refused(client: Client) -> None:
    refused(client.post("/chat", content=b'{"message": "hi"}'), 400, "malformed_request")


@pytest.mark.parametrize("path", ["/chat", "/conversations/c1", "/conversations", "/health", "/nowhere"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_megabyte_is_too_large_for_any_route(path: str, chunked: bool, client: Client) -> None:
    body = json.dumps({"message": "x" * MEGABYTE}).encode()
    content: Any = (body[start : start + 65_536] for start in range(0, len(body), 65_536)) if chunked else body
    method = "PATCH" if path == "/conversations/c1" else "POST"
    refused(client.request(method, path, content=content, headers=JSON), 413, "too_large")


def test_a_body_is_refused_by_its_declared_length_before_it_is_sent(url: str, client: Client) -> None:
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=PATIENCE) as connection:
        connection.sendall(
            b"POST /chat HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: 99999999999\r\n\r\n"
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: [\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: \xff\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: evil.example\r\n\r\n",
        b"GET /health HTTP/1.1\r\nhost: 127.0.0.1:abc@evil.example\r\n\r\n",
        b"GET /health HTTP/1.0\r\n\r\n",
        b"POST /chat HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -5\r\n\r\n",
        b"POST /chat HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: \xb2\r\n\r\n",
        b"GET \x00 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_a_request_that_is_not_http_or_not_for_this_server_is_a_bad_request(
    head: bytes, url: str, client: Client
) -> None:
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), parts.port or 0), timeout=PATIENCE) as connection:
        connection.sendall(head)
        assert connection.recv(4096).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "conversation_id", ["%00", "x" * 65, "a%0A", "%C3%A9", "a%20b", "%ED%A0%80", "%FF", "%252f", "a%5Cb"]
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "EXPORT"])
def test_an_id_in_the_path_that_cannot_be_one_is_refused(method: str, conversation_id: str, client: Client) -> None:
    refused(on_path(client, method, conversation_id), 422, "invalid_field", "conversation_id")


@pytest.mark.parametrize(
    "conversation_id", ["..%2F..%2Fetc%2Fpasswd", "a%2fb", "%2e%2e", "%2e", "%2e%2e%2fc1", "nobody"]
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "EXPORT"])
def test_an_id_in_the_path_that_leads_elsewhere_leads_nowhere(
    method: str, conversation_id: str, client: Client
) -> None:
    refused(on_path(client, method, conversation_id), 404, "not_found")


def on_path(client: Client, method: str, conversation_id: str) -> httpx.Response:
    """A request for the conversation, its id put into the path as it is."""
    if method == "EXPORT":
        return client.get(f"/conversations/{conversation_id}/export")
    return client.request(
        method, f"/conversations/{conversation_id}", json={"title": "t"} if method == "PATCH" else None
    )


@pytest.mark.parametrize(
    ("path", "field"),
    [
        *[(f"/conversations?limit={limit}", "limit") for limit in ("0", "-1", "201", "x", "1e3", "", "9" * 5000)],
        *[(f"/conversations?cursor={cursor}", "cursor") for cursor in ("", "abc", "%00", "%FF", "x" * 513, "bTF8eA")],
        *[(f"/usage?days={days}", "days") for days in ("0", "367", "x", "-5", "1.5")],
    ],
)
def test_a_query_that_cannot_be_is_refused_by_name(path: str, field: str, client: Client) -> None:
    refused(client.get(path), 422, "invalid_field", field)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "tab\there", "é", "\x7f"])
def test_an_idempotency_key_that_cannot_be_one_is_refused(key: str, client: Client) -> None:
    response = client.post("/chat", json={"message": "hi"}, headers={b"idempotency-key": key.encode()})
    refused(response, 422, "invalid_field", "idempotency-key")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/chat"), ("GET", "/chat"), ("POST", "/conversations"), ("DELETE", "/health")]
)
def test_a_method_that_a_path_does_not_take_is_refused_with_those_it_takes(
    method: str, path: str, client: Client
) -> None:
    response = client.request(method, path)
    refused(response, 405, "method_not_allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize("path", ["/nowhere", "/docs", "/redoc", "//", "/chat/", "/conversations/a/b/c", "/%00"])
def test_a_path_that_does_not_exist_is_not_found(path: str, client: Client) -> None:
    response = client.get(str(client.base_url).rstrip("/") + path)
    assert response.status_code in (404, 307)
    if response.status_code == 404:
        refused(response, 404, "not_found")


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 65, "<script>", "é"])
def test_a_request_id_that_cannot_be_logged_is_replaced(request_id: str, client: Client) -> None:
    response = client.get("/health", headers={b"x-request-id": request_id.encode()})
    assert response.headers["x-request-id"] != request_id
    assert client.get("/health", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
