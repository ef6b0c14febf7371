"""The deployed API over HTTP, with the standard library alone; the command line's configuration says where."""

from __future__ import annotations

import http.client
import json
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import cli_config

# A turn may take five minutes; nothing else of the API takes longer.
_LONGEST_SECONDS = 320.0


class Unreachable(Exception):
    """No answer came; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``code`` is the error's where the API says one."""

    status: int
    content: bytes

    @property
    def data(self) -> Any:
        """The JSON in it; ``None`` where it is none."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    @property
    def code(self) -> str | None:
        data = self.data
        error = data.get("error") if isinstance(data, dict) else None
        return error.get("code") if isinstance(error, dict) else None

    def __str__(self) -> str:
        shown = self.content[:300].decode("utf-8", "replace")
        return f"{self.status} {shown}"


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event: its data, and when it came, in seconds after the request."""

    data: dict[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class Api:
    """A deployed API. The key does not show in a repr."""

    url: str
    _key: str

    def __repr__(self) -> str:
        return f"Api({self.url!r})"

    def call(self, method: str, path: str, body: Any = None, *, key: bool = True, **headers: str) -> Answer:
        """One request. ``headers`` are named with ``_`` for ``-``. Raises ``Unreachable``."""
        try:
            with _open(self._request(method, path, body, key=key, headers=headers)) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, _body_of(error))
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{method} {self.url}{path}: {getattr(error, 'reason', error)}") from error

    def stream(self, path: str, body: Any) -> Iterator[Event]:
        """The events of a request as they come. Raises ``Unreachable``, also where the API answers with an error."""
        began = time.monotonic()
        try:
            with _open(
                self._request("POST", path, body, key=True, headers={"accept": "text/event-stream"})
            ) as response:
                for line in response:
                    if line.startswith(b"data:"):
                        yield Event(json.loads(line[5:]), time.monotonic() - began)
        except urllib.error.HTTPError as error:
            raise Unreachable(f"POST {self.url}{path}: {Answer(error.code, _body_of(error))}") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"POST {self.url}{path}: {getattr(error, 'reason', error)}") from error

    def _request(
        self, method: str, path: str, body: Any, *, key: bool, headers: Mapping[str, str]
    ) -> urllib.request.Request:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["x-api-key"] = self._key
        if body is not None:
            sent["content-type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        return urllib.request.Request(self.url + path, content, sent, method=method)  # noqa: S310  # checked in deployed


def upload(method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
    """Sends a document to where the API said. Raises ``Unreachable``."""
    if not is_private(url):
        raise Unreachable("the API names an upload address that is not https")
    request = urllib.request.Request(url, content, dict(headers), method=method)  # noqa: S310  # checked above
    try:
        with _open(request) as response:
            return Answer(response.status, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, _body_of(error))
    except (OSError, http.client.HTTPException) as error:
        # Without the address: its query is a signature.
        raise Unreachable(f"the upload: {getattr(error, 'reason', error)}") from error


def is_private(url: str) -> bool:
    """Whether nobody else can read what is sent there: https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))


def _open(request: urllib.request.Request) -> http.client.HTTPResponse:
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_LONGEST_SECONDS)  # noqa: S310
    return response


def deployed(env: str, url_of_stack: str) -> Api:
    """The API of an environment. Raises ``cli_config.Mistake`` where the configuration does not say it, or another one.

    It knows one URL and key for an environment; there may be one in each Region and account.
    """
    file = cli_config.config_file()
    try:
        section = tomllib.loads(cli_config.read(file))["env"][env]
        url, key = section["url"], section["api_key"]
    except (KeyError, TypeError):
        raise cli_config.Mistake(f"{file} does not say where {env} is; scripts/deploy.sh {env} writes it.") from None
    if not isinstance(url, str) or not isinstance(key, str) or not is_private(url):
        raise cli_config.Mistake(f"{file}, [env.{env}]: expected an https:// address and a key; deploy.sh writes both.")
    if url.rstrip("/") != url_of_stack.rstrip("/"):
        raise cli_config.Mistake(
            f"{file} says that {env} is at {url}, its stack here says {url_of_stack}: that is another Region or "
            f"account, or the file is old. scripts/deploy.sh {env}, with the same --region and --profile, writes what "
            "is here."
        )
    return Api(url.rstrip("/"), key)


def _body_of(error: urllib.error.HTTPError) -> bytes:
    """What came of it: who refuses a request may hang up before all of it was sent, and the status says enough."""
    try:
        return error.read()
    except (OSError, http.client.HTTPException):
        return b""
