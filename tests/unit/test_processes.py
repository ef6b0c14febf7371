"""Whether a process is gone: said only where it is certain."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local import processes
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


@pytest.mark.parametrize("part", [0, 1])
def test_of_another_machine_or_container_nothing_is_known(part: int) -> None:
    """Though its number is our own, and its token another."""
    parts = this_process().split("/")
    parts[-1] = "token"
    assert is_gone("/".join(parts))
    parts[part] = "elsewhere"
    assert not is_gone("/".join(parts))


def test_in_another_container_of_the_same_name_no_number_means_anything() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, boot, _, token = this_process().split("/")
    assert not is_gone(f"{host}/pid:[1]/{boot}/{ended.pid}/{token}")


def test_a_process_of_before_the_machine_was_started_anew_is_gone() -> None:
    host, space, _, _, token = this_process().split("/")
    # Its number is that of a process that runs.
    assert is_gone(f"{host}/{space}/an earlier start/{os.getppid()}/{token}")


def test_a_system_that_tells_neither_number_space_nor_start_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_NUMBER_SPACE", Path("/nowhere"))
    monkeypatch.setattr(processes, "_BOOT_ID", Path("/nowhere"))
    assert this_process().split("/")[1:3] == ["", ""]
    test_a_process_that_runs_is_not_gone()
    test_a_process_that_ended_is_gone()
    test_an_earlier_process_with_our_number_is_gone()


def test_a_name_of_another_form_says_nothing() -> None:
    assert not is_gone(f"host/{os.getpid()}/token")
