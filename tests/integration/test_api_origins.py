"""Web pages elsewhere: none may call the API unless the owner names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import Client, build, serving

PAGE = "https://chat.example.org"
PREFLIGHT = {
    "origin": PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-api-key,idempotency-key",
}


def test_no_page_may_call_unless_it_is_named(client: Client) -> None:
    assert client.options("/chat", headers=PREFLIGHT).status_code == 405
    assert "access-control-allow-origin" not in client.get("/health", headers={"origin": PAGE}).headers


def test_a_named_page_may_call_and_read_refusals(tmp_path: Path) -> None:
    home = build(tmp_path, allowed_origins=f"{PAGE}, http://localhost:5173/")
    with serving(home.app) as url, Client(url) as client:
        asked = client.options("/conversations/c1", headers=PREFLIGHT)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert "PATCH" in asked.headers["access-control-allow-methods"]
        for path in ("/health", "/conversations/missing"):
            answer = client.get(path, headers={"origin": PAGE})
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert "retry-after" in answer.headers["access-control-expose-headers"].lower()
        large = client.post("/chat", content=b"x" * 600_000, headers={"origin": PAGE})
        assert (large.status_code, large.headers["access-control-allow-origin"]) == (413, PAGE)


@pytest.mark.parametrize("origin", ["https://chat.example.org.evil.example", "null", "http://chat.example.org"])
def test_another_page_may_not(origin: str, tmp_path: Path) -> None:
    home = build(tmp_path, allowed_origins=PAGE)
    with serving(home.app) as url, Client(url) as client:
        assert client.options("/chat", headers={**PREFLIGHT, "origin": origin}).status_code == 400
        assert "access-control-allow-origin" not in client.get("/health", headers={"origin": origin}).headers
