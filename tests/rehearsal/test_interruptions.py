"""Ctrl-C or a kill at every point: the same command again finishes, and nothing is half-made."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.rehearsal.harness import Run
from tests.rehearsal.interrupting import assert_ended_in_order, picture
from tests.rehearsal.orders import Do, Order, When
from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.rehearsal
Measure = Callable[[str, Run], Run]

_SCRIPTS = {
    "deploy": ("deploy.sh", "dev", "--yes"),
    "enable": ("enable-rag.sh", "dev", "--yes"),
    "purge": ("cleanup.sh", "dev", "--purge", "--yes"),
}


def _harms() -> Iterator[tuple[Do, When]]:
    """In turns: Ctrl-C before the call and after it, SIGKILL before and after."""
    doings: tuple[Do, Do] = ("interrupt", "kill")
    times: tuple[When, When] = ("before", "after")
    return itertools.cycle(itertools.product(doings, times))


def _until_it_finishes(story: Stage, what: str, points: Iterable[int]) -> list[Run]:
    """Runs the command, interrupted at each of these calls in turn, until it ends well. The runs."""
    runs: list[Run] = []
    for point, (do, when) in zip(points, _harms(), strict=False):
        order = Order(do, point, when)
        run = story.shell.run(*(f"./scripts/{_SCRIPTS[what][0]}", *_SCRIPTS[what][1:]), orders=[order])
        runs.append(run)
        if len(run.calls) < point:
            assert run.status == 0, run.text
            return runs
        assert_ended_in_order(run, do)
    raise AssertionError(f"{what} never finished; the last time:\n{runs[-1].text}")


@pytest.fixture(scope="module")
def pictures() -> dict[str, Any]:
    """What the account looks like after each command that nobody disturbed."""
    return {}


def test_undisturbed(story: Stage, pictures: dict[str, Any], measured: Measure) -> None:
    for what, (script, *arguments) in _SCRIPTS.items():
        run = measured(f"{what}, undisturbed", story.shell.script(script, *arguments))
        assert run.status == 0, run.text
        pictures[what] = picture(story)
    assert story.left() == {}


def test_a_deployment_interrupted_everywhere(story: Stage, pictures: dict[str, Any], measured: Measure) -> None:
    started = time.monotonic()
    # The first dozen calls only look; what is made is made after them.
    runs = _until_it_finishes(story, "deploy", itertools.chain((1, 5, 9), itertools.count(11)))
    runs[-1].seconds = time.monotonic() - started
    measured(f"deploy.sh, interrupted {len(runs) - 1} times", runs[-1])
    assert len(runs) > 12
    assert picture(story) == pictures["deploy"]
    with story.api("dev") as api:
        assert api.post("/chat", json={"message": "Does it work?"}).status_code == 200


def test_documents_interrupted_while_they_are_switched_on(
    story: Stage, pictures: dict[str, Any], measured: Measure
) -> None:
    runs = _until_it_finishes(story, "enable", itertools.count(2, 5))
    assert len(runs) > 5
    assert picture(story) == pictures["enable"]
    run = story.shell.script("test.sh", "dev")
    assert run.status == 0, run.text


def test_a_purge_interrupted_everywhere(story: Stage, pictures: dict[str, Any]) -> None:
    runs = _until_it_finishes(story, "purge", itertools.count(3, 5))
    assert len(runs) > 5
    assert story.left() == {}
