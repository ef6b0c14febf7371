"""An update that is interrupted, overtaken or cut off: the same command again finishes, and nothing is half-made."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.rehearsal.interrupting import assert_ended_in_order, picture
from tests.rehearsal.orders import Do, Order, When
from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.rehearsal


@pytest.fixture(scope="module")
def deployed(story: Stage) -> dict[str, Any]:
    """What the account looks like after a deployment that nobody disturbed. Nothing is in it any more."""
    story.shell.done("deploy.sh", "dev", "--yes")
    found = picture(story)
    story.shell.done("cleanup.sh", "dev", "--purge", "--yes")
    return found


def test_two_deployments_at_once(story: Stage, deployed: dict[str, Any]) -> None:
    both = [story.shell.start("./scripts/deploy.sh", "dev", "--yes") for _ in range(2)]
    for run in both:
        run.wait()
    assert 0 in [run.status for run in both], both[0].text + both[1].text
    for run in both:
        assert run.status == 0 or "Run the same command again" in run.err, run.text
        assert "Traceback" not in run.text, run.text
    story.shell.done("deploy.sh", "dev", "--yes")
    assert picture(story) == deployed


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
    assert_ended_in_order(story.shell.script("deploy.sh", "dev", "--yes", "--set", setting, orders=[order]), do)
    story.shell.done("deploy.sh", "dev", "--yes", "--set", setting)
    found = story.client("lambda").get_function_configuration(FunctionName="chatbot-dev-chat:live")
    assert setting == f"HistoryTtlDays={found['Environment']['Variables']['CHATBOT_HISTORY_TTL_DAYS']}"


def test_updates_that_were_interrupted_leave_nothing_behind(story: Stage, deployed: dict[str, Any]) -> None:
    assert picture(story) == deployed


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


def test_the_network_goes_in_the_middle(story: Stage, deployed: dict[str, Any]) -> None:
    story.shell.done("cleanup.sh", "dev", "--purge", "--yes")
    for point in (3, 14, 22):
        run = story.shell.script("deploy.sh", "dev", "--yes", orders=[Order("offline", point)])
        if len(run.calls) < point:
            break
        assert run.status == 1, run.text
        assert "un the same command again" in run.err, run.text
        assert "Traceback" not in run.text, run.text
    story.shell.done("deploy.sh", "dev", "--yes")
    assert picture(story) == deployed
