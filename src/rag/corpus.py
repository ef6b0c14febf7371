"""What all documents of a user have in common, however many there are: looked up now and then, not each time."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cachetools import TTLCache

from rag.live_hits import live_generation
from shared.document_ports import DocumentCatalogue

#: How long a look holds, in seconds. A new embedder is asked by every question from its first document on.
_SECONDS = 60.0
_USERS = 1_000
_PAGE = 200
#: Pages that are looked at: 10,000 documents, in about a second where a page takes 20 ms.
_MOST_PAGES = 50


@dataclass(frozen=True, slots=True)
class Corpus:
    """The embedders whose vectors are live, and how many chunks there are."""

    embedders: frozenset[str]
    chunks: int


class CorpusLook:
    """Looks through the catalogue. Safe to call from several threads."""

    def __init__(self, catalogue: DocumentCatalogue) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._known: TTLCache[str, Corpus] = TTLCache(_USERS, _SECONDS)

    def of(self, user_id: str) -> Corpus:
        """All live documents of the user, as they were at most a minute ago. Raises ``StoreError``."""
        with self._lock:
            known = self._known.get(user_id)
        if known is None:
            known = self._look(user_id)
            with self._lock:
                self._known[user_id] = known
        return known

    def _look(self, user_id: str) -> Corpus:
        embedders: set[str] = set()
        chunks = 0
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = self._catalogue.list(user_id, _PAGE, cursor)
            live = [record for record in page.items if live_generation(record)]
            embedders |= {record.embedder for record in live if record.embedder}
            chunks += sum(record.chunks for record in live)
            cursor = page.next_cursor
            if cursor is None:
                break
        return Corpus(frozenset(embedders), chunks)
