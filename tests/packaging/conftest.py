"""One build for the machine that tests, shared by all tests of a run."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.packaging.building import HERE, Release, bare_python, built, unpack


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The zips for this machine and this Python. One worker builds them, while the others wait."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = tmp_path_factory.getbasetemp().parent / f"release-{run}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Release(folder) if (folder / "manifest.json").exists() else built(folder, *HERE)


@pytest.fixture(scope="session")
def unpacked(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Their content, in a folder for each function."""
    folder = tmp_path_factory.mktemp("unpacked")
    unpack(release, folder)
    return folder


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without any library."""
    return bare_python(tmp_path_factory.mktemp("python"))
