"""A PDF of 200 pages through everything but the embedder's network: extraction, chunks, index, and again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from fpdf import FPDF

from rag.document_processor import DocumentProcessor, ExtractionLimits
from shared.local.folder_files import FolderFiles
from shared.local.sqlite_documents import DocumentDatabase
from tests.fake_documents import Library
from tests.fake_embedder import FakeEmbedder

KEY = "manual.pdf"
PAGES = 200


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    database = DocumentDatabase(tmp_path / "documents.db")
    processor = DocumentProcessor(ExtractionLimits())
    files = FolderFiles(tmp_path / "documents", 10**7)
    yield Library(database, stored=files, embedder=FakeEmbedder(chunk_tokens=256), processor=cast("Any", processor))
    processor.close()
    database.close()


def write(folder: Path, words: dict[int, str], day: int) -> None:
    """A PDF of a paragraph a page, made on that day; ``words`` change what some pages are about."""
    pdf = FPDF()
    pdf.set_creation_date(datetime(2026, 11, day, tzinfo=UTC))
    pdf.set_font("helvetica", size=11)
    for number in range(1, PAGES + 1):
        word = words.get(number, "pump")
        pdf.add_page()
        pdf.multi_cell(0, 6, f"Page {number} is about the {word} number {number}. It runs at {number} bar. " * 6)
    pdf.output(str(folder / "documents" / KEY))


def test_only_what_changed_in_a_pdf_is_embedded_again(library: Library, tmp_path: Path) -> None:
    write(tmp_path, {}, day=1)
    library.ingest(KEY)
    first = library.record(KEY)
    assert (first.status, first.pages) == ("ready", PAGES)
    assert len(library.embedder.texts) == first.chunks >= PAGES

    write(tmp_path, {}, day=2)
    library.ingest(KEY)
    assert library.record(KEY).version != first.version
    assert library.record(KEY).generation != first.generation
    assert len(library.embedder.texts) == first.chunks

    write(tmp_path, {77: "valve"}, day=3)
    library.ingest(KEY)
    again = library.embedder.texts[first.chunks :]
    assert 1 <= len(again) <= 2
    assert all("Page 77 is about the valve" in text for text in again)
    assert "Page 77 is about the valve number 77." in (library.live_text(KEY) or "")
