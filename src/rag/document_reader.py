"""A stored file as chunks, read as it was at one moment."""

from __future__ import annotations

from dataclasses import dataclass

from rag.chunking import chunk
from rag.document_processor import DocumentProcessor
from shared.document_ports import DocumentFiles
from shared.documents import Chunk, DocumentRecord, FileVersion
from shared.errors import DocumentRefused, NotFound, StoreError

_NO_TEXT = "This file holds no text; where it is a scan or a picture, run it through text recognition (OCR) first."


class FileChanged(Exception):
    """The file was overwritten or deleted while it was being read."""


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """What a file came to. ``pages`` is ``None`` for formats without pages."""

    version: FileVersion
    chunks: tuple[Chunk, ...]
    pages: int | None


class DocumentReader:
    """Fetches files, extracts their text and cuts it into chunks."""

    def __init__(self, files: DocumentFiles, processor: DocumentProcessor) -> None:
        self._files = files
        self._processor = processor

    def read(self, record: DocumentRecord, chunk_tokens: int) -> ReadDocument:
        """Raises ``DocumentRefused``, ``FileChanged``, ``StoreError``, ``RetrievalError``."""
        name = record.key.rpartition("/")[2]
        try:
            with self._files.fetch(record.user_id, record.key) as local:
                try:
                    extracted = self._processor.extract(local.path, name, record.content_type)
                finally:
                    # In a folder the file is read where it stands. What was read while it was being written says
                    # nothing, not even that it cannot be read.
                    self._check_unchanged(local.version)
        except NotFound:
            raise FileChanged from None
        except OSError:
            raise StoreError("The file could not be opened; check that it may be read.") from None
        chunks = tuple(chunk(extracted, title=extracted.title or name, max_tokens=chunk_tokens))
        if not chunks:
            raise DocumentRefused(_NO_TEXT)
        return ReadDocument(local.version, chunks, extracted.pages)

    def _check_unchanged(self, version: FileVersion) -> None:
        now = self._files.stat(version.user_id, version.key)
        if now is None or now.version != version.version:
            raise FileChanged
