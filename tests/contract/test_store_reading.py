"""How every store reads: the last messages, pages, and the cursors between them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.local.sqlite_store import SQLiteStore
from shared.models import ConversationRecord
from shared.ports import Store
from shared.storage import encode_conversation_cursor, encode_message_cursor, previous_timestamp
from tests.contract.stores import MovableClock, Turns, all_conversations, all_messages, header, texts

# --- reading messages -------------------------------------------------------------------------------------------------


def test_recent_messages_are_the_last_ones_in_order(store: Store, turn: Turns) -> None:
    for number in range(4):
        store.save_turn(turn(str(number), new=number == 0))
    conversation = header(store)
    assert texts(store.recent_messages(conversation, 3)) == ["reply to 2", "3", "reply to 3"]
    assert store.recent_messages(conversation, 0) == []
    assert len(store.recent_messages(conversation, 100)) == 8


def test_a_long_conversation_is_read_right(store: Store, turn: Turns) -> None:
    # moto copies its whole table for each transaction, so only SQLite gets the full ten thousand messages.
    count = 5000 if isinstance(store, SQLiteStore) else 30
    for number in range(count):
        store.save_turn(turn(str(number), new=number == 0))
    conversation = header(store)
    expected = [text for number in range(count) for text in (str(number), f"reply to {number}")]
    assert texts(store.recent_messages(conversation, 10)) == expected[-10:]
    assert texts(all_messages(store, conversation, limit=1000)) == expected


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
def test_pages_of_messages_lose_and_repeat_nothing(store: Store, turn: Turns, limit: int) -> None:
    for number in range(3):
        store.save_turn(turn(str(number), new=number == 0))
    found = all_messages(store, header(store), limit)
    assert texts(found) == ["0", "reply to 0", "1", "reply to 1", "2", "reply to 2"]


def test_messages_added_between_pages_change_nothing_before(store: Store, turn: Turns) -> None:
    for number in range(3):
        store.save_turn(turn(str(number), new=number == 0))
    conversation = header(store)
    first = store.messages(conversation, 2)
    store.save_turn(turn("late"))
    second = store.messages(conversation, 10, first.next_cursor)
    assert texts(second.items + first.items) == ["0", "reply to 0", "1", "reply to 1", "2", "reply to 2"]
    assert second.next_cursor is None


def test_a_page_before_the_first_message_is_empty(store: Store, turn: Turns) -> None:
    store.save_turn(turn(new=True))
    conversation = header(store)
    page = store.messages(conversation, 5, encode_message_cursor(conversation.created_at))
    assert (page.items, page.next_cursor) == ((), None)


def test_a_message_is_found_by_its_exact_time_only(store: Store, turn: Turns) -> None:
    saved = turn(new=True)
    time = store.save_turn(saved)
    conversation = header(store)
    found = store.message_at(conversation, time)
    assert found == replace(saved.assistant_message, timestamp=time)
    for other in (previous_timestamp(time), "", "!conversation", "~", time[:-1]):
        assert store.message_at(conversation, other) is None


# --- listing conversations --------------------------------------------------------------------------------------------


def test_conversations_are_listed_by_their_latest_turn(store: Store, turn: Turns, clock: MovableClock) -> None:
    for name in ("a", "b", "c"):
        store.save_turn(turn(conversation_id=name, new=True))
        clock.advance(10)
    store.save_turn(turn(conversation_id="a"))
    store.rename("owner", "b", b"renamed")
    assert all_conversations(store) == ["a", "c", "b"]
    assert store.conversations("owner", 10).items[0] == header(store, "a")
    assert store.conversations("owner", 3).next_cursor is None


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_conversations_of_the_same_moment_are_all_listed(store: Store, turn: Turns, limit: int) -> None:
    names = [f"c{number}" for number in range(7)]
    for name in names:
        store.save_turn(turn(conversation_id=name, new=True))
    assert sorted(all_conversations(store, limit=limit)) == names


def test_conversations_added_between_pages_repeat_nothing(store: Store, turn: Turns, clock: MovableClock) -> None:
    for number in range(6):
        store.save_turn(turn(conversation_id=f"c{number}", new=True))
        clock.advance(10)
    first = store.conversations("owner", 2)
    store.save_turn(turn(conversation_id="late", new=True))
    # The conversation that the cursor names may be gone by the next page.
    store.delete("owner", "c4")
    second = store.conversations("owner", 10, first.next_cursor)
    found = [conversation.conversation_id for conversation in first.items + second.items]
    assert found == ["c5", "c4", "c3", "c2", "c1", "c0"]


# --- cursors ----------------------------------------------------------------------------------------------------------

TIME = "2026-11-21T10:00:00.000000Z"
GARBAGE = [
    *("", "x", "=", "????", "\x00", "é", "a" * 5000),
    encode_message_cursor(TIME) + "=",
    encode_message_cursor("2026-13-21T10:00:00.000000Z"),
    encode_message_cursor("0001-01-01T00:00:00.000000Z"),
    encode_message_cursor("!conversation"),
    encode_message_cursor(TIME + "|c1"),
    encode_conversation_cursor(TIME, "a#b"),
    encode_conversation_cursor(TIME, ""),
    encode_conversation_cursor(TIME, "x" * 65),
    encode_conversation_cursor("yesterday", "c1"),
]


def assert_refused(store: Store, conversation: ConversationRecord, cursor: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        store.messages(conversation, 5, cursor)
    assert refused.value.field == "cursor"
    with pytest.raises(InvalidRequest) as refused:
        store.conversations("owner", 5, cursor)
    assert refused.value.field == "cursor"


def test_a_cursor_that_no_listing_gave_out_is_refused(store: Store, turn: Turns) -> None:
    store.save_turn(turn(new=True))
    for cursor in GARBAGE:
        assert_refused(store, header(store), cursor)


def test_a_cursor_of_the_other_listing_is_refused(store: Store, turn: Turns) -> None:
    store.save_turn(turn(new=True))
    with pytest.raises(InvalidRequest):
        store.messages(header(store), 5, encode_conversation_cursor(TIME, "c1"))
    with pytest.raises(InvalidRequest):
        store.conversations("owner", 5, encode_message_cursor(TIME))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursor=st.text(max_size=80) | st.text(alphabet="abcXYZ019-_=", max_size=80))
def test_no_random_text_is_a_cursor(store: Store, cursor: str) -> None:
    assert_refused(store, ConversationRecord("owner", "c1", b"", b"", TIME, TIME, 2**40), cursor)
