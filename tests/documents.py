"""Makers of files to be read: sound ones of every kind, and hostile ones."""

from __future__ import annotations

import datetime as dt
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from docx import Document
from fpdf import FPDF
from openpyxl import Workbook  # type: ignore[import-untyped]  # it ships none
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


# --- sound files ------------------------------------------------------------------------------------------------------


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
    return _numbered(
        [
            b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DA(/F 10 Tf)/DR<</Font<</F 3 0 R>>>>>>>>",
            b"<</Type/Pages/Count 1/Kids[7 0 R]>>",
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            _stream(b"", b"BT /F 10 Tf 20 740 Td (Name of the engineer) Tj ET"),
            _stream(b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F 3 0 R>>>>", appearance),
            field,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>/Contents 4 0 R"
            b"/Annots[6 0 R]>>",
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


# --- hostile files ----------------------------------------------------------------------------------------------------


def raw_pdf(contents: Sequence[bytes], *, pages: int | None = None) -> bytes:
    """A PDF from content streams, packed; ``pages`` pages that all show the first where it is given."""
    count = len(contents) if pages is None else pages
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    streams = []
    for content in contents:
        objects.append(_stream(b"/Filter/FlateDecode", zlib.compress(content, 9)))
        streams.append(len(objects))
    first = len(objects) + 1
    objects += [
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
        % streams[number if pages is None else 0]
        for number in range(count)
    ]
    kids = b" ".join(b"%d 0 R" % number for number in range(first, first + count))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)
    return _numbered(objects)


def _stream(entries: bytes, content: bytes) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def _numbered(objects: Sequence[bytes]) -> bytes:
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


def pdf_bomb(characters: int = 800_000) -> bytes:
    """A few thousand bytes that hold so many characters of text."""
    line = b"0 -12 Td (" + b"all work and no play makes a dull page " * 2 + b") Tj\n"
    return raw_pdf([b"BT /F 10 Tf 20 780 Td\n" + line * (characters // 78) + b"ET"])


def archive(members: dict[str, bytes], level: int = 9) -> bytes:
    """A ZIP file, packed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as package:
        for name, content in members.items():
            package.writestr(name, content)
    return file.getvalue()


def office(source: bytes, changed: dict[str, bytes], level: int = 9) -> bytes:
    """An Office file with some of its parts replaced or added."""
    with zipfile.ZipFile(io.BytesIO(source)) as package:
        members = {name: package.read(name) for name in package.namelist()}
    return archive({**members, **changed}, level)


def entity_bomb(root: str) -> bytes:
    """XML that would grow a billionfold."""
    entities = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><{root}>&e9;</{root}>'.encode()


def big_sheet(rows: int) -> bytes:
    """A workbook whose first sheet has so many rows of two cells, made without the library, which is slow."""
    cells = b"".join(
        b"<row><c><v>%d</v></c><c><v>%d</v></c></row>" % (row, row * 7919 % 100_003) for row in range(rows)
    )
    return office(xlsx(), {"xl/worksheets/sheet1.xml": _SHEET % cells}, level=1)


def far_cells() -> bytes:
    """A sheet of two cells, first and last, between which there would be 17 thousand million."""
    return _SHEET % b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'


_SHEET = (
    b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b"<sheetData>%s</sheetData></worksheet>"
)


def lying_archive(source: bytes) -> bytes:
    """The Office file with a sheet of 60 MB that says it has one byte."""
    content = office(source, {"xl/worksheets/sheet1.xml": _SHEET % (b" " * (60 << 20))})
    return content.replace(struct.pack("<I", len(_SHEET) - 2 + (60 << 20)), struct.pack("<I", 1))


def relations(target: str) -> bytes:
    """The relations of a package whose main part is said to be elsewhere."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    return f'<Relationships><Relationship Id="r" Type="{kind}" Target="{target}"/></Relationships>'.encode()


def recursive_pdf() -> bytes:
    """A form that draws itself."""
    form = _stream(b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 3 0 R>>>>", b"/X Do " * 50)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</XObject<</X 3 0 R>>>>/Contents 5 0 R>>"
    tree = b"<</Type/Pages/Count 1/Kids[4 0 R]>>"
    return _numbered([b"<</Type/Catalog/Pages 2 0 R>>", tree, form, page, _stream(b"", b"/X Do")])


def twice_packed_pdf() -> bytes:
    """A page of 200 MB of blanks that were packed twice, to a few hundred bytes."""
    packer = zlib.compressobj(9)
    once = b"".join([*(packer.compress(b" " * (1 << 20)) for _ in range(200)), packer.flush()])
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>"
    content = _stream(b"/Filter[/FlateDecode/FlateDecode]", zlib.compress(once, 9))
    return _numbered([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page, content])


def scattered_pdf() -> bytes:
    """A page with a word at each of 20,000 places."""
    rng = random.Random(1)
    words = (b"1 0 0 1 %d %d Tm (w%d) Tj" % (rng.randrange(600), rng.randrange(780), n) for n in range(20_000))
    return raw_pdf([b"BT /F 4 Tf " + b"\n".join(words) + b" ET"])


def _saved(save: Any) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()
