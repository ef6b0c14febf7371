"""Whether a process is gone: said only where it is certain."""

from __future__ import annotations

import os
import subprocess
import sys

from shared.local.processes import is_gone, this_process


def test_a_process_that_runs_is_not_gone() -> None:
    assert not is_gone(this_process())
    host, _, token = this_process().rsplit("/", 2)
    assert not is_gone(f"{host}/{os.getppid()}/{token}")


def test_a_process_that_ended_is_gone() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, token = this_process().rsplit("/", 2)
    assert is_gone(f"{host}/{ended.pid}/{token}")


def test_an_earlier_process_with_our_number_is_gone() -> None:
    host, number, _ = this_process().rsplit("/", 2)
    assert is_gone(f"{host}/{number}/another token")


def test_of_another_machine_nothing_is_known() -> None:
    _, number, _ = this_process().rsplit("/", 2)
    assert not is_gone(f"elsewhere/{number}/token")
