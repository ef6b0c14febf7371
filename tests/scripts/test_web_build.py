"""Building the web interface: what is said where Node.js, npm or the network are missing, and that nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "web.sh"
TOOLS = ("bash", "sh", "cat", "chmod", "dirname", "env", "mkdir", "mktemp", "mv", "rm", "touch")
NODE = """#!/bin/sh
if [ "$1" = --version ]; then echo v%s; exit; fi
exec %s -e "Object.defineProperty(process.versions, 'node', {value: '%s'}); $2"
"""
NPM = """#!/bin/sh
echo "npm $*" >>"$CALLS"
[ ! -e "$OFFLINE" ] || { echo "npm error network" >&2; exit 1; }
rm -rf node_modules
mkdir -p node_modules/.bin
cat >node_modules/.bin/vite <<'END'
#!/bin/sh
echo "vite $1" >>"$CALLS"
[ ! -e "$BROKEN" ] || { echo "src/App.tsx: no such thing" >&2; exit 1; }
while [ "$1" != --outDir ]; do shift; done
echo "built of $(cat src/App.tsx)" >"$2/index.html"
END
chmod +x node_modules/.bin/vite
"""


@dataclass(frozen=True)
class Desk:
    """A copy of the sources with tools that stand in for Node.js and npm."""

    folder: Path
    bin: Path

    def install_node(self, version: str) -> None:
        node = shutil.which("node")
        assert node
        self._tool("node", NODE % (version, node, version))

    def install_npm(self) -> None:
        self._tool("npm", NPM)

    def _tool(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        names = {name.upper(): str(self.folder / name) for name in ("calls", "offline", "broken")}
        environ = {"PATH": str(self.bin), "HOME": str(self.folder / "home"), **names}
        script = self.folder / "scripts" / "web.sh"
        return subprocess.run(
            [self.bin / "bash", script, *arguments], env=environ, capture_output=True, text=True, check=False
        )

    @property
    def page(self) -> str:
        return (self.folder / "web" / "dist" / "index.html").read_text().strip()

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    for name, text in {"web/package-lock.json": "{}", "web/src/App.tsx": "one"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "scripts").mkdir()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    found = Desk(tmp_path, tmp_path / "bin")
    found.bin.mkdir()
    for tool in TOOLS:
        path = shutil.which(tool)
        assert path
        (found.bin / tool).symlink_to(path)
    return found


@pytest.fixture
def able(desk: Desk) -> Desk:
    """With Node.js and npm."""
    desk.install_node("22.20.0")
    desk.install_npm()
    # The stand-in's vite runs in the folder of the sources, as the real one does.
    return desk


def test_it_is_built_with_what_the_lock_names(able: Desk) -> None:
    done = able.run("build")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "building the web interface (the first time takes a minute)\n"
    assert able.page == "built of one"
    assert (able.folder / "web" / "dist" / ".ready").exists()
    assert able.calls[0].startswith("npm ci --ignore-scripts")


def test_packages_are_installed_again_only_where_the_lock_changed(able: Desk) -> None:
    able.run("build")
    (able.folder / "web" / "src" / "App.tsx").write_text("two")
    able.run("build")
    assert able.page == "built of two"
    assert [call.split()[0] for call in able.calls] == ["npm", "vite", "vite"]
    ready = (able.folder / "web" / "node_modules" / ".ready").stat().st_mtime
    os.utime(able.folder / "web" / "package-lock.json", (ready + 5, ready + 5))
    able.run("build")
    assert [call.split()[0] for call in able.calls] == ["npm", "vite", "vite", "npm", "vite"]


@pytest.mark.parametrize("version", ["18.20.4", "20.11.1", "20.18.3", "21.7.3", "22.11.0"])
def test_a_node_that_is_too_old_is_named(version: str, desk: Desk) -> None:
    desk.install_node(version)
    desk.install_npm()
    done = desk.run("build")
    assert done.returncode == 1
    assert f"20.19 or newer (of 22: 22.12) is needed, and v{version} was found" in done.stderr
    assert not (desk.folder / "web" / "dist").exists()


@pytest.mark.parametrize("version", ["20.19.0", "20.20.2", "22.12.0", "23.0.0", "24.1.0", "26.0.0"])
def test_a_node_that_is_new_enough_builds(version: str, desk: Desk) -> None:
    desk.install_node(version)
    desk.install_npm()
    assert desk.run("build").returncode == 0
    assert desk.page == "built of one"


@pytest.mark.parametrize("has_node", [True, False])
def test_without_node_or_npm_the_chatbot_still_starts(has_node: bool, desk: Desk) -> None:
    if has_node:
        desk.install_node("24.1.0")
    needed, optional = desk.run("build"), desk.run("build", "--optional")
    assert (needed.returncode, optional.returncode) == (1, 0)
    for done in (needed, optional):
        assert "Node.js 20.19 or newer, with npm, was not found; install it (https://nodejs.org)." in done.stderr
    assert optional.stderr.splitlines()[-1] == (
        "Going on without the web interface: the API and the command line are all there."
    )


def test_without_a_network_the_page_of_before_stays(able: Desk) -> None:
    able.run("build")
    (able.folder / "offline").touch()
    (able.folder / "web" / "node_modules" / ".ready").unlink()
    needed, optional = able.run("build"), able.run("build", "--optional")
    assert (needed.returncode, optional.returncode) == (1, 0)
    assert "npm could not install what web/package-lock.json names" in needed.stderr
    assert optional.stderr.splitlines()[-1] == "Going on with the web interface as it was built before."
    assert able.page == "built of one"


def test_sources_that_do_not_build_leave_the_page_of_before(able: Desk) -> None:
    able.run("build")
    (able.folder / "broken").touch()
    done = able.run("build")
    assert done.returncode == 1
    assert "src/App.tsx: no such thing" in done.stderr
    assert able.page == "built of one"
    assert not [*(able.folder / "web" / "node_modules").glob(".dist-*")]


def test_packages_of_another_folder_are_installed_by_the_same_rule(able: Desk) -> None:
    (able.folder / "e2e").mkdir()
    (able.folder / "e2e" / "package-lock.json").write_text("{}")
    assert able.run("packages", str(able.folder / "e2e")).returncode == 0
    assert (able.folder / "e2e" / "node_modules" / ".ready").exists()
    assert able.calls == [able.calls[0]]


@pytest.mark.parametrize("arguments", [[], ["--help"], ["publish"]])
def test_anything_else_is_told_what_there_is(arguments: list[str], able: Desk) -> None:
    done = able.run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
