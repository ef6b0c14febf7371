"""The stand-ins behind collections and vector buckets, which run in the other process."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from contextlib import suppress


class Stores:
    """Opens and closes them; each listens on a port of its own."""

    def __init__(self, registry_port: int) -> None:
        self._url = f"http://127.0.0.1:{registry_port}"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def open(self, kind: str, name: str) -> int:
        """The port of the store, made where there is none."""
        request = urllib.request.Request(f"{self._url}/{kind}/{name}", b"", method="POST")
        with self._opener.open(request, timeout=10) as answer:
            return int(json.load(answer)["port"])

    def close(self, kind: str, name: str) -> None:
        with suppress(urllib.error.HTTPError):
            request = urllib.request.Request(f"{self._url}/{kind}/{name}", method="DELETE")
            self._opener.open(request, timeout=10).close()

    def in_use(self, kind: str, name: str) -> bool:
        """Whether there are indexes in it."""
        with self._opener.open(f"{self._url}/{kind}/{name}", timeout=10) as answer:
            return bool(json.load(answer)["indexes"])
