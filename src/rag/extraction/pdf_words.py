"""The words of a PDF page with their places, as PDFium sees them."""

from __future__ import annotations

import ctypes
import math
import re

import pypdfium2.raw as pdfium

from rag.extraction.pdf_runs import HYPHEN, Run

_WORD = re.compile(f"[^\\s{HYPHEN}]+{HYPHEN}?")
_LINE = re.compile(r"[^\r\n]+")
_QUARTER = math.pi / 2


def words_of(text_page: pdfium.FPDF_TEXTPAGE) -> list[list[Run]]:
    """The words, each a run, in the order of the file, for each direction of writing, the commonest direction first.

    Boxes are in points and turned so that lines run from left to right; y grows upwards.
    """
    text = _text(text_page)
    rect = pdfium.FS_RECTF()
    place = ctypes.byref(rect)
    box, angle = pdfium.FPDFText_GetLooseCharBox, pdfium.FPDFText_GetCharAngle
    number = 0
    directions: dict[int, list[Run]] = {}
    for line in _LINE.finditer(text):
        # PDFium measures clockwise.
        turned = -round(angle(text_page, line.start()) / _QUARTER) % 4
        words = directions.setdefault(turned, [])
        for found in _WORD.finditer(text, line.start(), line.end()):
            box(text_page, found.start(), place)
            left, bottom, right, top = rect.left, rect.bottom, rect.right, rect.top
            if found.end() - found.start() > 1:
                box(text_page, found.end() - 1, place)
                left, right = min(left, rect.left), max(right, rect.right)
                if turned % 2:
                    bottom, top = min(bottom, rect.bottom), max(top, rect.top)
            if turned:
                left, bottom, right, top = _upright(turned, left, bottom, right, top)
            words.append(Run(found.group(), left, bottom, right, top, number, number))
            number += 1
    return sorted(directions.values(), key=len, reverse=True)


def _upright(turned: int, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
    """The box (x0, bottom, x1, top) after so many quarter turns clockwise."""
    if turned == 1:
        return bottom, -right, top, -left
    if turned == 2:  # noqa: PLR2004 - half a turn
        return -right, -top, -left, -bottom
    return -top, left, -bottom, right


def _text(text_page: pdfium.FPDF_TEXTPAGE) -> str:
    """All characters, so that each one's place in the string is its index on the page."""
    count = pdfium.FPDFText_CountChars(text_page)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1
    text = bytes(buffer)[: 2 * written].decode("utf-16-le", "surrogatepass")
    if len(text) == count:
        return text
    # Some characters have no code, or two of UTF-16: one by one they keep their indices.
    return "".join(chr(pdfium.FPDFText_GetUnicode(text_page, index) or 0xFFFD) for index in range(count))
