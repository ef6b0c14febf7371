"""The progress of a stack: what is shown, what is taken for the cause, and when it is over."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
import stack_events
from stack_events import Watch
from stack_feed import NESTED, Event, Gone, Unreachable, of_operation

ROOT = "arn:aws:cloudformation:us-east-1:1:stack/P/1"
CHILD = "arn:aws:cloudformation:us-east-1:1:stack/P-ComputeStack-X/2"
_START = datetime(2026, 11, 21, tzinfo=UTC)


def event(number: int, logical: str, status: str, *, reason: str = "", physical: str = "", stack: str = "") -> Event:
    kind = NESTED if ":stack/" in physical else "AWS::Lambda::Function"
    return Event(f"{stack}{number}", _START + timedelta(seconds=number), stack, logical, physical, kind, status, reason)


def root(number: int, status: str, reason: str = "") -> Event:
    return event(number, "P", status, physical=ROOT, reason=reason)


class Account:
    """Stacks and their events, newest first; a stack that is not here is gone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stacks: dict[str, list[Event]] = {}
        self.asked: list[str] = []
        self.states = {ROOT: "CREATE_IN_PROGRESS"}
        monkeypatch.setattr(stack_events, "fetch", self._fetch)
        monkeypatch.setattr(stack_events, "state", lambda stack: self.states[stack])

    def _fetch(self, stack: str, _path: str) -> list[Event]:
        self.asked.append(stack)
        if stack not in self.stacks:
            raise Gone
        return self.stacks[stack]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account(monkeypatch)


def watch(since: str | None = None) -> Watch:
    return Watch(ROOT, since, io.StringIO())


def shown(watched: Watch) -> list[str]:
    assert isinstance(watched.output, io.StringIO)
    return [" ".join(line.split()[2:]) for line in watched.output.getvalue().splitlines()]


def test_earlier_operations_are_left_out() -> None:
    earlier = [root(1, "CREATE_IN_PROGRESS"), root(2, "CREATE_COMPLETE")]
    now = [
        root(3, "UPDATE_IN_PROGRESS"),
        event(4, "F", "UPDATE_FAILED", reason="no"),
        root(5, "UPDATE_ROLLBACK_IN_PROGRESS"),
    ]
    newest_first = [*earlier, *now][::-1]
    assert of_operation(newest_first, None) == now
    assert of_operation(newest_first, "2") == now
    assert of_operation(newest_first, "4") == now[2:]


def test_each_change_is_shown_once_with_its_path(account: Account) -> None:
    start = [root(1, "CREATE_IN_PROGRESS"), event(2, "ComputeStack", "CREATE_IN_PROGRESS", physical=CHILD)]
    inner = [
        event(3, "P-ComputeStack-X", "CREATE_IN_PROGRESS", physical=CHILD, stack="ComputeStack"),
        event(4, "F", "CREATE_IN_PROGRESS", stack="ComputeStack"),
        event(5, "F", "CREATE_IN_PROGRESS", reason="Resource creation Initiated", stack="ComputeStack"),
    ]
    account.stacks = {ROOT: start[::-1], CHILD: inner[::-1]}
    watched = watch()
    assert watched.round() is None
    account.states[ROOT] = "CREATE_COMPLETE"
    inner.append(event(6, "F", "CREATE_COMPLETE", stack="ComputeStack"))
    start += [event(7, "ComputeStack", "CREATE_COMPLETE", physical=CHILD), root(8, "CREATE_COMPLETE")]
    account.stacks = {ROOT: start[::-1], CHILD: inner[::-1]}
    assert watched.round() == "CREATE_COMPLETE"
    assert shown(watched) == [
        "CREATE_IN_PROGRESS P",
        "CREATE_IN_PROGRESS ComputeStack",
        "CREATE_IN_PROGRESS ComputeStack/F",
        "CREATE_COMPLETE ComputeStack/F",
        "CREATE_COMPLETE ComputeStack",
        "CREATE_COMPLETE P",
    ]


def test_a_nested_stack_that_has_ended_is_not_asked_again(account: Account) -> None:
    done = [root(1, "UPDATE_IN_PROGRESS"), event(2, "ComputeStack", "UPDATE_COMPLETE", physical=CHILD)]
    account.stacks = {ROOT: done[::-1], CHILD: []}
    watched = watch()
    for _ in range(3):
        assert watched.round() is None
    assert account.asked.count(CHILD) == 1


def test_events_of_a_nested_stack_from_before_are_left_out(account: Account) -> None:
    account.stacks = {
        ROOT: [event(11, "ComputeStack", "UPDATE_IN_PROGRESS", physical=CHILD), root(10, "UPDATE_IN_PROGRESS")],
        CHILD: [
            event(12, "F", "UPDATE_IN_PROGRESS", stack="C"),
            event(3, "F", "CREATE_FAILED", reason="old", stack="C"),
        ],
    }
    watched = watch()
    watched.round()
    assert watched.causes() == []
    assert "UPDATE_IN_PROGRESS C/F" in shown(watched)


def test_the_cause_is_what_failed_first_by_itself(account: Account) -> None:
    account.stacks = {
        ROOT: [
            root(9, "ROLLBACK_FAILED", "The following resource(s) failed to delete: [StorageStack]."),
            event(
                7, "ComputeStack", "CREATE_FAILED", physical=CHILD, reason="Embedded stack was not successfully created"
            ),
            event(1, "StorageStack", "DELETE_FAILED", reason="Table is protected"),
            root(0, "CREATE_IN_PROGRESS"),
        ],
        CHILD: [
            event(6, "P-ComputeStack-X", "CREATE_FAILED", physical=CHILD, stack="ComputeStack", reason="F failed"),
            event(5, "G", "CREATE_FAILED", stack="ComputeStack", reason="Resource creation cancelled"),
            event(4, "F", "CREATE_FAILED", stack="ComputeStack", reason="The role cannot be assumed"),
        ],
    }
    account.states[ROOT] = "ROLLBACK_FAILED"
    watched = watch()
    assert watched.round() == "ROLLBACK_FAILED"
    assert watched.causes() == [
        "ComputeStack/F (AWS::Lambda::Function): The role cannot be assumed",
        "StorageStack (AWS::Lambda::Function): Table is protected",
    ]


def test_a_stack_that_is_gone_has_been_deleted(account: Account) -> None:
    account.stacks = {}
    assert watch().round() == "DELETE_COMPLETE"


def test_an_operation_whose_first_event_is_late_is_not_taken_for_the_one_before(account: Account) -> None:
    before = [root(1, "CREATE_IN_PROGRESS"), root(2, "CREATE_COMPLETE")]
    account.stacks = {ROOT: before[::-1]}
    account.states[ROOT] = "UPDATE_IN_PROGRESS"
    watched = watch()
    assert watched.round() is None
    account.stacks = {ROOT: [root(4, "UPDATE_ROLLBACK_COMPLETE"), root(3, "UPDATE_IN_PROGRESS"), *before[::-1]]}
    account.states[ROOT] = "UPDATE_ROLLBACK_COMPLETE"
    assert watched.round() == "UPDATE_ROLLBACK_COMPLETE"
    assert shown(watched).count("CREATE_COMPLETE P") == 1


def test_silence_makes_it_ask_the_stack_itself(account: Account) -> None:
    account.stacks = {ROOT: [root(1, "UPDATE_IN_PROGRESS")]}
    account.states[ROOT] = "UPDATE_COMPLETE"
    watched = watch()
    rounds = [watched.round() for _ in range(8)]
    assert [status for status in rounds if status] == ["UPDATE_COMPLETE"]


def test_a_failure_to_ask_is_borne_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fail(_stack: str, _path: str) -> list[Event]:
        asked.append(1)
        raise Unreachable("no network")

    monkeypatch.setattr(stack_events, "fetch", fail)
    monkeypatch.setattr(stack_events, "_SECONDS_BETWEEN", (0.0,))
    with pytest.raises(Unreachable):
        stack_events.follow(watch())
    assert len(asked) == 4
