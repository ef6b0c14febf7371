"""Requests to the HTTP API, and what makes sure that it is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from chatbot.command_line.transport_errors import api_error, connection_error, not_a_chatbot

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HttpApi:
    """Every method raises ``ApiError`` with a message for the person. ``place`` names the API in such messages."""

    http: httpx.Client
    place: str

    def _get(self, path: str, *, expect: str, **params: str | int | None) -> Json:
        given = {name: value for name, value in params.items() if value is not None}
        body = self._object(self._send("GET", path, params=given), expect)
        items = body[expect]
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise not_a_chatbot(self.place)
        return body

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            response = self.http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise connection_error(error, self.place) from error
        if not response.is_success:
            raise api_error(response, self.place)
        return response

    def _object(self, response: httpx.Response, expect: str | None = None) -> Json:
        try:
            body = response.json()
        except ValueError:
            raise not_a_chatbot(self.place) from None
        if not isinstance(body, dict) or (expect is not None and expect not in body):
            raise not_a_chatbot(self.place)
        return body

    def _next(self, page: Json, previous: str | None) -> str | None:
        """The cursor of the page after. One that does not move on would be followed for ever."""
        cursor = page.get("next_cursor")
        if cursor is not None and (not isinstance(cursor, str) or cursor == previous):
            raise not_a_chatbot(self.place)
        return cursor
