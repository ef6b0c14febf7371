"""Models behind a server that speaks OpenAI's chat completions: Ollama, llama.cpp, LM Studio, vLLM, OpenAI."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Generator, Iterator
from typing import Any

import httpx

from shared.errors import (
    ConfigurationError,
    ContextExceeded,
    ModelError,
    ModelStreamBroken,
    ModelThrottled,
    ModelTimeout,
    ModelUnavailable,
)
from shared.model_streams import ChatChunks, chat_body, out_of_time, seconds_left
from shared.models import ModelEvent, ModelRequest, TextDelta

_log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
#: Lines of these streams hold a token or a few; far longer ones are no answer, and would fill the memory.
_LONGEST_LINE_BYTES = 1_000_000
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 300.0
#: OpenAI's newer models refuse ``max_tokens``, the name by which all the other servers know the limit.
_OPENAI_HOST = "api.openai.com"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OpenAICompatibleModel:
    """One model of one server. ``base_url`` ends before ``/chat/completions``, as in ``http://localhost:11434/v1``."""

    def __init__(self, base_url: str, model_id: str, api_key: str | None) -> None:
        """Connects to nothing yet. Raises ``ConfigurationError`` for an address or a key that no request can carry."""
        self._model_id = model_id
        url = _parsed(base_url)
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._server = f"{url.scheme}://{url.host}" + (f":{url.port}" if url.port else "")
        self._length_field = "max_completion_tokens" if url.host == _OPENAI_HOST else "max_tokens"
        # Compressed streams would arrive in lumps.
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        if api_key:
            headers["Authorization"] = f"Bearer {_sendable(api_key)}"
        # A proxy of the environment is for the world outside; a server on this machine is never behind it.
        self._client = httpx.Client(
            headers=headers,
            follow_redirects=False,
            trust_env=url.host not in _LOOPBACK,
            # Turns come seconds apart. A connection kept that long is often closed by the server in the very moment it
            # is used again, and a lost request cannot be told from one that was answered.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        body = chat_body(request) | {"model": self._model_id, self._length_field: request.max_tokens}
        left = seconds_left(request)
        timeout = httpx.Timeout(left, connect=min(_CONNECT_SECONDS, left))
        with (
            self._translating(request),
            self._client.stream("POST", self._url, json=body, timeout=timeout) as response,
            _cut_at_deadline(response, request),
        ):
            if response.status_code != httpx.codes.OK:
                raise self._refused(response)
            yield from _events(response, request)

    def close(self) -> None:
        """Closes the connections in use."""
        self._client.close()

    @contextlib.contextmanager
    def _translating(self, request: ModelRequest) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, OSError) as error:
            _log.warning("openai-compatible server=%s error=%s", self._server, type(error).__name__)
            if time.monotonic() >= request.deadline:
                raise out_of_time() from None
            raise self._from_transport(error) from None

    def _from_transport(self, error: Exception) -> ModelError:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ModelUnavailable(f"There is no server at {self._server}: is it running?", retry_after=5.0)
        if isinstance(error, httpx.TimeoutException):
            return out_of_time()
        return ModelStreamBroken(
            f"The connection to {self._server} was cut before the end of the answer; try again.", retry_after=1.0
        )

    def _refused(self, response: httpx.Response) -> ModelError:
        status, server = response.status_code, self._server
        _log.warning("openai-compatible server=%s status=%d", server, status)
        if status in {401, 403}:
            return ModelUnavailable(f"{server} does not accept the key; set CHATBOT_OPENAI_API_KEY to one it knows.")
        if status == httpx.codes.NOT_FOUND:
            return ModelUnavailable(
                f"{server} has no model {self._model_id}, or its address is not complete (most end in /v1); check "
                "CHATBOT_MODEL, and that the model is installed there."
            )
        if status in {400, 413, 422}:
            # Servers say it in as many ways as there are servers; a shorter conversation is worth a try for each.
            return ContextExceeded(
                f"{server} does not accept this request; most often the conversation is longer than the model "
                f"{self._model_id} can read. Start a new conversation, or set its context_tokens in "
                "CHATBOT_MODEL_CAPABILITIES."
            )
        if response.is_redirect:
            return ModelUnavailable(f"{server} points to another address, which is not followed; check CHATBOT_MODEL.")
        return _failed_for_now(response, server)


def _failed_for_now(response: httpx.Response, server: str) -> ModelError:
    """The error for a status that may be another one soon."""
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return ModelThrottled(f"{server} is over its rate; try again in a moment.", retry_after=_retry_after(response))
    if status in {408, 504}:
        return ModelTimeout(f"{server} did not answer in time; try again.", retry_after=_retry_after(response))
    if status in {502, 503, 529}:
        return ModelUnavailable(f"{server} is not ready to answer; try again.", retry_after=_retry_after(response))
    return ModelError(f"{server} failed with status {status}; its own log says why.")


def _parsed(base_url: str) -> httpx.URL:
    with contextlib.suppress(httpx.InvalidURL):
        url = httpx.URL(base_url)
        if url.scheme in {"http", "https"} and url.host:
            return url
    raise ConfigurationError("The address of the model's server (CHATBOT_MODEL, after the @) is not a complete URL.")


def _sendable(api_key: str) -> str:
    if api_key.isascii() and api_key.isprintable():
        return api_key
    raise ConfigurationError("CHATBOT_OPENAI_API_KEY holds characters that no key has; copy it once more.")


def _events(response: httpx.Response, request: ModelRequest) -> Iterator[ModelEvent]:
    chunks = ChatChunks()
    # Read to its very end, which comes right after [DONE]: only then is the connection used again.
    for data in _data_lines(response):
        seconds_left(request)
        if data == b"[DONE]":
            continue
        try:
            chunk = json.loads(data)
        except ValueError:
            raise ModelStreamBroken("The model's server sent a damaged answer; try again.", retry_after=1.0) from None
        if text := chunks.read(chunk):
            yield TextDelta(text)
    seconds_left(request)
    yield chunks.completion()


def _data_lines(response: httpx.Response) -> Iterator[bytes]:
    """The data lines of server-sent events.

    Not ``httpx``'s own lines: those also end at U+2028 and its like, which stand unescaped in JSON strings.
    """
    rest = b""
    for part in response.iter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > _LONGEST_LINE_BYTES:
            raise ModelStreamBroken("The model's server sent something that is not an answer.")
        for line in lines:
            if line.startswith(b"data:"):
                yield line.removeprefix(b"data:").strip()


@contextlib.contextmanager
def _cut_at_deadline(response: httpx.Response, request: ModelRequest) -> Iterator[None]:
    """Ends the connection at the deadline, under a reader that waits.

    A read timeout alone cannot: it starts anew with every read, and a stream may stall late or trickle.
    """
    connection: Any = response.extensions["network_stream"].get_extra_info("socket")
    timer = threading.Timer(max(request.deadline - time.monotonic(), 0), _shut_down, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # The plain socket's: the method of a TLS socket would take the keys away from under the reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _retry_after(response: httpx.Response) -> float:
    """Seconds from the header; its other form, a date, is not worth a clock here."""
    try:
        return min(max(float(response.headers["Retry-After"]), 0.0), _LONGEST_RETRY_SECONDS)
    except (KeyError, ValueError):
        return _FIRST_RETRY_SECONDS
