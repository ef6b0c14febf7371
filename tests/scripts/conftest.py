"""The scripts, run as they are, against an account that answers what the test says."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.scripts.accounts import MANIFEST
from tests.scripts.shell import TOOLS, Shell

ROOT = Path(__file__).parents[2]

# What package-lambdas.sh would take half a minute for. BUILT_MEANWHILE stands for another build into the same folder.
_QUICK_BUILD = f"""\
#!/usr/bin/env bash
set -euo pipefail
while [ "$1" != --output ]; do shift; done
mkdir -p "$2"
for name in chat ingestion retrieval; do printf '%s' "${{BUILT_MEANWHILE:-$name}}" >"$2/$name.zip"; done
cat >"$2/manifest.json" <<'END'
{json.dumps(MANIFEST)}
END
"""


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in a folder with spaces in its name; only the build of the code is replaced."""
    folder = tmp_path_factory.mktemp("clone") / "my own chatbot"
    for part in ("scripts", "infra", "src/shared"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    build = folder / "scripts" / "package-lambdas.sh"
    build.write_text(_QUICK_BUILD, "utf-8")
    build.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs that the scripts may use, and no other."""
    folder = tmp_path_factory.mktemp("tools")
    for name in TOOLS:
        found = shutil.which(name)
        assert found, f"{name} is not on this machine"
        (folder / name).symlink_to(found)
    python = Path(sys.executable).resolve()
    (folder / "python3").symlink_to(python)
    # An environment without any library: what is installed beside that Python is not there on another machine.
    (folder / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n", "utf-8")
    return folder


@pytest.fixture
def shell(checkout: Path, tools: Path, tmp_path: Path) -> Shell:
    return Shell(checkout, tools, tmp_path)
