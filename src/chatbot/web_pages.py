"""Answers with the web interface, where a path is not the API's."""

from __future__ import annotations

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from chatbot.web_files import WEB_POLICY, WebFile, WebFiles, is_file_path

#: As in infra/cloudformation/web.yaml.
_HEADERS = {
    "content-security-policy": "; ".join(f"{name} {sources}" for name, sources in WEB_POLICY.items()),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
}


class WebPages:
    """ASGI middleware over the API. Files come first; then the API; deep links, which are neither, are the one page.

    A path of the API without its prefix stays the API's, in a browser too.
    """

    def __init__(self, app: ASGIApp, files: WebFiles) -> None:
        self._app = app
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Below a root path stands nothing but the API.
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and not scope.get("root_path"):
            path = "/" if _is_deep_link(scope) else scope["path"]
            # Reading and packing take a while, the first time.
            file = await to_thread.run_sync(self._files.find, path)
            if file:
                await _answer(scope, file)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_deep_link(scope: Scope) -> bool:
    """Whether a browser asks for a page, and no route is meant by it."""
    if is_file_path(scope["path"]) or "text/html" not in Headers(scope=scope).get("accept", ""):
        return False
    return not any(route.matches(scope)[0] is Match.FULL for route in scope["app"].routes)


def _answer(scope: Scope, file: WebFile) -> Response:
    asked = Headers(scope=scope)
    packed = file.packed if _takes_gzip(asked.get("accept-encoding", "")) else None
    etag = f'"{file.etag}-gzip"' if packed else f'"{file.etag}"'
    headers = {**_HEADERS, "etag": etag, "cache-control": file.cache_control, "vary": "accept-encoding"}
    if _is_among(etag, asked.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = file.media_type
    if packed:
        headers["content-encoding"] = "gzip"
    body = file.content if packed is None else packed
    response = Response(body, headers=headers)
    if scope["method"] == "HEAD":
        response.body = b""  # its length is told already
    return response


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.lower().split(","):
        name, _, quality = each.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _is_among(etag: str, known: str) -> bool:
    return any(each.strip().removeprefix("W/") in {etag, "*"} for each in known.split(","))
