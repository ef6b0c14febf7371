#!/usr/bin/env python3
"""What a deployment costs a month, modelled from src/shared/prices.json. Needs nothing but Python 3.11."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, cast

_HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "src")]

from cost_model import estimate, pages  # noqa: E402 - found by the line above
from cost_model.prices import Prices  # noqa: E402

_MOST = 100_000_000
_EXAMPLES = """\
examples:
  python3 scripts/costs.py --chats 1000 --rag opensearch
  python3 scripts/costs.py --table                 the table of DEPLOYMENT.md
  python3 scripts/costs.py --summary --parameters values.txt --region eu-west-1
"""


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"costs.py: {message}. See python3 scripts/costs.py --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the page that was asked for. Exits with 2 for input that makes no sense."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        values = _parameters(options.parameters) if options.parameters else {}
        plan = _plan(options, values)
        tokens = _daily_tokens(values)
    except ValueError as error:
        parser.error(str(error))
    prices = Prices.load()
    if options.summary:
        page = pages.summary_page(plan, prices, options.region, tokens)
    elif options.table:
        page = pages.table_page(plan, prices)
    else:
        page = pages.lines_page(plan, prices, markdown=options.format == "markdown")
    sys.stdout.write(page + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="costs.py",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--chats", type=_number(_whole), default=0, metavar="N", help="chats a month (0)")
    add("--rag", choices=("off", "s3vectors", "opensearch"), help="where documents are indexed (off)")
    add("--documents-mb", type=_number(_real), default=100.0, metavar="MB", help="files kept (100)")
    add("--alarms", type=_number(_whole), metavar="N", help="metrics that alarms read (as deployed)")
    add("--environment", choices=("dev", "staging", "prod"), help="prod has an alarm for its canary (dev)")
    add("--model", metavar="ID", help="Bedrock model that answers")
    add("--parameters", type=Path, metavar="FILE", help="Name=value lines, as of main.yaml; others are ignored")
    add("--region", default="", help="only said: the prices are those of us-east-1")
    add("--format", choices=("text", "markdown"), default="text", help="of the lines (text)")
    pages_ = parser.add_mutually_exclusive_group()
    pages_.add_argument("--table", action="store_true", help="totals by volume and vector store, as Markdown")
    pages_.add_argument("--summary", action="store_true", help="a few lines to read before deploying")
    return parser


def _plan(options: argparse.Namespace, values: Mapping[str, str]) -> estimate.Plan:
    """What the options say, else the parameters of the stack, else the defaults of both."""
    usual = estimate.Plan()
    rag = cast("estimate.Rag", options.rag or _rag(values))
    environment = options.environment or values.get("Environment", "dev")
    return estimate.Plan(
        chats=options.chats,
        rag=rag,
        alarms=options.alarms if options.alarms is not None else _alarms(values, rag, environment),
        documents_mb=options.documents_mb,
        model=options.model or values.get("ChatModelId") or usual.model,
        embedder=values.get("EmbeddingModelId") or usual.embedder,
        rerank=bool(values.get("RerankModelArn")),
        web=values.get("EnableWeb") == "true",
    )


def _daily_tokens(values: Mapping[str, str]) -> int:
    try:
        return _whole(values.get("DailyTokenBudget") or "2000000")
    except ValueError as error:
        raise ValueError(f"DailyTokenBudget: {error}") from None


def _rag(values: Mapping[str, str]) -> str:
    if values.get("EnableRAG", "false") != "true":
        return "off"
    store = values.get("VectorStore") or "opensearch"
    if store not in {"opensearch", "s3vectors"}:
        raise ValueError(f"VectorStore is {store!r}; write opensearch or s3vectors")
    return store


def _alarms(values: Mapping[str, str], rag: str, environment: str) -> int:
    count = estimate.CANARY_ALARM_METRICS if environment == "prod" else 0
    if values.get("AlarmEmail"):
        count += estimate.ALARM_METRICS
        count += estimate.TOKEN_ALARM_METRICS if _daily_tokens(values) else 0
        count += estimate.DOCUMENT_ALARM_METRICS if rag != "off" else 0
    return count


def _parameters(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read ({type(error).__name__}); write Name=value lines into it") from None
    pairs = (line.partition("=") for line in lines if line.strip() and not line.lstrip().startswith("#"))
    values: dict[str, str] = {}
    for name, equals, value in pairs:
        if not equals:
            raise ValueError(f"{file} has the line {name!r}; every line is Name=value")
        values[name.strip()] = value.strip()
    return values


def _number(read: Callable[[str], float]) -> Callable[[str], float]:
    """``read`` as argparse wants it."""

    def number(text: str) -> float:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return number


def _whole(text: str) -> int:
    number = _real(text)
    if number != int(number):
        raise ValueError(f"{text!r} is no whole number")
    return int(number)


def _real(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= _MOST:
        raise ValueError(f"{text!r} is no number from 0 to {_MOST:,}")
    return number


if __name__ == "__main__":
    sys.exit(main())
