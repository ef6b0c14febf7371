"""Bedrock's runtime over the built-in models: its answers are generated, its vectors made of what the text means.

ConverseStream and Converse are answered by SmolLM2, InvokeModel of Titan by MiniLM, whose 384 dimensions are padded to
those asked for. Who may call what is decided before a request comes here.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from shared.local.llama_cpp import LlamaCppModel, builtin_weights
from shared.local.minilm import MiniLMEmbedder, builtin_embedder
from shared.models import Completion, ModelEvent, ModelRequest, TextDelta
from tests.contract.bedrock_server import BedrockServer, Refusal, _invalid, _refuse, _request
from tests.contract.loopback import Exchange

_CONTEXT_TOKENS = 8192
#: A reply of the small model is no better for being long: this makes several pieces of a stream.
_MOST_TOKENS = 32
_MOST_CHARACTERS = 50_000
_DIMENSIONS = (256, 512, 1024)
_SECONDS = 60.0


class _SmallModel:
    """The built-in model, loaded once somebody asks it something; its replies are short."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: LlamaCppModel | None = None

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        # Without chance, so that the same rehearsal tells the same story twice.
        request = replace(request, max_tokens=min(request.max_tokens, _MOST_TOKENS), temperature=0.0)
        return self._loaded().stream(request)

    def close(self) -> None:
        if self._model:
            self._model.close()

    def _loaded(self) -> LlamaCppModel:
        with self._lock:
            # One thread: several wait for each other by spinning, and there are other accounts on this machine.
            self._model = self._model or LlamaCppModel(builtin_weights(), _CONTEXT_TOKENS, threads=1)
            return self._model


class BedrockRuntime(BedrockServer):
    """Serves every model id that the account lets through."""

    def __init__(self, port: int) -> None:
        self._small = _SmallModel()
        self._embedder = MiniLMEmbedder(builtin_embedder(), threads=1)
        self._embedding = threading.Lock()
        super().__init__(self._small, port)

    def close(self) -> None:
        super().close()
        self._small.close()
        self._embedder.close()

    def _respond(self, exchange: Exchange) -> None:
        model_id, _, operation = unquote(exchange.path).removeprefix("/model/").rpartition("/")
        if operation == "converse-stream":
            super()._respond(exchange)
        elif operation == "converse":
            self._converse(exchange, model_id)
        elif operation == "invoke" and "titan-embed-text-v2" in model_id:
            self._titan(exchange)
        elif exchange.path == "/rerank":
            self._rerank(exchange)
        else:
            _refuse(exchange, _invalid("The provided model identifier is invalid."))

    def _converse(self, exchange: Exchange, model_id: str) -> None:
        body = {"inferenceConfig": {"maxTokens": _MOST_TOKENS}, **exchange.body}
        if problem := self._problem(model_id, body):
            _refuse(exchange, problem)
            return
        text = ""
        for event in self._small.stream(_request(body)):
            match event:
                case TextDelta(piece):
                    text += piece
                case Completion(reason, usage):
                    exchange.answer(
                        200,
                        {
                            "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
                            "stopReason": reason,
                            "usage": {
                                "inputTokens": usage.input_tokens,
                                "outputTokens": usage.output_tokens,
                                "totalTokens": usage.input_tokens + usage.output_tokens,
                            },
                            "metrics": {"latencyMs": 1},
                        },
                    )

    def _titan(self, exchange: Exchange) -> None:
        body = exchange.body if isinstance(exchange.body, dict) else {}
        if problem := _titan_problem(body):
            _refuse(exchange, problem)
            return
        [short] = self._embed([body["inputText"]])
        vector = padded(short, body.get("dimensions", _DIMENSIONS[-1]))
        count = {"inputTextTokenCount": max(1, len(body["inputText"]) // 4)}
        exchange.answer(200, {"embedding": vector, "embeddingsByType": {"float": vector}, **count})

    def _rerank(self, exchange: Exchange) -> None:
        """Sources ordered by how near they are to the query, as nobody's reranker would do it better here."""
        sources = [each["inlineDocumentSource"]["textDocument"]["text"] for each in exchange.body["sources"]]
        wanted = exchange.body["rerankingConfiguration"]["bedrockRerankingConfiguration"].get(
            "numberOfResults", len(sources)
        )
        query, *vectors = self._embed([exchange.body["queries"][0]["textQuery"]["text"], *sources])
        scores = [sum(a * b for a, b in zip(query, vector, strict=True)) for vector in vectors]
        best = sorted(range(len(scores)), key=lambda index: -scores[index])[:wanted]
        exchange.answer(
            200, {"results": [{"index": index, "relevanceScore": max(0.0, scores[index])} for index in best]}
        )

    def _embed(self, texts: list[str]) -> list[list[float]]:
        with self._embedding:
            return [list(vector) for vector in self._embedder.embed(texts, time.monotonic() + _SECONDS)]


def padded(short: list[float], dimensions: int) -> list[float]:
    """The vector with as many dimensions, of length 1: distances stay what they were where none is cut off."""
    vector = (short + [0.0] * dimensions)[:dimensions]
    length = math.hypot(*vector) or 1.0
    return [value / length for value in vector]


def _titan_problem(body: dict[str, Any]) -> Refusal | None:
    text = body.get("inputText")
    unknown = sorted(set(body) - {"inputText", "dimensions", "normalize", "embeddingTypes"})
    if unknown:
        return _invalid(f"Malformed input request: #: extraneous key [{unknown[0]}] is not permitted")
    if not isinstance(text, str) or not text:
        return _invalid("Malformed input request: expected minLength: 1, actual: 0, please reformat your input")
    if len(text) > _MOST_CHARACTERS:
        return _invalid(f"Malformed input request: expected maxLength: {_MOST_CHARACTERS}, actual: {len(text)}")
    if body.get("dimensions", _DIMENSIONS[-1]) not in _DIMENSIONS:
        return _invalid("Malformed input request: #/dimensions: is not a valid enum value")
    return None
