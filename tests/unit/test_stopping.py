"""When a running turn looks whether it was asked to stop, and what that costs."""

from __future__ import annotations

import pytest

from chatbot.stopping import Stopping
from shared.errors import StoreError
from tests.fakes import START, MovableClock


class Requests:
    """A ``StopStore`` that counts how often it is asked, and may fail."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], int] = {}
        self.looks = 0
        self.latest = 0
        self.fails = False

    def ask_to_stop(self, user_id: str, message_id: str, expires_at: int) -> None:
        self.kept[user_id, message_id] = expires_at

    def stop_asked(self, user_id: str, message_id: str, *, latest: bool = False) -> bool:
        self.looks += 1
        self.latest += latest
        if self.fails:
            raise StoreError("Busy.")
        return (user_id, message_id) in self.kept


class Seconds:
    """A clock that stands until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> Requests:
    return Requests()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def stopping(store: Requests, seconds: Seconds) -> Stopping:
    return Stopping(store, MovableClock(), seconds)


def test_the_store_is_looked_into_once_a_second_and_not_in_the_first(
    stopping: Stopping, store: Requests, seconds: Seconds
) -> None:
    looks = []
    with stopping.watch("owner", "reply") as stop:
        for _ in range(10):
            # Twice in each step: the second time is free.
            assert not stop.asked()
            assert not stop.asked()
            looks.append(store.looks)
            seconds.now += 0.4
    assert looks == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]


def test_what_another_process_was_asked_is_found_and_stays_found(
    stopping: Stopping, store: Requests, seconds: Seconds
) -> None:
    with stopping.watch("owner", "reply") as stop:
        Stopping(store, MovableClock()).ask("owner", "reply")
        assert not stop.asked()
        seconds.now += 1
        assert stop.asked()
        store.kept.clear()
        seconds.now += 1
        assert stop.asked()
    assert store.looks == 1


def test_the_latest_is_looked_for_at_any_time_but_in_the_first_second(
    stopping: Stopping, store: Requests, seconds: Seconds
) -> None:
    with stopping.watch("owner", "reply") as stop:
        seconds.now += 0.9
        assert not stop.asked(latest=True)
        assert store.looks == 0
        seconds.now += 0.2
        assert not stop.asked()
        Stopping(store, MovableClock()).ask("owner", "reply")
        assert not stop.asked()
        assert (store.looks, store.latest) == (1, 0)
        assert stop.asked(latest=True)
        assert stop.asked(latest=True)
    assert (store.looks, store.latest) == (2, 1)


def test_in_its_own_process_a_turn_is_told_at_once(stopping: Stopping, store: Requests) -> None:
    with stopping.watch("owner", "reply") as stop, stopping.watch("owner", "another") as other:
        stopping.ask("owner", "reply")
        assert (stop.asked(), other.asked()) == (True, False)
    assert (store.looks, store.kept) == (0, {})


def test_a_request_for_a_turn_elsewhere_is_kept_for_an_hour(stopping: Stopping, store: Requests) -> None:
    with stopping.watch("owner", "reply") as stop:
        stopping.ask("eve", "reply")
        assert not stop.asked()
    # It has ended, so it may run elsewhere.
    stopping.ask("owner", "reply")
    hour = int(START.timestamp()) + 3600
    assert store.kept == {("eve", "reply"): hour, ("owner", "reply"): hour}


def test_a_store_that_fails_is_not_asked_again(stopping: Stopping, store: Requests, seconds: Seconds) -> None:
    store.fails = True
    with stopping.watch("owner", "reply") as stop:
        for _ in range(3):
            seconds.now += 60
            assert not stop.asked()
            assert not stop.asked(latest=True)
        assert store.looks == 1
        stopping.ask("owner", "reply")
        assert stop.asked()
