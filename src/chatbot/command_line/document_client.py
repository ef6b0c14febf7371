"""The documents of the HTTP contract, as the command line speaks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx

from chatbot.command_line.errors import ApiError, InputError
from chatbot.command_line.http_api import HttpApi, Json
from chatbot.command_line.transport_errors import connection_error, not_a_chatbot

_PAGE_SIZE = 200
_BLOCK = 256 * 1024
_CONNECT_SECONDS = 10.0
# For each block of a file; a slow line takes a while for one.
_BLOCK_SECONDS = 120.0


class DocumentClient(HttpApi):
    """Uploads, listings and searches."""

    def upload(self, path: Path, name: str) -> str:
        """Sends a file under this name. Returns the id of its document. Raises ``InputError`` for an unreadable one."""
        try:
            with path.open("rb") as file:
                size = path.stat().st_size
                body = self._object(
                    self._send("POST", "/documents", json={"filename": name, "size": size}), "document_id"
                )
                self._put(body, iter(lambda: file.read(_BLOCK), b""), size)
        except OSError as error:
            raise InputError(f"{path} could not be read ({error.strerror}).") from None
        return str(body["document_id"])

    def _put(self, announced: Json, blocks: Iterator[bytes], size: int) -> None:
        target = announced.get("upload")
        if not isinstance(target, dict) or not isinstance(target.get("headers"), dict):
            raise not_a_chatbot(self.place)
        base = self.http.base_url
        url = base.join(str(target.get("url")))
        headers = {**target["headers"], "content-length": str(size)}
        method, timeout = str(target.get("method")), httpx.Timeout(_BLOCK_SECONDS, connect=_CONNECT_SECONDS)
        try:
            if (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port):
                response = self.http.request(method, url, content=blocks, headers=headers, timeout=timeout)
            else:
                # Storage of its own: it is told nothing but what the API said, above all not the key.
                response = httpx.request(method, url, content=blocks, headers=headers, timeout=timeout)
        except httpx.HTTPError as error:
            raise connection_error(error, self.place) from error
        if not response.is_success:
            raise _refused(response)

    def document(self, document_id: str) -> Json:
        return self._object(self._send("GET", f"/documents/{document_id}"), "status")

    def documents(self) -> list[Json]:
        """All of them, by name."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            page = self._get("/documents", expect="documents", limit=_PAGE_SIZE, cursor=cursor)
            found += page["documents"]
            cursor = self._next(page, cursor)
            if cursor is None:
                return found

    def delete(self, document_id: str) -> None:
        self._send("DELETE", f"/documents/{document_id}")

    def retry(self, document_id: str) -> Json:
        return self._object(self._send("POST", f"/documents/{document_id}/retry"), "status")

    def search(self, query: str, top_k: int) -> Json:
        return self._object(self._send("POST", "/search", json={"query": query, "top_k": top_k}), "results")


def _refused(response: httpx.Response) -> ApiError:
    try:
        message = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"The file was not taken (HTTP {response.status_code})."
    return ApiError(str(message), status=response.status_code)
