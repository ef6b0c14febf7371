"""Section: how soon a fresh process of the cloud entry answers, and what it loads on the way."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.models import CLOUD
from bench.options import ENTRY_PEAK_MB, READY_MS, Options
from bench.processes import ROOT, answers, aws_environment, free_port, peak_mb
from bench.report import Report, Summary, Table, interleave, number

#: The least that the same design needs: its libraries and its three clients, and nothing of ours.
_BASELINE = """
import gc; gc.disable()
import fastapi, uvicorn, pydantic, aws_encryption_sdk
from boto3.session import Session
session = Session(region_name="us-east-1")
clients = [session.client(name) for name in ("dynamodb", "kms", "bedrock-runtime")]
print("ready", flush=True)
input()
"""
_TOP = 15


def run(options: Options) -> Report:
    """The bench's own interpreter, and another one where the command line names it."""
    report = Report("Start-up of the cloud entry: fresh process to the first 200 of GET /health")
    table = Table("Ready, ms", ("interpreter", "subject", "median", "p99", "runs", "peak RSS, MB"))
    interpreters = [sys.executable, *([options.startup_python] if options.startup_python else [])]
    for interpreter in interpreters:
        memory: dict[str, float] = {}
        found = interleave(
            {
                "cloud entry": _timed(_entry, interpreter, memory, "cloud entry"),
                "baseline": _timed(_baseline, interpreter, memory, "baseline"),
                "bare interpreter": lambda interpreter=interpreter: _bare(interpreter),  # type: ignore[misc]
            },
            rounds=options.samples(20),
            per_round=1,
            warm_up=2,
        )
        _judge(report, table, _name(interpreter), found, memory)
    report.tables.append(table)
    _profile(report, interpreters[-1])
    report.notes += [
        (
            "Baseline: the same interpreter importing fastapi, uvicorn, pydantic, boto3 and aws_encryption_sdk and "
            "making the three clients. The ratio to it depends little on the machine."
        ),
        "As run.sh starts it, files read and bytecode compiled before (by warm-up); no network is used.",
    ]
    return report


def _judge(
    report: Report, table: Table, name: str, found: Mapping[str, list[float]], memory: Mapping[str, float]
) -> None:
    for subject, values in found.items():
        summary = Summary.of(values)
        peak = number(memory[subject]) if subject in memory else ""
        table.rows.append(
            (name, subject, number(summary.p50), number(summary.p99), str(summary.count), peak),
        )
        report.figures[f"{subject} ({name})"] = {**summary.figures(), "peak_mb": memory.get(subject)}
    entry, baseline = Summary.of(found["cloud entry"]).p50, Summary.of(found["baseline"]).p50
    report.figures[f"entry / baseline ({name})"] = round(entry / baseline, 3)
    report.notes.append(f"{name}: entry / baseline = {entry / baseline:.2f}.")
    report.verdict(
        f"cloud entry ready <= {READY_MS:.0f} ms ({name})", f"median {number(entry)} ms", reached=entry <= READY_MS
    )
    report.verdict(
        f"its peak RSS <= {ENTRY_PEAK_MB:.0f} MB ({name})",
        f"{number(memory['cloud entry'])} MB",
        reached=memory["cloud entry"] <= ENTRY_PEAK_MB,
    )


def _name(interpreter: str) -> str:
    """Version and place of an interpreter, and how it was built."""
    code = (
        "import sys, sysconfig; a = sysconfig.get_config_var('CONFIG_ARGS') or '';"
        "print(sys.version.split()[0], 'optimised' if '--enable-optimizations' in a else 'not said to be optimised')"
    )
    version = subprocess.run([interpreter, "-c", code], capture_output=True, text=True, check=True).stdout.split(" ", 1)
    return f"Python {version[0]} ({version[1].strip()}) {Path(interpreter).parent.parent.name}"


def _environment(port: int) -> dict[str, str]:
    return aws_environment(
        CHATBOT_PORT=str(port), CHATBOT_TABLE="conversations", CHATBOT_KMS_KEY_ID="alias/none", CHATBOT_MODEL=CLOUD
    )


@contextmanager
def _entry(interpreter: str) -> Iterator[int]:
    """The entry, from its start until it answers."""
    port = free_port()
    child = subprocess.Popen(
        [interpreter, "-m", "chatbot.handler"],
        env=_environment(port),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not answers(port, "/health"):
            if child.poll() is not None:
                raise RuntimeError("the cloud entry ended before it answered; run python -m chatbot.handler to see why")
            time.sleep(0.001)
        yield child.pid
    finally:
        child.kill()
        child.wait()


@contextmanager
def _baseline(interpreter: str) -> Iterator[int]:
    child = subprocess.Popen(
        [interpreter, "-c", _BASELINE],
        env=aws_environment(),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if child.stdout is None or child.stdout.readline() != "ready\n":
            raise RuntimeError(f"{interpreter} could not load the baseline; are the requirements installed for it?")
        yield child.pid
    finally:
        child.kill()
        child.communicate()


def _timed(
    subject: Callable[[str], object], interpreter: str, memory: dict[str, float], name: str
) -> Callable[[], float]:
    def start() -> float:
        began = time.perf_counter()
        with subject(interpreter) as pid:  # type: ignore[attr-defined]  # a context manager of this module
            took = time.perf_counter() - began
            memory[name] = max(memory.get(name, 0.0), peak_mb(pid))
        return took * 1000

    return start


def _bare(interpreter: str) -> float:
    began = time.perf_counter()
    subprocess.run([interpreter, "-c", "pass"], env=aws_environment(), cwd=ROOT, check=True)
    return (time.perf_counter() - began) * 1000


def _profile(report: Report, interpreter: str) -> None:
    """What the entry imports until it answers, as ``-X importtime`` tells it; that slows imports down somewhat."""
    lines = _import_lines(interpreter)
    modules = [(name.strip(), int(own), int(whole)) for own, whole, name in lines]
    top = sorted(modules, key=lambda module: -module[2])[:_TOP]
    slowest = Table(
        f"Imports, the {_TOP} longest (with what they import)",
        ("module", "whole, ms", "own, ms"),
        [(name, f"{whole / 1000:.1f}", f"{own / 1000:.1f}") for name, own, whole in top],
    )
    packages: Counter[str] = Counter()
    for name, own, _ in modules:
        packages[name.partition(".")[0]] += own
    by_package = Table(
        f"Imports by package, own time ({len(modules)} modules, {sum(packages.values()) / 1000:.0f} ms in all)",
        ("package", "ms"),
        [(name, f"{own / 1000:.1f}") for name, own in packages.most_common(_TOP)],
    )
    report.tables += [slowest, by_package]
    report.figures["imports"] = {name: round(own / 1000, 2) for name, own in packages.most_common(40)}


def _import_lines(interpreter: str) -> list[list[str]]:
    port = free_port()
    with tempfile.TemporaryFile("w+") as told:
        child = subprocess.Popen(
            [interpreter, "-X", "importtime", "-m", "chatbot.handler"],
            env=_environment(port),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=told,
        )
        while child.poll() is None and not answers(port, "/health"):
            time.sleep(0.005)
        with suppress(ProcessLookupError):
            child.kill()
        child.wait()
        told.seek(0)
        prefix = "import time:"
        rows = [line.removeprefix(prefix).split("|") for line in told if line.startswith(prefix)]
    return [row for row in rows if len(row) == 3 and row[0].strip().isdigit()]
