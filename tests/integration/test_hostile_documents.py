"""Hostile and broken files: each ends as a sentence for a person or as text, and the next document is read.

What bounds their time and memory are the limits of the child process, which are the real ones here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.document_processor import DocumentProcessor, ExtractionLimits
from rag.extracted import ExtractedText
from shared.errors import DocumentRefused
from tests import documents
from tests import hostile_files as hostile

MEGABYTE = 1 << 20
LIMITS = ExtractionLimits()
SOUND = documents.csv().encode()

Outcome = ExtractedText | str
Try = Callable[[str, bytes], Outcome]


def _outcome(processor: DocumentProcessor, path: Path, name: str, content: bytes) -> Outcome:
    """The text, or why there is none."""
    path.write_bytes(content)
    try:
        return processor.extract(path, name)
    except DocumentRefused as refused:
        return refused.message


@pytest.fixture(scope="module")
def processor() -> Iterator[DocumentProcessor]:
    opened = DocumentProcessor(LIMITS)
    yield opened
    opened.close()


@pytest.fixture
def attempt(processor: DocumentProcessor, tmp_path: Path) -> Iterator[Try]:
    """Reads bytes under a name; afterwards a sound document must be read as ever."""
    yield lambda name, content: _outcome(processor, tmp_path / "stored", name, content)
    after = _outcome(processor, tmp_path / "next", "next.csv", SOUND)
    assert isinstance(after, ExtractedText), after
    assert after.text.split("\n")[2] == "P-2 | brass | 7 mm"


def _refused(outcome: Outcome, *words: str) -> None:
    assert isinstance(outcome, str), "it was read"
    assert outcome.startswith(("This ", "There ", "Reading "))
    assert outcome.endswith(".")
    for word in words:
        assert word in outcome


# --- broken files -----------------------------------------------------------------------------------------------------

WHOLE = {
    "a.pdf": documents.pdf((documents.prose(60),) * 3, table=documents.TABLE),
    "a.docx": documents.docx(),
    "a.pptx": documents.pptx(),
    "a.xlsx": documents.xlsx(),
}
SHARES = (0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_was_cut_off_is_refused(attempt: Try, name: str, share: float) -> None:
    content = WHOLE[name]
    _refused(attempt(name, content[: max(1, int(len(content) * share))]), "et a whole copy")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_with_wrong_bits_is_read_or_refused(attempt: Try, name: str, seed: int) -> None:
    rng = random.Random(seed)
    content = bytearray(WHOLE[name])
    for _ in range(4**seed % 997):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    outcome = attempt(name, bytes(content))
    if isinstance(outcome, str):
        _refused(outcome)


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.pptx", "a.xlsx", "a.txt", "a.html", "a.csv", "a.md", "a"])
@pytest.mark.parametrize("seed", [1, 2])
def test_noise_is_refused(attempt: Try, name: str, seed: int) -> None:
    _refused(attempt(name, random.Random(seed).randbytes(20_000)))


# --- what is no document ----------------------------------------------------------------------------------------------

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
NO_DOCUMENTS: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "nothing": ("a.txt", b"", ("empty",)),
    "white space": ("a.txt", b" \n\t\r\n" * 40, ("no text",)),
    "NULs": ("a.txt", bytes(5_000), ("not known",)),
    "html without text": ("a.html", b"<html><script>f()</script></html>", ("no text",)),
    "a sheet without cells": ("a.xlsx", documents.xlsx([], note=""), ("no text",)),
    "a PNG named pdf": ("a.pdf", documents.png(), (".pdf", "PNG", "OCR")),
    "a PNG": ("a.png", documents.png(), ("PNG", "OCR")),
    "a JPEG": ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(100), ("JPEG",)),
    "a sound": ("a.mp3", b"ID3\x04" + bytes(100), ("sound", "transcript")),
    "a film": ("a.mp4", b"\0\0\0\x18ftypisom" + bytes(100), ("film",)),
    "a program": ("a.bin", b"\x7fELF" + bytes(100), ("program",)),
    "a Windows program named txt": ("a.txt", b"MZ\x90\0" + bytes(100), (".txt", "program")),
    "gzip": ("a.gz", b"\x1f\x8b\x08" + bytes(100), ("archive", "unpack")),
    "tar": ("a.tar", bytes(257) + b"ustar" + bytes(300), ("archive", "unpack")),
    "RTF": ("a.rtf", b"{\\rtf1 text}", ("RTF", ".docx")),
    "an old Word file": ("a.doc", OLE, ("before 2007", ".docx")),
    "an old Excel file": ("a.xls", OLE, ("before 2007", ".xlsx")),
    "an encrypted Word file": ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), ("password",)),
    "an archive": ("a.zip", hostile.archive({"a.txt": SOUND}), ("ZIP", "unpack")),
    "an archive named docx": ("a.docx", hostile.archive({"a.txt": SOUND}), ("ZIP",)),
    "an archive in an archive": (
        "a.zip",
        hostile.archive({"b.zip": hostile.archive({"c.docx": WHOLE["a.docx"]})}),
        ("ZIP", "unpack"),
    ),
    "an archive that leaves its folder": ("a.zip", hostile.archive({"../../etc/passwd": SOUND}), ("ZIP",)),
    "an OpenDocument text": ("a.odt", hostile.archive({"mimetype": b"application/vnd.oasis"}), ("OpenDocument",)),
    "a Word document named pdf": ("a.pdf", WHOLE["a.docx"], (".pdf", "Word document", ".docx")),
    "a PDF named docx": ("a.docx", WHOLE["a.pdf"], (".docx", "a PDF", ".pdf")),
    "a PDF named txt": ("a.txt", WHOLE["a.pdf"], (".txt", "a PDF", ".pdf")),
    "a text named pdf": ("a.pdf", SOUND, (".pdf",)),
    "a text named xlsx": ("a.xlsx", SOUND, (".xlsx",)),
    "a PDF of pictures": ("a.pdf", documents.scanned_pdf(), ("no text", "OCR")),
    "a PDF with a password": ("a.pdf", documents.protected_pdf(), ("password",)),
    "a PDF without pages": ("a.pdf", hostile.raw_pdf([]), ("no pages",)),
}


@pytest.mark.parametrize("what", NO_DOCUMENTS)
def test_what_is_no_document_is_refused_with_that_reason(attempt: Try, what: str) -> None:
    name, content, words = NO_DOCUMENTS[what]
    _refused(attempt(name, content), *words)


# --- bombs ------------------------------------------------------------------------------------------------------------

DEEP = b"".join(b"<w:p>" for _ in range(300_000))
WORD = '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
BOMBS: dict[str, tuple[str, Callable[[], bytes], tuple[str, ...]]] = {
    "a PDF of 8 KB with 800,000 characters": ("a.pdf", hostile.pdf_bomb, ("characters", "split")),
    "a PDF of 10,000 pages": ("a.pdf", lambda: hostile.raw_pdf([b""], pages=10_000), ("10,000 pages", "split")),
    "a PDF whose pages are all the same long one": (
        "a.pdf",
        lambda: hostile.raw_pdf([b"BT /F 9 Tf 20 780 Td " + b"0 -9 Td (all work and no play) Tj " * 2_000], pages=60),
        ("characters", "split"),
    ),
    "a Word document that unpacks to 40 MB of nothing": (
        "a.docx",
        lambda: hostile.office(WHOLE["a.docx"], {"word/document.xml": bytes(40 * MEGABYTE)}),
        ("unpacks",),
    ),
    "a workbook that unpacks to 40 MB of nothing": (
        "a.xlsx",
        lambda: hostile.office(WHOLE["a.xlsx"], {"xl/sharedStrings.xml": bytes(40 * MEGABYTE)}),
        ("unpacks",),
    ),
    "entities in a Word document": (
        "a.docx",
        lambda: hostile.office(WHOLE["a.docx"], {"word/document.xml": hostile.entity_bomb("document")}),
        ("entities",),
    ),
    "entities in a presentation": (
        "a.pptx",
        lambda: hostile.office(WHOLE["a.pptx"], {"ppt/slides/slide1.xml": hostile.entity_bomb("sld")}),
        ("entities",),
    ),
    "entities in the relations of a package": (
        "a.docx",
        lambda: hostile.office(WHOLE["a.docx"], {"_rels/.rels": hostile.entity_bomb("Relationships")}),
        ("entities",),
    ),
    "100 MB of text": ("a.txt", lambda: b"all work and " * (7 * MEGABYTE), ("10,000,000 characters", "split")),
    "more than 100 MB": ("a.txt", lambda: b"\n" * (100 * MEGABYTE + 1), ("100 MB", "split")),
    "220,000 headings": (
        "a.md",
        lambda: b"".join(b"# %d\n## b\n" % number for number in range(110_000)),
        ("sections", "split"),
    ),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_is_refused_with_that_reason(attempt: Try, what: str) -> None:
    name, make, words = BOMBS[what]
    _refused(attempt(name, make()), *words)


ODDITIES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "entities in a workbook": (
        "a.xlsx",
        lambda: hostile.office(WHOLE["a.xlsx"], {"xl/worksheets/sheet1.xml": hostile.entity_bomb("worksheet")}),
    ),
    "a workbook whose directory lies about sizes": ("a.xlsx", lambda: hostile.lying_archive(WHOLE["a.xlsx"])),
    "a sheet that claims a last cell far away": (
        "a.xlsx",
        lambda: hostile.office(WHOLE["a.xlsx"], {"xl/worksheets/sheet1.xml": hostile.far_cells()}),
    ),
    "paragraphs 300,000 deep": (
        "a.docx",
        lambda: hostile.office(WHOLE["a.docx"], {"word/document.xml": WORD.encode() + DEEP}),
    ),
    "relations that leave the package": (
        "a.docx",
        lambda: hostile.office(WHOLE["a.docx"], {"_rels/.rels": hostile.relations("../../../../etc/passwd")}),
    ),
    "a page that is its own parent": (
        "a.pdf",
        lambda: hostile.raw_pdf([b""]).replace(b"/Kids[5 0 R]", b"/Kids[2 0 R]"),
    ),
    "graphics states 500,000 deep": ("a.pdf", lambda: hostile.raw_pdf([b"q " * 500_000 + b"BT ET"])),
    "a picture in itself": ("a.pdf", hostile.recursive_pdf),
    "a stream packed twice": ("a.pdf", hostile.twice_packed_pdf),
    "words all in one place": (
        "a.pdf",
        lambda: hostile.raw_pdf([b"BT /F 9 Tf " + b"1 0 0 1 50 50 Tm (again) Tj " * 30_000 + b"ET"]),
    ),
    "20,000 words all over the page": ("a.pdf", hostile.scattered_pdf),
    "elements 200,000 deep": ("a.html", lambda: b"<div>" * 200_000 + b"text"),
    "tables 50,000 deep": ("a.html", lambda: b"<table><tr><td>" * 50_000 + b"text"),
    "comments that never end": ("a.html", lambda: b"<html>text" + b"<!--" * 5_000),
    "tags that never end": ("a.html", lambda: b"<html>text" + b"<a " * 1_500),
    "blanks in Markdown": ("a.md", lambda: b"text |\n" + b" " * 500_000 + b"x|\n# " + b"a " * 300_000 + b"#"),
    "bars in Markdown": ("a.md", lambda: b"|" * 200_000 + b"\n" + b"|-" * 100_000),
    "quotes in a table": ("a.csv", lambda: b'a,b\n"' + b'""' * 500_000 + b"\n" * 1_000),
    "commas in a table": ("a.csv", lambda: b"," * 900_000 + b"x"),
    "a Shift-JIS text cut in a character": ("a.txt", lambda: ("弁を閉めてください。" * 9).encode("shift_jis")[:-1]),
    "a UTF-16 text cut in a character": ("a.txt", lambda: ("Größe " * 9).encode("utf-16")[:-1]),
    "half surrogates": ("a.txt", lambda: "a\ud800b\udc00c".encode("utf-16", "surrogatepass")),
    "a name and text that run from right to left": ("\u202egpj.txt", "\u202e\u05e9\u05dc\u05d5\u05dd".encode),
    "a name with a NUL": ("a\0.txt", lambda: b"text\0\0text and more of it" * 50),
}


@pytest.mark.parametrize("what", ODDITIES)
def test_an_oddity_is_read_or_refused(attempt: Try, what: str) -> None:
    name, make = ODDITIES[what]
    content = make()
    assert LIMITS.seconds_for(len(content)) < 15
    outcome = attempt(name, content)
    if isinstance(outcome, str):
        _refused(outcome)
    else:
        outcome.text.encode()
        assert "\0" not in outcome.text


def test_a_hundred_thousand_rows_are_read(attempt: Try) -> None:
    outcome = attempt("a.xlsx", hostile.big_sheet(100_000))
    assert isinstance(outcome, ExtractedText), outcome
    assert outcome.text.count("\n") > 99_999
    assert "\n99999 | " in outcome.text


def test_a_million_rows_are_more_than_a_document_has(attempt: Try) -> None:
    outcome = attempt("a.xlsx", hostile.big_sheet(1_000_000))
    assert isinstance(outcome, str)
    assert "10,000,000 characters" in outcome
