"""Passes a request on to another server on loopback, and its answer back, piece by piece as it comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import h11
from ministack.core.responses import StreamingResponse

Headers = list[tuple[str, str]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
_CHUNK = 64 * 1024


class Unreachable(Exception):
    """Nobody listens there, or the connection broke before the head of the answer had come."""


@dataclass
class Answer:
    """The head of an answer, and the rest of it as it comes. ``pieces`` must be read to its end, or closed."""

    status: int
    headers: Headers
    pieces: AsyncIterator[bytes]

    async def whole(self) -> bytes:
        return b"".join([piece async for piece in self.pieces])

    def streamed(self, **more: str) -> tuple[int, dict[str, Any], Any]:
        """The answer as ministack sends one that comes piece by piece."""
        headers: dict[str, Any] = {}
        for name, value in [*self.headers, *more.items()]:
            if name.lower() not in _HOP_BY_HOP:
                headers.setdefault(name.lower(), []).append(value)
        return self.status, headers, StreamingResponse(_runner(self.pieces))


async def ask(port: int, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
    """Sends the request to a loopback port. Raises ``Unreachable``.

    Content-Length is made anew, and hop-by-hop headers are left out.
    """
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        raise Unreachable(str(error)) from error
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_CHUNK)
    passed = [(name, value) for name, value in headers if name.lower() not in {*_HOP_BY_HOP, "content-length"}]
    if not any(name.lower() == "host" for name, _ in passed):
        passed.append(("Host", f"127.0.0.1:{port}"))
    passed.append(("Connection", "close"))
    if body or method in {"POST", "PUT", "PATCH"}:
        passed.append(("Content-Length", str(len(body))))
    events = (h11.Request(method=method, target=target, headers=passed), h11.Data(data=body), h11.EndOfMessage())
    try:
        writer.write(b"".join(connection.send(event) or b"" for event in events))
        await writer.drain()
        response = await _next(connection, reader)
        while isinstance(response, h11.InformationalResponse):
            response = await _next(connection, reader)
    except (OSError, h11.RemoteProtocolError) as error:
        writer.close()
        raise Unreachable(str(error)) from error
    if not isinstance(response, h11.Response):
        writer.close()
        raise Unreachable("the connection was closed before an answer came")
    head = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    return Answer(response.status_code, head, _pieces(connection, reader, writer))


async def _next(connection: h11.Connection, reader: asyncio.StreamReader) -> Any:
    while True:
        event = connection.next_event()
        if event is not h11.NEED_DATA:
            return event
        connection.receive_data(await reader.read(_CHUNK))


async def _pieces(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> AsyncIterator[bytes]:
    try:
        while isinstance(event := await _next(connection, reader), h11.Data):
            yield bytes(event.data)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _runner(pieces: AsyncIterator[bytes]) -> Callable[[Send, Any], Awaitable[None]]:
    async def run(send: Send, _: Any) -> None:
        # Whoever answers works on to the end though its client goes away, as a function does.
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return run
