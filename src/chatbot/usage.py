"""Daily counters into a report. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from chatbot.models import UsageDay, UsageFigures, UsageReport
from shared.models import UsageRecord


def usage_report(records: Sequence[UsageRecord]) -> UsageReport:
    """The rows and their total. A cost that holds turns of unknown price is left out rather than shown too low."""
    days = [UsageDay(day=record.day, model=record.model, **_figures([record]).model_dump()) for record in records]
    return UsageReport(days=days, total=_figures(records))


def _figures(records: Sequence[UsageRecord]) -> UsageFigures:
    priced = not any(record.unpriced_turns for record in records)
    return UsageFigures(
        turns=sum(record.turns for record in records),
        input_tokens=sum(record.usage.input_tokens for record in records),
        output_tokens=sum(record.usage.output_tokens for record in records),
        cache_read_tokens=sum(record.usage.cache_read_tokens for record in records),
        cost_usd=round(sum(record.cost_usd for record in records), 6) if priced else None,
    )
