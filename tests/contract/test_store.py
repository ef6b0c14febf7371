"""What every store does with conversations. How it reads, and claims and usage, have their own files."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from shared.errors import KeyConflict
from shared.models import ConversationRecord
from shared.ports import Store
from tests.contract.stores import DAY, MovableClock, Turns, all_conversations, all_messages, header, texts, together

# --- turns ------------------------------------------------------------------------------------------------------------


def test_a_saved_turn_is_read_back_whole(store: Store, turn: Turns) -> None:
    saved = turn(new=True)
    reply_time = store.save_turn(saved)
    conversation = header(store)
    assert conversation == ConversationRecord(
        *("owner", "c1", saved.wrapped_key, saved.title),
        *("2026-11-21T10:00:00.000000Z", "2026-11-21T10:00:01.000000Z", saved.expires_at),
    )
    assert reply_time == conversation.updated_at
    assert store.recent_messages(conversation, 10) == [
        replace(saved.user_message, timestamp=conversation.created_at),
        replace(saved.assistant_message, timestamp=reply_time),
    ]


def test_an_unpriced_reply_without_usage_is_read_back_as_such(store: Store, turn: Turns) -> None:
    saved = turn(new=True)
    store.save_turn(replace(saved, assistant_message=replace(saved.assistant_message, usage=None, cost_usd=None)))
    reply = store.recent_messages(header(store), 1)[0]
    assert (reply.usage, reply.cost_usd) == (None, None)


def test_contents_are_any_bytes(store: Store, turn: Turns) -> None:
    content = bytes(range(256)) * 400
    saved = turn(new=True)
    store.save_turn(replace(saved, user_message=replace(saved.user_message, content=content), title=b"\x00"))
    assert store.recent_messages(header(store), 2)[0].content == content
    assert header(store).title == b"\x00"


def test_times_move_forward_where_turns_overlap(store: Store, turn: Turns) -> None:
    store.save_turn(turn("one", new=True))
    store.save_turn(turn("two"))
    early = turn("three")
    store.save_turn(replace(early, received_at="2026-11-21T09:00:00.000000Z", finished_at=early.received_at))
    found = all_messages(store, header(store))
    assert texts(found) == ["one", "reply to one", "two", "reply to two", "three", "reply to three"]
    assert [message.timestamp[17:] for message in found[2:]] == [
        *("01.000001Z", "01.000002Z"),
        *("01.000003Z", "01.000004Z"),
    ]


def test_a_later_turn_moves_the_header_on_and_keeps_the_rest(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(turn(new=True))
    first = header(store)
    clock.advance(60)
    second = replace(turn(), title=b"ignored")
    assert store.save_turn(second) == "2026-11-21T10:01:01.000000Z"
    assert header(store) == replace(first, updated_at="2026-11-21T10:01:01.000000Z", expires_at=first.expires_at + 60)


def test_turns_of_several_threads_are_all_kept_as_pairs(store: Store, turn: Turns) -> None:
    store.save_turn(turn("first", new=True))

    def work(number: int) -> list[str]:
        return [store.save_turn(turn(f"{number}-{index}")) for index in range(12)]

    replies = together(2, work)
    found = all_messages(store, header(store), limit=7)
    times = [message.timestamp for message in found]
    assert times == sorted(set(times))
    assert {message.timestamp for message in found[3::2]} == {time for each in replies for time in each}
    questions = texts(found[0::2])
    assert texts(found[1::2]) == [f"reply to {question}" for question in questions]
    for number in range(2):
        assert [text for text in questions if text.startswith(f"{number}-")] == [f"{number}-{i}" for i in range(12)]
    assert store.usage("owner", "2026-11-21")[0].turns == 25


def test_of_several_first_turns_one_begins_the_conversation(store: Store, turn: Turns) -> None:
    def work(number: int) -> bool:
        try:
            store.save_turn(turn(str(number), new=True, key=f"key {number}".encode()))
        except KeyConflict:
            return False
        return True

    won = together(8, work)
    assert won.count(True) == 1
    winner = won.index(True)
    assert header(store).wrapped_key == f"key {winner}".encode()
    assert texts(all_messages(store, header(store))) == [str(winner), f"reply to {winner}"]


@pytest.mark.parametrize(
    ("stands", "new", "key"),
    [(True, True, b"wrapped key"), (True, False, b"another key"), (False, False, b"wrapped key")],
    ids=["begun twice", "another key", "never begun"],
)
def test_a_key_conflict_leaves_nothing_behind(
    store: Store, turn: Turns, clock: MovableClock, *, stands: bool, new: bool, key: bytes
) -> None:
    if stands:
        store.save_turn(turn("kept", new=True))
    before = store.get("owner", "c1")
    clock.advance(5)
    claim = store.claim(turn.claim())
    with pytest.raises(KeyConflict):
        store.save_turn(turn("lost", new=new, key=key, claim=claim))
    assert store.get("owner", "c1") == before
    assert store.claim(turn.claim("other")) == claim
    assert sum(day.turns for day in store.usage("owner", "2026-01-01")) == (1 if stands else 0)
    if before:
        assert texts(all_messages(store, before)) == ["kept", "reply to kept"]


# --- isolation --------------------------------------------------------------------------------------------------------


def test_users_with_the_same_conversation_id_never_meet(store: Store, turn: Turns) -> None:
    for user in ("ann", "ben"):
        store.save_turn(turn(f"of {user}", user_id=user, new=True, key=user.encode()))
        store.claim(turn.claim(f"reply of {user}", user_id=user))
    for user in ("ann", "ben"):
        mine = header(store, user_id=user)
        assert mine.wrapped_key == user.encode()
        assert texts(store.recent_messages(mine, 10)) == [f"of {user}", f"reply to of {user}"]
        assert [found.user_id for found in store.conversations(user, 10).items] == [user]
        assert store.claim(turn.claim("third", user_id=user)).message_id == f"reply of {user}"
        assert [row.turns for row in store.usage(user, "2026-01-01")] == [1]
    assert store.get("eve", "c1") is None
    assert store.conversations("eve", 10).items == ()
    assert not store.rename("eve", "c1", b"stolen")
    assert not store.delete("eve", "c1")
    assert store.delete("ann", "c1")
    assert texts(store.recent_messages(header(store, user_id="ben"), 10)) == ["of ben", "reply to of ben"]


def test_a_cursor_of_one_user_shows_another_only_their_own(store: Store, turn: Turns, clock: MovableClock) -> None:
    for number in range(4):
        for user in ("ann", "ben"):
            store.save_turn(turn(user_id=user, conversation_id=f"{user}-{number}", new=True))
        clock.advance(10)
    cursor = store.conversations("ann", 1).next_cursor
    assert cursor is not None
    assert {found.user_id for found in store.conversations("ben", 10, cursor).items} == {"ben"}


# --- expiry -----------------------------------------------------------------------------------------------------------


def test_expired_conversations_and_messages_do_not_exist(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(turn(new=True, lifetime=100))
    conversation = header(store)
    clock.advance(99)
    assert header(store) == conversation
    clock.advance(1)
    assert store.get("owner", "c1") is None
    assert store.conversations("owner", 10).items == ()
    assert store.recent_messages(conversation, 10) == []
    assert store.messages(conversation, 10).items == ()
    assert store.message_at(conversation, conversation.updated_at) is None
    assert not store.rename("owner", "c1", b"new")
    assert not store.delete("owner", "c1")
    with pytest.raises(KeyConflict):
        store.save_turn(turn())


def test_messages_expire_before_a_conversation_that_goes_on(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(turn("old", new=True, lifetime=100))
    clock.advance(50)
    store.save_turn(turn("young", lifetime=100))
    clock.advance(50)
    assert texts(all_messages(store, header(store), limit=1)) == ["young", "reply to young"]


def test_pages_are_filled_past_expired_items(store: Store, turn: Turns, clock: MovableClock) -> None:
    for number in range(8):
        store.save_turn(turn(conversation_id=f"c{number}", new=True, lifetime=100 if number % 4 else 2 * DAY))
        store.save_turn(turn(f"turn {number}", conversation_id="long", new=number == 0, lifetime=2 * DAY))
    conversation = header(store, "long")
    store.save_turn(turn("brief", conversation_id="long", lifetime=100))
    store.save_turn(turn("last", conversation_id="long", lifetime=2 * DAY))
    clock.advance(100)
    assert set(all_conversations(store)) == {"c0", "c4", "long"}
    assert len(store.conversations("owner", 3).items) == 3
    assert texts(store.recent_messages(conversation, 4)) == ["turn 7", "reply to turn 7", "last", "reply to last"]


def test_an_expired_conversation_can_be_begun_anew(store: Store, turn: Turns, clock: MovableClock) -> None:
    # The first turn outlives the header, which expires with the second: what it leaves behind is not shown again.
    store.save_turn(turn("outlives", new=True, lifetime=1000))
    store.save_turn(turn("brief", lifetime=100))
    clock.advance(100)
    store.save_turn(turn("anew", new=True, key=b"new key"))
    conversation = header(store)
    assert conversation.wrapped_key == b"new key"
    assert texts(all_messages(store, conversation)) == ["anew", "reply to anew"]
    assert texts(store.recent_messages(conversation, 10)) == ["anew", "reply to anew"]
    assert all_conversations(store) == ["c1"]


def test_messages_left_behind_are_never_shown(store: Store, turn: Turns) -> None:
    store.save_turn(turn("left", new=True))
    store.save_turn(turn("shown"))
    conversation = header(store)
    left, _, first, _ = all_messages(store, conversation)
    begun_anew = replace(conversation, created_at=first.timestamp)
    assert texts(all_messages(store, begun_anew)) == ["shown", "reply to shown"]
    assert texts(store.recent_messages(begun_anew, 10)) == ["shown", "reply to shown"]
    assert store.message_at(begun_anew, left.timestamp) is None


# --- renaming and deleting --------------------------------------------------------------------------------------------


def test_a_new_title_changes_nothing_else(store: Store, turn: Turns, clock: MovableClock) -> None:
    store.save_turn(turn(new=True))
    before = header(store)
    clock.advance(5)
    assert store.rename("owner", "c1", b"new title")
    assert header(store) == replace(before, title=b"new title")
    store.save_turn(turn())
    assert header(store).title == b"new title"
    assert not store.rename("owner", "other", b"new title")
    assert store.get("owner", "other") is None


def test_a_deleted_conversation_is_gone_with_its_messages(store: Store, turn: Turns) -> None:
    for number in range(30):
        store.save_turn(turn(str(number), new=number == 0))
    store.save_turn(turn("kept", conversation_id="c2", new=True))
    deleted = header(store)
    assert store.delete("owner", "c1")
    assert store.get("owner", "c1") is None
    assert store.recent_messages(deleted, 100) == []
    assert all_conversations(store) == ["c2"]
    assert texts(all_messages(store, header(store, "c2"))) == ["kept", "reply to kept"]
    assert not store.delete("owner", "c1")
    with pytest.raises(KeyConflict):
        store.save_turn(turn("late"))


def test_a_conversation_begun_anew_after_deletion_has_no_past(store: Store, turn: Turns) -> None:
    store.save_turn(turn("old", new=True))
    store.delete("owner", "c1")
    store.save_turn(turn("new", new=True, key=b"new key"))
    assert header(store).wrapped_key == b"new key"
    assert texts(all_messages(store, header(store))) == ["new", "reply to new"]


def test_a_turn_and_a_deletion_at_once_leave_all_or_nothing(store: Store, turn: Turns) -> None:
    for number in range(5):
        name = f"c{number}"
        store.save_turn(turn("first", conversation_id=name, new=True))

        def work(which: int, name: str = name) -> None:
            if which:
                store.delete("owner", name)
                return
            with suppress(KeyConflict):
                store.save_turn(turn("second", conversation_id=name))

        before = header(store, name)
        together(2, work)
        assert store.get("owner", name) is None
        assert store.recent_messages(before, 10) == []


# --- the store itself -------------------------------------------------------------------------------------------------


def test_a_store_that_answers_pings(store: Store) -> None:
    store.ping()
