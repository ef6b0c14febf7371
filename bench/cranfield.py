"""The Cranfield collection, indexed as this program does it, and how well a ranking of its abstracts is."""

from __future__ import annotations

import csv
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.processes import ROOT
from rag.chunking import chunk
from rag.embedding_service import EmbeddingService
from rag.extracted import ExtractedText, Part
from shared.documents import DocumentRecord, Generation
from shared.local.minilm import MiniLMEmbedder, builtin_embedder
from shared.local.sqlite_documents import DocumentDatabase
from shared.models import OWNER, ModelSpec

FOLDER = ROOT.parent / "shared" / "data" / "cranfield"
DEPTH = 10

_LONG_AGO = "2026-01-01T00:00:00.000000Z"
_NO_HURRY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Abstract:
    """One document of the collection."""

    document_id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """``questions`` by id; ``relevance`` by question and document, 4 (a complete answer) to 1, or 0."""

    abstracts: tuple[Abstract, ...]
    questions: Mapping[str, str]
    relevance: Mapping[str, Mapping[str, int]]


def load(folder: Path = FOLDER) -> Collection:
    """Reads the files. Abstracts without text are left out, as such a document would be refused."""
    abstracts = (Abstract(line["id"], line["title"], line["text"]) for line in _lines(folder / "corpus.jsonl"))
    relevance: defaultdict[str, dict[str, int]] = defaultdict(dict)
    with (folder / "qrels.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            relevance[row["query_id"]][row["doc_id"]] = int(row["relevance"])
    questions = {line["id"]: line["text"] for line in _lines(folder / "queries.jsonl")}
    return Collection(tuple(each for each in abstracts if each.text.strip()), questions, relevance)


def with_single_answers(collection: Collection) -> Collection:
    """The abstracts without their titles, which are the questions: each has one answer, its abstract."""
    bare = (replace(each, title="", text=each.text.removeprefix(each.title).strip()) for each in collection.abstracts)
    titles = {each.document_id: each.title for each in collection.abstracts if each.title.strip()}
    return Collection(tuple(each for each in bare if each.text), titles, {name: {name: 1} for name in titles})


def ndcg(ranking: Sequence[str], relevance: Mapping[str, int], depth: int = DEPTH) -> float:
    """Normalised discounted cumulative gain with the judgements as gains, as trec_eval's ``ndcg_cut``."""
    ideal = _gain(sorted(relevance.values(), reverse=True)[:depth])
    return _gain([relevance.get(document, 0) for document in ranking[:depth]]) / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevance: Mapping[str, int], depth: int = DEPTH) -> float:
    """The share of the relevant documents that the first ones hold."""
    relevant = {document for document, grade in relevance.items() if grade > 0}
    return len(relevant.intersection(ranking[:depth])) / len(relevant) if relevant else 0.0


@dataclass(frozen=True, slots=True)
class Indexed:
    """The collection in an index of its own. ``seconds`` is what chunking, embedding and adding took."""

    database: DocumentDatabase
    embeddings: EmbeddingService
    chunks: int
    seconds: float


@contextmanager
def indexed(collection: Collection, folder: Path) -> Iterator[Indexed]:
    """The abstracts as live documents of the owner, embedded by the built-in embedder, as long as the context lasts."""
    embeddings = EmbeddingService(ModelSpec("builtin", "builtin"), lambda _: MiniLMEmbedder(builtin_embedder()))
    database = DocumentDatabase(folder / "documents.db")
    try:
        began = time.monotonic()
        chunks = sum(_add(abstract, database, embeddings) for abstract in collection.abstracts)
        yield Indexed(database, embeddings, chunks, time.monotonic() - began)
    finally:
        database.close()
        embeddings.close()


def _add(abstract: Abstract, database: DocumentDatabase, embeddings: EmbeddingService) -> int:
    traits = embeddings.traits
    extracted = ExtractedText(abstract.title, abstract.text, (Part(0, len(abstract.text)),))
    chunks = [*chunk(extracted, title=abstract.title, max_tokens=traits.chunk_tokens)]
    generation = Generation(OWNER, abstract.document_id, f"generation-{abstract.document_id}", traits.name)
    for batch in embeddings.embed_chunks(chunks, {}, time.monotonic() + _NO_HURRY_SECONDS):
        database.index.add(generation, batch)
    record = DocumentRecord(
        OWNER,
        abstract.document_id,
        f"{abstract.document_id}.txt",
        "ready",
        created_at=_LONG_AGO,
        updated_at=_LONG_AGO,
        generation=generation.generation,
        embedder=traits.name,
        chunks=len(chunks),
        tokens=sum(each.tokens for each in chunks),
    )
    database.catalogue.save(record)
    return len(chunks)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(place + 2) for place, grade in enumerate(grades))


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
