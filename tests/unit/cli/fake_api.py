"""The HTTP contract in memory, with answers that can be told to go wrong: the message says how.

It speaks real HTTP on a free port, so that what is tested is what a user runs.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

ESCAPE = "\x1b]0;owned\x07\x1b[31mred"
CITATION = {"number": 1, "document_id": "d", "document": "Guide.pdf", "page": 3, "text": "Light\nhouses", "score": 0.9}
USAGE = {"input_tokens": 1200, "output_tokens": 34, "cache_read_tokens": 0, "cost_usd": 0.0042}


@dataclass
class FakeApi:
    """``seen`` keeps (method, path with query, headers, body) of every request."""

    url: str = ""
    key: str | None = None
    conversations: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    disconnected: threading.Event = field(default_factory=threading.Event)

    def add(self, conversation_id: str, title: str = "A title", turns: int = 1) -> str:
        messages = []
        for number in range(turns):
            messages += [_message("user", f"question {number}"), _message("assistant", f"answer {number}")]
        times = {
            "created_at": "2026-11-20T09:00:00.000000Z",
            "updated_at": f"2026-11-20T09:{len(self.conversations):02}:00Z",
        }
        self.conversations[conversation_id] = {
            "conversation_id": conversation_id, "title": title, **times, "messages": messages,
        }  # fmt: skip
        return conversation_id

    def bodies(self) -> list[Any]:
        return [body for _, path, _, body in self.seen if path == "/chat"]


def _message(role: str, text: str) -> dict[str, Any]:
    return {"message_id": "m", "role": role, "text": text, "created_at": "2026-11-20T09:00:00Z", "citations": []}


def _error(status: int, message: str, **headers: str) -> Response:
    body = {"error": {"code": "x", "message": message, "request_id": "req-1"}}
    return JSONResponse(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


@contextlib.contextmanager
def fake_api(key: str | None = None) -> Iterator[FakeApi]:
    """Serves the fake until the block ends."""
    api = FakeApi(key=key)
    config = uvicorn.Config(
        _app(api), port=0, log_level="critical", ws="none", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        api.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        yield api
    finally:
        server.should_exit = True
        thread.join()


def _app(api: FakeApi) -> Starlette:
    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        body = json.loads(raw) if raw else None
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        api.seen.append((request.method, path, dict(request.headers), body))
        if api.key is not None and request.headers.get("x-api-key") != api.key:
            return JSONResponse({"message": "Forbidden"}, 403)
        return _answer(api, request, body)

    routes = [Route("/{path:path}", endpoint, methods=["GET", "POST", "PATCH", "DELETE"])]
    return Starlette(routes=routes)


def _answer(api: FakeApi, request: Request, body: Any) -> Response:
    parts = request.url.path.strip("/").split("/")
    if parts == ["chat"]:
        return _chat(api, body, request.headers.get("accept", ""))
    if parts == ["models"]:
        price = {"input_per_mtok": 3.0, "output_per_mtok": 15.0, "as_of": "2026-11-01"}
        small = {"id": "builtin", "default": True, "provider": "builtin", "built_in": True, "context_tokens": 2048}
        large = {"id": "bedrock:big", "default": False, "provider": "bedrock", "built_in": False, "price": price}
        return JSONResponse({"models": [small, large]})
    if parts == ["usage"]:
        row = {"turns": 2, **USAGE}
        return JSONResponse(
            {"days": [{"day": "2026-11-20", "model": "big", **row}], "total": {**row, "cost_usd": None}}
        )
    if parts == ["conversations"]:
        newest = sorted(api.conversations.values(), key=lambda item: item["updated_at"], reverse=True)
        return JSONResponse(_page(newest, request, "conversations", without="messages"))
    if parts[0] == "conversations" and parts[1] in api.conversations:
        return _conversation(api, request, parts, body)
    return _error(404, "There is no such conversation.")


def _page(items: list[dict[str, Any]], request: Request, name: str, without: str = "") -> dict[str, Any]:
    start = int(request.query_params.get("cursor", 0))
    end = start + int(request.query_params.get("limit", 20))
    page = [{key: value for key, value in item.items() if key != without} for item in items[start:end]]
    return {name: page, "next_cursor": str(end) if end < len(items) else None}


def _conversation(api: FakeApi, request: Request, parts: list[str], body: Any) -> Response:
    found = api.conversations[parts[1]]
    if parts[-1] == "export":
        return PlainTextResponse(
            f"# {found['title']}\n{request.query_params['format']} é\n", media_type="text/markdown"
        )
    if request.method == "DELETE":
        del api.conversations[parts[1]]
        return Response(status_code=204)
    if request.method == "PATCH":
        found["title"] = body["title"]
        return JSONResponse({key: value for key, value in found.items() if key != "messages"})
    page = _page(found["messages"][::-1], request, "messages")
    return JSONResponse({**found, "messages": page["messages"][::-1], "next_cursor": page["next_cursor"]})


def _chat(api: FakeApi, body: dict[str, Any], accept: str) -> Response:
    message = body["message"]
    if message == "busy":
        return _error(429, "The model is over its rate.", retry_after="7")
    if message == "crash":
        return _error(500, "Something failed here.")
    conversation_id = body.get("conversation_id") or "new-1"
    if conversation_id not in api.conversations:
        api.add(conversation_id, title=message[:20])
    if body["stream"]:
        return StreamingResponse(_stream(api, message, conversation_id), media_type="text/event-stream")
    reply = {"conversation_id": conversation_id, "message_id": "m", "reply": f"You said: {message}", "model": "builtin"}
    return JSONResponse({**reply, "stop_reason": "end_turn", "citations": [], "usage": USAGE, "retrieval": "disabled"})


async def _stream(api: FakeApi, message: str, conversation_id: str) -> AsyncIterator[bytes]:
    yield _event("start", conversation_id=conversation_id, message_id="m", model="builtin")
    yield b": still here\r\n\r\n"
    if message == "fail":
        yield _event("error", error={"code": "model_failed", "message": "The model did not answer."})
        return
    if message == "cite":
        yield _event("status", stage="searching_documents")
        yield _event("citations", citations=[CITATION])
    for word in ("You ", "said: ", ESCAPE if message == "escape" else message):
        yield _event("delta", text=word)
    if message == "break":
        raise ConnectionResetError
    if message == "slow":
        try:
            await anyio.sleep(60)
        finally:
            api.disconnected.set()
    reason = {"long": "max_tokens", "stop": "stopped"}.get(message, "end_turn")
    yield _event("done", stop_reason=reason, usage=USAGE, retrieval="used")


def _event(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\r\ndata: {json.dumps(data)}\r\n\r\n".encode()
