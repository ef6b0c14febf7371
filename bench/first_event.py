"""Section: how soon a stream begins."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.client import Chat
from bench.local import serving
from bench.options import FIRST_EVENT_MS, HISTORY, Options
from bench.report import Report, Summary, Table, interleave, number
from bench.seed import Plan, rotation, seed_sqlite


def run(options: Options) -> Report:
    """From the request's bytes to the first event's, on a new connection each time, ten messages of history."""
    report = Report("First server-sent event: SQLite, ten messages of history, instant model")
    samples = options.samples(300)
    with tempfile.TemporaryDirectory(prefix="bench-") as root:
        folder = Path(root) / "data"
        ids = seed_sqlite(folder, Plan(HISTORY, rotation(HISTORY, samples + 20)))
        with serving(folder) as (port, _):
            chat = Chat(port, ids)
            found = interleave({"first event": chat.first_event}, rounds=5, per_round=samples // 5, warm_up=20)
    summary = Summary.of(found["first event"])
    report.tables.append(
        Table("Request sent to first event, ms", ("", "p50", "p99", "samples"), [("start event", *summary.cells())])
    )
    report.figures["first event"] = summary.figures()
    report.notes.append("The connection stands before the clock starts; the history is read and decrypted within it.")
    report.verdict(
        f"first event <= {FIRST_EVENT_MS:.0f} ms after the request",
        f"p50 {number(summary.p50)} ms, p99 {number(summary.p99)} ms",
        reached=summary.p99 <= FIRST_EVENT_MS,
    )
    return report
