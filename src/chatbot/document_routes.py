"""The routes of documents: list, upload, read, retry, delete, search."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request

from chatbot import examples
from chatbot.api_routes import UserOf
from chatbot.document_models import (
    DocumentList,
    DocumentView,
    SearchRequest,
    SearchResponse,
    SearchResult,
    Upload,
    UploadRequest,
    UploadResponse,
)
from chatbot.document_services import DocumentServices
from chatbot.models import ErrorResponse
from chatbot.services import Services
from shared.documents import DOCUMENT_ID, SEARCH_SECONDS, DocumentRecord, RetrievalRequest
from shared.errors import DocumentsDisabled

Id = Annotated[str, Path(pattern=f"^{DOCUMENT_ID}$", examples=[examples.DOCUMENT_ID])]
_Limit = Annotated[int, Query(ge=1, le=200, examples=[20])]
_Cursor = Annotated[str | None, Query(min_length=1, max_length=2048, description="`next_cursor` of the page before.")]

#: What a search returns is bounded by ``top_k`` alone.
_NO_BUDGET = 1_000_000


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": ErrorResponse} for status in statuses}


def documents_of(services: Services) -> DocumentServices:
    """Raises ``DocumentsDisabled`` where there are none."""
    if services.documents is None:
        raise DocumentsDisabled(
            "Documents are switched off in this deployment; its owner can switch them on: scripts/enable-rag.sh."
        )
    return services.documents


def absolute(request: Request, url: str) -> str:
    """The URL, which may be a path of this API, as the client of this request has to call it."""
    return str(request.base_url).rstrip("/") + url if url.startswith("/") else url


def document_routes(services: Services, user_of: UserOf) -> APIRouter:
    """What can be done with documents. All answer 404 where documents are switched off."""
    router = APIRouter(tags=["documents"], responses=errors(404, 422, 503))

    @router.get("/documents", response_model=DocumentList, response_model_exclude_none=True)
    def list_documents(request: Request, limit: _Limit = 50, cursor: _Cursor = None) -> DocumentList:
        """The documents, by name."""
        page = documents_of(services).service.list(user_of(request), limit, cursor)
        return DocumentList(documents=[_view(record) for record in page.items], next_cursor=page.next_cursor)

    @router.post("/documents", response_model=UploadResponse, responses=errors(400, 413))
    def begin_upload(request: Request, body: UploadRequest) -> UploadResponse:
        """Announces a document, and tells where to send its bytes. One of the same name is replaced by them."""
        record, target, replaces = documents_of(services).service.begin_upload(
            user_of(request), body.filename, body.size, body.content_type
        )
        return UploadResponse(
            document_id=record.document_id,
            upload=Upload(url=absolute(request, target.url), method=target.method, headers=target.headers),
            replaces=replaces,
        )

    @router.get("/documents/{document_id}", response_model=DocumentView, response_model_exclude_none=True)
    def read_document(request: Request, document_id: Id) -> DocumentView:
        """The state of a document."""
        return _view(documents_of(services).service.get(user_of(request), document_id))

    @router.delete("/documents/{document_id}", status_code=204)
    def delete_document(request: Request, document_id: Id) -> None:
        """Deletes the file with everything that was made of it."""
        documents_of(services).service.delete(user_of(request), document_id)

    @router.post("/documents/{document_id}/retry", response_model=DocumentView, response_model_exclude_none=True)
    def retry_document(request: Request, document_id: Id) -> DocumentView:
        """Reads a document again: one that failed, or whose replacement was announced and given up."""
        return _view(documents_of(services).service.retry(user_of(request), document_id))

    @router.post("/search", response_model=SearchResponse, response_model_exclude_none=True, responses=errors(400, 413))
    def search(request: Request, body: SearchRequest) -> SearchResponse:
        """The passages of the documents that fit the query best, best first."""
        result = documents_of(services).retriever.retrieve(
            RetrievalRequest(
                user_id=user_of(request),
                query=body.query,
                token_budget=_NO_BUDGET,
                deadline=time.monotonic() + SEARCH_SECONDS,
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

    return router


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
