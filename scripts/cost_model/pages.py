"""The estimate as people read it: every line, a table for the documentation, or a few sentences before a deployment."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace

from cost_model import assumptions as a
from cost_model.estimate import Line, Plan, Rag, estimate, total
from cost_model.prices import Prices

#: Chats a month of the columns of the table and of the summary.
VOLUMES = (0, 1_000, 10_000)
_STORES: dict[Rag, str] = {"off": "without documents", "s3vectors": "S3 Vectors", "opensearch": "OpenSearch"}
#: Positions that the summary names.
_NAMED = 3
_CENT = 0.005


def lines_page(plan: Plan, prices: Prices, *, markdown: bool) -> str:
    """Every position, the total, and what is assumed."""
    lines = estimate(plan, prices)
    rows = [("service", "what", "quantity", "price", "$ a month"), *(_cells(line) for line in lines)]
    head = f"{_volume(plan.chats)} a month, {_STORES[plan.rag]}; prices of {prices.region}, {prices.as_of}"
    body = _markdown(rows) if markdown else _columns(rows)
    notes = [f"{'* ' if markdown else '- '}{note}" for note in (*_unknown(lines), *notes_of(plan, prices))]
    strong = "**" if markdown else ""
    return "\n".join((head, "", *body, "", f"{strong}Total: {_sum(lines)}{strong}", "", *notes))


def table_page(plan: Plan, prices: Prices) -> str:
    """The totals by volume and vector store, as Markdown."""
    rows = [("chats a month", *_STORES.values())]
    for chats in VOLUMES:
        plans = [replace(plan, chats=chats, rag=rag) for rag in _STORES]
        rows.append((_volume(chats), *(_sum(estimate(each, prices)) for each in plans)))
    busy = replace(plan, chats=VOLUMES[1], rag="opensearch")
    notes = (f"* {note}" for note in (*_unknown(estimate(busy, prices)), *notes_of(busy, prices)))
    head = f"Modelled, in US dollars, for `{plan.model}`; prices of {prices.region}, {prices.as_of}."
    return "\n".join((head, "", *_markdown(rows), "", *notes))


def summary_page(plan: Plan, prices: Prices, region: str, daily_tokens: int) -> str:
    """A few lines to read before saying yes. ``daily_tokens`` is the budget of tokens; 0 where there is none."""
    written = [f"Estimated cost a month ({_STORES[plan.rag]}; prices of {prices.region}, {prices.as_of}):"]
    for chats in VOLUMES:
        lines = estimate(replace(plan, chats=chats), prices)
        written.append(f"  {_volume(chats):<13} {_sum(lines):>10}   {_largest(lines)}".rstrip())
    notes = [*_unknown(estimate(replace(plan, chats=1), prices)), *_surprises(plan, prices, daily_tokens)]
    if region and region != prices.region:
        notes.append(f"{region} has prices of its own, often some per cent higher.")
    notes.append("Line by line, with what is assumed: python3 scripts/costs.py --help")
    wrapped = (textwrap.fill(note, 100, initial_indent="  ", subsequent_indent="    ") for note in notes)
    return "\n".join((*written, *wrapped))


def notes_of(plan: Plan, prices: Prices) -> list[str]:
    """What the figures rest on."""
    rotation = prices["kms_rotation"].usd
    notes = [
        _chat_note(),
        _free_note(),
        f"Automatic rotation of the key adds ${rotation:.2f} a month after each of the first two years.",
    ]
    if plan.rag != "off":
        notes.append(_documents_note(plan))
    if plan.rag == "opensearch":
        notes.append(_opensearch_note(prices))
    unsure = [name for name, price in prices.services.items() if price.unverified]
    notes.append(f"Prices not checked on that day: {', '.join(unsure)}.")
    return notes


def _chat_note() -> str:
    return (
        f"A chat reads {a.INPUT_TOKENS:,} tokens and writes {a.OUTPUT_TOKENS}, takes {a.CHAT_SECONDS:g} s of a "
        f"function of {a.CHAT_GB:g} GB (arm64), {1 + a.OTHER_REQUESTS} requests, {a.WRITES} write and {a.READS} read "
        f"units, {a.KMS_REQUESTS} calls to KMS and {a.LOG_KB} KB of logs; with documents more of each. Chats come in "
        f"sessions of {a.CHATS_A_SESSION} within {a.SESSION_MINUTES} minutes; {a.CUSTOM_METRICS} metrics are billed "
        "for the hours with chats. Prompt caching would make it cheaper and is left out."
    )


def _free_note() -> str:
    return (
        "Free tiers that never end are taken off (Lambda, KMS, dashboards, SQS, data transfer, e-mail, CloudFront); "
        "they are the account's: several environments share them. Those of the first year are not, nor are "
        "CloudWatch's ten free metrics and alarms. Requests to S3 are fractions of a cent and left out."
    )


def _documents_note(plan: Plan) -> str:
    return (
        f"{plan.documents_mb:g} MB of documents are kept ({a.CHUNKS_A_MB} chunks a megabyte), and added once in a "
        f"month with chats. Lambda polls an idle queue {a.QUEUE_POLLS:,} times a month: a second environment with "
        "documents pays for what is above SQS's free million."
    )


def _opensearch_note(prices: Prices) -> str:
    awake = prices["opensearch_ocu"].cost(a.SEARCH_OCUS)
    session = awake * (a.SESSION_MINUTES + a.OPENSEARCH_IDLE_MINUTES) / 60
    return (
        f"OpenSearch costs nothing asleep, and ${awake:.2f} an hour awake ({a.SEARCH_OCUS} OCU, our assumption; each "
        "may be half of one). Once there are documents every chat wakes it, and it falls asleep "
        f"{a.OPENSEARCH_IDLE_MINUTES} minutes after the last: a session of {a.CHATS_A_SESSION} chats costs "
        f"${session:.2f}, a single chat ${awake * a.OPENSEARCH_IDLE_MINUTES / 60:.2f}; never asleep it is "
        f"${awake * a.HOURS_A_MONTH:,.0f} a month."
    )


def _surprises(plan: Plan, prices: Prices, daily_tokens: int) -> list[str]:
    told = []
    if plan.rag == "opensearch":
        other = total(estimate(replace(plan, chats=VOLUMES[1], rag="s3vectors"), prices))
        told.append(f"{_opensearch_note(prices)} With VectorStore=s3vectors 1,000 chats cost ${other:.2f}.")
    model = prices.model(plan.model)
    if daily_tokens and model:
        most = daily_tokens * max(model.input, model.output) / 1_000_000
        long = f", up to {model.long_times:g} times that with very long prompts" if model.long_above else ""
        told.append(f"DailyTokenBudget ends a day at {daily_tokens:,} tokens: at most ${most:.2f} of the model{long}.")
    elif not daily_tokens:
        told.append("DailyTokenBudget is 0: nothing limits what the model costs.")
    return told


def _volume(chats: int) -> str:
    if not chats:
        return "idle"
    return f"{chats:,} chat{'s' if chats > 1 else ''}"


def _unknown(lines: Sequence[Line]) -> list[str]:
    names = [line.what for line in lines if line.usd is None]
    return [f"The price of {name} is not known: what it costs comes on top." for name in names]


def _sum(lines: list[Line]) -> str:
    known = f"${total(lines):,.2f}"
    return f"{known} + the model" if any(line.usd is None for line in lines) else known


def _largest(lines: Sequence[Line]) -> str:
    """The positions that make up most of it."""
    dear = sorted((line for line in lines if (line.usd or 0) >= _CENT), key=lambda line: -(line.usd or 0))
    return "; ".join(f"{line.service} {line.what} ${line.usd:,.2f}" for line in dear[:_NAMED])


def _cells(line: Line) -> tuple[str, ...]:
    quantity = f"{line.quantity:,.0f}" if line.quantity == int(line.quantity) else f"{line.quantity:,.3f}"
    usd = "?" if line.usd is None else f"{line.usd:,.2f}"
    return line.service, line.what, quantity, line.price, usd


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *rest = [f"| {' | '.join(row)} |" for row in rows]
    return [head, "|" + "---|" * len(rows[0]), *rest]


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = {2, 4}  # figures
    return [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
