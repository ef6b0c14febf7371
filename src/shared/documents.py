"""Domain models of documents: plain frozen data, without I/O and without any vendor's names.

A *document* is known by its key, the name it has in the folder or bucket; its id follows from the key. What was made of
its bytes at one time is a *generation*: the chunks of its text with their vectors. The record of a document names the
one generation that is live; no other is ever shown, so that readers see the old one or the new one, never a mixture.
"""

from __future__ import annotations

import hashlib
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shared.models import Retrieval

DocumentStatus = Literal["queued", "processing", "ready", "failed"]

#: Pattern of a whole document id.
DOCUMENT_ID = r"[0-9a-f]{32}"

#: A unit vector of 32-bit floats; ``numpy.frombuffer`` reads it without a copy.
Vector = array  # array[float], which Python 3.11 cannot subscript at run time


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document's text, small enough to be embedded and cited.

    ``number`` counts from 0 in the order of the document. ``text`` is what is shown. ``heading`` ("title > section")
    stands before it only where it is embedded and matched by keywords. ``page`` counts from 1 and is that of the first
    text, below a heading that may end the page before. ``start`` and ``end`` are offsets into the extracted text,
    ``tokens`` the length of ``text`` by the ruler (``rag.ruler``).
    """

    number: int
    text: str
    heading: str
    page: int | None
    section: str | None
    start: int
    end: int
    tokens: int

    @property
    def searchable_text(self) -> str:
        """What is embedded and matched by keywords."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text

    @property
    def content_hash(self) -> str:
        """Names what is embedded: two chunks with the same hash have the same vector. 32 hexadecimal digits."""
        return hashlib.sha256(self.searchable_text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class EmbeddedChunk:
    """A chunk and the vector of its ``searchable_text``."""

    chunk: Chunk
    vector: Vector[float]


@dataclass(frozen=True, slots=True)
class Generation:
    """Names the chunks of one document, made at one time by one embedder; ``generation`` is unique in the index."""

    user_id: str
    document_id: str
    generation: str
    embedder: str


#: How long an answer of the index is waited for: one that was asleep takes 10 to 30 seconds.
SEARCH_SECONDS = 40


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """What is known of a document. Times are ISO-8601 UTC with microseconds.

    ``revision`` counts the writes of the record and guards them: a write must name the revision it began from, 0 for a
    new record. ``version`` names the bytes (an ETag) that ``generation`` was made from, with ``embedder``, ``pages``,
    ``chunks`` and ``tokens``; all are unset while nothing is live. ``building`` is the generation on its way and
    ``retired`` the one just replaced: whoever finds either left behind by a crash may remove it. ``lease_expires_at``
    (epoch seconds) is until when somebody is at work on it. ``sequencer`` is that of the newest storage event seen.
    ``progress`` is the share of the work done, 0 to 1, while ``processing``. ``error`` is a sentence for a person.
    ``deleted`` marks a record whose document is gone but whose chunks may not all be. A refused document keeps the
    ``version`` of the refused bytes, and what is live only where it was made of the same; an announced one waits with
    its lease an hour ahead.
    """

    user_id: str
    document_id: str
    key: str
    status: DocumentStatus
    created_at: str
    updated_at: str
    size: int | None = None
    content_type: str | None = None
    revision: int = 0
    version: str | None = None
    generation: str | None = None
    embedder: str | None = None
    pages: int | None = None
    chunks: int = 0
    tokens: int = 0
    building: str | None = None
    retired: str | None = None
    lease_expires_at: float = 0.0
    sequencer: str = ""
    attempts: int = 0
    progress: float | None = None
    error: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A stored file as it is now. ``version`` changes whenever its bytes do; ``size`` is in bytes."""

    user_id: str
    key: str
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """Where a client sends the bytes of a document. ``url`` may be a path, relative to the API."""

    url: str
    method: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class DownloadTarget:
    """Where a client fetches the bytes of a document. ``url`` may be a path, relative to the API."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search of the index, in one user's chunks only.

    ``vectors`` are the question's, by embedder; without any, only keywords are searched. ``limit`` is for each kind of
    hits, and for each embedder. ``document_ids`` limits the search to these; ``without`` names generations to pass
    over.
    """

    user_id: str
    text: str
    vectors: dict[str, Vector[float]]
    limit: int
    document_ids: tuple[str, ...] | None = None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found. ``score`` is the cosine (-1 to 1) or BM25 (above 0), whichever found it."""

    generation: Generation
    chunk: Chunk
    score: float


@dataclass(frozen=True, slots=True)
class SearchHits:
    """What was found, best first: by nearness of vectors, and by keywords. The two overlap.

    Vector hits of several embedders stand in one list; their scores compare only within an embedder.
    """

    by_vector: tuple[Hit, ...] = ()
    by_keyword: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class RetrievalRequest:
    """What to look for. ``token_budget`` bounds all passages together, by the ruler; ``limit`` their number.

    ``deadline`` is a ``time.monotonic()`` reading in seconds. ``allow_whole`` lets a corpus that fits the budget come
    back whole, in the order of its documents, instead of being searched. With an empty ``query`` nothing is searched:
    it is that, or nothing.
    """

    user_id: str
    query: str
    token_budget: int
    deadline: float
    limit: int = 8
    document_ids: tuple[str, ...] | None = None
    allow_whole: bool = True


@dataclass(frozen=True, slots=True)
class Passage:
    """Text of a document that fits the question: one chunk, or neighbouring ones joined. ``score`` is 0 to 1."""

    document_id: str
    document: str
    page: int | None
    section: str | None
    text: str
    score: float
    tokens: int


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """``outcome``: ``used`` with passages, ``no_match``, or ``disabled`` where the user has no documents at all.

    ``whole`` says that the passages are all that there is.
    """

    outcome: Retrieval
    passages: tuple[Passage, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class EmbedderTraits:
    """What the use-cases must know of an embedder.

    ``name`` tags its vectors: other vectors are not comparable with them. ``chunk_tokens`` is the longest chunk, by the
    ruler, that it reads well. ``related_from`` is the cosine from which question and text may have to do with each
    other.
    """

    name: str
    chunk_tokens: int = 512
    related_from: float = 0.0


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A copy of a stored file in a place of its own, for as long as the context lasts that gave it."""

    path: Path
    version: FileVersion
