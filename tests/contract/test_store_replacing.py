"""What every store does with a turn that others give way to, and with requests to stop a reply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.errors import ClaimLost, ConversationChanged, KeyConflict, StoreError
from shared.models import MOST_REPLACED_TURNS, MessageRecord, Replacement, TurnRecord
from shared.ports import Store
from tests.contract.stores import DAY, MovableClock, Turns, all_messages, header, texts, together


def spoken(store: Store, turn: Turns, *questions: str, conversation_id: str = "c1") -> list[MessageRecord]:
    """The messages of a conversation with these questions."""
    for number, question in enumerate(questions):
        store.save_turn(turn(question, new=number == 0, conversation_id=conversation_id))
    return all_messages(store, header(store, conversation_id), limit=100)


def instead_of(messages: list[MessageRecord], turn: TurnRecord, *, retitled: bool = False) -> TurnRecord:
    """The turn, to replace the messages, which are the last ones of their conversation."""
    old_title = b"title of " + turn.conversation_id.encode() if retitled else None
    timestamps = tuple(message.timestamp for message in messages)
    return replace(turn, replaces=Replacement(timestamps, messages[-1].timestamp, old_title))


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_turn_takes_the_place_of_those_it_replaces(store: Store, turn: Turns, kept: int) -> None:
    messages = spoken(store, turn, "one", "two", "three")
    before = header(store)
    new = instead_of(messages[2 * kept :], turn("again"))
    reply_time = store.save_turn(new)
    found = all_messages(store, header(store))
    assert texts(found) == [*texts(messages[: 2 * kept]), "again", "reply to again"]
    assert found[:-2] == messages[: 2 * kept]
    assert found[-2].timestamp > messages[-1].timestamp
    assert [found[-1].timestamp, header(store).updated_at] == [reply_time, reply_time]
    assert header(store) == replace(before, updated_at=reply_time)
    for gone in messages[2 * kept :]:
        assert store.message_at(header(store), gone.timestamp) is None
    assert texts(store.recent_messages(header(store), 2)) == ["again", "reply to again"]


def test_as_many_turns_as_may_be_are_replaced_at_once_under_a_claim(store: Store, turn: Turns) -> None:
    questions = [str(number) for number in range(MOST_REPLACED_TURNS + 1)]
    messages = spoken(store, turn, *questions)
    claim = store.claim(turn.claim())
    time = store.save_turn(instead_of(messages[2:], turn("again", claim=claim)))
    assert texts(all_messages(store, header(store))) == ["0", "reply to 0", "again", "reply to again"]
    assert store.claim(turn.claim("other")) == replace(claim, done=True, message_timestamp=time)


def test_what_was_billed_stays_counted(store: Store, turn: Turns) -> None:
    store.save_turn(instead_of(spoken(store, turn, "one", "two"), turn("again")))
    assert [row.turns for row in store.usage("owner", "2026-11-21")] == [3]


def test_a_conversation_goes_on_after_a_turn_was_replaced(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(instead_of(spoken(store, turn, "one", "two")[2:], turn("again")))
    clock.advance(60)
    store.save_turn(turn("more"))
    expected = ["one", "reply to one", "again", "reply to again", "more", "reply to more"]
    assert texts(all_messages(store, header(store))) == expected
    assert store.conversations("owner", 10).items == (header(store),)


def test_only_the_named_conversation_is_touched(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "mine")
    spoken(store, turn, "beside", conversation_id="c2")
    store.save_turn(turn("theirs", user_id="eve", new=True))
    store.save_turn(instead_of(messages, turn("again")))
    assert texts(all_messages(store, header(store, "c2"))) == ["beside", "reply to beside"]
    assert texts(all_messages(store, header(store, user_id="eve"))) == ["theirs", "reply to theirs"]


# --- when something came in between -----------------------------------------------------------------------------------


def assert_unchanged(store: Store, turn: Turns, late: TurnRecord, error: type[StoreError]) -> None:
    before, messages = header(store), all_messages(store, header(store))
    turns = sum(row.turns for row in store.usage("owner", "2026-01-01"))
    with pytest.raises(error):
        store.save_turn(late)
    assert header(store) == before
    assert all_messages(store, before) == messages
    assert sum(row.turns for row in store.usage("owner", "2026-01-01")) == turns


def test_a_turn_that_was_not_seen_is_kept(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "one", "two")
    claim = store.claim(turn.claim())
    store.save_turn(turn("from another tab"))
    assert_unchanged(store, turn, instead_of(messages[2:], turn("again", claim=claim)), ConversationChanged)
    assert not store.claim(turn.claim("other")).done


def test_a_message_is_replaced_once(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "one", "two")
    store.save_turn(instead_of(messages[2:], turn("again")))
    assert_unchanged(store, turn, instead_of(messages[2:], turn("and again")), ConversationChanged)
    assert_unchanged(store, turn, instead_of(messages, turn("all of it")), ConversationChanged)


def test_of_several_that_replace_the_same_message_at_once_one_is_saved(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "one", "two")

    def work(number: int) -> bool:
        try:
            store.save_turn(instead_of(messages[2:], turn(f"again {number}")))
        except ConversationChanged:
            return False
        return True

    won = together(6, work)
    assert won.count(True) == 1
    winner = f"again {won.index(True)}"
    found = texts(all_messages(store, header(store)))
    assert found == ["one", "reply to one", winner, f"reply to {winner}"]


def test_a_replacing_turn_and_another_at_once_lose_neither(store: Store, turn: Turns) -> None:
    for number in range(5):
        name = f"c{number}"
        messages = spoken(store, turn, "one", "two", conversation_id=name)

        def work(which: int, name: str = name, messages: list[MessageRecord] = messages) -> bool:
            if not which:
                store.save_turn(turn("beside", conversation_id=name))
                return True
            try:
                store.save_turn(instead_of(messages[2:], turn("again", conversation_id=name)))
            except ConversationChanged:
                return False
            return True

        _, replaced = together(2, work)
        middle = ["again", "reply to again"] if replaced else ["two", "reply to two"]
        found = texts(all_messages(store, header(store, name)))
        assert found == ["one", "reply to one", *middle, "beside", "reply to beside"]


def test_a_lost_claim_replaces_nothing(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "one", "two")
    assert_unchanged(store, turn, instead_of(messages, turn("lost", claim=turn.claim("never taken"))), ClaimLost)


def test_a_conversation_that_was_deleted_or_begun_anew_is_not_replaced(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "one")
    store.delete("owner", "c1")
    with pytest.raises(KeyConflict):
        store.save_turn(instead_of(messages, turn("again")))
    assert store.get("owner", "c1") is None
    store.save_turn(turn("anew", new=True, key=b"new key"))
    assert_unchanged(store, turn, instead_of(messages, turn("again")), KeyConflict)


# --- titles -----------------------------------------------------------------------------------------------------------


def test_a_title_gives_way_where_it_shall(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "one")
    store.save_turn(instead_of(messages, replace(turn("again"), title=b"new"), retitled=True))
    assert header(store).title == b"new"


def test_a_title_stays_where_it_shall(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "one")
    store.save_turn(instead_of(messages, replace(turn("again"), title=b"new")))
    assert header(store).title == b"title of c1"


def test_a_title_that_was_set_meanwhile_stays(store: Store, turn: Turns) -> None:
    messages = spoken(store, turn, "one")
    store.rename("owner", "c1", b"chosen")
    store.save_turn(instead_of(messages, replace(turn("again"), title=b"new"), retitled=True))
    assert header(store).title == b"chosen"
    assert texts(all_messages(store, header(store))) == ["again", "reply to again"]


# --- requests to stop a reply -----------------------------------------------------------------------------------------


def test_a_request_to_stop_is_found_by_its_user_only(store: Store, clock: MovableClock) -> None:
    assert not store.stop_asked("ann", "reply-1")
    store.ask_to_stop("ann", "reply-1", int(clock().timestamp()) + 3600)
    store.ask_to_stop("ann", "reply-1", int(clock().timestamp()) + 3600)
    assert store.stop_asked("ann", "reply-1")
    assert not store.stop_asked("ann", "reply-2")
    assert not store.stop_asked("ben", "reply-1")


def test_a_request_to_stop_is_forgotten(store: Store, clock: MovableClock) -> None:
    store.ask_to_stop("ann", "reply-1", int(clock().timestamp()) + 3600)
    clock.advance(3599)
    assert store.stop_asked("ann", "reply-1")
    clock.advance(1)
    assert not store.stop_asked("ann", "reply-1")
    store.ask_to_stop("ann", "reply-1", int(clock().timestamp()) + DAY)
    assert store.stop_asked("ann", "reply-1")


def test_a_request_to_stop_is_no_conversation(store: Store, clock: MovableClock) -> None:
    store.ask_to_stop("ann", "reply-1", int(clock().timestamp()) + 3600)
    assert store.conversations("ann", 10).items == ()
    assert store.usage("ann", "2026-01-01") == []
