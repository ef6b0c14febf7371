"""The routes of documents: list, upload, read, retry, delete, search."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any
from urllib.parse import urljoin

from anyio import CapacityLimiter, from_thread, to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from starlette.requests import ClientDisconnect

from chatbot import examples
from chatbot.document_services import DocumentServices, Receive
from chatbot.models import (
    DocumentList,
    DocumentView,
    ErrorResponse,
    SearchRequest,
    SearchResponse,
    SearchResult,
    Upload,
    UploadRequest,
    UploadResponse,
)
from chatbot.services import Services
from shared.documents import DOCUMENT_ID, DocumentRecord, RetrievalRequest
from shared.errors import DocumentsDisabled

log = logging.getLogger(__name__)

UserOf = Callable[[Request], str]

_Id = Annotated[str, Path(pattern=f"^{DOCUMENT_ID}$", examples=[examples.DOCUMENT_ID])]
_Limit = Annotated[int, Query(ge=1, le=200, examples=[20])]
_Cursor = Annotated[str | None, Query(min_length=1, max_length=2048, description="`next_cursor` of the page before.")]

#: An index that was asleep answers after 10 to 30 seconds.
_SEARCH_SECONDS = 40
_UPLOADS_AT_ONCE = 16
#: A client that sends nothing for so long has gone.
_SILENCE_SECONDS = 30
#: What a search returns is bounded by ``top_k`` alone.
_NO_BUDGET = 1_000_000


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorResponse} for status in statuses}


def document_routes(services: Services, user_of: UserOf) -> APIRouter:
    """What can be done with documents. All answer 404 where documents are switched off."""
    router = APIRouter(tags=["documents"], responses=_errors(404, 422, 503))

    def documents() -> DocumentServices:
        if services.documents is None:
            raise DocumentsDisabled(
                "Documents are switched off in this deployment; its owner can switch them on: scripts/enable-rag.sh."
            )
        return services.documents

    @router.get("/documents", response_model=DocumentList, response_model_exclude_none=True)
    def list_documents(request: Request, limit: _Limit = 50, cursor: _Cursor = None) -> DocumentList:
        """The documents, by name."""
        page = documents().service.list(user_of(request), limit, cursor)
        return DocumentList(documents=[_view(record) for record in page.items], next_cursor=page.next_cursor)

    @router.post("/documents", response_model=UploadResponse, responses=_errors(400, 413))
    def begin_upload(request: Request, body: UploadRequest) -> UploadResponse:
        """Announces a document, and tells where to send its bytes. One of the same name is replaced by them."""
        record, target = documents().service.begin_upload(user_of(request), body.filename, body.size, body.content_type)
        url = urljoin(str(request.base_url), target.url)
        return UploadResponse(
            document_id=record.document_id, upload=Upload(url=url, method=target.method, headers=target.headers)
        )

    @router.get("/documents/{document_id}", response_model=DocumentView, response_model_exclude_none=True)
    def read_document(request: Request, document_id: _Id) -> DocumentView:
        """The state of a document."""
        return _view(documents().service.get(user_of(request), document_id))

    @router.delete("/documents/{document_id}", status_code=204)
    def delete_document(request: Request, document_id: _Id) -> None:
        """Deletes the file with everything that was made of it."""
        documents().service.delete(user_of(request), document_id)

    @router.post("/documents/{document_id}/retry", response_model=DocumentView, response_model_exclude_none=True)
    def retry_document(request: Request, document_id: _Id) -> DocumentView:
        """Tries again to read a document that failed."""
        return _view(documents().service.retry(user_of(request), document_id))

    @router.post(
        "/search", response_model=SearchResponse, response_model_exclude_none=True, responses=_errors(400, 413)
    )
    def search(request: Request, body: SearchRequest) -> SearchResponse:
        """The passages of the documents that fit the query best, best first."""
        result = documents().retriever.retrieve(
            RetrievalRequest(
                user_id=user_of(request),
                query=body.query,
                token_budget=_NO_BUDGET,
                deadline=time.monotonic() + _SEARCH_SECONDS,
                limit=body.top_k,
                document_ids=tuple(body.document_ids) if body.document_ids is not None else None,
                allow_whole=False,
            )
        )
        return SearchResponse(
            results=[
                SearchResult(
                    document_id=passage.document_id,
                    document=passage.document,
                    page=passage.page,
                    section=passage.section,
                    text=passage.text,
                    score=round(passage.score, 4),
                )
                for passage in result.passages
            ]
        )

    if services.documents is not None and services.documents.receive is not None:
        _add_receiver(router, services.documents.receive, user_of)
    return router


def _add_receiver(router: APIRouter, receive: Receive, user_of: UserOf) -> None:
    """The place that uploads go to where there is no bucket for them."""
    # Threads of their own, so that slow uploads keep no other request waiting.
    uploads = CapacityLimiter(_UPLOADS_AT_ONCE)

    @router.put("/documents/{document_id}/content", status_code=204, responses=_errors(400))
    async def receive_document(
        request: Request, document_id: _Id, size: Annotated[int | None, Query(ge=0)] = None
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
            await to_thread.run_sync(receive, user_id, document_id, pieces(), size, limiter=uploads)
        except (ClientDisconnect, TimeoutError):
            log.info("upload broke off", extra={"document_id": document_id})
            return Response(status_code=400, headers={"connection": "close"})  # nobody is there to read it
        return Response(status_code=204)


def _view(record: DocumentRecord) -> DocumentView:
    return DocumentView(
        document_id=record.document_id,
        filename=record.key,
        status=record.status,
        size=record.size,
        pages=record.pages,
        chunks=record.chunks,
        progress=record.progress,
        error=record.error,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
