"""PDF files, read with PDFium."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from rag.extracted import ExtractedText
from rag.extraction import pdf_checks, pdf_fallback
from rag.extraction.builder import TextBuilder
from rag.extraction.limits import ExtractionLimits
from rag.extraction.pdf_layout import Block, blocks_of, page_rows
from rag.extraction.pdf_lines import Row
from rag.extraction.pdf_outline import bookmarks_of, mark
from rag.extraction.pdf_words import words_of


def read_pdf(path: Path, builder: TextBuilder, limits: ExtractionLimits) -> ExtractedText:
    """Every page, with the bookmarks as sections. Raises ``DocumentRefused``."""
    pdf_checks.check_end(path)
    # Not by PdfDocument(path): of a file without pages it tells the error of the one before.
    handle = pdfium.FPDF_LoadDocument(os.fsencode(path), None)
    if not handle:
        if pdfium.FPDF_GetLastError() in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            raise pdf_checks.protected()
        return pdf_fallback.read_pdf(path, builder, limits)
    with closing(pypdfium2.PdfDocument(handle)) as pdf:
        pdf_checks.check_pages(len(pdf), limits)
        try:
            _Document(pdf, builder).read()
        except pypdfium2.PdfiumError as error:
            raise pdf_checks.damaged() from error
        return pdf_checks.finish(builder, pdf.get_metadata_value("Title"), len(pdf))


class _Document:
    def __init__(self, pdf: pypdfium2.PdfDocument, builder: TextBuilder) -> None:
        self._pdf = pdf
        self._builder = builder
        self._bookmarks = bookmarks_of(pdf)
        self._has_forms = pdf.get_formtype() != pdfium.FORMTYPE_NONE
        #: The header of the table that the page before ended with.
        self._header: list[str] = []

    def read(self) -> None:
        for number in range(len(self._pdf)):
            self._builder.page = number + 1
            self._add_page(self._rows(number), number)

    def _rows(self, number: int) -> list[list[Row]]:
        page = self._pdf[number]
        if self._has_forms and pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS:
            # What was filled in is text of the page from now on.
            page.close()
            page = self._pdf[number]
        with closing(page), closing(page.get_textpage()) as text_page:
            self._builder.expect(text_page.count_chars())
            return page_rows(words_of(text_page.raw))

    def _add_page(self, flows: list[list[Row]], number: int) -> None:
        bookmarks = self._bookmarks.get(number, [])
        late = mark(flows, bookmarks)
        blocks = blocks_of(flows)
        for index, block in enumerate(blocks):
            for found in block.headings[-1:]:
                self._builder.sections(bookmarks[found].path)
            if block.rows:
                self._add_table(block, goes_on=index == 0)
            else:
                self._builder.paragraph(block.text)
        if not blocks or not blocks[-1].rows:
            self._header = []
        for found in late[-1:]:
            self._builder.sections(bookmarks[found].path)

    def _add_table(self, block: Block, *, goes_on: bool) -> None:
        """``goes_on``: the page begins with it, so that it may be the rest of the last one, without a header."""
        first = block.rows[0]
        rest = goes_on and len(first) == len(self._header) and first != self._header
        self._builder.end_table()
        for number, row in enumerate(block.rows):
            self._builder.row(row, header=number == 0 and not rest)
        self._builder.end_table()
        if not rest:
            self._header = first
