"""What stands before every route: a request id, a limit on bodies, safe headers, and a log line without content."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.documents import DOCUMENT_ID
from shared.errors import UNEXPECTED

log = logging.getLogger(__name__)

#: 32,000 characters of JSON take 384,000 bytes where each is escaped as a surrogate pair.
LARGEST_BODY = 512 * 1024
#: One turn of a conversation from elsewhere: a message, and a reply of 64,000 characters, 768,000 bytes.
LARGEST_IMPORT = 1280 * 1024
_IMPORT = "/conversations/import"
#: A client that is still sending when its connection closes sees a reset, not the answer: so much is read and dropped.
_MOST_DROPPED = 16 * LARGEST_BODY
#: Files come this way on a laptop; their route reads them piece by piece, and has a limit of its own.
_UPLOADS = re.compile(rf"/documents/{DOCUMENT_ID}/content")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: The API itself serves no page but a plain one, which needs nothing but inline style; ``web_pages`` says its own.
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}

RequestIdOf = Callable[[Headers], str | None]


class HttpGuard:
    """ASGI middleware.

    ``request_id_of`` finds the id that the platform gave the request, if it gave one. ``hosts`` are the names under
    which the server may be addressed: without such a list a web page could reach a local server through a name of its
    own that resolves here (DNS rebinding). ``None`` takes any, for a server that sits behind a gateway.
    """

    def __init__(self, app: ASGIApp, request_id_of: RequestIdOf, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._request_id_of = request_id_of
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        given = self._request_id_of(Headers(scope=scope)) or ""
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status, answering = 500, False

        async def send_guarded(message: Message) -> None:
            nonlocal status, answering
            if message["type"] == "http.response.start":
                status, answering = message["status"], True
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._pass(scope, receive, send_guarded, request_id)
        except Exception:
            # What no route expected. Above this stands only the server, which would answer without the envelope.
            log.exception("request ended by an unexpected error", extra={"request_id": request_id})
            if answering:
                raise
            await _refuse(send_guarded, 500, "internal_error", UNEXPECTED, request_id)
        finally:
            _log(scope, request_id, status, began)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        if self._hosts is not None and _host(scope) not in self._hosts:
            message = f"This server is addressed as {' or '.join(sorted(self._hosts))}; another Host was found."
            await _refuse(send, 400, "invalid_host", message, request_id)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["method"] == "PUT" and _UPLOADS.fullmatch(path):
            await self._app(scope, receive, send)
            return
        is_import = path == _IMPORT
        largest = LARGEST_IMPORT if is_import else LARGEST_BODY
        try:
            body = await _read_body(scope, receive, largest)
        except ClientDisconnect:
            return
        if body is None:
            hint = "send fewer turns in one request" if is_import else "a message may have 32,000 characters"
            message = f"The body is larger than {largest:,} bytes; {hint}."
            await _refuse(send, 413, "too_large", message, request_id)
            return
        await self._app(scope, _replay(body, receive), send)


def _host(scope: Scope) -> str | None:
    """The name in the Host header, without its port; ``None`` where there is none that makes sense."""
    try:
        return urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
    except ValueError:
        return None


async def _read_body(scope: Scope, receive: Receive, largest: int) -> bytes | None:
    """The whole body, or ``None`` where it has more bytes than ``largest``. Raises ``ClientDisconnect``."""
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdigit() and int(declared) > _MOST_DROPPED:
        return None
    body, size = bytearray(), 0
    while size <= _MOST_DROPPED:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size <= largest:
            body += part
        if not message.get("more_body"):
            return bytes(body) if size <= largest else None
    return None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then whatever the client does next."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


async def _refuse(send: Send, status: int, code: str, message: str, request_id: str) -> None:
    error = {"code": code, "message": message, "request_id": request_id}
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps({"error": error}).encode()})


def _log(scope: Scope, request_id: str, status: int, began: float) -> None:
    # The template of the path, not the path: what stands in place of an id may be anything.
    route = getattr(scope.get("route"), "path", "")
    # Files of the web interface have no route; opening it asks for dozens.
    is_quiet = route == "/health" or (not route and status < HTTPStatus.BAD_REQUEST)
    level = logging.DEBUG if is_quiet else logging.INFO
    log.log(
        level,
        "request",
        extra={
            "request_id": request_id,
            "method": scope["method"],
            "route": route,
            "status": status,
            "duration_ms": round((time.monotonic() - began) * 1000, 1),
        },
    )
