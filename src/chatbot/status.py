"""What was used, and whether all is well."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from chatbot.llm_service import LLMService
from shared.errors import ChatbotError
from shared.models import UsageRecord
from shared.ports import Clock, ConversationStore, KeyWrapper, UsageStore


@dataclass(frozen=True, slots=True)
class DependencyState:
    """How one dependency answered just now. ``resting``: a model that is left alone after failures."""

    status: Literal["ok", "failed", "resting"]
    latency_ms: float | None = None
    message: str | None = None


class StatusService:
    """Asks the dependencies and reads the counters."""

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        usage: UsageStore,
        key_wrapper: KeyWrapper,
        llm: LLMService,
        clock: Clock,
        documents: Callable[[], None] | None = None,
    ) -> None:
        """``documents`` asks what they stand on; ``None`` where there are none."""
        self._conversations = conversations
        self._usage = usage
        self._key_wrapper = key_wrapper
        self._llm = llm
        self._clock = clock
        self._documents = documents

    def usage(self, user_id: str, days: int) -> list[UsageRecord]:
        """The counters of the last ``days`` days (UTC), today included, by day and model."""
        since = self._clock().date() - timedelta(days=days - 1)
        return self._usage.usage(user_id, since.isoformat())

    def dependencies(self) -> dict[str, DependencyState]:
        """Every dependency by its name. A model is not asked, which costs money: its last answers are looked at."""
        return {
            "store": _timed(self._conversations.ping),
            "encryption_key": _timed(self._key_wrapper.check),
            **({"documents": _timed(self._documents)} if self._documents else {}),
            **{
                f"model {info.spec.name}": DependencyState("resting" if info.resting else "ok")
                for info in self._llm.models()
            },
        }


def _timed(check: Callable[[], None]) -> DependencyState:
    began = time.monotonic()
    try:
        check()
    except ChatbotError as error:
        return DependencyState("failed", message=error.message)
    return DependencyState("ok", latency_ms=round((time.monotonic() - began) * 1000, 2))
