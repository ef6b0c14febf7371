"""Section: the same turn, ours and LangChain's, side by side in one run."""

from __future__ import annotations

import json
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

from bench.client import Chat
from bench.langchain_turn import LangChainTurn, seed_langchain
from bench.local import InProcess, serving
from bench.options import Options
from bench.processes import ROOT, environment, python
from bench.report import Report, Summary, Table, interleave, number
from bench.seed import Plan, rotation, seed_sqlite

_WARM_UP = 10
_OURS, _SERVED = "ours, use-case", "ours, POST /chat over HTTP"
_PEER, _TUNED = "LangChain", "LangChain, tuned by hand"


def run(options: Options) -> Report:
    """Interleaved rounds over every size; memory in processes of their own."""
    # The peer's packages announce their end on import.
    warnings.simplefilter("ignore")
    report = Report("Side by side with LangChain: one turn, the last ten messages, SQLite, instant model")
    medians: dict[str, dict[int, Summary]] = {name: {} for name in (_OURS, _SERVED, _PEER, _TUNED)}
    for size in options.sizes:
        for name, samples in _measure(size, options.samples(150 if size < 10_000 else 60)).items():
            medians[name][size] = Summary.of(samples)
    table = Table("p50 of a turn by stored messages, ms", ("", *(f"{size:,}" for size in options.sizes), "samples"))
    for name, found in medians.items():
        counts = sorted({summary.count for summary in found.values()}, reverse=True)
        table.rows.append(
            (name, *(number(summary.p50) for summary in found.values()), " / ".join(str(count) for count in counts))
        )
        report.figures[name] = {str(size): summary.figures() for size, summary in found.items()}
    ratios = [f"{medians[_PEER][size].p50 / medians[_OURS][size].p50:.1f}" for size in options.sizes]
    table.rows.append(("LangChain / ours, use-case", *ratios, ""))
    report.tables += [table, _memory(report)]
    report.notes += [
        (
            f"langchain-core {version('langchain-core')}, langchain-community {version('langchain-community')}, "
            f"SQLAlchemy {version('sqlalchemy')}: RunnableWithMessageHistory over SQLChatMessageHistory, trim_messages "
            "to ten, one engine for all turns; its connections have WAL and synchronous = FULL, so both wait for the "
            "disk."
        ),
        (
            "Ours does more in its turn: it encrypts and decrypts (the peer stores plain text), keeps a header, expiry "
            "and daily usage, and checks that the conversation is the user's and still the same."
        ),
        (
            "Tuned by hand: only the newest ten rows are read and the table's class is made once, which the peer's "
            "documentation does not do."
        ),
    ]
    return report


def _measure(size: int, samples: int) -> dict[str, list[float]]:
    rounds = max(5, samples // 10)
    plan = Plan(size, rotation(size, samples + _WARM_UP))
    with tempfile.TemporaryDirectory(prefix="bench-") as root, ExitStack() as opened:
        folders = {name: Path(root) / name for name in ("ours", "served", "peer", "tuned")}
        variants: dict[str, Callable[[], float]] = {}
        ids = seed_sqlite(folders["served"], plan)
        port, _ = opened.enter_context(serving(folders["served"]))
        variants[_SERVED] = Chat(port, ids).turn
        ours = InProcess(folders["ours"], seed_sqlite(folders["ours"], plan))
        seed_langchain(folders["peer"], plan.measured, size)
        seed_langchain(folders["tuned"], plan.measured, size)
        peer = LangChainTurn(folders["peer"], plan.measured)
        tuned = LangChainTurn(folders["tuned"], plan.measured, tuned=True)
        for name, subject in ((_OURS, ours), (_PEER, peer), (_TUNED, tuned)):
            opened.callback(subject.close)
            variants[name] = subject.turn
        return interleave(variants, rounds=rounds, per_round=samples // rounds, warm_up=_WARM_UP)


def _memory(report: Report) -> Table:
    """Peak memory after the same turns, each in a process that loads nothing of the other."""
    table = Table("Memory of a process that answers 100 turns, MB", ("", "10 messages", "10,000 messages"))
    for name, subject in ((_OURS, "ours"), (_PEER, "peer")):
        found = [_child_peak(subject, size) for size in (10, 10_000)]
        table.rows.append((name, *(number(peak) for peak in found)))
        report.figures[f"peak MB, {name}"] = found
    report.notes.append(
        "Peak memory is VmHWM of a child process that opens stored conversations; seeding is not in it."
    )
    return table


def _child_peak(subject: str, messages: int) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if subject == "ours":
            (conversation,) = seed_sqlite(Path(folder), Plan(messages))
        else:
            seed_langchain(Path(folder), 1, messages)
            conversation = ""
        arguments = python("-W", "ignore", "-m", "bench.peer_memory", subject, folder, conversation)
        done = subprocess.run(arguments, env=environment(), cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))
