"""Embeddings by a server that speaks OpenAI's ``/embeddings``: Ollama, llama.cpp, LM Studio, vLLM, OpenAI."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx

from shared.documents import EmbedderTraits, Vector
from shared.embeddings import EmbedderBusy, attempts, out_of_time, readable, seconds_left, unit_vector
from shared.errors import ConfigurationError, EmbedderError
from shared.models import ModelSpec

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
#: Texts of one request: seconds of work for a server without a graphics card.
_BATCH = 16
#: Many embedding models read 512 tokens of their own: fewer words than the ruler's 512, and a heading comes on top.
_CHUNK_TOKENS = 384
#: About 8,000 tokens, the most that any of these models reads.
_LONGEST_CHARACTERS = 32_000
#: A text this short is not refused for its length.
_SHORT_CHARACTERS = 100
#: Sixteen vectors of 8,192 numbers take 3 MB as JSON.
_LONGEST_ANSWER_BYTES = 20_000_000
#: How llama.cpp and Ollama say with status 500 that a text is longer than they read.
_TOO_LONG = re.compile(
    rb"\b(input|prompt|request)\b.{0,40}\b(too (large|long)\b|exceeds? .{0,40}\b(context|length|tokens)\b)",
    re.IGNORECASE,
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class _Refused(Exception):
    """The server does not take these texts; it may take fewer or shorter ones."""


class OpenAIEmbedder:
    """One model of one server. ``base_url`` ends before ``/embeddings``, as in ``http://localhost:11434/v1``."""

    def __init__(
        self, base_url: str, model: str, api_key: str | None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Connects to nothing yet. Raises ``ConfigurationError`` for an address or a key that no request can carry."""
        url = _parsed(base_url)
        self._model = model
        self._name = ModelSpec("openai", model, base_url.rstrip("/")).name
        self._url = f"{base_url.rstrip('/')}/embeddings"
        self._server = f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port else "")
        self._sleep = sleep
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {_sendable(api_key)}"} if api_key else {},
            follow_redirects=False,
            # A proxy of the environment is for the world outside; a server on this machine is never behind it.
            trust_env=url.host not in _LOOPBACK,
        )

    @property
    def traits(self) -> EmbedderTraits:
        return EmbedderTraits(self._name, _CHUNK_TOKENS)

    def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        """A server that stalls in the middle of an answer is noticed after twice the time left, at the latest."""
        readables = [readable(text, _LONGEST_CHARACTERS) for text in texts]
        vectors: list[Vector[float]] = []
        for first in range(0, len(texts), _BATCH):
            vectors += self._batch(readables[first : first + _BATCH], deadline)
        if len({len(vector) for vector in vectors}) > 1:
            raise self._unusable()
        return vectors

    def close(self) -> None:
        self._client.close()

    def _batch(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        """Where the texts are refused, each is sent alone, and shorter, until it fits: no server tells its limit."""
        try:
            return attempts(lambda: self._request(texts, deadline), deadline, self._sleep)
        except _Refused:
            if len(texts) > 1:
                return [vector for text in texts for vector in self._batch([text], deadline)]
            if len(texts[0]) > _SHORT_CHARACTERS:
                return self._batch([texts[0][: len(texts[0]) // 2]], deadline)
        raise EmbedderError(
            f"{self._server} does not embed texts with {self._model}; set CHATBOT_EMBEDDER to a model that is made for "
            "embeddings, such as nomic-embed-text. The server's own log says more."
        )

    def _request(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        body = {"model": self._model, "input": list(texts), "encoding_format": "float"}
        left = seconds_left(deadline)
        timeout = httpx.Timeout(left, connect=min(_CONNECT_SECONDS, left))
        with (
            self._translating(deadline),
            self._client.stream("POST", self._url, json=body, timeout=timeout) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise self._refused(response, deadline)
            answer = self._read(response, deadline)
        try:
            return _vectors(answer, len(texts))
        except (ValueError, KeyError, TypeError):
            raise self._unusable() from None

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        answer = bytearray()
        for part in response.iter_bytes():
            seconds_left(deadline)
            answer += part
            if len(answer) > _LONGEST_ANSWER_BYTES:
                raise self._unusable()
        return bytes(answer)

    @contextlib.contextmanager
    def _translating(self, deadline: float) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, OSError) as error:
            _log.warning("openai-compatible server=%s error=%s", self._server, type(error).__name__)
            if time.monotonic() >= deadline:
                raise out_of_time() from None
            raise self._from_transport(error) from None

    def _from_transport(self, error: Exception) -> EmbedderError:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return EmbedderError(f"There is no server at {self._server}: is it running?", retry_after=5.0)
        if isinstance(error, httpx.TimeoutException):
            return out_of_time()
        return EmbedderBusy(f"The connection to {self._server} was cut; try again.", retry_after=1.0)

    def _refused(self, response: httpx.Response, deadline: float) -> Exception:
        status, server = response.status_code, self._server
        _log.warning("openai-compatible server=%s status=%d", server, status)
        if status in {400, 413, 422}:
            return _Refused()
        if status == httpx.codes.INTERNAL_SERVER_ERROR and _TOO_LONG.search(self._read(response, deadline)):
            return _Refused()
        if status in {401, 403}:
            return EmbedderError(f"{server} does not accept the key; set CHATBOT_OPENAI_API_KEY to one it knows.")
        if status == httpx.codes.NOT_FOUND:
            return EmbedderError(
                f"{server} has no model {self._model}, or its address is not complete (most end in /v1); check "
                "CHATBOT_EMBEDDER, and that the model is installed there."
            )
        if response.is_redirect:
            return EmbedderError(f"{server} points to another address, which is not followed; check CHATBOT_EMBEDDER.")
        return _failed_for_now(status, server)

    def _unusable(self) -> EmbedderError:
        return EmbedderError(
            f"{self._server} answered with something that is not one vector for each text; check that "
            f"{self._model} in CHATBOT_EMBEDDER is a model that is made for embeddings."
        )


def _failed_for_now(status: int, server: str) -> EmbedderError:
    """The error for a status that may be another one soon."""
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return EmbedderBusy(f"{server} is over its rate; try again in a moment.", retry_after=2.0)
    if status in {408, 500, 502, 503, 504, 529}:
        return EmbedderBusy(f"{server} is not ready to answer; try again.", retry_after=2.0)
    return EmbedderError(f"{server} failed with status {status}; its own log says why.")


def _vectors(answer: bytes, count: int) -> list[Vector[float]]:
    """Raises ``ValueError``, ``KeyError`` or ``TypeError`` for an answer that does not hold them."""
    found: list[dict[str, Any]] = json.loads(answer)["data"]
    by_index = {each["index"]: unit_vector(each["embedding"]) for each in found}
    if len(found) != count or sorted(by_index) != [*range(count)]:
        raise ValueError("not one for each text")
    return [by_index[index] for index in range(count)]


def _parsed(base_url: str) -> httpx.URL:
    with contextlib.suppress(httpx.InvalidURL):
        url = httpx.URL(base_url)
        if url.scheme in {"http", "https"} and url.host:
            return url
    raise ConfigurationError(
        "The address of the embedder's server (CHATBOT_EMBEDDER, after the @) is not a complete URL."
    )


def _sendable(api_key: str) -> str:
    if api_key.isascii() and api_key.isprintable():
        return api_key
    raise ConfigurationError("CHATBOT_OPENAI_API_KEY holds characters that no key has; copy it once more.")
