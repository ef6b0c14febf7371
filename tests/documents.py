"""Makers of files to be read: sound ones of every kind, and hostile ones."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from docx import Document
from fpdf import FPDF
from openpyxl import Workbook
from pptx import Presentation
from pptx.util import Inches
from pypdf import PdfReader, PdfWriter

TABLE = (("Part", "Material", "Length"), ("P-1", "steel", "12 mm"), ("P-2", "brass", "7 mm"), ("P-3", "PTFE", "31 mm"))
DAY = dt.datetime(2024, 5, 3)  # noqa: DTZ001 - workbooks know no time zones
FACT = "The seal of unit K-4711 was replaced on 3 May 2024."


def prose(sentences: int = 12) -> str:
    """Sentences that are all different."""
    return " ".join(
        f"Station {number} measured a pressure of {number * 7} bar in summer." for number in range(sentences)
    )


def pdf(pages: Sequence[str] = (f"{prose()} {FACT}",), *, table: Sequence[Sequence[str]] = ()) -> bytes:
    """A PDF of paragraphs, a page each, with the table on the last one."""
    made = FPDF()
    made.set_font("Helvetica", size=11)
    for text in pages:
        made.add_page()
        if text:
            made.multi_cell(0, text=text, new_x="LMARGIN", new_y="NEXT")
    if table:
        made.ln(5)
        with made.table(table):
            pass
    return bytes(made.output())


def pdf_with_outline() -> bytes:
    """Two chapters on one page, one on the next, with bookmarks."""
    made = FPDF()
    made.set_font("Helvetica", size=11)
    made.add_page()
    for level, title in ((0, "Pumps"), (1, "Seals"), (0, "Valves")):
        if title == "Valves":
            made.add_page()
        made.start_section(title, level)
        made.cell(text=title, new_x="LMARGIN", new_y="NEXT")
        made.multi_cell(0, text=f"About {title.lower()}: {prose(4)}", new_x="LMARGIN", new_y="NEXT")
        made.ln(8)
    return bytes(made.output())


def pdf_in_columns() -> bytes:
    """A page of two columns, each sentence in one of them."""
    made = FPDF()
    made.set_font("Helvetica", size=10)
    made.add_page()
    with made.text_columns(ncols=2, gutter=8, text_align="J") as columns:
        columns.write(prose(70))
    return bytes(made.output())


def pdf_form(value: str) -> bytes:
    """A form with one field that was filled in."""
    appearance = b"BT /F 10 Tf 2 4 Td (%s) Tj ET" % value.encode()
    field = (
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(%s)/F 4/Rect[100 700 300 720]/P 7 0 R/AP<</N 5 0 R>>>>"
        % value.encode()
    )
    return pdf_file(
        [
            b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DA(/F 10 Tf)/DR<</Font<</F 3 0 R>>>>>>>>",
            b"<</Type/Pages/Count 1/Kids[7 0 R]>>",
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            pdf_stream(b"", b"BT /F 10 Tf 20 740 Td (Name of the engineer) Tj ET"),
            pdf_stream(b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F 3 0 R>>>>", appearance),
            field,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Annots[6 0 R]/Resources 8 0 R>>",
            b"<</Font<</F 3 0 R>>>>",
        ]
    )


def turned_pdf() -> bytes:
    """A page whose lines run upwards, as landscape tables do on upright pages."""
    made = FPDF()
    made.set_font("Helvetica", size=11)
    made.add_page()
    with made.rotation(90, 100, 150):
        made.set_xy(20, 150)
        made.multi_cell(120, text=prose(5))
    return bytes(made.output())


def pdf_for_the_fallback() -> bytes:
    """A PDF whose trailer names no root: PDFium gives up, pypdf looks for the catalogue itself."""
    return pdf((FACT,)).replace(b"/Root", b"/Boot")


def protected_pdf() -> bytes:
    """A PDF that asks for a password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.encrypt("secret", algorithm="RC4-128")
    return _saved(writer.write)


def scanned_pdf() -> bytes:
    """Pages with a picture on each and no text."""
    made = FPDF()
    for _ in range(2):
        made.add_page()
        made.image(io.BytesIO(png()), w=100)
    return bytes(made.output())


def docx() -> bytes:
    """Headings of two levels, lists, a table, and a title among the properties."""
    made = Document()
    made.core_properties.title = "Handbook of pumps"
    made.add_heading("Pumps", 1)
    made.add_paragraph(FACT)
    made.add_heading("Seals", 2)
    made.add_paragraph("Seals wear out.")
    made.add_paragraph("Check them", style="List Bullet")
    table = made.add_table(rows=0, cols=3)
    for row in TABLE:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    made.add_heading("Valves", 1)
    made.add_paragraph("Valves close.")
    return _saved(made.save)


def pptx() -> bytes:
    """Two slides, the second with a table and notes."""
    made = Presentation()
    first = made.slides.add_slide(made.slide_layouts[1])
    first.shapes.title.text = "Pumps"
    first.placeholders[1].text = FACT
    second = made.slides.add_slide(made.slide_layouts[5])
    second.shapes.title.text = "Parts"
    table = second.shapes.add_table(len(TABLE), 3, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for number, row in enumerate(TABLE):
        for column, text in enumerate(row):
            table.cell(number, column).text = text
    second.notes_slide.notes_text_frame.text = "Mention the brass ones."
    return _saved(made.save)


def xlsx(rows: Iterable[Sequence[Any]] = TABLE, *, note: str = FACT) -> bytes:
    """A workbook with the rows on its first sheet, and another sheet."""
    made = Workbook(write_only=True)
    sheet = made.create_sheet("Parts")
    for row in rows:
        sheet.append(list(row))
    made.create_sheet("Notes").append([note])
    return _saved(made.save)


def csv(delimiter: str = ",") -> str:
    """The table."""
    return "\r\n".join(delimiter.join(row) for row in TABLE) + "\r\n"


HTML = f"""<!DOCTYPE html><html><head><title>Handbook</title><style>p {{ color: red }}</style></head><body>
<script>alert("never shown")</script><nav><ul><li>Home<li>About</ul></nav>
<h1>Pumps</h1><p>{FACT.replace(" ", "&nbsp;", 1)}</p><h2>Seals</h2><p>Seals<br>wear <b>out</b>.
<table><tr><th>Part<th>Material<th>Length</tr><tr><td>P-1<td>steel<td>12&nbsp;mm</tr></table>
<pre>  if seal:
    replace()</pre><h1>Valves</h1><p>Valves close.</p></body></html>"""

MARKDOWN = f"""# Handbook

Preface.

## Pumps

{FACT}

```sh
# no heading
make seal
```

| Part | Material |
|------|:--------:|
| P-1  | steel    |

Seals
-----

Seals wear out.
"""


def png() -> bytes:
    """A grey picture of 64 x 64."""
    rows = b"".join(b"\0" + b"\x80" * 64 for _ in range(64))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def pdf_file(objects: Sequence[bytes]) -> bytes:
    """A PDF of these objects, the first of them its catalogue."""
    file = io.BytesIO()
    file.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(file.tell())
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.writelines(b"%010d 00000 n \n" % place for place in places)
    file.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return file.getvalue()


def pdf_stream(entries: bytes, content: bytes) -> bytes:
    """A stream object, its dictionary having these entries."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def _saved(save: Any) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()
