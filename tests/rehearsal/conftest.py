"""Fixtures of the rehearsal, and the table of durations at its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.account.account import Account, running_account
from tests.rehearsal.building import built
from tests.rehearsal.harness import Run
from tests.rehearsal.stage import Stage, stage

_MEASURED = "rehearsal"
#: Begun last, each would keep one worker busy while the others have nothing.
_LONGEST = ("test_dev.py", "test_interruptions.py", "test_interrupted_updates.py", "test_broken_stacks.py")
_ON_LINUX = sys.platform == "linux"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Elsewhere nothing here can run, and ``-ra`` prints why: functions run on this machine, out of their zips."""
    items.sort(key=lambda item: (*_LONGEST, item.path.name).index(item.path.name))
    here = Path(__file__).parent
    for item in items:
        if not _ON_LINUX and here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="the rehearsal runs the zips, which hold libraries for Linux"))


@pytest.fixture(scope="session")
def zips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions, built once for all workers; that also fetches the wheels which a build needs."""
    own = tmp_path_factory.getbasetemp()
    return built(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="module")
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, zips: Path) -> Iterator[Stage]:
    """One account for all tests of a file: they tell a story, in order.

    A file that sets ``BUILDS_ITSELF`` gets a checkout in which nothing was built yet.
    """
    fresh = getattr(request.module, "BUILDS_ITSELF", False)
    with stage(tmp_path_factory.mktemp("story"), None if fresh else zips) as made:
        yield made
        assert made.account.refusals() == [], "something wanted out of the account"


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account for the tests of the account itself, which each use names of their own."""
    with running_account(tmp_path_factory.mktemp("account")) as running:
        yield running


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str, Run], Run]:
    """Has the duration of a run stand in the table."""

    def measure(what: str, run: Run) -> Run:
        record_property(_MEASURED, (what, run.seconds, len(run.calls)))
        return run

    return measure


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what was measured, on whichever worker."""
    rows = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == _MEASURED
    ]
    if rows:
        terminalreporter.section("durations of the rehearsal")
    for what, seconds, calls in rows:
        terminalreporter.line(f"{seconds:7.1f} s  {calls:4} calls of the AWS CLI  {what}")
