"""The part of the HTTP contract that is about documents."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from chatbot import examples
from chatbot.models import Body, Message, shown
from shared.documents import DocumentStatus


class UploadRequest(Body):
    model_config = shown(examples.UPLOAD_REQUEST)

    filename: str = Field(
        min_length=1, max_length=1024, description="Name of the document, with folders where it has some: a/b.pdf."
    )
    size: int = Field(ge=0, description="Length of the file in bytes.")
    content_type: str | None = Field(
        default=None, max_length=255, pattern=r"^[\x20-\x7e]+$", description="Media type of the file."
    )


class Upload(BaseModel):
    """Send the bytes of the file there, with this method and these headers."""

    url: str
    method: str
    headers: dict[str, str]


class UploadResponse(BaseModel):
    model_config = shown(examples.UPLOAD_RESPONSE)

    document_id: str
    upload: Upload
    replaces: bool = Field(
        description="Whether a document of this name was there already; what was live of it stays until the new bytes "
        "are indexed."
    )


class DocumentView(BaseModel):
    """``error`` is a sentence that says what to do; ``progress`` the share of the work done, 0 to 1."""

    model_config = shown(examples.DOCUMENT)

    document_id: str
    filename: str
    status: DocumentStatus
    size: int | None = None
    pages: int | None = None
    chunks: int
    progress: float | None = None
    error: str | None = None
    created_at: str
    updated_at: str


class DocumentList(BaseModel):
    model_config = shown(examples.DOCUMENTS)

    documents: list[DocumentView]
    next_cursor: str | None = None


class SearchRequest(Body):
    model_config = shown(examples.SEARCH_REQUEST)

    query: Message = Field(description="What to look for, in words or as a question.")
    top_k: int = Field(default=5, ge=1, le=50, description="How many passages at most.")
    document_ids: list[Annotated[str, Field(min_length=1, max_length=128)]] | None = Field(
        default=None, max_length=100, description="Look only in these documents."
    )


class SearchResult(BaseModel):
    document_id: str
    document: str
    page: int | None = None
    section: str | None = None
    text: str
    score: float


class SearchResponse(BaseModel):
    model_config = shown(examples.SEARCH_RESPONSE)

    results: list[SearchResult]


class Download(BaseModel):
    """The original bytes are there for a while, with this method and these headers."""

    model_config = shown(examples.DOWNLOAD)

    url: str
    method: Literal["GET"]
    headers: dict[str, str]


class TextPassage(BaseModel):
    """Text of one page and section."""

    page: int | None = None
    section: str | None = None
    text: str


class DocumentText(BaseModel):
    """What was read out of a document, in its order; ``complete`` says whether that is all of it.

    Without passages it is too long to be given at once, or is being read just now.
    """

    model_config = shown(examples.DOCUMENT_TEXT)

    passages: list[TextPassage]
    complete: bool
