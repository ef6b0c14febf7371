"""Requests to an OpenSearch Serverless collection: signed, tried again within a deadline, errors translated.

Not ``opensearch-py``: since it has gRPC it brings more than 20 MB, and a Lambda's zip is to stay small.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from shared.aws import opensearch_errors as errors
from shared.errors import ConfigurationError, IndexUnavailable

_log = logging.getLogger(__name__)

_SERVICE = "aoss"
_CONNECT_SECONDS = 3.0
#: The longest silence of one attempt. A collection that starts may keep a request that long; the next attempt finds it
#: further.
_READ_SECONDS = 10.0
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Timer(Protocol):
    """Time as an operation spends it, in seconds."""

    def now(self) -> float:
        """A reading that only grows, as ``time.monotonic``."""
        ...

    def pause(self, seconds: float) -> None:
        """Returns after that long."""
        ...


class SystemTimer:
    """The time of this machine."""

    def now(self) -> float:
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and the body as JSON."""

    status: int
    body: Any


class Attempts:
    """The attempts of one operation: the time that is left, and the pauses in between."""

    def __init__(self, timer: Timer, seconds: float) -> None:
        self._timer = timer
        self._deadline = timer.now() + seconds
        self._pauses = 0

    @property
    def seconds_left(self) -> float:
        return self._deadline - self._timer.now()

    def again(self, failure: IndexUnavailable) -> None:
        """Returns when it is time for another attempt. Raises the failure of the last one where there is none left.

        The pauses are random and grow, so that rivals do not meet again ("full jitter").
        """
        # At least a little: attempts that fail at once must not become a storm.
        pause = _FIRST_PAUSE + random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._pauses))  # noqa: S311
        if pause >= self.seconds_left:
            raise failure
        self._pauses += 1
        self._timer.pause(pause)


class _TransientError(Exception):
    """An attempt failed, and the next may not."""

    def __init__(self, failure: IndexUnavailable) -> None:
        super().__init__()
        self.failure = failure


class OpenSearchClient:
    """One collection. ``credentials`` is called for every attempt, so that they may be renewed.

    Every request may be sent twice: those of the index are reads, or writes under ids of our own. Paths must be made of
    ASCII letters, digits, ``-``, ``_`` and ``/``, which every signer writes alike; ``*`` is not among them.
    """

    def __init__(
        self,
        endpoint: str,
        region: str,
        credentials: Callable[[], ReadOnlyCredentials | None],
        timer: Timer | None = None,
    ) -> None:
        """Connects to nothing yet. Raises ``ConfigurationError`` for an endpoint that is no URL."""
        self._url = _parsed(endpoint)
        self._region = region
        self._credentials = credentials
        self.timer: Timer = timer or SystemTimer()
        # A proxy of the environment is for the world outside; a server on this machine is never behind it.
        self._client = httpx.Client(follow_redirects=False, trust_env=self._url.host not in _LOOPBACK)

    def attempts(self, seconds: float) -> Attempts:
        """The attempts of an operation that may take so long."""
        return Attempts(self.timer, seconds)

    def request(self, method: str, path: str, attempts: Attempts, body: bytes = b"", *, lines: bool = False) -> Answer:
        """The answer to a request, tried again until the time is up. ``lines`` says that the body is JSON lines.

        Answers with a status that another attempt would not change are returned, not raised, but for refused access.
        """
        while True:
            try:
                answer = self._once(
                    method, path, body, "application/x-ndjson" if lines else "application/json", attempts
                )
            except _TransientError as transient:
                attempts.again(transient.failure)
                continue
            if answer.status in {401, 403}:
                raise errors.for_status(answer.status)
            return answer

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _once(self, method: str, path: str, body: bytes, content_type: str, attempts: Attempts) -> Answer:
        left = max(attempts.seconds_left, 0.001)
        timeout = httpx.Timeout(min(_READ_SECONDS, left), connect=min(_CONNECT_SECONDS, left))
        url = self._url.join(path)
        headers = self._signed(method, str(url), body, content_type)
        try:
            with self._client.stream(method, url, content=body, headers=headers, timeout=timeout) as response:
                return _read(response, attempts)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            _log.warning("opensearch path=%s error=%s", path, type(error).__name__)
            raise _TransientError(errors.unreachable()) from None
        except httpx.TransportError as error:
            # No answer in time, or half of one: so does a collection behave that starts.
            _log.warning("opensearch path=%s error=%s", path, type(error).__name__)
            raise _TransientError(errors.waking()) from None
        except (httpx.DecodingError, ValueError):
            _log.warning("opensearch path=%s error=unreadable", path)
            raise _TransientError(errors.unreadable()) from None

    def _signed(self, method: str, url: str, body: bytes, content_type: str) -> dict[str, str]:
        """The headers. Serverless collections want the body's digest in a header that is signed, too."""
        try:
            credentials = self._credentials()
        except (BotoCoreError, ConfigurationError):
            raise errors.no_credentials() from None
        if credentials is None:
            raise errors.no_credentials()
        digest = hashlib.sha256(body).hexdigest()
        headers = {"Content-Type": content_type, "X-Amz-Content-SHA256": digest}
        request = AWSRequest(method=method, url=url, data=body, headers=headers)
        SigV4Auth(credentials, _SERVICE, self._region).add_auth(request)
        return dict(request.headers.items())


def _read(response: httpx.Response, attempts: Attempts) -> Answer:
    """The whole answer, where it comes before the time is up: the read timeout alone starts anew with every byte."""
    parts = []
    for part in response.iter_bytes():
        parts.append(part)
        if attempts.seconds_left <= 0:
            raise _TransientError(errors.waking())
    status = response.status_code
    if status in errors.TRANSIENT_STATUSES:
        _log.warning("opensearch status=%d request_id=%s", status, response.headers.get("x-request-id"))
        raise _TransientError(errors.for_status(status))
    body = b"".join(parts)
    # Refusals need not be JSON; they are told by their status.
    return Answer(status, json.loads(body) if response.is_success else _loads_or_none(body))


def _loads_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _parsed(endpoint: str) -> httpx.URL:
    try:
        url = httpx.URL(endpoint)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise ConfigurationError(
            "The address of the document index (CHATBOT_OPENSEARCH_ENDPOINT) is not a complete URL; use the endpoint "
            "that the OpenSearch Serverless console shows for the collection, such as https://abc.aoss.eu-west-1.on.aws"
        )
    return url
