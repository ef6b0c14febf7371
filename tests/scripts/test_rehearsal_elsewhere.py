"""The rehearsal where its functions cannot run: skipped, with the reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ON_ANOTHER_SYSTEM = """\
import sys, pytest

class Elsewhere:
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config):
        for plugin in config.pluginmanager.get_plugins():
            if hasattr(plugin, "_ON_LINUX"):
                plugin._ON_LINUX = False

sys.exit(pytest.main(["-p", "no:cacheprovider", "tests/rehearsal/test_bad_input.py"], plugins=[Elsewhere()]))
"""


def test_off_linux_the_rehearsal_is_skipped_and_says_why() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ON_ANOTHER_SYSTEM], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the rehearsal runs the zips, which hold libraries for Linux" in done.stdout
    assert "passed" not in done.stdout
