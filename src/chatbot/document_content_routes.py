"""What is in a document: its text, and the bytes of its file."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from typing import Annotated, BinaryIO

from anyio import CapacityLimiter, from_thread, to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive as ReceiveMessage
from starlette.types import Scope, Send

from chatbot.api_routes import UserOf
from chatbot.document_models import DocumentText, Download, TextPassage
from chatbot.document_routes import Id, absolute, documents_of, errors
from chatbot.document_services import Contents
from chatbot.services import Services
from shared.document_keys import attachment_of

log = logging.getLogger(__name__)

_UPLOADS_AT_ONCE = 16
#: A client that sends nothing for so long has gone.
_SILENCE_SECONDS = 30
_PIECE = 1 << 18

#: A document may be a web page with scripts; nothing in it may run, or be shown, as a page of this server.
_AS_A_FILE = {
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "content-type": "application/octet-stream",
}


_FILE = {
    "description": "The file, as it was sent.",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "Rinse it."}},
}


def document_content_routes(services: Services, user_of: UserOf) -> APIRouter:
    """Text and bytes of documents. All answer 404 where documents are switched off."""
    router = APIRouter(prefix="/documents/{document_id}", tags=["documents"], responses=errors(404, 422, 503))

    @router.get("/text", response_model=DocumentText, response_model_exclude_none=True)
    def read_text(request: Request, document_id: Id) -> DocumentText:
        """What was read out of the document, in its order: what answers are found in.

        Without passages, and not `complete`, it is too long to be given at once (200,000 tokens), or not read yet.
        """
        found = documents_of(services).text(user_of(request), document_id)
        return DocumentText(
            passages=[
                TextPassage(page=passage.page, section=passage.section, text=passage.text) for passage in found.passages
            ],
            complete=found.whole,
        )

    @router.get("/download", response_model=Download)
    def download_document(request: Request, document_id: Id) -> Download:
        """Where the file can be fetched, as it was sent, for some minutes."""
        target = documents_of(services).service.download(user_of(request), document_id)
        return Download(url=absolute(request, target.url), method="GET", headers=target.headers)

    if services.documents is not None and services.documents.contents is not None:
        _add_contents(router, services.documents.contents, user_of)
    return router


def _add_contents(router: APIRouter, contents: Contents, user_of: UserOf) -> None:
    """The place that uploads go to, and downloads come from, where there is no bucket for them."""

    @router.get("/content", response_class=Response, responses={200: _FILE})
    def read_content(request: Request, document_id: Id) -> StreamingResponse:
        """The bytes of the document's file, to be kept and not shown."""
        key, file = contents.open(user_of(request), document_id)
        return _Attachment(file, key)

    # Threads of their own, so that slow uploads keep no other request waiting.
    uploads = CapacityLimiter(_UPLOADS_AT_ONCE)

    @router.put("/content", status_code=204, responses=errors(400))
    async def receive_document(
        request: Request, document_id: Id, size: Annotated[int | None, Query(ge=0)] = None
    ) -> Response:
        """Takes the bytes of a document that was announced."""
        user_id, stream = user_of(request), request.stream()

        async def following() -> bytes | None:
            async with asyncio.timeout(_SILENCE_SECONDS):
                return await anext(stream, None)

        def pieces() -> Iterator[bytes]:
            # In the thread that writes them, so that a slow disk holds up nobody else.
            while (piece := from_thread.run(following)) is not None:
                yield piece

        try:
            await to_thread.run_sync(contents.receive, user_id, document_id, pieces(), size, limiter=uploads)
        except (ClientDisconnect, TimeoutError):
            log.info("upload broke off", extra={"document_id": document_id})
            return Response(status_code=400, headers={"connection": "close"})  # nobody is there to read it
        return Response(status_code=204)


class _Attachment(StreamingResponse):
    """The bytes of an open file, which it closes, also where nobody waits for them any more."""

    def __init__(self, file: BinaryIO, key: str) -> None:
        self._file = file
        size = os.fstat(file.fileno()).st_size
        headers = {**_AS_A_FILE, "content-disposition": attachment_of(key), "content-length": str(size)}
        super().__init__(self._pieces(size), headers=headers)

    async def __call__(self, scope: Scope, receive: ReceiveMessage, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()

    def _pieces(self, size: int) -> Iterator[bytes]:
        """As many bytes as were promised; a file that is cut meanwhile ends the connection, which says so."""
        while size > 0 and (piece := self._file.read(min(size, _PIECE))):
            size -= len(piece)
            yield piece
