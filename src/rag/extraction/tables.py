"""CSV, TSV and workbooks."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from rag.extracted import ExtractedText
from rag.extraction.builder import TextBuilder
from shared.errors import DocumentRefused

_DELIMITERS = "\t,;|"
_SAMPLE_LINES = 50
#: Excel's own limits; a file that claims more is none of its.
_MAX_COLUMNS = 16_384


def read_csv(text: str, builder: TextBuilder) -> ExtractedText:
    """Rows, the delimiter being the one that parts the first lines most evenly."""
    csv.field_size_limit(max(len(text), 1))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    _add_rows(builder, rows)
    return builder.build()


def read_workbook(path: Path, builder: TextBuilder) -> ExtractedText:
    """Every sheet a page and a section, hidden ones too. Raises ``DocumentRefused``."""
    try:
        workbook = CalamineWorkbook.from_path(path)
        for number, sheet in enumerate(workbook.sheets_metadata, 1):
            if sheet.typ != SheetTypeEnum.WorkSheet:
                continue
            builder.page = number
            builder.section(1, sheet.name)
            cells = workbook.get_sheet_by_name(sheet.name)
            if cells.width > _MAX_COLUMNS:
                raise _damaged()
            _add_rows(builder, ([_shown(value) for value in row] for row in cells.iter_rows()))
    except PasswordError as error:
        raise DocumentRefused(
            "This file is protected by a password; save a copy without one in its own program and add that."
        ) from error
    except CalamineError as error:
        raise _damaged() from error
    return builder.build(pages=len(workbook.sheet_names))


def _add_rows(builder: TextBuilder, rows: Iterable[Sequence[str]]) -> None:
    """Lines above the table that fill one cell are prose; the first row that fills more is the header."""
    in_table = False
    for row in rows:
        filled = sum(bool(cell) and not cell.isspace() for cell in row)
        if not in_table and filled == 1:
            builder.paragraph(" ".join(row))
        elif filled:
            builder.row(row, header=not in_table)
            in_table = True
    builder.end_table()


def _delimiter(text: str) -> str:
    lines = [line for line in text[:100_000].splitlines()[:_SAMPLE_LINES] if line.strip()]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [len(row) - 1 for row in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual) if usual else 0, usual)

    return max(_DELIMITERS, key=evenness)


def _shown(value: Any) -> str:
    """A cell as a person writes it: 3 and not 3.0, no time where there is none."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, dt.datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return str(value)


def _damaged() -> DocumentRefused:
    return DocumentRefused("This workbook is damaged and cannot be read; open it in Excel, save it anew and add that.")
