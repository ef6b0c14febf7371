"""What a model call costs, from ``prices.json`` beside this file. A price that is not known gives no figure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any

from shared.models import TokenUsage

_PER = 1_000_000
#: What Bedrock puts behind a model's name for its date, version and revision: ``-20261101-v1:0``. Not ``:200k``, which
#: names a size that is sold at a price of its own.
_VERSION = re.compile(r"(-20\d{6})?(-v\d+)?(:\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. ``None`` for a kind of tokens whose price is not known.

    A request that reads more than ``long_above`` tokens costs ``long_times`` as much, all of it.
    """

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    long_above: int | None = None
    long_times: float = 1

    def cost(self, usage: TokenUsage) -> float | None:
        """US dollars for one call."""
        parts = (
            (usage.input_tokens, self.input),
            (usage.output_tokens, self.output),
            (usage.cache_read_tokens, self.cache_read),
            (usage.cache_write_tokens, self.cache_write),
        )
        total = 0.0
        for tokens, price in parts:
            if tokens and price is None:
                return None
            total += tokens * (price or 0) / _PER
        read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        return total * (self.long_times if self.long_above is not None and read > self.long_above else 1)


class PriceList:
    """Prices by model name, as of one day."""

    def __init__(self, document: dict[str, Any]) -> None:
        """``document`` is the content of ``prices.json``; names there may hold ``*``."""
        self.as_of: str = document["as_of"]
        self._prices = {pattern: _price(entry) for pattern, entry in document["models"].items()}

    @classmethod
    def load(cls) -> PriceList:
        """The list that ships with this package."""
        return cls(json.loads(resources.files("shared").joinpath("prices.json").read_text(encoding="utf-8")))

    def of(self, model: str) -> Price | None:
        """The price of a model by its full name, such as ``bedrock:global.anthropic.claude-haiku-5-5``.

        A version of a Bedrock model that is not in the list costs what the model does.
        """
        names = (model, _VERSION.sub("", model)) if model.startswith("bedrock:") else (model,)
        prices = (price for name in names for pattern, price in self._prices.items() if fnmatchcase(name, pattern))
        return next(prices, None)


def _price(entry: dict[str, Any]) -> Price:
    long = entry.get("long_request") or {}
    return Price(
        input=entry["input"],
        output=entry["output"],
        cache_read=entry.get("cache_read"),
        cache_write=entry.get("cache_write"),
        long_above=long.get("above_input_tokens"),
        long_times=long.get("times", 1),
    )
