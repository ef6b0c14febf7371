"""The way out of the rehearsal: an HTTPS proxy that lets nobody out.

Hosts of the account are answered with a certificate of the throw-away authority, and what comes in is passed, byte by
byte, to the emulator, which tells the hosts apart by the ``Host`` header. Every other host is refused and logged.
"""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import socketserver
import ssl
import threading
from pathlib import Path
from typing import cast

from tests.rehearsal.account.stand_ins.authority import Authority

#: The hosts that the account serves: REST APIs, collections, buckets by their own host, CloudFront.
SERVED = re.compile(
    r"[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com"
    r"|[a-z0-9]+\.aoss\.[a-z0-9-]+\.(amazonaws\.com|on\.aws)"
    r"|[a-z0-9]+\.[a-z0-9-]+\.aoss\.amazonaws\.com"
    r"|[a-z0-9.-]+\.s3\.[a-z0-9-]+\.amazonaws\.com"
    r"|[a-z0-9]+\.cloudfront\.net"
    # Version 1 of the AWS CLI goes there for SQS, whatever AWS_ENDPOINT_URL says.
    r"|([a-z0-9-]+\.)?queue\.amazonaws\.com"
)
_HEAD_LIMIT = 16 * 1024
_IDLE_SECONDS = 330.0
_CHUNK = 64 * 1024


class Proxy:
    """Listens on a loopback port until ``close``. ``refusals`` is the file that names what was refused."""

    def __init__(self, port: int, upstream_port: int, authority: Authority, refusals: Path) -> None:
        self.authority = authority
        self.upstream_port = upstream_port
        self._refusals = refusals
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy")
        self._thread.start()

    def refuse(self, target: str) -> None:
        with self._refusals.open("a") as log:
            log.write(json.dumps({"refused": target}) + "\n")

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64
    proxy: Proxy


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        proxy = cast("_Server", self.server).proxy
        client: socket.socket = self.request
        client.settimeout(_IDLE_SECONDS)
        with contextlib.suppress(OSError):
            method, target = _asked(client)
            host, _, port = target.rpartition(":")
            if method != "CONNECT" or port != "443" or not SERVED.fullmatch(host):
                proxy.refuse(f"{method} {target}")
                client.sendall(
                    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
                    b"The rehearsal lets nothing out: this host is not one of the emulated account.\n"
                )
                return
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with (
                proxy.authority.context(host).wrap_socket(client, server_side=True) as inner,
                socket.create_connection(("127.0.0.1", proxy.upstream_port), timeout=_IDLE_SECONDS) as upstream,
            ):
                _relay(inner, upstream)


def _asked(client: socket.socket) -> tuple[str, str]:
    """The method and target of the request line; reads the whole head."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT:
        piece = client.recv(4096)
        if not piece:
            raise ConnectionError
        head += piece
    line = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    return line[0], line[1] if len(line) > 1 else ""


def _relay(inner: ssl.SSLSocket, upstream: socket.socket) -> None:
    """Passes bytes both ways, as they come, until both sides are done.

    One thread for both ways: OpenSSL does not take a read and a write of one connection at once.
    """
    for each in (inner, upstream):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    asking = True
    while True:
        waiting: list[socket.socket] = [inner, upstream] if asking else [upstream]
        ready = [inner] if asking and inner.pending() else select.select(waiting, [], [], _IDLE_SECONDS)[0]
        if not ready:
            return
        if inner in ready:
            piece = inner.recv(_CHUNK)
            upstream.sendall(piece)
            if not piece:
                # Half closed, so that an answer that is still under way arrives whole.
                upstream.shutdown(socket.SHUT_WR)
                asking = False
        if upstream in ready:
            piece = upstream.recv(_CHUNK)
            if not piece:
                return
            inner.sendall(piece)
