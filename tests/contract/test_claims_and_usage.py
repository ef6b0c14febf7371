"""What every store does with idempotency keys and usage counters."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from shared.errors import ClaimLost
from shared.models import RequestClaim, TokenUsage, UsageRecord
from shared.ports import Store
from tests.contract.stores import DAY, MovableClock, Turns, together


def take_key(store: Store, turn: Turns, key: str, number: int) -> RequestClaim:
    return store.claim(turn.claim(f"reply {number}", key_hash=key))


def test_a_key_belongs_to_the_first_that_takes_it(store: Store, turn: Turns) -> None:
    mine = turn.claim("mine")
    assert store.claim(mine) == mine
    other = replace(turn.claim("other"), fingerprint="other", conversation_id="c2")
    assert store.claim(other) == mine
    assert store.claim(mine) == mine


def test_of_twenty_that_take_a_key_at_once_one_holds_it(store: Store, turn: Turns) -> None:
    for round_number in range(3):
        take = partial(take_key, store, turn, f"hash {round_number}")
        standing = together(20, take)
        assert len({claim.message_id for claim in standing}) == 1
        holders = [number for number, claim in enumerate(standing) if claim.message_id == f"reply {number}"]
        assert len(holders) == 1


def test_of_twenty_that_take_over_a_lost_lease_one_holds_it(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.claim(turn.claim("gone"))
    clock.advance(61)
    standing = together(20, lambda number: store.claim(turn.claim(f"reply {number}")))
    assert len({claim.message_id for claim in standing}) == 1
    assert standing[0].message_id != "gone"


def test_a_lease_protects_until_it_ends(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.claim(turn.claim("mine"))
    clock.advance(60.4)
    assert store.claim(turn.claim("other")).message_id == "mine"
    clock.advance(0.1)
    assert store.claim(turn.claim("other")).message_id == "other"


def test_a_done_claim_outlives_its_lease_until_it_expires(store: Store, turn: Turns, clock: MovableClock) -> None:
    claim = store.claim(turn.claim("mine"))
    time = store.save_turn(turn(new=True, claim=claim))
    clock.advance(3600)
    standing = store.claim(turn.claim("other"))
    assert standing == replace(claim, done=True, message_timestamp=time)
    found = store.get("owner", "c1")
    assert found is not None
    reply = store.message_at(found, time)
    assert reply is not None
    assert reply.message_id == "mine"
    clock.advance(DAY - 3600)
    assert store.claim(turn.claim("other")).message_id == "other"


def test_a_released_key_is_free(store: Store, turn: Turns) -> None:
    mine = store.claim(turn.claim("mine"))
    store.release(mine)
    store.release(mine)
    assert store.claim(turn.claim("other")).message_id == "other"


def test_nobody_releases_another_ones_key(store: Store, turn: Turns) -> None:
    store.claim(turn.claim("mine"))
    store.release(turn.claim("other"))
    assert store.claim(turn.claim("other")).message_id == "mine"


def test_a_done_claim_is_not_released(store: Store, turn: Turns) -> None:
    claim = store.claim(turn.claim("mine"))
    store.save_turn(turn(new=True, claim=claim))
    store.release(claim)
    assert store.claim(turn.claim("other")).done


@pytest.mark.parametrize("loss", ["taken over", "released", "done", "expired"])
def test_a_lost_claim_leaves_nothing_behind(store: Store, turn: Turns, clock: MovableClock, loss: str) -> None:
    claim = store.claim(turn.claim("mine"))
    turns = 0
    if loss == "taken over":
        clock.advance(61)
        assert store.claim(turn.claim("other")).message_id == "other"
    elif loss == "released":
        store.release(claim)
    elif loss == "done":
        store.save_turn(turn(conversation_id="c2", new=True, claim=claim))
        turns = 1
    else:
        clock.advance(DAY)
    with pytest.raises(ClaimLost):
        store.save_turn(turn(new=True, claim=claim))
    assert store.get("owner", "c1") is None
    assert sum(row.turns for row in store.usage("owner", "2026-01-01")) == turns
    # Nothing stands under the id, so a conversation can begin there, and has only its own messages.
    store.save_turn(turn("fresh", new=True))
    fresh = store.get("owner", "c1")
    assert fresh is not None
    assert len(store.recent_messages(fresh, 10)) == 2


def test_a_lost_claim_leaves_a_standing_conversation_as_it_was(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(turn(new=True))
    before = store.get("owner", "c1")
    assert before is not None
    clock.advance(5)
    with pytest.raises(ClaimLost):
        store.save_turn(turn("lost", claim=turn.claim("never taken")))
    assert store.get("owner", "c1") == before
    assert len(store.recent_messages(before, 10)) == 2


def test_turns_are_counted_by_day_and_model(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(turn(new=True, model="openai:m#1@http://host"))
    store.save_turn(turn(cost=None))
    store.save_turn(turn())
    clock.advance(DAY)
    store.save_turn(turn())
    tokens = TokenUsage(10, 5, 3, 2)
    second = UsageRecord("2026-11-22", "builtin", 1, tokens, 0.25, 0)
    assert store.usage("owner", "2026-11-21") == [
        UsageRecord("2026-11-21", "builtin", 2, TokenUsage(20, 10, 6, 4), 0.25, 1),
        UsageRecord("2026-11-21", "openai:m#1@http://host", 1, tokens, 0.25, 0),
        second,
    ]
    assert store.usage("owner", "2026-11-22") == [second]
    assert store.usage("owner", "2026-11-23") == []
    assert store.usage("other", "2026-11-21") == []


def test_a_turn_counts_on_the_day_it_finished(store: Store, turn: Turns, clock: MovableClock) -> None:
    clock.advance(14 * 3600 - 0.5)
    store.save_turn(turn(new=True))
    assert [row.day for row in store.usage("owner", "2026-11-01")] == ["2026-11-22"]


def test_usage_without_a_turn_is_added_to_the_same_row(store: Store, turn: Turns) -> None:
    store.save_turn(turn(new=True, cost=0.1))
    store.add_usage("owner", UsageRecord("2026-11-21", "builtin", 0, TokenUsage(1, 2, 3, 4), 1e-7, 1))
    (row,) = store.usage("owner", "2026-11-21")
    assert (row.turns, row.usage, row.unpriced_turns) == (1, TokenUsage(11, 7, 6, 6), 1)
    assert row.cost_usd == pytest.approx(0.1000001)


def test_nothing_is_lost_where_many_count_at_once(store: Store, turn: Turns) -> None:
    record = UsageRecord("2026-11-21", "builtin", 1, TokenUsage(1, 2, 3, 4), 0.5, 1)

    def work(number: int) -> None:
        for index in range(5):
            store.add_usage("owner", record)
            store.save_turn(turn(conversation_id=f"c{number}-{index}", new=True, cost=None))

    together(6, work)
    (row,) = store.usage("owner", "2026-11-21")
    assert row == UsageRecord("2026-11-21", "builtin", 60, TokenUsage(330, 210, 180, 180), 15.0, 60)
