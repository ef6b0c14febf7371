"""Section: many streams at once through one process: how fast, and whether anything is lost or out of order."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.client import chat_request
from bench.local import serving
from bench.models import QUESTION
from bench.options import Options
from bench.report import Report, Summary, Table, number

_DELTAS = 200
_WIDTHS = (1, 8, 32)
#: Pauses of the model between deltas: none, and about the pace of a quick hosted model.
_PAUSES = (0.0, 0.01)


@dataclass(frozen=True, slots=True)
class Streamed:
    """One stream: how long it took, and what of its numbers was missing or in a wrong place."""

    seconds: float
    first_seconds: float
    lost: int
    misplaced: int
    whole: bool


def run(options: Options) -> Report:
    """A model that counts aloud; every client checks the numbers it hears."""
    report = Report(f"Streams at once: one process, SQLite, {_DELTAS} deltas each, every turn saved")
    table = Table(
        "Streams",
        ("pause of the model", "streams", "deltas/s", "first event p50, ms", "stream p50, s", "p99, s", "wrong"),
    )
    wrong, widest = 0, 0
    for pause in _PAUSES:
        with tempfile.TemporaryDirectory(prefix="bench-") as root, serving(Path(root), _counting(pause)) as (port, _):
            asyncio.run(_together(port, 2))
            for width in _WIDTHS:
                found, seconds = _repeated(port, width, options.samples(5 if width > 1 else 10))
                bad = sum(stream.lost + stream.misplaced + (not stream.whole) for stream in found)
                wrong, widest = wrong + bad, max(widest, width)
                times = Summary.of([stream.seconds for stream in found])
                first = Summary.of([stream.first_seconds * 1000 for stream in found])
                rate = len(found) * _DELTAS / seconds
                table.rows.append(
                    (
                        f"{pause * 1000:.0f} ms",
                        str(width),
                        f"{rate:,.0f}",
                        number(first.p50),
                        number(times.p50),
                        number(times.p99),
                        f"{bad} of {len(found) * _DELTAS:,}",
                    )
                )
                report.figures[f"{width} streams, pause {pause}"] = {
                    "deltas_per_second": round(rate),
                    "wrong": bad,
                    "seconds": times.figures(),
                    "first_event_ms": first.figures(),
                }
    report.tables.append(table)
    report.notes.append(f"Without pauses a stream takes at least 0 s, with 10 ms at least {_DELTAS * 0.01:.1f} s.")
    report.verdict(
        f"{widest} streams on one process with no loss and no reordering", f"{wrong} deltas wrong", reached=wrong == 0
    )
    return report


def _counting(pause: float) -> str:
    return f"counting:{_DELTAS}:{pause}"


def _repeated(port: int, width: int, times: int) -> tuple[list[Streamed], float]:
    """All streams of several bursts, and the seconds that the bursts took together."""
    found: list[Streamed] = []
    seconds = 0.0
    for _ in range(times):
        began = time.perf_counter()
        found += asyncio.run(_together(port, width))
        seconds += time.perf_counter() - began
    return found, seconds


async def _together(port: int, width: int) -> list[Streamed]:
    return list(await asyncio.gather(*(_stream(port) for _ in range(width))))


async def _stream(port: int) -> Streamed:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.perf_counter()
    writer.write(chat_request(json.dumps({"message": QUESTION, "stream": True}).encode()))
    first = 0.0
    received = bytearray()
    while piece := await reader.read(65536):
        received += piece
        first = first or (time.perf_counter() if b"event: start" in received else 0.0)
    ended = time.perf_counter()
    writer.close()
    events = list(_events(bytes(received)))
    heard = "".join(event["text"] for event in events if event["type"] == "delta").split()
    counted = [int(word) for word in heard]
    return Streamed(
        seconds=ended - began,
        first_seconds=first - began,
        lost=_DELTAS - len(set(counted)),
        misplaced=sum(before >= after for before, after in pairwise(counted)),
        whole=[events[0]["type"], events[-1]["type"]] == ["start", "done"] if events else False,
    )


def _events(received: bytes) -> Iterator[dict[str, str]]:
    """The data of every event, chunked transfer coding taken off."""
    _, _, rest = received.partition(b"\r\n\r\n")
    body = bytearray()
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body += rest[:length]
        rest = rest[length + 2 :]
        if length == 0:
            break
    for block in body.decode().split("\n\n"):
        for line in block.splitlines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))
