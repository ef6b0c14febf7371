"""A user's tokens of a day, so that no flood of messages costs more than was meant."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, time, timedelta

from chatbot.llm_service import Conversation, LLMService
from chatbot.observe import TurnObserver
from shared.errors import BudgetSpent, ChatbotError
from shared.models import TokenUsage
from shared.ports import Clock, UsageStore
from shared.storage import model_usage


class DailyBudget:
    """Lets turns begin until the day's tokens are used up.

    The store counts each turn at its end; one that was begun and came to nothing is counted by an estimate. So what is
    under way at that moment may go beyond the budget: one turn for each that runs at once.
    """

    def __init__(self, usage: UsageStore, clock: Clock, tokens: int) -> None:
        """``tokens`` is the budget of a day (UTC); 0 sets none, and then nothing is read."""
        self._usage = usage
        self._clock = clock
        self._tokens = tokens

    def check(self, user_id: str) -> None:
        """Returns where a turn may begin. Raises ``BudgetSpent``, ``StoreError``."""
        if not self._tokens:
            return
        now = self._clock()
        spent = sum(record.usage.total_tokens for record in self._usage.usage(user_id, now.date().isoformat()))
        if spent >= self._tokens:
            raise BudgetSpent(
                f"Today's {self._tokens:,} tokens are used up ({spent:,} were used); a new day begins at midnight UTC. "
                "The owner can raise the limit: CHATBOT_DAILY_TOKEN_BUDGET, or DailyTokenBudget of the deployment.",
                retry_after=_seconds_to_midnight(now),
            )


class Spending:
    """Counts tokens that no saved turn accounts for. Where the store is down, they cannot be counted."""

    def __init__(self, usage: UsageStore, llm: LLMService, observer: TurnObserver, clock: Clock) -> None:
        self._usage = usage
        self._llm = llm
        self._observer = observer
        self._clock = clock

    def unsaved(self, user_id: str, model: str, usage: TokenUsage) -> None:
        """A turn took these and was not saved."""
        if not usage.total_tokens:
            return
        cost = self._llm.cost(model, usage)
        with suppress(ChatbotError):
            self._usage.add_usage(user_id, model_usage(self._clock().date().isoformat(), model, usage, cost))
        self._observer.spent(usage, cost)

    def silent(self, user_id: str, models: Iterable[str], asked: Conversation | None) -> None:
        """These models were asked and kept silent; their providers may bill what they read."""
        if asked:
            for model in models:
                self.unsaved(user_id, model, self._llm.estimate(asked, ""))


def _seconds_to_midnight(now: datetime) -> float:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return (midnight - now).total_seconds()
