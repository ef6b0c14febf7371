"""A stand-in for all that the functions ask of Bedrock: ConverseStream, Titan's InvokeModel, and Rerank."""

from __future__ import annotations

import json
from collections import deque
from typing import Any
from urllib.parse import unquote

from tests.contract.bedrock_server import BedrockServer
from tests.contract.loopback import Exchange
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE, ScriptedModel

DIMENSIONS = 1024


class Bedrock(BedrockServer):
    """``fail_embedding`` makes the next texts fail with these statuses."""

    def __init__(self) -> None:
        self.model = ScriptedModel()
        self._embedder = FakeEmbedder(dimensions=DIMENSIONS)
        self._failing: deque[int] = deque()
        super().__init__(self.model)

    def fail_embedding(self, *statuses: int) -> None:
        self._failing.extend(statuses)

    def _respond(self, exchange: Exchange) -> None:
        path = unquote(exchange.path)
        if path == "/rerank":
            exchange.answer(200, {"results": _scores(exchange.body)})
        elif path.endswith("/invoke"):
            self._embed(exchange)
        else:
            super()._respond(exchange)

    def _embed(self, exchange: Exchange) -> None:
        if self._failing:
            exchange.answer(self._failing.popleft(), {"message": "vendor words"})
            return
        [vector] = self._embedder.embed([exchange.body["inputText"]], PATIENCE + 1e12)
        body = json.dumps({"embedding": [float(value) for value in vector], "inputTextTokenCount": 3})
        exchange.answer(200, body.encode())


def _scores(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"index": number, "relevanceScore": 0.9 - number / 1000} for number, _ in enumerate(body["sources"])]
