"""Section: what one turn costs on a laptop, and where its time goes."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.client import Chat
from bench.local import InProcess, serving
from bench.options import HISTORY, TURN_P50_MS, Options
from bench.report import Report, Summary, Table, interleave, number
from bench.seed import Plan, rotation, seed_sqlite

_WARM_UP = 20
#: Stages in the order of a turn; those after the use-case lie within it.
STAGES = (
    "http in, validation",
    "to the turn's thread",
    "back to the event loop",
    "http out",
)
WITHIN = ("history read", "key wrapping", "decrypt", "seal", "commit")


def run(options: Options) -> Report:
    """SQLite: over HTTP, the use-case alone, and taken apart."""
    report = Report("One turn: SQLite, encrypted, durable commit, ten messages of history, instant model")
    samples = options.samples(500)
    rounds = max(5, samples // 25)
    plan = Plan(HISTORY, rotation(HISTORY, samples + _WARM_UP))
    with tempfile.TemporaryDirectory(prefix="bench-") as root, ExitStack() as opened:
        folders = {name: Path(root) / name for name in ("http", "alone", "apart")}
        ids = {name: seed_sqlite(folder, plan) for name, folder in folders.items()}
        trace = Path(root) / "trace.json"
        alone = InProcess(folders["alone"], ids["alone"])
        opened.callback(alone.close)
        with ExitStack() as servers:
            port, _ = servers.enter_context(serving(folders["http"]))
            traced, _ = servers.enter_context(serving(folders["apart"], trace=trace))
            whole, apart = Chat(port, ids["http"]), Chat(traced, ids["apart"])
            found = interleave(
                {"POST /chat (JSON) over HTTP": whole.turn, "use-case alone": alone.turn, "apart": apart.turn},
                rounds=rounds,
                per_round=samples // rounds,
                warm_up=_WARM_UP,
            )
        turns = json.loads(trace.read_text(encoding="ascii"))["turns"][_WARM_UP:]
    apart_ms = found.pop("apart")
    table = Table("Turn, ms", ("", "p50", "p99", "samples"))
    for name, values in found.items():
        summary = Summary.of(values)
        table.rows.append((name, *summary.cells()))
        report.figures[name] = summary.figures()
    stages = stage_medians(turns, apart_ms)
    report.tables += [table, stage_table("Where the time goes (medians, ms)", stages)]
    report.figures["stages"] = stages
    report.notes.append(
        "Stages come from a second server whose ports and seams are wrapped by timers; it ran in the same rounds."
    )
    p50 = Summary.of(found["POST /chat (JSON) over HTTP"]).p50
    report.verdict(
        f"p50 of a turn <= {TURN_P50_MS:.0f} ms (JSON, SQLite)", f"{number(p50)} ms", reached=p50 <= TURN_P50_MS
    )
    return report


def stage_medians(turns: Sequence[Mapping[str, float]], client_ms: Sequence[float]) -> dict[str, float]:
    """Milliseconds of each stage; what no stage accounts for is named as such."""

    def median(values: Sequence[float]) -> float:
        return round(statistics.median(values), 4)

    def stage(name: str) -> list[float]:
        return [turn.get(name, 0.0) * 1000 for turn in turns]

    server, use_case = stage("server"), stage("use-case")
    within = [stage(name) for name in WITHIN]
    rest = [whole - sum(parts) for whole, *parts in zip(use_case, *within, strict=True)]
    outside = [client - inside for client, inside in zip(client_ms, server, strict=True)]
    return {
        "whole, as the client sees it": median(client_ms),
        "client, loopback, uvicorn": median(outside),
        **{name: median(stage(name)) for name in STAGES[:2]},
        **{name: median(values) for name, values in zip(WITHIN, within, strict=True)},
        "rest of the use-case (prompt, model, logs)": median(rest),
        **{name: median(stage(name)) for name in STAGES[2:]},
    }


def stage_table(title: str, stages: Mapping[str, float]) -> Table:
    """The stages with their shares of the whole."""
    whole = next(iter(stages.values()))
    rows = [(name, number(value), f"{value / whole:.0%}") for name, value in stages.items()]
    return Table(title, ("stage", "ms", "share"), [*rows])
