"""Closed, open, one trial, closed again."""

from __future__ import annotations

import pytest

from chatbot.circuit_breaker import CircuitBreaker


class Hand:
    """A clock moved by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def breaker(clock: Hand) -> CircuitBreaker:
    return CircuitBreaker(failures=3, rest_seconds=30, clock=clock)


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_a_few_failures_do_not_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    assert breaker.allows()
    assert not breaker.is_open


def test_a_success_forgets_the_failures_before(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.allows()


def test_failures_in_a_row_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker, 3)
    assert breaker.is_open
    assert not breaker.allows()


def test_after_the_rest_one_caller_may_try(breaker: CircuitBreaker, clock: Hand) -> None:
    fail(breaker, 3)
    clock.now += 30
    assert breaker.allows()
    assert not breaker.allows()


def test_a_trial_that_works_closes_it(breaker: CircuitBreaker, clock: Hand) -> None:
    fail(breaker, 3)
    clock.now += 30
    breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()


def test_a_trial_that_fails_opens_it_for_another_rest(breaker: CircuitBreaker, clock: Hand) -> None:
    fail(breaker, 3)
    clock.now += 30
    breaker.allows()
    breaker.failed()
    clock.now += 29
    assert not breaker.allows()
    clock.now += 1
    assert breaker.allows()


def test_a_trial_that_never_reports_does_not_close_it_out_for_ever(breaker: CircuitBreaker, clock: Hand) -> None:
    fail(breaker, 3)
    clock.now += 30
    breaker.allows()
    clock.now += 30
    assert breaker.allows()
