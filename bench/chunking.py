"""Section: cutting texts into chunks, beside the splitters of LangChain and LlamaIndex with the same tokeniser.

python -m bench.chunking
"""

# The peers are not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped,unused-ignore"

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.options import Options
from bench.processes import ROOT, peak_mb
from bench.report import Report, Table, number
from rag.chunking import chunk
from rag.extracted import ExtractedText, Part, PartKind
from rag.ruler import count_tokens

#: The figure of the issue.
CHUNKING_MB_S = 50.0
_MAX_TOKENS = 512
_CORPUS = ROOT / "../shared/data/cranfield/corpus.jsonl"
_MB = 1_000_000
_PAGE = 3_000
#: What tiktoken calls the file in its cache: the SHA-1 of its address.
_CACHE_NAME = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"

Split = Callable[[str], int]


def run(options: Options) -> Report:
    """Texts of several kinds; the peers read a part of the first."""
    report = Report(f"Chunking: at most {_MAX_TOKENS} tokens of cl100k_base, MB of UTF-8 a second of processor time")
    size = (10 if options.quick else 50) * _MB
    sentences = _sentences()
    prose = _prose(sentences, size)
    whole = _document(prose)
    _ours(_document(_prose(sentences, _MB // 10)))
    table = Table("Ours", ("text", "MB", "MB/s", "rounds", "chunks", "mean tokens", "most tokens"))
    for name, extracted in {
        "prose": whole,
        "prose, pages of 3,000 characters": _paged(prose),
        "prose, lines of 80 characters": _document(_wrapped(prose[: size // 2])),
        "prose, no word seen before": _document(_new_words(prose[: size // 25])),
        "table": _document(_table(size // 5), "table"),
        "Chinese": _document(_chinese(size // 25)),
    }.items():
        rates = [_rate(extracted.text, lambda _, extracted=extracted: _ours(extracted)) for _ in range(3)]  # type: ignore[misc]
        rate = statistics.median(rates)
        table.rows.append((name, number(_bytes(extracted.text) / _MB), number(rate), "3", *_facts(extracted)))
        report.figures[name] = round(rate, 2)
    report.tables.append(table)
    report.tables.append(_beside(report, prose[: size // 25]))
    report.notes.append(
        "Prose: sentences of the Cranfield collection in random order, each with a number of its own. The first reading "
        "of the vocabulary is not counted; the table of units is warm with the words, as it is after the first megabyte."
    )
    report.figures["peak_mb"] = round(peak_mb(), 1)
    found = report.figures["prose"]
    report.verdict(
        f"chunking >= {CHUNKING_MB_S:.0f} MB/s", f"{number(found)} MB/s (prose)", reached=found >= CHUNKING_MB_S
    )
    return report


def _beside(report: Report, text: str) -> Table:
    table = Table("Beside the peers, the same prose", ("", "MB", "MB/s", "chunks", "most tokens"))
    ours = [found.text for found in chunk(_document(text), title="", max_tokens=_MAX_TOKENS)]
    subjects: dict[str, Callable[[str], list[str]]] = {
        "ours": lambda text: [found.text for found in chunk(_document(text), title="", max_tokens=_MAX_TOKENS)]
    }
    ...
