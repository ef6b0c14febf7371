"""A client that adds little of its own: one kept connection, each request in one piece, no library."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator, Sequence
from itertools import cycle

from bench.models import QUESTION

#: uvicorn closes a connection that has been idle for five seconds.
_IDLE_SECONDS = 3


class Chat:
    """Sends turns to one server, its conversations in rotation."""

    def __init__(self, port: int, conversations: Sequence[str]) -> None:
        self._port = port
        self._conversations: Iterator[str] = cycle(conversations)
        self._kept: socket.socket | None = None
        self._used = 0.0

    def turn(self, conversation_id: str | None = None) -> float:
        """Milliseconds from the request to the whole JSON answer, for the next conversation or the one named."""
        body = {"message": QUESTION, "conversation_id": conversation_id or next(self._conversations)}
        request = chat_request(json.dumps(body).encode(), accept="application/json", connection="keep-alive")
        connection = self._connection()
        began = time.perf_counter()
        connection.sendall(request)
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        text = response.read()
        ended = time.perf_counter()
        self._used = time.monotonic()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"POST /chat answered {response.status}: {text[:300]!r}")
        return (ended - began) * 1000

    def first_event(self) -> float:
        """Milliseconds from the request to the first event of a stream; reads the stream to its end, unmeasured."""
        body = {"message": QUESTION, "conversation_id": next(self._conversations), "stream": True}
        request = chat_request(json.dumps(body).encode())
        with _connected(self._port) as connection:
            began = time.perf_counter()
            connection.sendall(request)
            received = b""
            while b"event: start" not in received:
                received += _more(connection, received)
            ended = time.perf_counter()
            while b"event: done" not in received:
                received += _more(connection, received)
        return (ended - began) * 1000

    def _connection(self) -> socket.socket:
        """The kept connection, or a new one where the server may have closed it."""
        if self._kept is None or time.monotonic() - self._used > _IDLE_SECONDS:
            if self._kept:
                self._kept.close()
            self._kept = _connected(self._port)
        return self._kept


def chat_request(body: bytes, *, accept: str = "text/event-stream", connection: str = "close") -> bytes:
    """The bytes of one request."""
    head = (
        "POST /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Accept: {accept}\r\nContent-Length: {len(body)}\r\nConnection: {connection}\r\n\r\n"
    )
    return head.encode() + body


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=120)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _more(connection: socket.socket, received: bytes) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise RuntimeError(f"the stream broke off after {received[-300:]!r}")
    return piece
