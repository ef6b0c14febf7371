"""Section: cutting texts into chunks, beside the splitters of LangChain and LlamaIndex where these are installed.

PYTHONPATH=src:. python -m bench.chunking [--quick]
"""

# The peers are not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped,no-any-return,unused-ignore"

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from bench.options import Options
from bench.processes import ROOT
from bench.report import Report, Table, number
from rag.chunking import chunk
from rag.extracted import ExtractedText, Part
from rag.ruler import count_tokens

#: The figure of the issue.
CHUNKING_MB_S = 50.0

_CORPUS = ROOT.parent / "shared" / "data" / "cranfield" / "corpus.jsonl"
_VOCABULARY = ROOT / "src" / "rag" / "vocabulary" / "cl100k_base.tiktoken"
#: What tiktoken calls that file in its cache: the SHA-1 of its address.
_CACHED_AS = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
_MAX_TOKENS = 512
_MB = 1_000_000
_PAGE = 3_000
_ROUNDS = 5

Splitter = Callable[[str], Sequence[str]]


def run(options: Options) -> Report:
    """This program on texts of several kinds; then the peers and this program on the same prose."""
    report = Report(f"Chunking: at most {_MAX_TOKENS} tokens of cl100k_base; MB of UTF-8 a second of processor time")
    first = _first_reading()
    prose = _prose((10 if options.quick else 50) * _MB)
    table = Table("This program", ("text", "MB", "MB/s, median", "least", "chunks", "mean tokens", "most tokens"))
    for name, extracted in _texts(prose).items():
        table.rows.append(_measure(report, name, extracted.text, partial(_cut, extracted), partial(_drop, extracted)))
    beside = Table("Beside the peers: 2 MB of the prose", table.columns)
    with offline_peers():
        for name, split in {"this program": _cut_text, **_peers()}.items():
            beside.rows.append(_measure(report, name, prose[: 2 * _MB], partial(split, prose[: 2 * _MB])))
    report.tables += [table, beside]
    report.notes += [
        (
            "Prose: sentences of the Cranfield collection in random order, each with a number of its own. Most of its "
            "words are in the tables from a round before; 'every word new' is what they cost when they are not."
        ),
        (
            f"{_ROUNDS} rounds each, after one that does not count. In the first table chunks are dropped at once, "
            "in the second all are kept, which takes about 5% longer."
        ),
        f"With empty tables: {number(first)} MB/s for the collection as it is (1.4 MB), vocabulary loaded.",
        "The peers' chunks do not overlap here, as this program's do not.",
        f"For scale: str.split(' ') alone reads the prose with {number(_split_rate(prose))} MB/s in this run.",
    ]
    found = report.figures["prose"]["median"]
    report.verdict(f"chunking >= {CHUNKING_MB_S:.0f} MB/s", f"{number(found)} MB/s", reached=found >= CHUNKING_MB_S)
    return report


def _measure(
    report: Report, name: str, text: str, split: Callable[[], Sequence[str]], timed: Callable[[], object] | None = None
) -> tuple[str, ...]:
    size = len(text.encode()) / _MB
    chunks = split()
    rates: list[float] = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        (timed or split)()
        rates.append(size / (time.process_time() - began))
    tokens = [count_tokens(one) for one in chunks]
    mean, most = statistics.mean(tokens), max(tokens)
    report.figures[name] = {"median": statistics.median(rates), "least": min(rates), "mean_tokens": mean, "most": most}
    rate = number(statistics.median(rates))
    return name, number(size), rate, number(min(rates)), f"{len(chunks):,}", number(mean), str(most)


def _first_reading() -> float:
    """The rate of a process that has read nothing before."""
    text = "\n\n".join(_abstracts())
    count_tokens(text[:100])
    began = time.process_time()
    _cut_text(text)
    return len(text) / _MB / (time.process_time() - began)


def _split_rate(text: str) -> float:
    """What the machine has to spare just now."""
    began = time.process_time()
    for start in range(0, len(text), _PAGE):
        text[start : start + _PAGE].split(" ")
    return len(text) / _MB / (time.process_time() - began)


def _cut(extracted: ExtractedText) -> list[str]:
    return [found.text for found in chunk(extracted, title="Title", max_tokens=_MAX_TOKENS)]


def _drop(extracted: ExtractedText) -> None:
    """The chunks are an iterator, so that a document need not be in memory in pieces, too."""
    deque(chunk(extracted, title="Title", max_tokens=_MAX_TOKENS), maxlen=0)


def _cut_text(text: str) -> list[str]:
    return _cut(_document(text))


def _peers() -> dict[str, Splitter]:
    """Those that are installed, with the tokeniser and the longest chunk of this program."""
    found: dict[str, Splitter] = {}
    if find_spec("langchain_text_splitters"):
        from langchain_text_splitters import RecursiveCharacterTextSplitter  # noqa: PLC0415 - it may be missing

        recursive = RecursiveCharacterTextSplitter.from_tiktoken_encoder(
            "cl100k_base", chunk_size=_MAX_TOKENS, chunk_overlap=0
        )
        found["LangChain RecursiveCharacterTextSplitter"] = recursive.split_text
    if find_spec("llama_index"):
        import tiktoken  # noqa: PLC0415 - as below
        from llama_index.core.node_parser import SentenceSplitter  # noqa: PLC0415 - it may be missing

        encode = tiktoken.get_encoding("cl100k_base").encode
        sentences = SentenceSplitter(chunk_size=_MAX_TOKENS, chunk_overlap=0, tokenizer=encode)
        found["LlamaIndex SentenceSplitter"] = sentences.split_text
    return found


@contextmanager
def offline_peers() -> Iterator[None]:
    """What the peers would fetch, in a folder where they look first.

    That is the vocabulary for tiktoken, and for LlamaIndex the word lists that it brings along: where a package manager
    has linked these into place, nltk refuses to read them.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        shutil.copy(_VOCABULARY, Path(folder) / _CACHED_AS)
        os.environ["TIKTOKEN_CACHE_DIR"] = folder
        if package := find_spec("llama_index.core") if find_spec("llama_index") else None:
            brought = Path(package.origin or "").parent / "_static" / "nltk_cache"
            os.environ["NLTK_DATA"] = str(shutil.copytree(brought, Path(folder) / "nltk"))
        yield


def _texts(prose: str) -> dict[str, ExtractedText]:
    size = len(prose)
    starts = range(0, size, _PAGE)
    words = prose.split(" ")
    new = " ".join(f"{word}{_letters(number)}" for number, word in enumerate(words[: len(words) // 50]))
    return {
        "prose": _document(prose),
        f"prose, pages of {_PAGE:,} characters": ExtractedText(
            "", prose, tuple(Part(at, min(at + _PAGE, size), page) for page, at in enumerate(starts, 1)), len(starts)
        ),
        "prose, lines of 12 words": _document(
            "\n".join(" ".join(words[at : at + 12]) for at in range(0, len(words) // 2, 12))
        ),
        "prose, every word new": _document(new),
        "table of numbers": _table(size // 5),
        "Japanese": _document(_japanese(size // 150)),
    }


def _document(text: str) -> ExtractedText:
    return ExtractedText("", text, (Part(0, len(text)),))


def _abstracts() -> list[str]:
    return [json.loads(line)["text"] for line in _CORPUS.read_text(encoding="utf-8").splitlines()]


def _prose(size: int) -> str:
    sentences = [sentence for abstract in _abstracts() for sentence in abstract.split(" . ") if len(sentence) > 20]
    pick = random.Random(1)
    found: list[str] = []
    length = 0
    while length < size:
        found.append(f"case {pick.random():.6f}: {pick.choice(sentences)}.")
        length += len(found[-1]) + 1
    return " ".join(found)


def _table(size: int) -> ExtractedText:
    pick = random.Random(2)
    header = "run | speed, m/s | height, m | remark"
    lines = [header]
    while len(lines) * 45 < size:
        lines.append(f"{len(lines)} | {pick.uniform(0, 900):.3f} | {pick.uniform(0, 20_000):.1f} | as planned, see log")
    text = "\n".join(lines)
    return ExtractedText("", text, (Part(0, len(text), kind="table", header=header),))


def _japanese(characters: int) -> str:
    pick = random.Random(3)
    letters = [chr(code) for code in (*range(0x3042, 0x3094), *range(0x4E00, 0x4E00 + 2000))]
    found = ("".join(pick.choices(letters, k=pick.randint(10, 50))) for _ in range(characters // 31))
    return "\u3002".join(found) + "\u3002"


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
    return letters


if __name__ == "__main__":
    print(run(Options(quick="--quick" in sys.argv)).markdown())
