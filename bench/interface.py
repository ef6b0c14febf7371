"""Section: the web interface in a real browser (tests/e2e/speed): first paint, weight, long conversations, streams."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

from bench.options import Options
from bench.processes import ROOT
from bench.report import Report, Table, number

_MARK = "FIGURE "
_LONGEST_SECONDS = 900


def run(_options: Options) -> Report:
    """Frames and tasks are those of the browser's own tracing. Raises ``RuntimeError`` where the browser tests fail."""
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm was not found; install Node.js 20.19 or newer")
    done = subprocess.run(
        [npm, "run", "--silent", "speed"],
        cwd=ROOT / "tests" / "e2e",
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    found: list[dict[str, Any]] = [
        json.loads(line.partition(_MARK)[2]) for line in done.stdout.splitlines() if _MARK in line
    ]
    if done.returncode or not found:
        raise RuntimeError(f"the browser tests failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    report = Report("The web interface in Chromium, against the local server")
    table = Table("Medians", ("figure", "found", "asked for", ""))
    for figure in found:
        report.figures[figure["name"]] = figure
        value = f"{number(figure['value'])} {figure['unit']}"
        if "limit" not in figure:
            table.rows.append((figure["name"], value, "", figure["detail"]))
            continue
        at_least = figure.get("atLeast", False)
        asked = f"{'>=' if at_least else '<='} {figure['limit']} {figure['unit']}"
        reached = figure["value"] >= figure["limit"] if at_least else figure["value"] <= figure["limit"]
        table.rows.append((figure["name"], value, asked, figure["detail"]))
        report.verdict(f"{figure['name']} {asked}", value, reached=reached)
    report.tables.append(table)
    return report
