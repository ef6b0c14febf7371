"""The API under ``/api``, as CloudFront has it: the web interface finds it there in both homes."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

#: Where the API also stands. Everything else of the origin belongs to the web interface.
API_PREFIX = "/api"


class ApiPrefix:
    """ASGI middleware: ``/api/chat`` is ``/chat``, and addresses in answers begin with the prefix, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and (path == API_PREFIX or path.startswith(f"{API_PREFIX}/")):
            # What comes after a root path is what routes are matched with.
            scope = {**scope, "root_path": API_PREFIX}
        await self._app(scope, receive, send)
