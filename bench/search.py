"""Section: search of 1,000 to 100,000 chunks, with and without a filter, beside LanceDB and Chroma.

PYTHONPATH=src:. python -m bench.search     # needs requirements-bench-rag.txt
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bench.options import Options
from bench.processes import ROOT, environment, python
from bench.report import Report, Summary, Table, number
from bench.search_engines import CHUNKS, ENGINES, LIMIT, Vectors, document

#: The figures of the issue: hybrid, filter included.
_P50_MS = {10_000: 10.0, 100_000: 20.0}
_PEAK_MB = 300.0

_DIMENSIONS = 384
_WORDS = 150
_VOCABULARY = 50_000
_CLUSTERS = 200
_ROUNDS = 3
_KINDS = ("vector", "hybrid", "vector, filtered", "hybrid, filtered")


def run(options: Options) -> Report:
    """Each engine in processes of its own: one that fills it, and others that open it and search, in random order."""
    report = Report(f"Search: {LIMIT} hits among chunks of {_DIMENSIONS} dimensions and {_WORDS} words")
    sizes = (1_000, 10_000) if options.quick else (1_000, 10_000, 100_000)
    memory = Table("Peak memory of a process that only searches, MB", ("", *(f"{size:,}" for size in sizes)))
    opening = Table("From opening to the first answer, ms", ("", *(f"{size:,}" for size in sizes)))
    filling = Table("Filling, seconds", ("", *(f"{size:,}" for size in sizes)))
    measured = {size: _measure(size, options.samples(100)) for size in sizes}
    for size, engines in measured.items():
        report.tables.append(_times(report, size, engines))
    for name in ENGINES:
        found = [measured[size][name] for size in sizes]
        memory.rows.append((name, *(number(each["peak_mb"]) for each in found)))
        opening.rows.append((name, *(number(each["first_ms"]) for each in found)))
        filling.rows.append((name, *(number(each["fill_seconds"]) for each in found)))
    report.tables += [memory, opening, filling]
    peak = measured[sizes[-1]]["ours"]["peak_mb"]
    report.verdict(f"memory <= {_PEAK_MB:.0f} MB at {sizes[-1]:,}", f"{peak:.0f} MB", reached=peak <= _PEAK_MB)
    report.notes += [
        (
            f"lancedb {version('lancedb')} (vectors one by one, so exact; full-text index; its own fusion), chromadb "
            f"{version('chromadb')} (HNSW, approximate; it ranks by keyword in no local mode)."
        ),
        (
            f"Vectors lie around {_CLUSTERS} centres; words follow Zipf's law ({_VOCABULARY:,} of them); a question is "
            f"eight words of a chunk and a vector near its. The filter names ten documents of {CHUNKS} chunks."
        ),
        "Ours returns the hits of both kinds with their scores, texts and places; fusing them is not in it.",
    ]
    return report


def _times(report: Report, size: int, engines: dict[str, dict[str, Any]]) -> Table:
    table = Table(f"{size:,} chunks: p50 / p99 of a search, ms", ("", *_KINDS, "of the 10 nearest found"))
    for name, found in engines.items():
        summaries = {kind: Summary.of(samples) for kind, samples in found["ms"].items()}
        cells = [f"{number(each.p50)} / {number(each.p99)}" if each else "-" for each in map(summaries.get, _KINDS)]
        table.rows.append((name, *cells, f"{found['recall']:.0%}"))
        kinds = {kind: each.figures() for kind, each in summaries.items()}
        kept = {each: found[each] for each in ("peak_mb", "first_ms", "fill_seconds", "recall")}
        report.figures[f"{name}, {size}"] = kinds | kept
        for kind in ("hybrid", "hybrid, filtered"):
            if name == "ours" and size in _P50_MS:
                p50, wanted = summaries[kind].p50, _P50_MS[size]
                report.verdict(
                    f"{kind}: p50 <= {wanted:.0f} ms at {size:,}", f"{number(p50)} ms", reached=p50 <= wanted
                )
    return table


def _measure(size: int, samples: int) -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        vectors = _write_chunks(folder, size, samples)
        questions = json.loads((folder / "questions.json").read_text("utf-8"))
        exact = [_ten_nearest(vectors, question["vector"]) for question in questions]
        engines: dict[str, dict[str, Any]] = {}
        for name in ENGINES:
            filled = _child("fill", name, folder)
            engines[name] = {
                "fill_seconds": filled["seconds"],
                "ms": defaultdict(list),
                "peak_mb": 0.0,
                "first_ms": 1e9,
            }
        for _ in range(_ROUNDS):
            for name in random.sample([*ENGINES], len(ENGINES)):
                asked, found = _child("ask", name, folder), engines[name]
                for kind, milliseconds in asked["ms"].items():
                    found["ms"][kind] += milliseconds
                found["peak_mb"] = max(found["peak_mb"], asked["peak_mb"])
                found["first_ms"] = min(found["first_ms"], asked["first_ms"])
                hits = [len(wanted & set(got)) for wanted, got in zip(exact, asked["found"], strict=True)]
                found["recall"] = sum(hits) / (10 * len(hits))
        return engines


def _child(task: str, name: str, folder: Path) -> dict[str, Any]:
    arguments = python("-W", "ignore", "-m", "bench.search_engines", task, name, str(folder))
    # LanceDB warns of every search otherwise.
    env = environment(RUST_LOG="error", LANCE_LOG="error", LANCEDB_LOG="error")
    done = subprocess.run(arguments, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _ten_nearest(vectors: Vectors, question: list[float]) -> set[int]:
    return set(np.argsort(-(vectors @ np.array(question, np.float32)))[:10].tolist())


def _write_chunks(folder: Path, size: int, questions: int) -> Vectors:
    """The same chunks and questions for every engine. Returns the vectors."""
    generator = np.random.default_rng(size)
    centres = generator.standard_normal((_CLUSTERS, _DIMENSIONS))
    vectors = _units(centres[generator.integers(_CLUSTERS, size=size)] + generator.standard_normal((size, _DIMENSIONS)))
    words = _vocabulary()
    shares = 1 / np.arange(1, _VOCABULARY + 1)
    chosen = generator.choice(_VOCABULARY, size=(size, _WORDS), p=shares / shares.sum())
    texts = [" ".join(words[word] for word in row) for row in chosen]
    asked = []
    for chunk in generator.integers(size, size=questions).tolist():
        near = _units(vectors[chunk : chunk + 1] + 0.03 * generator.standard_normal((1, _DIMENSIONS)))[0]
        text = " ".join(words[word] for word in generator.choice(chosen[chunk], 8))
        documents = sorted({document(int(each)) for each in generator.integers(size, size=10)})
        asked.append({"vector": near.tolist(), "text": text, "documents": documents})
    np.save(folder / "vectors.npy", vectors)
    (folder / "texts.json").write_text(json.dumps(texts), "utf-8")
    (folder / "questions.json").write_text(json.dumps(asked), "utf-8")
    return vectors


def _units(vectors: np.ndarray[Any, np.dtype[np.float64]]) -> Vectors:
    units: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return units


def _vocabulary() -> list[str]:
    """Words that can be told apart and are stemmed like any others, the common ones short."""
    generator = random.Random(1)
    found: dict[str, None] = {}
    while len(found) < _VOCABULARY:
        syllables = min(5, 1 + len(found) // 500)
        word = "".join(generator.choice("bcdfghjklmnprstvwz") + generator.choice("aeiou") for _ in range(syllables))
        found[word + generator.choice(("", "", "n", "r", "s", "ing", "ed"))] = None
    return [*found]


def main() -> None:
    """The section alone."""
    print(run(Options(quick="--quick" in sys.argv)).markdown())


if __name__ == "__main__":
    main()
