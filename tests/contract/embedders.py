"""What the contract suite of the embedders needs: each adapter before something that really embeds."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import unquote

import botocore.session
from botocore.validate import ParamValidator

from shared.aws.titan import TitanEmbedder
from shared.local import llama_cpp
from shared.local.llama_cpp import builtin_weights
from shared.local.minilm import MiniLMEmbedder, builtin_embedder
from shared.local.openai_embeddings import OpenAIEmbedder
from tests.contract.loopback import Exchange, LoopbackServer
from tests.contract.models import API_KEY, THREADS, bedrock_client
from tests.fake_embedder import FakeEmbedder

TITAN = "amazon.titan-embed-text-v2:0"

#: What ``fail_next`` can make of the next request: an error instead of an answer, another body, or a fault.
Refusal = tuple[int, str, str]
Fault = Literal["cut", "half", "stall"]

_FIELDS = frozenset({"inputText", "dimensions", "normalize", "embeddingTypes"})
_DIMENSIONS = frozenset({None, 256, 512, 1024})
_CHARACTERS = 50_000
_TOKENS = 8_192
_CHARACTERS_PER_TOKEN = 4


class TitanServer(LoopbackServer):
    """A stand-in for Bedrock's InvokeModel with Titan Text Embeddings V2, whose vectors are bags of words.

    The bodies are those of the Amazon Bedrock User Guide, "Amazon Titan Embeddings Text"; botocore's service model
    checks the rest of the request. ``requests`` are the bodies taken, ``most_at_once`` how many of them met.
    """

    def __init__(self, model_id: str = TITAN) -> None:
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        #: Answers wait here where a test has set it: for each other, say.
        self.meeting: threading.Barrier | None = None
        self._at_once = 0
        self._model_id = model_id
        self._vectors = FakeEmbedder(dimensions=1024)
        self._faults: deque[Refusal | Fault | dict[str, Any] | None] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        shape = (
            botocore.session.get_session()
            .get_service_model("bedrock-runtime")
            .operation_model("InvokeModel")
            .input_shape
        )
        assert shape is not None
        self._shape = shape
        super().__init__(self._respond)

    def fail_next(self, *faults: Refusal | Fault | dict[str, Any] | None) -> None:
        """Makes the next requests fail, one by one: a dictionary is the answer's body, ``None`` lets one through."""
        self._faults.extend(faults)

    def close(self) -> None:
        self._closing.set()
        super().close()

    def _respond(self, exchange: Exchange) -> None:
        with self._lock:
            self.requests.append(exchange.body)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            fault = self._faults.popleft() if self._faults else None
        try:
            if self.meeting is not None:
                self.meeting.wait(60)
        finally:
            with self._lock:
                self._at_once -= 1
        self._answer(exchange, fault)

    def _answer(self, exchange: Exchange, fault: Refusal | Fault | dict[str, Any] | None) -> None:
        if fault == "stall":
            self._closing.wait()
        if fault in ("cut", "stall"):
            exchange.cut()
        if fault == "half":
            with exchange.streaming("application/json") as write:
                write(b'{"embedding": [0.1, 0.')
                exchange.cut()
        problem = fault if isinstance(fault, tuple) else self._problem(exchange)
        if problem is not None:
            status, code, words = problem
            headers = {"x-amzn-ErrorType": f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
            exchange.answer(status, {"message": words}, headers)
            return
        exchange.answer(200, fault if isinstance(fault, dict) else self._embedded(exchange.body["inputText"]))

    def _embedded(self, text: str) -> dict[str, Any]:
        (vector,) = self._vectors.embed([text], time.monotonic() + 10)
        values = vector.tolist()
        return {
            "embedding": values,
            "embeddingsByType": {"float": values},
            "inputTextTokenCount": len(text) // _CHARACTERS_PER_TOKEN,
        }

    def _problem(self, exchange: Exchange) -> Refusal | None:
        """What Bedrock would refuse: what its service model says, and the rules that stand only in words."""
        _, kind, model_id, operation = unquote(exchange.path).split("/")
        assert (kind, operation) == ("model", "invoke")
        arguments = {"modelId": model_id, "body": json.dumps(exchange.body), "accept": exchange.headers["accept"]}
        report = ParamValidator().validate(arguments, self._shape)
        if report.has_errors():
            return _invalid(report.generate_report())
        if model_id != self._model_id:
            return _invalid("The provided model identifier is invalid.")
        return _bad_body(exchange.body)


def _bad_body(body: dict[str, Any]) -> Refusal | None:
    text = body.get("inputText", "")
    tokens = len(text) // _CHARACTERS_PER_TOKEN
    problems = {
        f"Malformed input request: extraneous keys {body.keys() - _FIELDS}": body.keys() - _FIELDS,
        "Malformed input request: expected minLength: 1, actual: 0": not text.strip(),
        f"Malformed input request: expected maxLength: {_CHARACTERS}, actual: {len(text)}": len(text) > _CHARACTERS,
        "Malformed input request: #/dimensions: not a valid enum value": body.get("dimensions") not in _DIMENSIONS,
        f"Too many input tokens. Max input tokens: {_TOKENS}, request input token count: {tokens}": tokens > _TOKENS,
    }
    return next((_invalid(words) for words, found in problems.items() if found), None)


def _invalid(words: str) -> Refusal:
    return (400, "ValidationException", words)


@contextlib.contextmanager
def running_minilm() -> Iterator[MiniLMEmbedder]:
    """The built-in embedder."""
    with contextlib.closing(MiniLMEmbedder(builtin_embedder())) as embedder:
        yield embedder


@contextlib.contextmanager
def titan_before(server: TitanServer, *, read_timeout: float = 30) -> Iterator[TitanEmbedder]:
    """The Titan adapter before the stand-in; it pauses for no time between attempts."""
    client = bedrock_client(server.url, read_timeout=read_timeout)
    with contextlib.closing(TitanEmbedder(client, TITAN, sleep=lambda _: None)) as embedder:
        yield embedder


@contextlib.contextmanager
def openai_before_llama_cpp() -> Iterator[OpenAIEmbedder]:
    """The OpenAI-compatible adapter before llama.cpp's own server, which averages the built-in language model."""
    engine = llama_cpp._engine()
    params = engine.CommonParams()
    params.model.path = str(builtin_weights())
    params.embedding = True
    params.pooling_type = engine.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    # Texts that are read together, in several slots, get other vectors there than alone: as far apart as 0.92.
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
    params.n_ctx = 2048
    params.api_keys = [API_KEY]
    params.verbosity = -1
    server = engine.Server(params)
    with contextlib.closing(OpenAIEmbedder(f"{server.listening_address}/v1/", "smollm2", API_KEY)) as embedder:
        yield embedder
    del server
