"""The use-cases of documents, put together: all in this process on a laptop, the owner's side alone in the cloud."""

# ruff: noqa: PLC0415 - what reads, embeds and searches is loaded on a laptop only: the chat function starts without it

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from rag.documents import DocumentService
from shared.config import Settings
from shared.document_backends import ChatDocuments, LocalDocuments
from shared.document_ports import Retriever
from shared.documents import SEARCH_SECONDS, RetrievalRequest, RetrievalResult
from shared.errors import NotFound
from shared.models import OWNER
from shared.ports import Clock

if TYPE_CHECKING:
    from rag.local_worker import LocalWorker

_MEGABYTE = 1 << 20

#: A document that is longer, by the ruler, is not given as text in one piece.
_LONGEST_TEXT = 200_000
#: The name of a document and the bytes of its file: user, document id. Raises ``NotFound``, ``StoreError``.
Open = Callable[[str, str], tuple[str, BinaryIO]]
#: Stores the bytes of an announced document: user, document id, the bytes piece by piece, and how many there are where
#: that is known. Raises ``NotFound``, ``InvalidRequest``, ``StoreError``.
Receive = Callable[[str, str, Iterable[bytes], int | None], None]


@dataclass(frozen=True, slots=True)
class Contents:
    """The bytes of documents, where they come and go through this process."""

    receive: Receive
    open: Open


@dataclass(frozen=True, slots=True)
class DocumentServices:
    """What the HTTP API calls for documents. ``contents`` is ``None`` where they go to a bucket, and come from it."""

    service: DocumentService
    retriever: Retriever
    contents: Contents | None
    start: Callable[[], None]
    stop: Callable[[], None]
    #: Returns where what the documents stand on answers; raises ``StoreError``, ``IndexUnavailable``.
    ping: Callable[[], None]

    def text(self, user_id: str, document_id: str) -> RetrievalResult:
        """What was read out of a document, in its order; ``whole`` where that is all. Without passages it is too long,
        not read yet, or being replaced just now.

        Raises ``NotFound``, ``RetrievalError``, ``StoreError``.
        """
        self.service.get(user_id, document_id)
        return self.retriever.retrieve(
            RetrievalRequest(
                user_id=user_id,
                query="",
                token_budget=_LONGEST_TEXT,
                deadline=time.monotonic() + SEARCH_SECONDS,
                document_ids=(document_id,),
            )
        )


def build_documents(
    settings: Settings, backends: LocalDocuments | ChatDocuments | None, clock: Clock
) -> DocumentServices | None:
    """``None`` where there are no documents. Starts nothing."""
    if backends is None:
        return None
    if isinstance(backends, LocalDocuments):
        return _local(settings, backends, clock)
    service = DocumentService(
        backends.catalogue, backends.files, backends.queue, clock, max_bytes=settings.document_max_mb * _MEGABYTE
    )

    def look_up() -> None:
        # The index may be asleep, and waking it for a look would cost money.
        backends.catalogue.list(OWNER, 1)

    return DocumentServices(service, backends.retriever, None, _nothing, backends.retriever.close, look_up)


def _local(settings: Settings, backends: LocalDocuments, clock: Clock) -> DocumentServices:
    from rag.document_processor import DocumentProcessor, ExtractionLimits
    from rag.embedding_service import EmbeddingService
    from rag.ingestion import IngestionService
    from rag.local_worker import LocalWorker
    from rag.retrieval import RetrievalService

    max_bytes = settings.document_max_mb * _MEGABYTE
    catalogue, index, files = backends.catalogue, backends.index, backends.files
    embeddings = EmbeddingService(settings.embedder, backends.open_embedder)
    processor = DocumentProcessor(ExtractionLimits(max_bytes=max_bytes, max_pages=settings.document_max_pages))
    ingestion = IngestionService(catalogue, index, files, embeddings, processor, clock)
    queue = _WorkingQueue(LocalWorker(catalogue, files, ingestion, clock))
    service = DocumentService(catalogue, files, queue, clock, max_bytes=max_bytes, ingestion=ingestion)

    def receive(user_id: str, document_id: str, pieces: Iterable[bytes], size: int | None) -> None:
        record = service.get(user_id, document_id)
        files.receive(user_id, record.key, pieces, size)
        try:
            service.arrived(user_id, document_id)
        except NotFound:
            # Deleted while its bytes were on their way: they must not bring it back.
            files.delete(user_id, record.key)
            raise

    def open_file(user_id: str, document_id: str) -> tuple[str, BinaryIO]:
        key = service.get(user_id, document_id).key
        return key, files.open_file(user_id, key)

    def stop() -> None:
        queue.stop()
        processor.close()
        embeddings.close()
        backends.close()

    retriever = RetrievalService(catalogue, index, embeddings, backends.reranker)
    contents = Contents(receive, open_file)
    return DocumentServices(service, retriever, contents, queue.start, stop, index.ping)


class _WorkingQueue:
    """The worker of this process, started when there is something to do: most commands have nothing for it."""

    def __init__(self, worker: LocalWorker) -> None:
        self._worker = worker
        self._lock = threading.Lock()
        self._started = False

    def put(self, user_id: str, key: str) -> None:
        """As the port ``IngestionQueue`` says."""
        self.start()
        self._worker.put(user_id, key)

    def start(self) -> None:
        with self._lock:
            if not self._started:
                self._worker.start()
            self._started = True

    def stop(self) -> None:
        with self._lock:
            if self._started:
                self._worker.stop()


def _nothing() -> None:
    """There is nothing to start."""
