"""The ports of documents.

Like those in ``shared.ports`` they are synchronous, safe to call from several threads at once, and let no errors out
but those of ``shared.errors``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from shared.documents import (
    Chunk,
    DocumentRecord,
    DownloadTarget,
    EmbeddedChunk,
    EmbedderTraits,
    FileVersion,
    Generation,
    LocalFile,
    RetrievalRequest,
    RetrievalResult,
    SearchHits,
    SearchQuery,
    UploadTarget,
    Vector,
)
from shared.models import Page


class DocumentCatalogue(Protocol):
    """The records of documents, read consistently. Raises ``StoreError``, ``StoreFull``."""

    def get(self, user_id: str, document_id: str) -> DocumentRecord | None:
        """The record, deleted or not; ``None`` for a missing or foreign one."""
        ...

    def get_many(self, user_id: str, document_ids: Collection[str]) -> dict[str, DocumentRecord]:
        """Those of the records (at most 100 asked for) that exist, by id."""
        ...

    def save(self, record: DocumentRecord) -> DocumentRecord:
        """Writes the record where the stored one still has its ``revision`` (0: where there is none).

        Returns it with the revision it has now. Raises ``DocumentChanged``.
        """
        ...

    def remove(self, record: DocumentRecord) -> None:
        """Removes the record where it still has this ``revision``. Raises ``DocumentChanged``."""
        ...

    def unfinished(self, now: float, limit: int) -> list[DocumentRecord]:
        """Records of all users with work left and no lease after ``now`` (epoch seconds), longest waiting first.

        Those are the ones queued or processing, deleted, or with a ``retired`` or ``building`` generation left behind.
        """
        ...

    def list(self, user_id: str, limit: int, cursor: str | None = None) -> Page[DocumentRecord]:
        """The user's records that are not deleted, by key. Raises ``InvalidRequest`` for a foreign cursor."""
        ...

    def close(self) -> None:
        """Frees connections. The catalogue is not used afterwards."""
        ...


class ChunkIndex(Protocol):
    """Chunks, found by vector and by keyword. Raises ``IndexUnavailable`` (``IndexWaking``), ``StoreFull``.

    It knows nothing of which generation is live; ``rag`` asks the catalogue.
    """

    def add(self, generation: Generation, chunks: Sequence[EmbeddedChunk]) -> None:
        """Adds chunks to the generation; a chunk added again, by its number, replaces itself.

        Returns when all are durably accepted; where the store is slow to show them, ``count`` tells.
        """
        ...

    def count(self, generation: Generation) -> int:
        """How many chunks of the generation a search can find now."""
        ...

    def remove(self, user_id: str, document_id: str, keep: Collection[str] = ()) -> None:
        """Removes all chunks of the document, text, vectors and keywords, but those of the generations in ``keep``."""
        ...

    def search(self, query: SearchQuery) -> SearchHits:
        """The best hits of each kind."""
        ...

    def chunks(self, generation: Generation, first: int = 0, last: int | None = None) -> list[Chunk]:
        """The chunks with numbers from ``first`` to ``last`` (inclusive; ``None``: to the end), in order."""
        ...

    def vectors(self, generation: Generation) -> dict[str, Vector[float]]:
        """The vectors of the generation by ``Chunk.content_hash``: what has not changed need not be embedded again."""
        ...

    def ping(self) -> None:
        """Returns where the index can be searched."""
        ...

    def close(self) -> None:
        """Frees memory and connections. The index is not used afterwards."""
        ...


class DocumentFiles(Protocol):
    """The files of documents: a folder or a bucket. Raises ``StoreError``, ``StoreFull``."""

    def upload_target(self, user_id: str, key: str, size: int, content_type: str | None) -> UploadTarget:
        """Where a client may send the bytes of this key, for a while."""
        ...

    def download_target(self, user_id: str, key: str) -> DownloadTarget:
        """Where a client may fetch the bytes of this key as a file to keep, for a while. Whether they are there, only
        ``stat`` tells.
        """
        ...

    def stat(self, user_id: str, key: str) -> FileVersion | None:
        """The file as it is now; ``None`` where there is none."""
        ...

    def fetch(self, user_id: str, key: str) -> AbstractContextManager[LocalFile]:
        """The bytes of the file as it is now, in a file to read. Raises ``NotFound``."""
        ...

    def delete(self, user_id: str, key: str) -> None:
        """Deletes the file, with all versions that the store keeps of it. Nothing happens where there is none."""
        ...

    def list(self) -> Iterator[FileVersion]:
        """Every file of every user that could be a document."""
        ...


class ReceivingFiles(DocumentFiles, Protocol):
    """Files whose bytes come and go through this process."""

    def receive(self, user_id: str, key: str, pieces: Iterable[bytes], expected_size: int | None = None) -> None:
        """Stores the bytes under the key, whole and durably, or nothing.

        Raises ``InvalidRequest`` where there are more or fewer than expected, or something else has the name.
        """
        ...

    def open_file(self, user_id: str, key: str) -> BinaryIO:
        """The file as it is now, open; whoever asked closes it. Raises ``NotFound``."""
        ...


class IngestionQueue(Protocol):
    """Work for whoever ingests."""

    def put(self, user_id: str, key: str) -> None:
        """Asks for the key to be brought up to date: ingested, or cleared away where its file is gone."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors. Raises ``EmbedderError``."""

    @property
    def traits(self) -> EmbedderTraits:
        """What it is called and how it wants its texts."""
        ...

    def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        """A unit vector for each text, in order. ``deadline`` is a ``time.monotonic()`` reading in seconds.

        A text that is longer than the embedder reads loses its end. An empty list needs no call.
        """
        ...

    def close(self) -> None:
        """Frees memory and connections. The embedder is not used afterwards."""
        ...


class Reranker(Protocol):
    """Orders texts by how well they answer a question. Raises ``RerankerError``."""

    def rerank(self, query: str, texts: Sequence[str], deadline: float) -> list[float]:
        """A score from 0 to 1 for each text, in the order of the texts."""
        ...


class Retriever(Protocol):
    """Finds the passages that a question is about: in this process, or in a function of its own."""

    def retrieve(self, request: RetrievalRequest) -> RetrievalResult:
        """Raises ``RetrievalError``, ``StoreError``."""
        ...

    def close(self) -> None:
        """Frees what it holds. The retriever is not used afterwards."""
        ...
