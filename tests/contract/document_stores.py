"""What the contract suites of documents need: the stores to run against, and documents to put into them.

To have another adapter tested, add it to ``INDEXES`` or ``CATALOGUES`` below: its name, and where a context manager
stands that takes a folder of its own and gives an empty adapter (``module:function``, imported only where it is used).
"""

from __future__ import annotations

import importlib
import random
import time
import uuid
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.document_keys import document_id_of
from shared.document_ports import ChunkIndex, DocumentCatalogue
from shared.documents import Chunk, DocumentRecord, EmbeddedChunk, Generation, SearchHits, SearchQuery, Vector
from shared.local.sqlite_documents import DocumentDatabase
from tests.fakes import PATIENCE


@dataclass(frozen=True, slots=True)
class Kind:
    """An adapter. ``opener`` is ``module:function``; ``keywords`` says whether it searches by keyword.

    ``without_vectors`` says whether it takes chunks that have none.
    """

    opener: str
    keywords: bool = True
    without_vectors: bool = True

    def opened(self, folder: Path) -> AbstractContextManager[Any]:
        """The adapter, empty, until the context ends."""
        module, _, function = self.opener.partition(":")
        found: AbstractContextManager[Any] = getattr(importlib.import_module(module), function)(folder)
        return found


INDEXES = {
    "sqlite": Kind("tests.contract.document_stores:sqlite_index"),
    "opensearch": Kind("tests.contract.vector_stores:opensearch_index", without_vectors=False),
    "s3_vectors": Kind("tests.contract.vector_stores:s3_vectors_index", without_vectors=False),
}
CATALOGUES = {
    "sqlite": Kind("tests.contract.document_stores:sqlite_catalogue"),
    "dynamodb-moto": Kind("tests.contract.dynamodb_catalogues:on_moto"),
    "dynamodb-emulator": pytest.param(
        Kind("tests.contract.dynamodb_catalogues:on_the_emulator"), marks=pytest.mark.emulator
    ),
}


@contextmanager
def sqlite_index(folder: Path) -> Iterator[ChunkIndex]:
    database = DocumentDatabase(folder / "documents.db")
    yield database.index
    database.close()


@contextmanager
def sqlite_catalogue(folder: Path) -> Iterator[DocumentCatalogue]:
    database = DocumentDatabase(folder / "documents.db")
    yield database.catalogue
    database.close()


# --- documents --------------------------------------------------------------------------------------------------------

DIMENSIONS = 8


def generation(key: str = "notes.txt", user_id: str = "owner", embedder: str = "builtin") -> Generation:
    """A new generation of the user's document."""
    return Generation(user_id, document_id_of(user_id, key), uuid.uuid4().hex, embedder)


def unit(*values: float, dimensions: int = DIMENSIONS) -> Vector[float]:
    """The values as a unit vector, with zeros after them."""
    length = sum(value * value for value in values) ** 0.5
    return array("f", [value / length for value in values] + [0.0] * (dimensions - len(values)))


def random_unit(seed: int, dimensions: int = DIMENSIONS) -> Vector[float]:
    generator = random.Random(seed)
    return unit(*(generator.gauss(0, 1) for _ in range(dimensions)), dimensions=dimensions)


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def chunk(number: int, text: str, heading: str = "Notes") -> Chunk:
    return Chunk(number, text, heading, page=number + 1, section=None, start=0, end=len(text), tokens=len(text.split()))


def embedded(texts: Sequence[str], *, first: int = 0, dimensions: int = DIMENSIONS) -> list[EmbeddedChunk]:
    """Chunks with these texts, numbered from ``first`` on; each has the random vector of its number."""
    return [
        EmbeddedChunk(chunk(number, text), random_unit(number, dimensions)) for number, text in enumerate(texts, first)
    ]


def add(index: ChunkIndex, wanted: Generation, chunks: Sequence[EmbeddedChunk]) -> Generation:
    """Adds the chunks to an empty generation, and waits until a search can find them."""
    index.add(wanted, chunks)
    wait_for_count(index, wanted, len(chunks))
    return wanted


def wait_for_count(index: ChunkIndex, wanted: Generation, count: int) -> None:
    """Waits where the store is slow to show what was written."""
    wait_until(lambda: index.count(wanted) == count)


def wait_until(shown: Callable[[], bool]) -> None:
    """Waits where the store is slow to show what was written; one that is not is asked once."""
    give_up = time.monotonic() + PATIENCE
    while not shown():
        assert time.monotonic() < give_up, "what was written is not shown"
        time.sleep(0.01)


def search(
    index: ChunkIndex,
    text: str = "",
    vector: Vector[float] | None = None,
    *,
    user_id: str = "owner",
    embedder: str = "builtin",
    limit: int = 10,
    document_ids: tuple[str, ...] | None = None,
    without: Collection[str] = (),
) -> SearchHits:
    vectors = {} if vector is None else {embedder: vector}
    return index.search(SearchQuery(user_id, text, vectors, limit, document_ids, frozenset(without)))


def by_keyword(index: ChunkIndex, text: str, **options: Any) -> list[str]:
    """The texts found by keyword, best first."""
    return [hit.chunk.text for hit in search(index, text, **options).by_keyword]


def by_vector(index: ChunkIndex, vector: Vector[float], **options: Any) -> list[str]:
    """The texts found by vector, best first."""
    return [hit.chunk.text for hit in search(index, vector=vector, **options).by_vector]


def record(key: str = "notes.txt", user_id: str = "owner", **more: Any) -> DocumentRecord:
    """A new record, not saved yet."""
    time_of_it = "2026-11-21T10:00:00.000000Z"
    values: dict[str, Any] = {"status": "queued", "created_at": time_of_it, "updated_at": time_of_it} | more
    return DocumentRecord(user_id, document_id_of(user_id, key), key, **values)
