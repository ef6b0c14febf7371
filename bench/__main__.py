"""Runs the sections, each in a process of its own, prints their tables and keeps their figures as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import machine
from bench.options import Options
from bench.processes import ROOT, environment, peak_mb, python
from bench.report import Report, Table

#: Modules of this package with a function ``run``, in the order in which they are printed, by what they are about.
SECTIONS = {
    "chat": ("turn", "growth", "aws", "first_event", "streams", "startup", "builtin_model", "peer"),
    "rag": ("retrieval", "retrieval_peers", "extraction", "chunking", "embedding", "ingestion", "search"),
    "web": ("interface",),
}


def main() -> int:
    """Returns 1 where a section failed; figures that are not reached are said, and are no failure."""
    arguments = _arguments()
    options = Options(quick=arguments.quick, startup_python=arguments.startup_python)
    if arguments.child:
        _as_child(arguments.only[0], options, arguments.child)
        return 0
    facts = machine.facts()
    print("# Benchmark\n\n" + "\n".join(f"- {name}: {fact}" for name, fact in facts.items()), flush=True)
    found: dict[str, Any] = {}
    memory = Table("Peak memory of the process that measured, MB (its servers are processes of their own)", ("", "MB"))
    chosen = arguments.only or SECTIONS[arguments.about]
    for name in chosen:
        began = time.monotonic()
        print(f"... {name}", end="", file=sys.stderr, flush=True)
        result = _section(name, arguments)
        print(f" {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        if result is None:
            continue
        found[name] = result
        print(f"\n{result.pop('markdown')}", flush=True)
        memory.rows.append((name, f"{result['peak_mb']:.0f}"))
    print(f"\n## Memory\n\n{memory.markdown()}")
    path = arguments.json or Path(f"bench/results/{arguments.about}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": facts, "sections": found}, indent=2) + "\n", encoding="utf-8")
    print(f"\nFigures: {path}")
    return 0 if len(found) == len(chosen) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer samples, fewer sizes")
    parser.add_argument("about", nargs="?", choices=SECTIONS, default="chat", help="what is measured")
    names = [name for sections in SECTIONS.values() for name in sections]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=" | ".join(names))
    parser.add_argument("--json", type=Path, metavar="PATH", help="default: bench/results/chat.json or rag.json")
    parser.add_argument(
        "--startup-python", metavar="PATH", help="measure start-up with this interpreter, too (requirements.txt in it)"
    )
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _section(name: str, arguments: argparse.Namespace) -> dict[str, Any] | None:
    """The section's result; ``None`` where it failed, which was then said on standard error."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "result.json"
        command = python("-m", "bench", "--only", name, "--child", str(path))
        command += ["--quick"] if arguments.quick else []
        command += ["--startup-python", arguments.startup_python] if arguments.startup_python else []
        if subprocess.run(command, env=environment(), cwd=ROOT, check=False).returncode != 0:
            return None
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return result


def _as_child(name: str, options: Options, path: Path) -> None:
    report: Report = importlib.import_module(f"bench.{name}").run(options)
    result = {"markdown": report.markdown(), "peak_mb": round(peak_mb(), 1), **asdict(report)}
    path.write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
