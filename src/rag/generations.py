"""The life of a generation: it is built and counted, goes live, and the one before it is removed."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from rag.document_reader import DocumentReader
from rag.embedding_service import EmbeddingService
from rag.indexing import Indexer
from rag.lease import Lease
from shared.document_ports import ChunkIndex, DocumentFiles
from shared.documents import DocumentRecord, FileVersion, Generation
from shared.errors import DocumentRefused

log = logging.getLogger(__name__)

_NOTHING_LIVE: dict[str, Any] = {"generation": None, "embedder": None, "pages": None, "chunks": 0, "tokens": 0}


class Generations:
    """The steps of it, each under a lease. Whatever step is the last before a crash, the record tells what is live."""

    def __init__(
        self,
        index: ChunkIndex,
        files: DocumentFiles,
        reader: DocumentReader,
        embeddings: EmbeddingService,
        stopping: threading.Event,
    ) -> None:
        self._index = index
        self._files = files
        self._reader = reader
        self._embeddings = embeddings
        self._indexer = Indexer(index, embeddings, stopping)

    def is_whole(self, record: DocumentRecord) -> bool:
        """Whether the index still has all of what is live. Another, empty index may have taken its place."""
        if record.generation is None or record.embedder is None:
            return True
        live = Generation(record.user_id, record.document_id, record.generation, record.embedder)
        return self._index.count(live) >= record.chunks

    def make(self, lease: Lease, deadline: float) -> None:
        """Builds the new generation and makes it the live one."""
        started = time.monotonic()
        record, before = lease.record, lease.before
        traits = self._embeddings.traits
        read = self._reader.read(record, traits.chunk_tokens)
        lease.check()
        generation = Generation(record.user_id, record.document_id, record.building or "", traits.name)
        embedded = self._indexer.fill(lease, generation, read.chunks, deadline)
        lease.save(
            status="ready",
            size=read.version.size,
            version=read.version.version,
            generation=generation.generation,
            embedder=generation.embedder,
            pages=read.pages,
            chunks=len(read.chunks),
            tokens=sum(chunk.tokens for chunk in read.chunks),
            building=None,
            retired=before.generation or before.building or before.retired,
        )
        figures = {"count": embedded, "duration_ms": round((time.monotonic() - started) * 1000)}
        log.info(
            "document indexed",
            extra={"document_id": record.document_id, "pages": read.pages, "chunks": len(read.chunks), **figures},
        )

    def refuse(self, lease: Lease, file: FileVersion, error: DocumentRefused) -> None:
        """Leaves nothing live but what was made of this very file before, as by another embedder.

        ``version`` tells which file it was that nothing can be made of.
        """
        before = lease.before
        still_said = before.generation is not None and before.version == file.version
        retired = lease.record.building if still_said else before.generation or before.building or before.retired
        live = {} if still_said else _NOTHING_LIVE
        log.warning("document refused", extra={"document_id": lease.record.document_id, "code": error.code})
        lease.save(status="failed", error=error.message, version=file.version, building=None, retired=retired, **live)
        self.tidy(lease)

    def tidy(self, lease: Lease) -> None:
        """Removes what is not live, and ends the work."""
        record = lease.record
        if record.retired or record.building:
            self.remove_but(record, record.generation)
        failed = record.status == "failed"
        lease.end(
            status="failed" if failed else "ready",
            error=record.error if failed else None,
            building=None,
            retired=None,
            attempts=0,
            progress=None,
        )

    def clear(self, lease: Lease) -> None:
        """Removes all chunks, then the file where its deletion was begun and not done, then the record."""
        record = lease.record
        # A file that cannot be deleted must not keep what it says in the index.
        self._index.remove(record.user_id, record.document_id)
        # Of a deleted document, ``version`` is the file that was to be deleted; another one was uploaded since.
        file = self._files.stat(record.user_id, record.key) if record.version else None
        lease.check()
        if file and file.version == record.version:
            self._files.delete(record.user_id, record.key)
        lease.remove()
        log.info("document cleared away", extra={"document_id": lease.record.document_id})

    def remove_but(self, record: DocumentRecord, *generations: str | None) -> None:
        """Removes all generations of the document but these."""
        kept = [generation for generation in generations if generation]
        self._index.remove(record.user_id, record.document_id, keep=kept)
