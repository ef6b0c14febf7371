"""Conversations that were held elsewhere, taken over turn by turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from chatbot.sealing import ConversationKey, ConversationSealer
from shared.errors import ConversationChanged, InvalidRequest, KeyConflict, NotFound
from shared.models import MessageRecord, TurnRecord
from shared.ports import Clock, ConversationStore
from shared.storage import format_timestamp

_TICK = timedelta(microseconds=1)
#: A question and its reply each have a time of their own, and none stands twice in a conversation.
_TURN = 2 * _TICK
#: How far the clock of whoever sends the turns may be ahead of this one.
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A question and its reply. Times are timezone-aware; ``answered`` is ``None`` where it is not known."""

    question: str
    reply: str
    asked: datetime
    answered: datetime | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the turns that were sent. Those that were skipped are there already."""

    conversation_id: str
    imported: int
    skipped: int


class ConversationImport:
    """Writes turns that others answered. They cost nothing here, so no use is counted."""

    def __init__(self, store: ConversationStore, sealer: ConversationSealer, clock: Clock, ttl_days: int) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._ttl = timedelta(days=ttl_days)

    def add(self, user_id: str, conversation_id: str | None, title: str, turns: Sequence[PastTurn]) -> Imported:
        """Adds the turns to the end of the conversation, which is made where there is none.

        A turn that is not later than the conversation's last message is skipped. So the same turns can be sent again,
        alone, among others, or from two places at once: each is kept once. Where an error is raised in the middle, the
        turns before it are kept.

        Raises ``InvalidRequest`` (before anything is written) for times that do not follow each other, ``NotFound``
        where the conversation is deleted meanwhile, ``ConversationChanged`` where what is left of a deleted one stands
        in the way.
        """
        checked = [*_in_order(turns, self._clock())]
        place = _Place(self._store, self._sealer, user_id, conversation_id or str(uuid4()))
        imported = sum(self._save(place, title, turn, answered) for turn, answered in checked)
        return Imported(place.conversation_id, imported, len(checked) - imported)

    def _save(self, place: _Place, title: str, turn: PastTurn, answered: datetime) -> bool:
        """Whether the turn was not there yet."""
        try:
            try:
                self._store.save_turn(self._sealed(place, title, turn, answered))
            except KeyConflict:
                # Somebody began the conversation, or deleted it, since it was looked at.
                place.look_again()
                self._store.save_turn(self._sealed(place, title, turn, answered))
        except ConversationChanged:
            if place.is_new:
                raise
            return False
        place.is_new = False
        return True

    def _sealed(self, place: _Place, title: str, turn: PastTurn, answered: datetime) -> TurnRecord:
        key, question_id, reply_id = place.key, str(uuid4()), str(uuid4())
        return TurnRecord(
            user_id=place.user_id,
            conversation_id=place.conversation_id,
            wrapped_key=key.wrapped,
            title=self._sealer.seal_title(key, title),
            new_conversation=place.is_new,
            user_message=MessageRecord(
                question_id, "user", self._sealer.seal_message(key, question_id, "user", turn.question)
            ),
            assistant_message=MessageRecord(
                reply_id,
                "assistant",
                self._sealer.seal_message(key, reply_id, "assistant", turn.reply),
                model=turn.model,
            ),
            received_at=format_timestamp(turn.asked),
            finished_at=format_timestamp(answered),
            expires_at=int((self._clock() + self._ttl).timestamp()),
            imported=True,
        )


class _Place:
    """The conversation that is added to: whether it is there, and its key."""

    def __init__(
        self, store: ConversationStore, sealer: ConversationSealer, user_id: str, conversation_id: str
    ) -> None:
        self._store = store
        self._sealer = sealer
        self.user_id = user_id
        self.conversation_id = conversation_id
        self.is_new, self.key = self._look()

    def look_again(self) -> None:
        """Raises ``NotFound`` where the conversation was there, and is not any more."""
        was_there = not self.is_new
        self.is_new, self.key = self._look()
        if was_there and self.is_new:
            raise NotFound("The conversation was deleted while turns were added to it; import it again from the start.")

    def _look(self) -> tuple[bool, ConversationKey]:
        record = self._store.get(self.user_id, self.conversation_id)
        if record is None:
            return True, self._sealer.new_key(self.user_id, self.conversation_id)
        return False, self._sealer.key_of(record)


def _in_order(turns: Sequence[PastTurn], now: datetime) -> Iterator[tuple[PastTurn, datetime]]:
    """The turns with the time of each reply: as it is told, but between its question and the next one.

    What comes after the last turn is not known: the next request may go on with it, and would be skipped if it were
    asked before this reply. So that one stands right after its question.

    Raises ``InvalidRequest``.
    """
    for number, turn in enumerate(turns):
        if turn.asked > now + _SKEW:
            raise InvalidRequest(
                f"asked_at of turn {number + 1} lies in the future; send the time at which it was asked.",
                field=f"turns.{number}.asked_at",
            )
        if number and turn.asked < turns[number - 1].asked + _TURN:
            raise InvalidRequest(
                f"asked_at of turn {number + 1} is not later than that of the turn before, by two microseconds at "
                "least; send the turns oldest first, each once.",
                field=f"turns.{number}.asked_at",
            )
        latest = turns[number + 1].asked - _TICK if number + 1 < len(turns) else turn.asked
        answered = turn.answered or turn.asked
        yield turn, max(turn.asked + _TICK, min(answered, latest))
