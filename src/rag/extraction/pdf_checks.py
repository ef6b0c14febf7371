"""What makes a PDF unreadable, whoever reads it."""

from __future__ import annotations

import re
from pathlib import Path

from rag.extracted import ExtractedText
from rag.extraction.builder import TextBuilder
from rag.extraction.limits import ExtractionLimits
from shared.errors import DocumentRefused

#: Where the mark of the end is looked for; some servers append to what they send.
_TAIL = 1 << 16
_HEAD = 1 << 12
#: A file made for the web says its own length, and has a mark of the end near its beginning, too.
_LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s+(\d{1,12})")


def check_end(path: Path) -> None:
    """Raises ``DocumentRefused`` for a file that was cut off: readers repair it and lose pages without a word."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    length = _LINEARIZED.search(head)
    if b"%%EOF" not in tail or (length and int(length.group(1)) > size):
        raise DocumentRefused("This PDF was cut off before its end; get a whole copy and add that.")


def check_pages(pages: int, limits: ExtractionLimits) -> None:
    """Raises ``DocumentRefused`` for none and too many."""
    if pages == 0:
        raise DocumentRefused("This PDF has no pages; get a whole copy and add that.")
    if pages > limits.max_pages:
        raise DocumentRefused(
            f"This PDF has {pages:,} pages, more than the {limits.max_pages:,} that are read; split it into several."
        )


def protected() -> DocumentRefused:
    return DocumentRefused("This PDF is protected by a password; save a copy without one and add that.")


def damaged() -> DocumentRefused:
    return DocumentRefused(
        "This PDF is damaged and cannot be read; get a whole copy, or print it into a new PDF, and add that."
    )


def finish(builder: TextBuilder, title: str, pages: int) -> ExtractedText:
    """Raises ``DocumentRefused`` for a PDF of pictures."""
    if builder.empty:
        raise DocumentRefused(
            "This PDF holds no text on any page, only pictures (it was scanned, perhaps);"
            " run OCR on it and add the result."
        )
    return builder.build(title, pages=pages)
