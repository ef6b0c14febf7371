"""The prices of AWS services, from the file that the code reads its model prices from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.pricing import Price as ModelPrice
from shared.pricing import PriceList

FILE = Path(__file__).resolve().parents[2] / "src" / "shared" / "prices.json"


@dataclass(frozen=True, slots=True)
class Price:
    """``usd`` dollars for ``per`` units, after the first ``free`` of a month. ``unverified``: see the price file."""

    usd: float
    per: int
    unit: str
    source: str
    free: int = 0
    unverified: bool = False

    def cost(self, quantity: float) -> float:
        """US dollars for so many units in one month."""
        return max(0.0, quantity - self.free) * self.usd / self.per


class Prices:
    """All prices: of services by their name in the file, of models and embedders by their Bedrock id."""

    def __init__(self, document: dict[str, Any]) -> None:
        """``document`` is the content of ``prices.json``."""
        aws = document["aws"]
        self.as_of: str = document["as_of"]
        self.region: str = aws["region"]
        self.services = {name: Price(**entry) for name, entry in aws["prices"].items()}
        self._embedders = {name: Price(**entry) for name, entry in aws["embedders"].items()}
        self._models = PriceList(document)

    @classmethod
    def load(cls) -> Prices:
        """The prices that ship with this repository."""
        return cls(json.loads(FILE.read_text(encoding="utf-8")))

    def __getitem__(self, service: str) -> Price:
        return self.services[service]

    def embedder(self, model_id: str) -> Price | None:
        """Per token; ``None`` where it is not known."""
        return self._embedders.get(model_id)

    def model(self, model_id: str) -> ModelPrice | None:
        """Per million tokens; ``None`` where it is not known."""
        return self._models.of(f"bedrock:{model_id}")
