"""The HTTP contract, as the command line speaks it: one code path for the local data and for a deployed API."""

from __future__ import annotations

import importlib
import json
import ssl
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from chatbot import __version__
from chatbot.command_line.errors import ApiError
from chatbot.command_line.http_api import HttpApi, Json
from chatbot.command_line.sse import ServerEvent, read_events
from chatbot.command_line.target import Remote
from chatbot.command_line.transport_errors import api_error, connection_error, not_a_chatbot
from shared.config import Settings

#: Most items that one page of a listing is asked for.
PAGE_SIZE = 100
# A turn may take 900 s, and an answer that is not streamed sends nothing before its end.
_WHOLE_ANSWER_SECONDS = 930.0
# Streams carry a comment at least every 15 s; four of them missing is a dead connection.
_SILENCE_SECONDS = 60.0
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to send. Sending the same object again is safe: it is answered once, under one Idempotency-Key."""

    message: str
    conversation_id: str | None = None
    model: str | None = None
    use_documents: bool = True
    idempotency_key: str = field(default_factory=lambda: str(uuid.uuid4()))

    def body(self, *, stream: bool) -> Json:
        body: Json = {"message": self.message, "stream": stream}
        if self.conversation_id is not None:
            body["conversation_id"] = self.conversation_id
        if self.model is not None:
            body["model"] = self.model
        if not self.use_documents:
            body["use_documents"] = False
        return body


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """One event of an answer: ``kind`` is start, status, citations, delta or done; an error is raised instead."""

    kind: str
    data: Json


class ApiClient(HttpApi):
    """Conversations, models and answers."""

    def models(self) -> Json:
        return self._get("/models", expect="models")

    def usage(self, days: int) -> Json:
        return self._get("/usage", expect="days", days=days)

    def conversations(self, limit: int | None) -> Json:
        """The newest ``limit`` conversations, or all, in the shape of one page."""
        items: list[Json] = []
        cursor: str | None = None
        while limit is None or len(items) < limit:
            size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - len(items))
            page = self._get("/conversations", expect="conversations", limit=size, cursor=cursor)
            items += page["conversations"]
            cursor = self._next(page, cursor)
            if cursor is None:
                break
        return {"conversations": items, "next_cursor": cursor}

    def conversation(self, conversation_id: str, limit: int | None = None) -> Json:
        """The conversation with its newest ``limit`` messages, or all, oldest first."""
        path = f"/conversations/{conversation_id}"
        body = self._get(path, expect="messages", limit=min(limit or PAGE_SIZE, PAGE_SIZE))
        messages: list[Json] = body["messages"]
        cursor = self._next(body, None)
        while cursor is not None and (limit is None or len(messages) < limit):
            page = self._get(path, expect="messages", limit=PAGE_SIZE, cursor=cursor)
            messages = page["messages"] + messages
            cursor = self._next(page, cursor)
        return {**body, "messages": messages if limit is None else messages[-limit:], "next_cursor": cursor}

    def newest_conversation(self) -> str:
        """The id of the conversation with the latest turn."""
        found = self.conversations(1)["conversations"]
        if not found:
            raise ApiError("There is no conversation yet to continue. Leave the option out to start one.")
        return str(found[0].get("conversation_id"))

    def rename(self, conversation_id: str, title: str) -> Json:
        return self._object(self._send("PATCH", f"/conversations/{conversation_id}", json={"title": title}))

    def delete(self, conversation_id: str) -> None:
        self._send("DELETE", f"/conversations/{conversation_id}")

    def export(self, conversation_id: str, form: str) -> bytes:
        """The conversation as a document, ``markdown`` or ``json``."""
        return self._send("GET", f"/conversations/{conversation_id}/export", params={"format": form}).content

    def chat(self, request: OutgoingMessage) -> Json:
        """The whole answer at once."""
        response = self._send(
            "POST",
            "/chat",
            json=request.body(stream=False),
            headers={"idempotency-key": request.idempotency_key},
            timeout=httpx.Timeout(_WHOLE_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
        )
        return self._object(response, "reply")

    def chat_stream(self, request: OutgoingMessage) -> Generator[ChatEvent, None, None]:
        """The answer as it is made; the last event is ``done``. Closing the iterator ends the connection."""
        conversation_id = request.conversation_id
        try:
            with self.http.stream(
                "POST",
                "/chat",
                json=request.body(stream=True),
                headers={"idempotency-key": request.idempotency_key, "accept": "text/event-stream"},
            ) as response:
                self._check_stream(response)
                for sent in read_events(response.iter_bytes()):
                    event = self._event(sent)
                    if event is None:
                        continue
                    conversation_id = event.data.get("conversation_id") or conversation_id
                    yield event
                    if event.kind == "done":
                        return
        except httpx.ConnectError as error:
            raise connection_error(error, self.place) from error
        except httpx.HTTPError as error:
            raise _lost(conversation_id) from error
        raise _lost(conversation_id)

    def _check_stream(self, response: httpx.Response) -> None:
        kind = response.headers.get("content-type", "")
        if response.status_code != httpx.codes.OK:
            response.read()
            raise api_error(response, self.place)
        if not kind.startswith("text/event-stream"):
            raise not_a_chatbot(self.place)

    def _event(self, sent: ServerEvent) -> ChatEvent | None:
        """The event, named by its ``event:`` field or the ``type`` in its data; ``None`` for kinds not known here."""
        try:
            data = json.loads(sent.data)
        except ValueError:
            raise not_a_chatbot(self.place) from None
        if not isinstance(data, dict):
            raise not_a_chatbot(self.place)
        kind = sent.name or str(data.get("type") or data.get("event") or "")
        if kind == "error":
            error = data.get("error")
            message = error.get("message") if isinstance(error, dict) else None
            raise ApiError(str(message or "The answer failed, and the API did not say why."))
        return ChatEvent(kind, data) if kind in {"start", "status", "citations", "delta", "done"} else None


def _lost(conversation_id: str | None) -> ApiError:
    look = f"chatbot conversations show {conversation_id}" if conversation_id else "chatbot conversations list"
    return ApiError(
        "The connection was lost before the end of the answer. The reply may still be saved; look in a moment with:\n"
        f"  {look}"
    )


@contextmanager
def connect_remote(remote: Remote) -> Iterator[ApiClient]:
    """A client of a deployed API. Redirects are not followed: they could lead the key elsewhere."""
    headers = {"user-agent": f"chatbot-cli/{__version__}"}
    if remote.api_key is not None:
        headers["x-api-key"] = remote.api_key.get_secret_value()
    timeout = httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS)
    # No proxy of the environment for a server on this machine: it would be the proxy's machine.
    near = remote.is_loopback
    verify = _no_authorities() if near and remote.url.startswith("http://") else True
    with httpx.Client(base_url=remote.url, headers=headers, timeout=timeout, trust_env=not near, verify=verify) as http:
        yield ApiClient(http, remote.url)


@contextmanager
def connect_local(settings: Settings) -> Iterator[ApiClient]:
    """A client of the application itself, served in this process on a socket that only its owner can reach."""
    # Imported by name: it brings the web framework and the stores, which a client of a deployed API does without.
    server = importlib.import_module("chatbot.server")
    timeout = httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS)
    with server.serve_on_socket(settings) as socket:
        transport = httpx.HTTPTransport(uds=str(socket), verify=_no_authorities())
        with httpx.Client(base_url="http://localhost", transport=transport, timeout=timeout) as http:
            yield ApiClient(http, "the local chatbot")


def _no_authorities() -> ssl.SSLContext:
    """For what speaks no TLS: a client reads the authorities of the whole world otherwise, a twentieth of a second."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
