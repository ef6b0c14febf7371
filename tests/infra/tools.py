"""Finds and runs the scanners. They live in an environment of their own, which `make test` makes."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.infra.templates import ROOT

SCAN = ROOT / ".venv-scan" / "bin"
NODE_FOLDER = Path(__file__).parent / "cdk-nag"
GUARD = NODE_FOLDER / "node_modules" / "@cdklabs" / "cdk-validator-cfnguard"

_TIMEOUT_SECONDS = 240
#: Where cfn-guard's program lies, by the name that Python gives the machine.
_GUARD_BUILDS = {"Linux": "ubuntu", "Darwin": "macos"}
_GUARD_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def scan_tool(name: str) -> str:
    """Path of a program of ``.venv-scan``."""
    path = SCAN / name
    assert path.exists(), f"{path} is not there: run `make test`, which makes .venv-scan from requirements-scan.txt"
    return str(path)


def node() -> str:
    """Path of Node.js, with the packages of ``cdk-nag`` installed."""
    found = shutil.which("node")
    assert found, "node was not found: the templates are checked with cdk-nag, which needs Node.js 20 or newer"
    assert (NODE_FOLDER / "node_modules" / "cdk-nag").is_dir(), (
        f"{NODE_FOLDER}/node_modules is not there: run `make test`, or `npm ci` in that folder"
    )
    return found


def guard() -> str:
    """Path of cfn-guard, which a package beside cdk-nag carries."""
    build, machine = _GUARD_BUILDS.get(platform.system(), ""), _GUARD_MACHINES.get(platform.machine(), "")
    assert "" not in (build, machine), (
        f"there is no cfn-guard for {platform.system()} on {platform.machine()}; use Linux or macOS"
    )
    path = GUARD / "bin" / build / machine / "cfn-guard"
    assert path.is_file(), f"{path} is not there: run `make test`, or `npm ci` in {NODE_FOLDER}"
    return str(path)


def run(*command: str, exits: tuple[int, ...] = (0,), stdin: str | None = None) -> str:
    """What the command writes. No scanner needs the network, so proxies lead nowhere here."""
    nowhere = "http://127.0.0.1:9"
    environment = {
        **os.environ,
        "HTTPS_PROXY": nowhere,
        "HTTP_PROXY": nowhere,
        "https_proxy": nowhere,
        "LOG_LEVEL": "ERROR",
    }
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False, env=environment, input=stdin
    )
    assert done.returncode in exits, f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def run_json(*command: str, exits: tuple[int, ...] = (0,), stdin: str | None = None) -> Any:
    """The same, of a command that writes JSON."""
    return json.loads(run(*command, exits=exits, stdin=stdin))
