"""Files in, their text out. Parsing happens in child processes, since what is parsed may be hostile."""

from __future__ import annotations

import threading
from pathlib import Path

from rag.extracted import ExtractedText
from rag.extraction.limits import MEGABYTE, ExtractionLimits
from rag.extraction.process import ReaderProcess
from shared.errors import DocumentRefused

__all__ = ["DocumentProcessor", "ExtractionLimits"]

#: Children that wait for the next document; more are started while more documents are read at once.
_MAX_IDLE = 2


class DocumentProcessor:
    """Reads documents, from any number of threads at once, each document in a child process.

    Children serve one document after the other. Whatever a document does to its child, the next one finds a sound one.
    """

    def __init__(self, limits: ExtractionLimits) -> None:
        """Starts nothing yet."""
        self._limits = limits
        self._lock = threading.Lock()
        self._idle: list[ReaderProcess] = []
        self._closed = False

    def extract(self, path: Path, name: str, content_type: str | None = None) -> ExtractedText:
        """The text of the file at ``path``. ``name`` and ``content_type`` are its owner's word for what it is.

        Raises ``DocumentRefused`` where nothing can be made of it, ``RetrievalError`` where no child can be started
        or it was ended from outside, ``OSError`` where there is no such file.
        """
        size = path.stat().st_size
        if size == 0:
            raise DocumentRefused("This file is empty; add one with text in it.")
        if size > self._limits.max_bytes:
            raise DocumentRefused(
                f"This file has {size / MEGABYTE:,.0f} MB, more than the {self._limits.max_bytes / MEGABYTE:,.0f} MB"
                " that are read; split it into several files."
            )
        reader = self._take()
        try:
            return reader.extract(path.absolute(), name, content_type, size)
        finally:
            self._give_back(reader)

    def close(self) -> None:
        """Ends the children. Nothing is extracted afterwards."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()

    def _take(self) -> ReaderProcess:
        with self._lock:
            idle, self._idle = self._idle, []
            ready = [reader for reader in idle if reader.alive]
            self._idle = ready[1:]
        for reader in idle:
            if reader not in ready:
                reader.close()
        return ready[0] if ready else ReaderProcess(self._limits)

    def _give_back(self, reader: ReaderProcess) -> None:
        with self._lock:
            keep = reader.usable and not self._closed and len(self._idle) < _MAX_IDLE
            if keep:
                self._idle.append(reader)
        if not keep:
            reader.close()
