"""What a turn leaves behind for whoever runs the service: a log line and metrics; ids, sizes, times, no content."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from shared.models import Completion, TokenUsage
from shared.ports import Metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnFacts:
    """Who and when. ``began`` and ``first_text_at`` are ``time.monotonic()`` readings in seconds."""

    request_id: str
    conversation_id: str
    message_id: str
    model: str
    began: float
    first_text_at: float | None


class TurnObserver:
    """Logs and counts the ends of turns."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def succeeded(self, turn: TurnFacts, completion: Completion, cost_usd: float | None) -> None:
        """The turn was answered and saved."""
        usage = completion.usage
        duration = _milliseconds(turn.began, time.monotonic())
        first_token = _milliseconds(turn.began, turn.first_text_at or time.monotonic())
        log.info(
            "turn",
            extra={
                "request_id": turn.request_id,
                "conversation_id": turn.conversation_id,
                "message_id": turn.message_id,
                "model": turn.model,
                "duration_ms": duration,
                "first_token_ms": first_token,
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "cache_read_tokens": usage.cache_read_tokens,
                "stop_reason": completion.stop_reason,
            },
        )
        self._metrics.record(
            {
                "Turns": (1, "Count"),
                "TurnDuration": (duration, "Milliseconds"),
                "FirstToken": (first_token, "Milliseconds"),
                "InputTokens": (usage.input_tokens, "Count"),
                "OutputTokens": (usage.output_tokens, "Count"),
                "CacheReadTokens": (usage.cache_read_tokens, "Count"),
                # What the daily budget counts.
                "Tokens": (usage.total_tokens, "Count"),
                "CostUsd": (cost_usd or 0, "None"),
            },
            {"model": turn.model},
        )

    def spent(self, usage: TokenUsage, cost_usd: float | None) -> None:
        """Tokens were used that belong to no answered turn."""
        self._metrics.record({"Tokens": (usage.total_tokens, "Count"), "CostUsd": (cost_usd or 0, "None")}, {})

    def stopped(self, turn: TurnFacts) -> None:
        """The user stopped the turn before anything was written: nothing is stored, and nothing failed."""
        log.info("turn stopped", extra=_ended(turn))

    def failed(self, turn: TurnFacts, code: str) -> None:
        """The turn ended with an error, and nothing of it is stored."""
        log.warning("turn failed", extra={**_ended(turn), "code": code})
        self._metrics.record({"TurnsFailed": (1, "Count")}, {"code": code})


def _ended(turn: TurnFacts) -> dict[str, object]:
    return {
        "request_id": turn.request_id,
        "conversation_id": turn.conversation_id,
        "message_id": turn.message_id,
        "model": turn.model,
        "duration_ms": _milliseconds(turn.began, time.monotonic()),
    }


def _milliseconds(began: float, ended: float) -> float:
    return round((ended - began) * 1000, 1)
