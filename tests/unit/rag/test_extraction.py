"""Sound documents of every kind: their text, pages, sections and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.document_processor import DocumentProcessor, ExtractionLimits
from rag.extracted import ExtractedText, Part
from tests import documents

SAMPLES = Path(__file__).parents[3] / "../shared/data/pdfs"
ROWS = [" | ".join(row) for row in documents.TABLE]

Extract = Callable[[str, bytes | str], ExtractedText]


@pytest.fixture(scope="module")
def processor() -> Iterator[DocumentProcessor]:
    opened = DocumentProcessor(ExtractionLimits())
    yield opened
    opened.close()


@pytest.fixture
def extract(processor: DocumentProcessor, tmp_path: Path) -> Extract:
    """Reads bytes under a name."""

    def read(name: str, content: bytes | str) -> ExtractedText:
        path = tmp_path / "stored"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return _sound(processor.extract(path, name))

    return read


def _sound(found: ExtractedText) -> ExtractedText:
    """What holds for every text."""
    reached = 0
    for part in found.parts:
        assert not found.text[reached : part.start].strip()
        assert part.end > part.start
        reached = part.end
        if part.header:
            assert part.kind == "table"
            assert _text(found, part).split("\n")[0] == part.header
    assert not found.text[reached:].strip()
    assert "\0" not in found.text
    found.text.encode()
    return found


def _text(found: ExtractedText, part: Part) -> str:
    return found.text[part.start : part.end]


def _part_with(found: ExtractedText, text: str) -> Part:
    matching = [part for part in found.parts if text in _text(found, part)]
    assert len(matching) == 1, f"{text!r} is in {len(matching)} parts"
    return matching[0]


# --- PDF --------------------------------------------------------------------------------------------------------------


def test_a_pdf_gives_its_paragraphs_by_page(extract: Extract) -> None:
    found = extract("a.pdf", documents.pdf((documents.prose(), f"{documents.prose(20)} {documents.FACT}")))
    assert found.pages == 2
    assert _part_with(found, documents.FACT).page == 2
    assert found.text.startswith(documents.prose())


def test_the_rows_of_a_pdf_table_stay_on_one_line_under_their_header(extract: Extract) -> None:
    found = extract("a.pdf", documents.pdf(table=documents.TABLE))
    table = _part_with(found, "P-2")
    assert (table.kind, table.header) == ("table", ROWS[0])
    assert _text(found, table).split("\n") == ROWS


def test_a_cell_of_several_lines_stays_in_its_row(extract: Extract) -> None:
    long = "replaced twice by the team from the northern station, then sealed"
    rows = (*documents.TABLE[:2], ("P-7", long, "9 mm"), *documents.TABLE[2:])
    found = extract("a.pdf", documents.pdf(table=rows))
    assert f"P-7 | {long} | 9 mm" in found.text.split("\n")
    assert ROWS[3] in found.text.split("\n")


def test_columns_of_a_pdf_are_read_one_after_the_other(extract: Extract) -> None:
    found = extract("a.pdf", documents.pdf_in_columns())
    assert " ".join(found.text.split()) == documents.prose(70)


def test_bookmarks_of_a_pdf_are_its_sections(extract: Extract) -> None:
    found = extract("a.pdf", documents.pdf_with_outline())
    sections = [(part.page, part.section) for part in found.parts]
    assert sections == [(1, ("Pumps",)), (1, ("Pumps", "Seals")), (2, ("Valves",))]
    assert _text(found, found.parts[1]).startswith("Seals\n\nAbout seals:")


def test_what_was_filled_into_a_form_is_read(extract: Extract) -> None:
    found = extract("a.pdf", documents.pdf_form("Ada Lovelace"))
    assert "Ada Lovelace" in found.text


def test_a_page_on_its_side_is_read_along_its_lines(extract: Extract) -> None:
    found = extract("a.pdf", documents.turned_pdf())
    assert " ".join(found.text.split()) == documents.prose(5)


def test_a_pdf_that_pdfium_cannot_open_is_read_otherwise(extract: Extract) -> None:
    found = extract("a.pdf", documents.pdf_for_the_fallback())
    assert documents.FACT in " ".join(found.text.split())
    assert found.pages == 1


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs the PDFs in ../shared/data")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("multicolumn.pdf", "vestibulum ut, placerat ac, adipiscing vitae, felis. Curabitur dictum gravida mauris."),
        ("multicolumn.pdf", "Donec nonummy pellentesque ante."),
        ("multicolumn.pdf", "Belgium | 11.5 | 30,689 | Brussels | Dutch, French, German\n"),
        ("google-doc-document.pdf", "Capital | Jakarta | Berlin | Vienna | Paris | Vatican City\n"),
        ("pdflatex-4-pages.pdf", "This text should show what a printed text will look like at this place."),
        ("libreoffice-form.pdf", "Agree to privacy policy"),
        ("with-attachment.pdf", "Lorem ipsum dolor sit amet, consetetur sadipscing elitr,"),
    ],
)
def test_real_pdfs_read_as_people_read_them(processor: DocumentProcessor, name: str, expected: str) -> None:
    assert expected in _sound(processor.extract(SAMPLES / name, name)).text


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs the PDFs in ../shared/data")
def test_bookmarks_that_read_otherwise_than_their_headings_are_found_by_height(processor: DocumentProcessor) -> None:
    found = processor.extract(SAMPLES / "mistitled_outlines_example.pdf", "a.pdf")
    assert _part_with(found, "8 Bar").section[-1] == "Twenty-sixth"


# --- Office -----------------------------------------------------------------------------------------------------------


def test_a_word_document_gives_headings_lists_and_tables(extract: Extract) -> None:
    found = extract("a.docx", documents.docx())
    assert (found.title, found.pages) == ("Handbook of pumps", None)
    assert _part_with(found, documents.FACT).section == ("Pumps",)
    assert "- Check them" in found.text
    table = _part_with(found, "P-2")
    assert (table.kind, table.header, table.section) == ("table", ROWS[0], ("Pumps", "Seals"))
    assert _text(found, table).split("\n") == ROWS
    assert _part_with(found, "Valves close.").section == ("Valves",)


def test_a_presentation_gives_a_page_for_each_slide(extract: Extract) -> None:
    found = extract("a.pptx", documents.pptx())
    assert found.pages == 2
    assert (_part_with(found, documents.FACT).page, _part_with(found, documents.FACT).section) == (1, ("Pumps",))
    table = _part_with(found, "P-2")
    assert (table.page, table.section, _text(found, table).split("\n")) == (2, ("Parts",), ROWS)
    assert _part_with(found, "Mention the brass ones.").page == 2


def test_a_workbook_gives_a_page_for_each_sheet(extract: Extract) -> None:
    found = extract("a.xlsx", documents.xlsx())
    table = _part_with(found, "P-2")
    assert (table.page, table.section, table.header) == (1, ("Parts",), ROWS[0])
    assert _text(found, table).split("\n") == ROWS
    assert (_part_with(found, documents.FACT).page, found.pages) == (2, 2)


def test_cells_of_a_workbook_read_as_people_write_them(extract: Extract) -> None:
    rows: list[list[Any]] = [["what", "value"], ["count", 3], ["share", 0.1], ["day", documents.DAY]]
    rows += [["done", True], ["two\nlines", ""]]
    lines = extract("a.xlsx", documents.xlsx(rows)).text.split("\n")
    assert lines[1:6] == ["count | 3", "share | 0.1", "day | 2024-05-03", "done | TRUE", "two lines"]


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t")])
def test_rows_of_a_csv_file_are_lines(extract: Extract, name: str, delimiter: str) -> None:
    found = extract(name, documents.csv(delimiter))
    assert found.text.split("\n") == ROWS
    assert found.parts[0].header == ROWS[0]


def test_html_gives_its_text_without_scripts(extract: Extract) -> None:
    found = extract("a.html", documents.HTML)
    assert found.title == "Handbook"
    assert "never shown" not in found.text
    assert "red" not in found.text
    assert _part_with(found, documents.FACT).section == ("Pumps",)
    assert _part_with(found, "Seals\nwear out.").section == ("Pumps", "Seals")
    table = _part_with(found, "P-1")
    assert (table.header, _text(found, table)) == (ROWS[0], "\n".join(ROWS[:2]))
    assert _text(found, _part_with(found, "replace()")) == "  if seal:\n    replace()"
    assert _part_with(found, "Valves close.").section == ("Valves",)


def test_markdown_gives_its_sections(extract: Extract) -> None:
    found = extract("a.md", documents.MARKDOWN)
    assert found.title == "Handbook"
    assert _part_with(found, "Preface.").section == ()
    assert _part_with(found, documents.FACT).section == ("Pumps",)
    assert _part_with(found, "# no heading").kind == "code"
    assert _part_with(found, "P-1").header == "Part | Material"
    assert _part_with(found, "Seals wear out.").section == ("Seals",)


def test_source_code_stays_as_it_is(extract: Extract) -> None:
    code = "def f():\n    # two\n\n\n    return 1"
    found = extract("a.py", f"{code}\n")
    assert (found.text, [part.kind for part in found.parts]) == (code, ["code"])


def test_paragraphs_of_a_text_are_parted_by_one_empty_line(extract: Extract) -> None:
    assert extract("a.txt", "one\r\ntwo\r\n \r\n\r\nthree\r").text == "one\ntwo\n\nthree"


JAPANESE = "ポンプの圧力は七バールです。弁を閉めてください。北の観測所では夏に水位を測定します。\n" * 4
RUSSIAN = "Давление насоса составляет восемь единиц. Закройте клапан. Летом измеряют уровень воды.\n" * 4


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe 7 € naïve café", "utf-8-sig"),
        ("Größe 7 € naïve café", "utf-16"),
        ("The pressure is 7 bar.", "utf-16-le"),
        ("The pressure is 7 bar.", "utf-16-be"),
        (JAPANESE.strip(), "utf-16-le"),
        (JAPANESE.strip(), "shift_jis"),
        (JAPANESE.strip(), "euc_jp"),
        (RUSSIAN.strip(), "cp1251"),
        ("Die Größe der Düse wird über das Menü geändert, die Höhe nicht.", "latin-1"),
        ("Le café était fermé à Noël, dès l'arrivée de l'hiver.", "cp1252"),
        ("Größe 7", "utf-32"),
    ],
)
def test_encodings_are_found_out(extract: Extract, text: str, encoding: str) -> None:
    assert extract("a.txt", text.encode(encoding)).text == text


def test_the_encoding_that_html_declares_is_used(extract: Extract) -> None:
    html = '<html><head><meta charset="windows-1251"></head><p>Клапан</html>'
    assert extract("a.html", html.encode("cp1251")).text == "Клапан"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("pages", documents.HTML, "html"), ("notes", "# no heading", "text"), ("data.unknown", documents.pdf(), "pdf")],
)
def test_a_file_without_a_telling_name_is_known_by_its_content(
    extract: Extract, name: str, content: bytes | str, kind: str
) -> None:
    found = extract(name, content)
    assert {"html": found.title == "Handbook", "pdf": found.pages == 1, "text": found.text == "# no heading"}[kind]


def test_a_file_without_a_telling_name_is_what_its_type_says(processor: DocumentProcessor, tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_text(documents.csv())
    assert processor.extract(path, "table", "text/csv; charset=utf-8").parts[0].header == ROWS[0]


@pytest.mark.parametrize("name", ["a\0b.txt", "\u202etxt.a.txt", "../../etc/passwd.txt", "x" * 1000 + ".txt"])
def test_odd_names_do_no_harm(extract: Extract, name: str) -> None:
    assert extract(name, "The pressure is 7 bar.").text == "The pressure is 7 bar."
