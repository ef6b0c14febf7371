"""The seam for everything that ministack does not serve: control of the rehearsal, and further data planes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ministack import app

from tests.rehearsal.account.launcher.faults import Faults

Response = tuple[int, dict[str, Any], Any]

PREFIX = "/_rehearsal/"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as ministack has read it; header names are in lower case, the body is whole."""

    method: str
    path: str
    #: As it came, with its escapes.
    raw_path: str
    raw_query: str
    headers: dict[str, str]
    query: dict[str, list[str]]
    body: bytes

    @property
    def target(self) -> str:
        return self.raw_path + (f"?{self.raw_query}" if self.raw_query else "")

    @property
    def host(self) -> str:
        return self.headers.get("host", "").partition(":")[0].lower()

    def json(self) -> dict[str, Any]:
        """The body where it is a JSON object, else nothing."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


#: Answers a request, or ``None`` where it is none of its own.
DataPlane = Callable[[Request], Awaitable[Response | None]]


def install(faults: Faults, *planes: DataPlane) -> None:
    """Has the data planes see each request before ministack looks for what it is."""
    original = app._handle_special_data_plane_request

    async def handle(method: str, path: str, headers: Any, body: bytes, *rest: Any, **more: Any) -> Response | None:
        query = rest[0]
        # Only the proxy leads to hosts of AWS, and it speaks TLS.
        if headers.get("host", "").endswith((".amazonaws.com", ".cloudfront.net", ".on.aws")):
            headers["x-forwarded-proto"] = "https"
        request = Request(
            method, path, more.get("raw_path") or path, more.get("raw_query_string", ""), headers, query, body
        )
        if path.startswith(PREFIX):
            return _controlled(request, faults)
        for plane in planes:
            if (response := await plane(request)) is not None:
                return response
        found: Response | None = await original(method, path, headers, body, *rest, **more)
        return found

    app._handle_special_data_plane_request = handle


def _controlled(request: Request, faults: Faults) -> Response:
    if request.path == f"{PREFIX}faults" and request.method == "POST":
        return answer(200, faults.control(request.json()))
    return answer(404, {"message": f"no such control: {request.path}"})


def answer(status: int, body: Any, **headers: str) -> Response:
    """A whole answer of JSON."""
    return status, {"Content-Type": "application/json", **headers}, json.dumps(body).encode()
