"""Section: how a turn's cost grows with the messages of its conversation, and with the number of conversations."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from bench.client import Chat
from bench.local import InProcess, serving
from bench.options import FLAT_WITHIN, HISTORY, Options
from bench.report import Report, Summary, Table, interleave
from bench.seed import Plan, rotation, seed_sqlite

_WARM_UP = 20
_HTTP = "POST /chat"
_ALONE = "use-case alone"


def run(options: Options) -> Report:
    """Each size has a database and a server of its own; rounds go over all sizes."""
    report = Report("Growth: 10 to 10,000 messages in a conversation, 10 to 10,000 conversations (SQLite)")
    turns = options.samples(250) + _WARM_UP
    by_messages = {size: Plan(size, rotation(size, turns)) for size in options.sizes}
    by_conversations = {
        size: Plan(HISTORY, min(size, rotation(HISTORY, turns)), max(0, size - rotation(HISTORY, turns)))
        for size in options.sizes
    }
    for name, plans in (("stored messages", by_messages), ("conversations", by_conversations)):
        found = _measure(plans, options)
        table = Table(f"p50 of a turn by {name}, ms", ("", *(f"{size:,}" for size in plans), "largest / smallest"))
        for kind in (_HTTP, _ALONE):
            medians = [Summary.of(found[f"{kind} {size}"]).p50 for size in plans]
            ratio = medians[-1] / medians[0]
            table.rows.append((kind, *(f"{value:.2f}" for value in medians), f"{ratio:.2f}"))
            report.figures[f"{kind}, {name}"] = {
                str(size): Summary.of(found[f"{kind} {size}"]).figures() for size in plans
            }
            spread = max(medians) / medians[0]
            report.verdict(
                f"flat within 20% from 10 to {max(plans):,} {name} ({kind})",
                f"x {spread:.2f} at most",
                reached=spread <= FLAT_WITHIN,
            )
        report.tables.append(table)
    report.notes += [
        (
            f"{options.samples(250)} turns of each size. No conversation grows by more than half while it is measured: "
            "small sizes have several conversations, used in rotation."
        ),
        "With 10 conversations these grow further, from ten messages on, as there are no more of them to rotate.",
    ]
    return report


def _measure(plans: Mapping[int, Plan], options: Options) -> dict[str, list[float]]:
    samples = options.samples(250)
    rounds = max(5, samples // 10)
    with tempfile.TemporaryDirectory(prefix="bench-") as root, ExitStack() as opened:
        variants: dict[str, Callable[[], float]] = {}
        for size, plan in plans.items():
            served, alone = Path(root) / f"served-{size}", Path(root) / f"alone-{size}"
            ids = seed_sqlite(served, plan)
            port, _ = opened.enter_context(serving(served))
            variants[f"{_HTTP} {size}"] = Chat(port, ids).turn
            use_case = InProcess(alone, seed_sqlite(alone, plan))
            opened.callback(use_case.close)
            variants[f"{_ALONE} {size}"] = use_case.turn
        return interleave(variants, rounds=rounds, per_round=samples // rounds, warm_up=_WARM_UP)
