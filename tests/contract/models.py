"""What the contract suite of the chat models needs: the three adapters, each before a model that really generates."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config

from shared.aws.bedrock import BedrockModel
from shared.local import llama_cpp, openai_compatible
from shared.local.llama_cpp import LlamaCppModel, builtin_weights
from shared.local.openai_compatible import OpenAICompatibleModel
from shared.model_streams import chat_body
from shared.models import ChatMessage, Completion, ModelEvent, ModelRequest, TextDelta
from shared.ports import ChatModel
from tests.contract.bedrock_server import BedrockServer

CONTEXT_TOKENS = 2048
API_KEY = "test-key"
#: Of an engine: test_llama_cpp.py has as many as there are cores, which wait for each other while other tests run.
THREADS = 1


def ask(*texts: str, max_tokens: int = 64, seconds: float = 60, **fields: Any) -> ModelRequest:
    """A request whose messages alternate, the user's first."""
    messages = tuple(ChatMessage("assistant" if index % 2 else "user", text) for index, text in enumerate(texts))
    fields = {"system": "You are a helpful assistant.", "temperature": 0.0, **fields}
    return ModelRequest(messages=messages, max_tokens=max_tokens, deadline=time.monotonic() + seconds, **fields)


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def completion_of(events: list[ModelEvent]) -> Completion:
    assert isinstance(events[-1], Completion)
    return events[-1]


def echo_body(request: ModelRequest) -> Mapping[str, Any]:
    """The request with a grammar that makes the model generate exactly its last message, token by token."""
    return {**chat_body(request), "grammar": f"root ::= {json.dumps(request.messages[-1].text, ensure_ascii=False)}"}


@contextlib.contextmanager
def running_llama_cpp() -> Iterator[LlamaCppModel]:
    """The built-in model in this process."""
    with contextlib.closing(LlamaCppModel(builtin_weights(), CONTEXT_TOKENS, THREADS)) as model:
        yield model


@contextlib.contextmanager
def llama_cpp_server() -> Iterator[str]:
    """llama.cpp's own HTTP server with the built-in weights and two slots. The base URL."""
    engine = llama_cpp._engine()
    params = engine.CommonParams()
    params.model.path = str(builtin_weights())
    params.n_parallel = 2
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
    params.n_ctx = CONTEXT_TOKENS * 2
    params.api_keys = [API_KEY]
    params.verbosity = -1
    server = engine.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def bedrock_client(url: str, *, read_timeout: float = 30) -> Any:
    """A client of the stand-in: one attempt, so that a fault is seen and not retried away."""
    config = Config(
        connect_timeout=2, read_timeout=read_timeout, retries={"total_max_attempts": 1, "mode": "standard"}, proxies={}
    )
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )


@contextlib.contextmanager
def bedrock_before(model: ChatModel) -> Iterator[BedrockModel]:
    """The Bedrock adapter before a stand-in that answers with the model."""
    with (
        BedrockServer(model) as server,
        contextlib.closing(BedrockModel(bedrock_client(server.url), "amazon.nova-lite-v1:0")) as adapter,
    ):
        yield adapter


@contextlib.contextmanager
def openai_before(base_url: str) -> Iterator[OpenAICompatibleModel]:
    """The OpenAI-compatible adapter before a server."""
    with contextlib.closing(OpenAICompatibleModel(base_url, "smollm2", API_KEY)) as adapter:
        yield adapter


#: Where the adapters look the shared body up: replaced to make the model echo.
BODY_USERS = (llama_cpp, openai_compatible)
