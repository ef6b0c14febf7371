"""Ctrl-C, a kill or a lost network at every point: the same command again finishes, and nothing is half-made."""

from __future__ import annotations

import itertools
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.rehearsal.harness import Run
from tests.rehearsal.orders import Do, Order, When
from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.rehearsal
Measure = Callable[[str, Run], Run]

#: Names end in what CloudFormation, KMS, API Gateway or Lambda made up.
_MADE_UP = re.compile(r"[A-Z0-9]{10,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{10,}")
_SCRIPTS = {
    "deploy": ("deploy.sh", "dev", "--yes"),
    "enable": ("enable-rag.sh", "dev", "--yes"),
    "purge": ("cleanup.sh", "dev", "--purge", "--yes"),
}


def _picture(story: Stage) -> dict[str, Any]:
    """All that is in the account, without what is different each time."""
    found = story.left()
    stacks = story.client("cloudformation").describe_stacks()["Stacks"]
    return {
        **{kind: sorted(_MADE_UP.sub("*", name) for name in names) for kind, names in found.items()},
        # A template that was uploaded before an interruption and was changed since stays among the versions.
        "s3 versions": sorted({_MADE_UP.sub("*", name.split()[0]) for name in found.get("s3 versions", ())}),
        "states": sorted(
            f"{_MADE_UP.sub('*', stack['StackName'])} {stack['StackStatus'].replace('UPDATE_C', 'CREATE_C')}"
            for stack in stacks
            if stack["StackStatus"] != "DELETE_COMPLETE"
        ),
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
        _assert_ended_in_order(run, do)
    raise AssertionError(f"{what} never finished; the last time:\n{runs[-1].text}")


def _assert_ended_in_order(run: Run, do: Do) -> None:
    assert "Traceback" not in run.text, run.text
    if do == "kill":
        assert run.status == -signal.SIGKILL, run.text
    else:
        assert run.status == 130, run.text
        assert "Run the same command again to go on." in run.err, run.text


@pytest.fixture(scope="module")
def pictures() -> dict[str, Any]:
    """What the account looks like after each command that nobody disturbed."""
    return {}


def test_undisturbed(story: Stage, pictures: dict[str, Any], measured: Measure) -> None:
    for what, (script, *arguments) in _SCRIPTS.items():
        run = measured(f"{what}, undisturbed", story.shell.script(script, *arguments))
        assert run.status == 0, run.text
        pictures[what] = _picture(story)
    assert story.left() == {}


def test_a_deployment_interrupted_everywhere(story: Stage, pictures: dict[str, Any], measured: Measure) -> None:
    started = time.monotonic()
    # The first dozen calls only look; what is made is made after them.
    runs = _until_it_finishes(story, "deploy", itertools.chain((1, 5, 9), itertools.count(11)))
    runs[-1].seconds = time.monotonic() - started
    measured(f"deploy.sh, interrupted {len(runs) - 1} times", runs[-1])
    assert len(runs) > 12
    assert _picture(story) == pictures["deploy"]
    with story.api("dev") as api:
        assert api.post("/chat", json={"message": "Does it work?"}).status_code == 200


def test_documents_interrupted_while_they_are_switched_on(
    story: Stage, pictures: dict[str, Any], measured: Measure
) -> None:
    runs = _until_it_finishes(story, "enable", itertools.count(2, 5))
    assert len(runs) > 5
    assert _picture(story) == pictures["enable"]
    run = story.shell.script("test.sh", "dev")
    assert run.status == 0, run.text


def test_a_purge_interrupted_everywhere(story: Stage, pictures: dict[str, Any]) -> None:
    runs = _until_it_finishes(story, "purge", itertools.count(3, 5))
    assert len(runs) > 5
    assert story.left() == {}


def test_two_deployments_at_once(story: Stage, pictures: dict[str, Any]) -> None:
    both = [story.shell.start("./scripts/deploy.sh", "dev", "--yes") for _ in range(2)]
    for run in both:
        run.wait()
    assert 0 in [run.status for run in both], both[0].text + both[1].text
    for run in both:
        assert run.status == 0 or "Run the same command again" in run.err, run.text
        assert "Traceback" not in run.text, run.text
    story.shell.done("deploy.sh", "dev", "--yes")
    assert _picture(story) == pictures["deploy"]


@pytest.mark.parametrize(
    ("words", "do", "when"),
    [
        ("create-change-set", "interrupt", "after"),
        ("describe-change-set", "kill", "before"),
        ("execute-change-set", "kill", "after"),
        ("execute-change-set", "interrupt", "before"),
        ("describe-stack-events", "interrupt", "after"),
        ("get-api-key", "kill", "before"),
    ],
)
def test_an_update_interrupted_while_it_is_carried_out(story: Stage, words: str, do: Do, when: When) -> None:
    """At calls that a re-run of a finished deployment never comes to."""
    setting = f"HistoryTtlDays={len(story.shell.runs)}"
    order = Order(do, when=when, words=words)
    _assert_ended_in_order(story.shell.script("deploy.sh", "dev", "--yes", "--set", setting, orders=[order]), do)
    story.shell.done("deploy.sh", "dev", "--yes", "--set", setting)
    found = story.client("lambda").get_function_configuration(FunctionName="chatbot-dev-chat:live")
    assert setting == f"HistoryTtlDays={found['Environment']['Variables']['CHATBOT_HISTORY_TTL_DAYS']}"


def test_updates_that_were_interrupted_leave_nothing_behind(story: Stage, pictures: dict[str, Any]) -> None:
    assert _picture(story) == pictures["deploy"]


def test_what_was_begun_goes_on_and_the_next_run_waits_for_it(story: Stage) -> None:
    story.account.control(hold=[{"logical_id": "ChatFunction", "operation": "update", "seconds": 60}])
    first = story.shell.start("./scripts/deploy.sh", "dev", "--yes", "--set", "HistoryTtlDays=5")
    first.wait_for("UPDATE_IN_PROGRESS +ComputeStack$")
    first.signal(signal.SIGINT)
    assert first.wait().status == 130, first.text
    assert "What was begun goes on in AWS." in first.err, first.text
    second = story.shell.start("./scripts/deploy.sh", "dev", "--yes", "--set", "HistoryTtlDays=5")
    second.wait_for("waiting for what goes on in the stack chatbot-dev")
    story.account.control(release=True)
    assert second.wait().status == 0, second.text


def test_the_network_goes_in_the_middle(story: Stage, pictures: dict[str, Any]) -> None:
    story.shell.done("cleanup.sh", "dev", "--purge", "--yes")
    for point in (3, 14, 22):
        run = story.shell.script("deploy.sh", "dev", "--yes", orders=[Order("offline", point)])
        if len(run.calls) < point:
            break
        assert run.status == 1, run.text
        assert "un the same command again" in run.err, run.text
        assert "Traceback" not in run.text, run.text
    story.shell.done("deploy.sh", "dev", "--yes")
    assert _picture(story) == pictures["deploy"]
