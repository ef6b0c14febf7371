"""Reads one file of any kind. Runs in the child."""

from __future__ import annotations

from pathlib import Path

from rag.extracted import ExtractedText
from rag.extraction.builder import TextBuilder
from rag.extraction.encodings import read_text
from rag.extraction.hypertext import read_html
from rag.extraction.kinds import kind_of
from rag.extraction.limits import ExtractionLimits
from rag.extraction.pdf import read_pdf
from rag.extraction.plain import read_code, read_markdown, read_plain
from rag.extraction.slides import read_slides
from rag.extraction.tables import read_csv, read_workbook
from rag.extraction.word import read_word

_OF_TEXT = {"text": read_plain, "code": read_code, "markdown": read_markdown, "csv": read_csv, "html": read_html}


def read(path: Path, name: str, content_type: str | None, limits: ExtractionLimits) -> ExtractedText:
    """Raises ``DocumentRefused``; of a damaged file whatever its parser raises."""
    kind = kind_of(path, name, content_type, limits)
    builder = TextBuilder(limits.characters_for(path.stat().st_size))
    if kind == "pdf":
        return read_pdf(path, builder, limits)
    if kind == "docx":
        return read_word(path, builder)
    if kind == "pptx":
        return read_slides(path, builder, limits)
    if kind == "xlsx":
        return read_workbook(path, builder)
    return _OF_TEXT[kind](read_text(path, limits.max_characters, declared=kind == "html"), builder)
