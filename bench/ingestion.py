"""Section: documents into the local index, end to end: read, cut, embedded by the built-in embedder, searchable.

PYTHONPATH=src:. python -m bench.ingestion     # needs requirements-bench-rag.txt
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fpdf import FPDF

from bench.options import Options
from bench.processes import peak_mb
from bench.report import Report, Table, number
from rag.document_processor import DocumentProcessor, ExtractionLimits
from rag.embedding_service import EmbeddingService
from rag.ingestion import IngestionService
from shared.backends import utc_now
from shared.document_keys import document_id_of
from shared.document_ports import Embedder
from shared.documents import DocumentRecord, EmbedderTraits, Vector
from shared.local.folder_files import FolderFiles
from shared.local.minilm import MiniLMEmbedder, builtin_embedder
from shared.local.sqlite_documents import DocumentDatabase
from shared.models import OWNER, ModelSpec

_PAGES = 200
_NOTES = 200
_WORDS = (
    *("the", "of", "and", "water", "level", "station", "measured", "during", "summer", "report", "valve", "pressure"),
    *("north", "river", "bridge", "engine", "repair", "schedule", "inspection", "every", "month", "before", "after"),
    *("without", "under", "winter", "storage", "container", "temperature", "oil", "filter"),
)


class _Counting:
    """An embedder, with the number of texts that it was given."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self.texts = 0

    @property
    def traits(self) -> EmbedderTraits:
        return self._embedder.traits

    def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        with self._lock:
            self.texts += len(texts)
        return self._embedder.embed(texts, deadline)

    def close(self) -> None:
        self._embedder.close()


@dataclass(slots=True)
class _Library:
    """A laptop's documents in a folder of their own."""

    folder: Path
    embedder: _Counting
    database: DocumentDatabase
    service: IngestionService
    processor: DocumentProcessor

    @classmethod
    def at(cls, folder: Path) -> _Library:
        embedder = _Counting(MiniLMEmbedder(builtin_embedder()))
        database = DocumentDatabase(folder / "documents.db")
        files = FolderFiles(folder / "documents", 1 << 30)
        processor = DocumentProcessor(ExtractionLimits())
        embeddings = EmbeddingService(ModelSpec("builtin", "builtin"), lambda _spec: embedder)
        service = IngestionService(database.catalogue, database.index, files, embeddings, processor, utc_now)
        return cls(folder / "documents", embedder, database, service, processor)

    def put(self, key: str, write: Callable[[Path], object]) -> tuple[float, int, DocumentRecord]:
        """Writes the file and has it ingested: seconds, texts embedded, and the record it ends with."""
        write(self.folder / key)
        before, began = self.embedder.texts, time.perf_counter()
        self.service.bring_up_to_date(OWNER, key)
        seconds = time.perf_counter() - began
        record = self.database.catalogue.get(OWNER, document_id_of(OWNER, key))
        if record is None or record.status != "ready":
            raise RuntimeError(f"{key} was not indexed")
        return seconds, self.embedder.texts - before, record

    def close(self) -> None:
        self.processor.close()
        self.embedder.close()
        self.database.close()


def run(options: Options) -> Report:
    """A long PDF as it is, again unchanged, and with one page changed; then many short notes."""
    report = Report("Ingestion, end to end, with the built-in embedder")
    pages = [_prose(number, 180) for number in range(_PAGES // 5 if options.quick else _PAGES)]
    changed = [*pages]
    changed[len(pages) // 2] = _prose(9_999, 170)
    notes = _NOTES // 5 if options.quick else _NOTES
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        library = _Library.at(Path(folder))
        try:
            table = Table(f"A PDF of {len(pages)} pages", ("", "seconds", "chunks", "embedded"))
            for name, content in (("new", pages), ("again, unchanged", pages), ("again, one page changed", changed)):
                seconds, embedded, record = library.put("long.pdf", _pdf(content))
                table.rows.append((name, number(seconds), str(record.chunks), str(embedded)))
                report.figures[name] = {"seconds": seconds, "chunks": record.chunks, "embedded": embedded}
            began, before = time.perf_counter(), library.embedder.texts
            for note in range(notes):
                library.put(f"{note}.md", _note(note))
            seconds = time.perf_counter() - began
        finally:
            library.close()
    report.tables.append(table)
    report.notes.append(
        f"{notes} notes of one chunk each: {notes / seconds:.1f} documents/s, one after the other, each durable and "
        f"searchable before the next ({library.embedder.texts - before} texts embedded). Peak memory of the process "
        f"{peak_mb():.0f} MB, the child that reads files not counted."
    )
    report.figures["documents_per_second"] = round(notes / seconds, 2)
    unchanged, one_page = (report.figures[name]["embedded"] for name in ("again, unchanged", "again, one page changed"))
    report.verdict("an unchanged PDF embeds 0 chunks", str(unchanged), reached=unchanged == 0)
    report.verdict("one changed page embeds only what changed", str(one_page), reached=0 < one_page <= 4)
    return report


def _prose(seed: int, words: int) -> str:
    chance = random.Random(seed)
    sentences = [" ".join(chance.choices(_WORDS, k=12)).capitalize() + f" {seed}." for _ in range(words // 13)]
    return " ".join(sentences)


def _pdf(pages: Sequence[str]) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        document = FPDF()
        document.set_font("helvetica", size=11)
        for page in pages:
            document.add_page()
            document.multi_cell(0, text=page)
        document.output(str(path))

    return write


def _note(number_of_note: int) -> Callable[[Path], object]:
    return lambda path: path.write_text(f"# Note {number_of_note}\n\n{_prose(number_of_note, 100)}\n", encoding="utf-8")


if __name__ == "__main__":
    print(run(Options()).markdown())
