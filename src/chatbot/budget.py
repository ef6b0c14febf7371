"""A user's tokens of a day, so that no flood of messages costs more than was meant."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from chatbot.llm_service import Conversation
from chatbot.prompt import estimate_tokens
from shared.errors import BudgetSpent
from shared.models import TokenUsage
from shared.ports import Clock, UsageStore


class DailyBudget:
    """Lets turns begin until the day's tokens are used up.

    The store counts each turn at its end, and one that broke off too. So what is under way at that moment may go beyond
    the budget: one turn for each that runs at once.
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


def estimated_usage(asked: Conversation, written: str) -> TokenUsage:
    """What an answer took that broke off: the provider bills it, and does not say how much it was."""
    read = (asked.message, *(message.text for message in asked.history), *(passage.text for passage in asked.passages))
    return TokenUsage(sum(map(estimate_tokens, read)), estimate_tokens(written))


def _seconds_to_midnight(now: datetime) -> float:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return (midnight - now).total_seconds()
