"""Makers of hostile files, the bombs as small as they come."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Sequence

from tests import documents


def raw_pdf(contents: Sequence[bytes], *, pages: int | None = None) -> bytes:
    """A PDF from content streams, packed; ``pages`` pages that all show the first where it is given."""
    count = len(contents) if pages is None else pages
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    streams = []
    for content in contents:
        objects.append(documents.pdf_stream(b"/Filter/FlateDecode", zlib.compress(content, 9)))
        streams.append(len(objects))
    first = len(objects) + 1
    objects += [
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
        % streams[number if pages is None else 0]
        for number in range(count)
    ]
    kids = b" ".join(b"%d 0 R" % number for number in range(first, first + count))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)
    return documents.pdf_file(objects)


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
    return office(documents.xlsx(), {"xl/worksheets/sheet1.xml": _SHEET % cells}, level=1)


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
    form = documents.pdf_stream(
        b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 3 0 R>>>>", b"/X Do " * 50
    )
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<</XObject<</X 3 0 R>>>>/Contents 5 0 R>>"
    tree = b"<</Type/Pages/Count 1/Kids[4 0 R]>>"
    return documents.pdf_file([b"<</Type/Catalog/Pages 2 0 R>>", tree, form, page, documents.pdf_stream(b"", b"/X Do")])


def twice_packed_pdf() -> bytes:
    """A page of 200 MB of blanks that were packed twice, to a few hundred bytes."""
    packer = zlib.compressobj(9)
    once = b"".join([*(packer.compress(b" " * (1 << 20)) for _ in range(200)), packer.flush()])
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>"
    content = documents.pdf_stream(b"/Filter[/FlateDecode/FlateDecode]", zlib.compress(once, 9))
    return documents.pdf_file([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page, content])


def scattered_pdf() -> bytes:
    """A page with a word at each of 20,000 places."""
    rng = random.Random(1)
    words = (b"1 0 0 1 %d %d Tm (w%d) Tj" % (rng.randrange(600), rng.randrange(780), n) for n in range(20_000))
    return raw_pdf([b"BT /F 4 Tf " + b"\n".join(words) + b" ET"])
