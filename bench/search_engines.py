"""The engines that ``bench.search`` compares: each is filled, opened again in a process of its own, and asked.

python -m bench.search_engines fill|ask ENGINE FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.processes import peak_mb
from shared.documents import Chunk, EmbeddedChunk, Generation, SearchQuery
from shared.local.sqlite_documents import DocumentDatabase

#: Hits of each search.
LIMIT = 50
#: Chunks of a document.
CHUNKS = 100
_AT_ONCE = 1000

Vectors = NDArray[np.float32]


class Engine(Protocol):
    """``documents`` limits a search to these. Searches give the numbers of chunks, best first."""

    def fill(self, vectors: Vectors, texts: Sequence[str]) -> None:
        """Stores the chunks; chunk n is of document n // CHUNKS."""

    def nearest(self, vector: Vectors, documents: Sequence[str]) -> list[int]:
        """By vector only."""

    def hybrid(self, vector: Vectors, text: str, documents: Sequence[str]) -> list[int] | None:
        """By vector and by keyword; ``None`` where the engine has no such search."""


def document(number: int) -> str:
    """The id of the document of a chunk."""
    return f"{number // CHUNKS:032x}"


class Ours:
    """The index of a laptop, as the chat uses it."""

    def __init__(self, folder: Path) -> None:
        self._database = DocumentDatabase(folder / "documents.db")

    def fill(self, vectors: Vectors, texts: Sequence[str]) -> None:
        for first in range(0, len(texts), CHUNKS):
            generation = Generation("owner", document(first), f"g{first}", "builtin")
            chunks = [
                EmbeddedChunk(
                    Chunk(number, texts[number], "Report > Results", 1, "Results", 0, 1, 1),
                    array("f", vectors[number].tobytes()),
                )
                for number in range(first, first + CHUNKS)
            ]
            self._database.index.add(generation, chunks)

    def nearest(self, vector: Vectors, documents: Sequence[str]) -> list[int]:
        return self._search(vector, "", documents)

    def hybrid(self, vector: Vectors, text: str, documents: Sequence[str]) -> list[int] | None:
        return self._search(vector, text, documents)

    def _search(self, vector: Vectors, text: str, documents: Sequence[str]) -> list[int]:
        question = {"builtin": array("f", vector.tobytes())}
        query = SearchQuery("owner", text, question, LIMIT, tuple(documents) if documents else None)
        return [hit.chunk.number for hit in self._database.index.search(query).by_vector]


class Lance:
    """LanceDB: vectors compared one by one (no index of them, so exact), its full-text index, its own fusion (RRF)."""

    def __init__(self, folder: Path) -> None:
        import lancedb  # noqa: PLC0415 - one engine a process

        self._database = lancedb.connect(folder / "lance")
        if "chunks" in self._database.list_tables().tables:
            self._table = self._database.open_table("chunks")

    def fill(self, vectors: Vectors, texts: Sequence[str]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - as above

        numbers = range(len(texts))
        columns = {
            "number": pa.array(numbers),
            "document": pa.array([document(number) for number in numbers]),
            "text": pa.array(texts),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
        }
        self._table = self._database.create_table("chunks", pa.table(columns))
        self._table.create_fts_index("text")
        self._table.create_scalar_index("document")

    def nearest(self, vector: Vectors, documents: Sequence[str]) -> list[int]:
        return self._numbers(self._table.search(vector).distance_type("cosine"), documents)

    def hybrid(self, vector: Vectors, text: str, documents: Sequence[str]) -> list[int] | None:
        search = self._table.search(query_type="hybrid", fts_columns="text").vector(vector).text(text)
        return self._numbers(search.distance_type("cosine"), documents)

    def _numbers(self, search: Any, documents: Sequence[str]) -> list[int]:
        if documents:
            search = search.where(f"document IN ({', '.join(map(repr, documents))})", prefilter=True)
        rows = search.limit(LIMIT).select(["number", "text"]).to_arrow()
        return [int(number) for number in rows["number"].to_pylist()]


class Chroma:
    """Chroma at its defaults: an approximate index of vectors (HNSW); without an account it ranks by nothing else."""

    def __init__(self, folder: Path) -> None:
        import chromadb  # noqa: PLC0415 - one engine a process

        settings = chromadb.Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(str(folder / "chroma"), settings)
        self._collection = client.get_or_create_collection(
            "chunks", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )

    def fill(self, vectors: Vectors, texts: Sequence[str]) -> None:
        for first in range(0, len(texts), _AT_ONCE):
            some = range(first, min(first + _AT_ONCE, len(texts)))
            self._collection.add(
                ids=[str(number) for number in some],
                embeddings=vectors[some.start : some.stop],
                documents=[*texts[some.start : some.stop]],
                metadatas=[{"document": document(number)} for number in some],
            )

    def nearest(self, vector: Vectors, documents: Sequence[str]) -> list[int]:
        where: Any = {"document": {"$in": [*documents]}} if documents else None
        found = self._collection.query(query_embeddings=vector[None, :], n_results=LIMIT, where=where)
        return [int(number) for number in found["ids"][0]]

    def hybrid(self, vector: Vectors, text: str, documents: Sequence[str]) -> list[int] | None:
        del vector, text, documents
        return None


ENGINES: dict[str, Callable[[Path], Engine]] = {"ours": Ours, "LanceDB": Lance, "Chroma": Chroma}


def main() -> None:
    """Fills an engine with the chunks in the folder, or asks it the questions there and prints what was measured."""
    task, name, place = sys.argv[1:]
    folder = Path(place)
    began = time.perf_counter()
    engine = ENGINES[name](folder)
    if task == "fill":
        vectors = np.load(folder / "vectors.npy")
        engine.fill(vectors, json.loads((folder / "texts.json").read_text("utf-8")))
        print(json.dumps({"seconds": time.perf_counter() - began}))
        return
    questions = json.loads((folder / "questions.json").read_text("utf-8"))
    print(json.dumps(_ask(engine, questions, began)))


def _ask(engine: Engine, questions: Sequence[Any], began: float) -> dict[str, Any]:
    """Milliseconds of each search, of the first one from the start of the process's work, and what was found."""
    vectors = [np.array(question["vector"], np.float32) for question in questions]
    engine.nearest(vectors[0], [])
    result: dict[str, Any] = {"first_ms": (time.perf_counter() - began) * 1000, "ms": {}, "found": []}
    for filtered in (False, True):
        for kind in ("vector", "hybrid"):
            samples = []
            for vector, question in zip(vectors, questions, strict=True):
                documents = question["documents"] if filtered else []
                start = time.perf_counter()
                hybrid = kind == "hybrid"
                found = (
                    engine.hybrid(vector, question["text"], documents) if hybrid else engine.nearest(vector, documents)
                )
                samples.append((time.perf_counter() - start) * 1000)
                if found is None:
                    break
                if not hybrid and not filtered:
                    result["found"].append(found[:10])
            else:
                result["ms"][f"{kind}{', filtered' if filtered else ''}"] = samples
    return result | {"peak_mb": peak_mb()}


if __name__ == "__main__":
    main()
