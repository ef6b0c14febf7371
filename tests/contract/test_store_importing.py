"""What every store does with a turn that was answered elsewhere, long ago."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import ConversationChanged, KeyConflict
from shared.models import MessageRecord, TurnRecord
from shared.ports import Store
from shared.storage import format_timestamp
from tests.contract.stores import DAY, START, MovableClock, Turns, all_messages, header, texts, together

YEARS_AGO = START - timedelta(days=1000)


def past(turn: TurnRecord, seconds: int = 0) -> TurnRecord:
    """The turn as it is imported: asked so many seconds after the first one, and answered a second later."""
    asked = YEARS_AGO + timedelta(seconds=seconds)
    answered = asked + timedelta(seconds=1)
    reply = MessageRecord(turn.assistant_message.message_id, "assistant", turn.assistant_message.content)
    told = replace(turn, received_at=format_timestamp(asked), finished_at=format_timestamp(answered))
    return replace(told, assistant_message=reply, imported=True)


def test_an_imported_turn_stands_at_its_own_time(store: Store, turn: Turns) -> None:
    first = past(turn("one", new=True))
    assert store.save_turn(first) == first.finished_at
    second = past(turn("two"), 10)
    assert store.save_turn(second) == second.finished_at
    found = all_messages(store, header(store))
    assert texts(found) == ["one", "reply to one", "two", "reply to two"]
    assert [message.timestamp for message in found] == [
        *(first.received_at, first.finished_at, second.received_at, second.finished_at)
    ]
    assert (header(store).created_at, header(store).updated_at) == (first.received_at, second.finished_at)
    reply = found[1]
    assert (reply.model, reply.stop_reason, reply.retrieval, reply.usage, reply.cost_usd) == (None,) * 5


def test_it_counts_no_use(store: Store, turn: Turns) -> None:
    store.save_turn(past(turn("one", new=True)))
    assert store.usage("owner", "2000-01-01") == []
    store.save_turn(turn("two"))
    assert [row.turns for row in store.usage("owner", "2000-01-01")] == [1]


def test_it_is_kept_as_long_as_what_is_said_today(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(past(turn("one", new=True)))
    clock.advance(30 * DAY - 1)
    assert texts(all_messages(store, header(store))) == ["one", "reply to one"]
    clock.advance(1)
    assert store.get("owner", "c1") is None


@pytest.mark.parametrize("seconds", [-5, 0, 1])
def test_it_is_refused_where_a_message_as_late_stands(store: Store, turn: Turns, seconds: int) -> None:
    store.save_turn(past(turn("one", new=True)))
    before = all_messages(store, header(store))
    with pytest.raises(ConversationChanged):
        store.save_turn(past(turn("two"), seconds))
    assert all_messages(store, header(store)) == before


def test_it_never_comes_after_what_is_said_here(store: Store, turn: Turns) -> None:
    store.save_turn(turn("today", new=True))
    with pytest.raises(ConversationChanged):
        store.save_turn(past(turn("long ago")))
    assert texts(all_messages(store, header(store))) == ["today", "reply to today"]


def test_what_is_said_here_comes_after_it(store: Store, turn: Turns) -> None:
    store.save_turn(past(turn("long ago", new=True)))
    store.save_turn(turn("today"))
    assert texts(all_messages(store, header(store))) == ["long ago", "reply to long ago", "today", "reply to today"]


def test_of_the_same_turn_sent_from_several_places_one_is_kept(store: Store, turn: Turns) -> None:
    store.save_turn(past(turn("one", new=True)))

    def send(_number: int) -> bool:
        with suppress(ConversationChanged):
            store.save_turn(past(turn("two"), 10))
            return True
        return False

    assert sum(together(4, send)) == 1
    assert texts(all_messages(store, header(store))) == ["one", "reply to one", "two", "reply to two"]


def test_a_conversation_begun_meanwhile_is_not_written_over(store: Store, turn: Turns) -> None:
    store.save_turn(past(turn("one", new=True)))
    with pytest.raises(KeyConflict):
        store.save_turn(past(turn("two", new=True, key=b"another key"), 10))


def test_what_is_left_of_an_expired_conversation_moves_nothing(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(past(turn("one", new=True)))
    clock.advance(30 * DAY)
    with suppress(ConversationChanged):  # where the remains still stand
        assert store.save_turn(past(turn("one", new=True))) == format_timestamp(YEARS_AGO + timedelta(seconds=1))
        assert texts(all_messages(store, header(store))) == ["one", "reply to one"]


def test_it_is_seen_by_its_owner_only(store: Store, turn: Turns) -> None:
    store.save_turn(past(turn("mine", new=True)))
    store.save_turn(past(turn("theirs", new=True, user_id="eve")))
    assert texts(all_messages(store, header(store))) == ["mine", "reply to mine"]
