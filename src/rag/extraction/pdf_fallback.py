"""PDF files that PDFium cannot open, read with pypdf: slower, without layout, but it repairs more."""

from __future__ import annotations

from pathlib import Path

from rag.extracted import ExtractedText
from rag.extraction import pdf_checks
from rag.extraction.builder import TextBuilder
from rag.extraction.limits import ExtractionLimits


def read_pdf(path: Path, builder: TextBuilder, limits: ExtractionLimits) -> ExtractedText:
    """Every page's lines as they come. Raises ``DocumentRefused``, and whatever pypdf raises of a damaged file."""
    from pypdf import PdfReader  # noqa: PLC0415 - half of the child's start, and hardly ever needed
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    try:
        reader = PdfReader(path)
        if reader.is_encrypted:
            raise pdf_checks.protected()
        pdf_checks.check_pages(len(reader.pages), limits)
        for number, page in enumerate(reader.pages, 1):
            builder.page = number
            builder.paragraph(page.extract_text())
        title = (reader.metadata.title if reader.metadata else None) or ""
    except PyPdfError as error:
        raise pdf_checks.damaged() from error
    return pdf_checks.finish(builder, title, len(reader.pages))
