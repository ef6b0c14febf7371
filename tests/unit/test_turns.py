"""Turns run in threads of their own: told to whoever listens, ended in order, never left without a last event."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Generator

import pytest

from chatbot.events import Started, TextAdded, TurnDone, TurnEvent
from chatbot.turns import StillRunning, TurnFailed, TurnRunner
from shared.errors import ModelThrottled, ModelTimeout, ModelUnavailable, Overloaded
from shared.models import TokenUsage
from tests.fakes import PATIENCE

STARTED = Started("c", "m", "builtin")
DONE = TurnDone("builtin", "end_turn", TokenUsage(), 0, "disabled")

Events = list[TurnEvent | TurnFailed | StillRunning]


class SilentTurn:
    """A turn that says one thing, waits to be let go, and then ends; ``ended`` tells that it did."""

    def __init__(self) -> None:
        self.go, self.ended = threading.Event(), threading.Event()

    def events(self) -> Generator[TurnEvent]:
        yield STARTED
        self.go.wait(PATIENCE)
        yield TextAdded("late")
        yield DONE
        self.ended.set()


async def listen(
    runner: TurnRunner, turn: Generator[TurnEvent], *, quiet_seconds: float = 60, seconds: float = 60, most: int = 100
) -> Events:
    heard: Events = []
    events = runner.run(turn, quiet_seconds=quiet_seconds, deadline=time.monotonic() + seconds, request_id="r")
    async for event in events:
        heard.append(event)
        if len(heard) == most:
            break
    await events.aclose()
    return heard


def test_events_are_told_in_order() -> None:
    turn = SilentTurn()
    turn.go.set()
    assert asyncio.run(listen(TurnRunner(), turn.events())) == [STARTED, TextAdded("late"), DONE]


def test_a_failure_is_the_last_event() -> None:
    def failing() -> Generator[TurnEvent]:
        yield STARTED
        raise ModelThrottled("busy")

    started, failed = asyncio.run(listen(TurnRunner(), failing()))
    assert started == STARTED
    assert isinstance(failed, TurnFailed)
    assert isinstance(failed.error, ModelThrottled)


def test_a_turn_silent_past_its_deadline_is_told_to_have_timed_out() -> None:
    turn = SilentTurn()
    # The grace for adapters that tell it themselves is two seconds: this deadline lies before it.
    heard = asyncio.run(listen(TurnRunner(), turn.events(), seconds=-1.9))
    assert heard[0] == STARTED
    assert isinstance(heard[-1], TurnFailed)
    assert isinstance(heard[-1].error, ModelTimeout)
    turn.go.set()
    assert turn.ended.wait(PATIENCE), "the turn goes on, so that its reply is saved"


def test_a_quiet_turn_is_said_to_be_running() -> None:
    turn = SilentTurn()
    heard = asyncio.run(listen(TurnRunner(), turn.events(), quiet_seconds=0.01, most=3))
    assert heard == [STARTED, StillRunning(), StillRunning()]
    turn.go.set()


def test_a_turn_runs_to_its_end_though_nobody_listens() -> None:
    turn = SilentTurn()
    asyncio.run(listen(TurnRunner(), turn.events(), most=1))
    turn.go.set()
    assert turn.ended.wait(PATIENCE)


def test_closing_waits_for_running_turns() -> None:
    runner, turn = TurnRunner(), SilentTurn()
    asyncio.run(listen(runner, turn.events(), most=1))
    threading.Timer(0.05, turn.go.set).start()
    runner.close(PATIENCE)
    assert turn.ended.is_set()


def test_a_stopped_turn_ends_with_an_error_at_its_next_event() -> None:
    runner, turn = TurnRunner(), SilentTurn()
    runner.stop()
    turn.go.set()
    heard = asyncio.run(listen(runner, turn.events()))
    assert isinstance(heard[-1], TurnFailed)
    assert isinstance(heard[-1].error, ModelUnavailable)
    assert not turn.ended.is_set()


def test_turns_that_wait_do_not_keep_others_from_being_answered() -> None:
    runner = TurnRunner()
    waiting = [SilentTurn() for _ in range(100)]

    async def crowd() -> Events:
        for turn in waiting:
            await listen(runner, turn.events(), most=1)
        ready = SilentTurn()
        ready.go.set()
        return await listen(runner, ready.events())

    assert asyncio.run(crowd())[-1] == DONE
    for turn in waiting:
        turn.go.set()


def test_more_turns_than_the_process_takes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.turns._MOST_TURNS", 1)
    runner, turn = TurnRunner(), SilentTurn()

    async def crowd() -> Events:
        await listen(runner, turn.events(), most=1)
        return await listen(runner, SilentTurn().events())

    (refused,) = asyncio.run(crowd())
    assert isinstance(refused, TurnFailed)
    assert isinstance(refused.error, Overloaded)
    turn.go.set()


def test_closing_does_not_wait_again_for_turns_that_were_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.turns._STOPPED_SECONDS", 0.01)
    runner, turn = TurnRunner(), SilentTurn()
    asyncio.run(listen(runner, turn.events(), most=1))
    threading.Timer(0.05, runner.stop).start()
    closing = threading.Thread(target=runner.close, args=(2 * PATIENCE,))
    closing.start()
    closing.join(PATIENCE)
    assert not closing.is_alive()
    turn.go.set()
