"""Section: reading PDFs beside pypdf and markitdown: pages a second, facts kept, table rows kept on one line.

PYTHONPATH=src:. python -m bench.extraction     # needs requirements-bench-rag.txt
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fpdf import FPDF
from markitdown import MarkItDown
from pypdf import PdfReader

from bench.options import Options
from bench.processes import ROOT
from bench.report import Report, Table, interleave, number
from rag.document_processor import DocumentProcessor, ExtractionLimits

#: The figures of the issue.
TIMES_MARKITDOWN = 5.0
FACTS_KEPT = 1.0
ROWS_KEPT = 0.95

_PAGES = 200
_SAMPLES = ROOT.parent / "shared" / "data" / "pdfs"
_OURS, _PEER = "this program", "markitdown"
_WORDS = ("the", "of", "station", "water", "level", "measured", "in", "summer", "report", "valve", "pressure", "and")
#: What a reader of the sample files sees: (file, facts, table rows).
_SEEN: Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]] = (
    (
        "multicolumn.pdf",
        (
            "This is a sample document with two columns filled with Lorem Ipsum text.",
            "vestibulum ut, placerat ac, adipiscing vitae, felis.",
            "Pellentesque habitant morbi tristique senectus et netus et malesuada fames ac turpis egestas.",
            "Integer arcu est, nonummy in, fermentum faucibus, egestas vel, odio.",
        ),
        (
            ("Austria", "8.9", "83,879", "Vienna", "German"),
            ("Belgium", "11.5", "30,689", "Brussels", "Dutch, French, German"),
            ("Czech Republic", "10.7", "78,866", "Prague", "Czech"),
            ("Denmark", "5.8", "42,951", "Copenhagen", "Danish"),
            ("Finland", "5.5", "338,424", "Helsinki", "Finnish, Swedish"),
        ),
    ),
    (
        "google-doc-document.pdf",
        ("There should be one-- and preferably only one --obvious way to do it.",),
        (
            ("Indonesia", "Germany", "Austria", "France", "Vatican"),
            ("Capital", "Jakarta", "Berlin", "Vienna", "Paris", "Vatican City"),
            ("Population", "273.879.750", "83,190,556", "8,935,112", "67,413,000", "453"),
        ),
    ),
    ("pdflatex-4-pages.pdf", ("This text should show what a printed text will look like at this place.",), ()),
    ("mistitled_outlines_example.pdf", ("There is no need for special content,",), ()),
    (
        "with-attachment.pdf",
        ("Stet clita kasd gubergren, no sea takimata sanctus est Lorem ipsum dolor sit amet.",),
        (),
    ),
    ("libreoffice-form.pdf", ("Agree to privacy policy",), ()),
)


@dataclass(frozen=True, slots=True)
class Planted:
    """Files and what was put into them."""

    paths: list[Path]
    pages: int
    facts: list[str]
    rows: list[Sequence[str]]


def run(options: Options) -> Report:
    """Both sets of files with each reader in turn."""
    report = Report("Reading PDFs")
    processor = DocumentProcessor(ExtractionLimits())
    readers: dict[str, Callable[[Path], str]] = {
        _OURS: lambda path: processor.extract(path, path.name).text,
        "pypdf": lambda path: "\n".join(page.extract_text() for page in PdfReader(path).pages),
        _PEER: lambda path: str(MarkItDown(enable_plugins=False).convert(path).text_content),
    }
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            generated = _generate(Path(folder) / "generated.pdf")
            _compare(report, "generated PDF of 200 pages with tables", generated, readers, options.samples(5) // 2)
        if _SAMPLES.is_dir():
            _compare(report, "the PDFs in shared/data", _samples(), readers, options.samples(10))
    finally:
        processor.close()
    report.notes += [
        "Ours goes through its child process, which stands ready; the others are called in this process.",
        (
            "A fact is kept where the text holds it, all white space being one blank; a row, where one line holds its "
            "cells in order. One row in nine has a cell of several lines; a third of the tables have no lines drawn."
        ),
    ]
    return report


def _compare(
    report: Report, name: str, planted: Planted, readers: Mapping[str, Callable[[Path], str]], rounds: int
) -> None:
    table = Table(name, ("reader", "pages/s", "facts kept", "table rows kept"))
    times = interleave(
        {reader: partial(_seconds, read, planted.paths) for reader, read in readers.items()},
        rounds=rounds,
        per_round=1,
        warm_up=1,
    )
    speeds = {reader: planted.pages / statistics.median(found) for reader, found in times.items()}
    kept = {}
    for reader, read in readers.items():
        texts = "\n".join(read(path) for path in planted.paths)
        kept[reader] = facts, rows = _facts_kept(texts, planted.facts), _rows_kept(texts, planted.rows)
        table.rows.append((reader, number(speeds[reader]), f"{facts:.1%}", f"{rows:.1%}"))
        report.figures[f"{reader}, {name}"] = {"pages_per_second": speeds[reader], "facts": facts, "rows": rows}
    report.tables.append(table)
    ratio = speeds[_OURS] / speeds[_PEER]
    facts, rows = kept[_OURS]
    report.verdict(f">= 5x markitdown ({name})", f"{ratio:.1f}x", reached=ratio >= TIMES_MARKITDOWN)
    report.verdict(f"100% of planted facts ({name})", f"{facts:.1%}", reached=facts >= FACTS_KEPT)
    report.verdict(f">= 95% of table rows ({name})", f"{rows:.1%}", reached=rows >= ROWS_KEPT)


def _seconds(read: Callable[[Path], str], paths: Sequence[Path]) -> float:
    began = time.perf_counter()
    for path in paths:
        read(path)
    return time.perf_counter() - began


def _facts_kept(text: str, facts: Sequence[str]) -> float:
    text = " ".join(text.split())
    return sum(fact in text for fact in facts) / len(facts)


def _rows_kept(text: str, rows: Sequence[Sequence[str]]) -> float:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return sum(any(_holds(line, row) for line in lines if row[0] in line) for row in rows) / len(rows)


def _holds(line: str, cells: Sequence[str]) -> bool:
    reached = 0
    for cell in cells:
        found = line.find(cell, reached)
        if found < 0:
            return False
        reached = found + len(cell)
    return True


def _samples() -> Planted:
    paths = [_SAMPLES / name for name, _, _ in _SEEN]
    return Planted(
        paths,
        sum(len(PdfReader(path).pages) for path in paths),
        [fact for _, facts, _ in _SEEN for fact in facts],
        [row for _, _, rows in _SEEN for row in rows],
    )


def _generate(path: Path) -> Planted:
    """Pages of prose, of two columns, and of tables with and without lines; the same on every run."""
    rng = random.Random(4711)
    pdf = FPDF()
    pdf.set_font("Helvetica", size=10)
    facts: list[str] = []
    rows: list[Sequence[str]] = []
    for page in range(_PAGES):
        pdf.add_page()
        pdf.set_font(style="B", size=14)
        pdf.cell(text=f"{page + 1} Report of station {page + 1}", new_x="LMARGIN", new_y="NEXT")
        pdf.set_font(style="", size=10)
        paragraphs = [_paragraph(rng, page * 10 + index, facts) for index in range(4)]
        if page % 4 == 3:
            with pdf.text_columns(text_align="J", ncols=2, gutter=6) as columns:
                columns.write("\n\n".join(paragraphs * 2))
            continue
        for text in paragraphs[:2]:
            pdf.multi_cell(0, text=text, new_x="LMARGIN", new_y="NEXT")
            pdf.ln(3)
        table = _table(rng, page)
        rows += table[1:]
        _draw(pdf, table, lines=page % 4 != 1)
        pdf.ln(3)
        for text in paragraphs[2:]:
            pdf.multi_cell(0, text=text, new_x="LMARGIN", new_y="NEXT")
            pdf.ln(3)
    pdf.output(str(path))
    return Planted([path], pdf.page, facts, rows)


def _paragraph(rng: random.Random, index: int, facts: list[str]) -> str:
    fact = f"The seal of unit K-{index:05d} was replaced on day {rng.randrange(365)} at {rng.randrange(100, 999)} bar."
    facts.append(fact)
    before, after = (" ".join(rng.choices(_WORDS, k=25)).capitalize() + "." for _ in range(2))
    return f"{before} {fact} {after}"


def _table(rng: random.Random, page: int) -> list[Sequence[str]]:
    table: list[Sequence[str]] = [("Part", "Material", "Length (mm)", "Price (EUR)", "Remark")]
    for row in range(9):
        long = "checked twice, seal replaced by the north team" if row % 8 == 4 else "in order"
        material = rng.choice(["steel", "brass", "stainless steel", "PTFE"])
        cells = (f"P{page:03d}-{row:02d}", material, str(rng.randrange(9_999)), f"{rng.random() * 900:,.2f}", long)
        table.append(cells)
    return table


def _draw(pdf: FPDF, table: Sequence[Sequence[str]], *, lines: bool) -> None:
    layout = "ALL" if lines else "NONE"
    with pdf.table(table, borders_layout=layout, text_align=("LEFT", "LEFT", "RIGHT", "RIGHT", "LEFT")):
        pass


def main() -> None:
    """The section alone, with few rounds."""
    print(run(Options(quick=True)).markdown())


if __name__ == "__main__":
    main()
