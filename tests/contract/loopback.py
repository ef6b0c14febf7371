"""An HTTP/1.1 server on a loopback port, for the stand-ins."""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Exchange:
    """One request, with what it takes to answer it well or badly."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler
        self.method = handler.command
        self.path = handler.path
        self.client_port: int = handler.client_address[1]
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.raw: bytes = handler.rfile.read(int(self.headers.get("content-length", 0)))

    @functools.cached_property
    def body(self) -> Any:
        """The request's body, which is JSON."""
        return json.loads(self.raw or b"null")

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """A whole answer of JSON; bytes are sent as they are."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._start(
            status, {"Content-Type": "application/json", "Content-Length": str(len(payload)), **(headers or {})}
        )
        if self.method != "HEAD":
            self._handler.wfile.write(payload)

    @contextlib.contextmanager
    def streaming(self, content_type: str, headers: dict[str, str] | None = None) -> Iterator[Callable[[bytes], None]]:
        """A chunked answer; the value writes one chunk. It ends well where the block does."""
        self._start(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked", **(headers or {})})
        yield self._chunk
        self._handler.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Resets the connection, as a crash of the other side does."""
        linger = struct.pack("ii", 1, 0)
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._handler.connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()

    def _chunk(self, data: bytes) -> None:
        self._handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self._handler.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class LoopbackServer:
    """Runs ``respond`` for every request, each in a thread, until ``close``. A client that goes away is no error.

    Port 0 is any free one.
    """

    def __init__(self, respond: Callable[[Exchange], None], port: int = 0) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or the body waits for the client to acknowledge the headers

            def do_POST(self) -> None:
                self.close_connection = False
                with contextlib.suppress(ConnectionError):
                    respond(Exchange(self))
                    return
                self.close_connection = True

            do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815 - the base class's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Prints nothing."""

        self._server = _Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="loopback")
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
