"""Puts the chunks of a document into the index beside those that are live: embeds, adds and counts them."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace

from rag.embedding_service import EmbeddingService
from rag.lease import Lease
from shared.document_ports import ChunkIndex
from shared.documents import Chunk, DocumentRecord, Generation, Vector
from shared.errors import IndexUnavailable

#: How long an index may take to show what it accepted, in seconds, and how often it is asked.
_SHOWN_WITHIN = 120.0
_ASKED_EVERY = 0.25
_MARK_DIGITS = 8


def new_generation(embedder: str) -> str:
    """A unique name, 32 hexadecimal digits, that also tells by which embedder the generation is made."""
    return uuid.uuid4().hex[:-_MARK_DIGITS] + _mark(embedder)


class Indexer:
    """Fills generations. No search shows a generation before the record of its document names it."""

    def __init__(self, index: ChunkIndex, embeddings: EmbeddingService, stopping: threading.Event) -> None:
        self._index = index
        self._embeddings = embeddings
        self._stopping = stopping

    def fill(self, lease: Lease, generation: Generation, chunks: Sequence[Chunk], deadline: float) -> int:
        """Indexes the chunks under the generation; returns how many different texts had to be embedded.

        When it returns, a search can find them all. Raises ``DocumentChanged`` where the lease is lost on the way,
        ``EmbedderError``, ``IndexUnavailable``, ``StoreFull``, ``ConfigurationError``.
        """
        known = self._known(lease.before, generation)
        indexed = 0
        for batch in self._embeddings.embed_chunks(chunks, known, deadline):
            lease.check()
            self._index.add(generation, batch)
            indexed += len(batch)
            lease.note(indexed / len(chunks))
        self._wait_until_shown(lease, generation, len(chunks), deadline)
        return len({chunk.content_hash for chunk in chunks} - known.keys())

    def _known(self, before: DocumentRecord, generation: Generation) -> dict[str, Vector[float]]:
        """Vectors of the same embedder in the live generation, and in one that an earlier attempt left half made."""
        known: dict[str, Vector[float]] = {}
        embedder = generation.embedder
        if before.building and before.building.endswith(_mark(embedder)):
            known |= self._index.vectors(replace(generation, generation=before.building))
        if before.generation and before.embedder == embedder:
            known |= self._index.vectors(replace(generation, generation=before.generation))
        return known

    def _wait_until_shown(self, lease: Lease, generation: Generation, number: int, deadline: float) -> None:
        patience = min(deadline, time.monotonic() + _SHOWN_WITHIN)
        while (shown := self._index.count(generation)) != number:
            lease.check()
            if time.monotonic() >= patience:
                raise IndexUnavailable(
                    f"The index shows {shown} of the {number} pieces of the document that it was given; they are given "
                    "to it again.",
                    retry_after=5.0,
                )
            self._stopping.wait(_ASKED_EVERY)


def _mark(embedder: str) -> str:
    return hashlib.sha256(embedder.encode()).hexdigest()[:_MARK_DIGITS]
