"""The application over fakes and a temporary database, served by a real server on a loopback port."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import httpx
from fastapi import FastAPI, Request
from pydantic import Field, TypeAdapter
from starlette.types import ASGIApp, Receive, Scope, Send

from chatbot.api import Caller, create_app
from chatbot.server import _Server
from chatbot.services import Services, build_services
from chatbot.stream_models import StreamEvent
from shared.backends import Backends
from shared.config import Settings
from shared.document_backends import ChatDocuments, LocalDocuments
from shared.document_ports import Embedder, Retriever
from shared.local.folder_files import FolderFiles
from shared.local.sqlite_documents import DocumentDatabase
from shared.local.sqlite_store import SQLiteStore
from shared.metrics import NoMetrics
from shared.models import ModelSpec
from shared.ports import ChatModel, Store
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE, CountingKeyWrapper, FaultyStore, MovableClock, ScriptedModel

#: A model with a price and a context that takes the longest message.
MODEL = "bedrock:amazon.nova-lite-v1:0"
OTHER_MODEL = "bedrock:amazon.nova-pro-v1:0"
OWNER = "owner"
_USER_HEADER = "x-user"
#: A client reads those of the whole world otherwise, which takes longer than most tests; nothing here speaks TLS.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Home:
    """An application to test, with everything that stands behind it."""

    model: ScriptedModel
    other_model: ScriptedModel
    keys: CountingKeyWrapper
    store: FaultyStore
    clock: MovableClock
    database: Path
    services: Services
    app: FastAPI


def local_documents(folder: Path, embedder: Embedder) -> LocalDocuments:
    """The documents of a laptop, below the folder."""
    database = DocumentDatabase(folder / "documents.db")
    files = FolderFiles(folder / "documents", max_bytes=1 << 20)
    return LocalDocuments(database.catalogue, database.index, files, lambda _spec: embedder, database.close)


def remote_documents(folder: Path, retriever: Retriever) -> ChatDocuments:
    """Documents that a function of their own searches: what it finds is said by the retriever."""
    local = local_documents(folder, FakeEmbedder())
    return ChatDocuments(local.catalogue, local.files, NoQueue(), retriever)


class NoQueue:
    """An ``IngestionQueue`` that nobody works off."""

    def put(self, user_id: str, key: str) -> None:
        """Forgets it."""


def build(folder: Path, *, documents: LocalDocuments | ChatDocuments | None = None, **settings: Any) -> Home:
    """The application; ``settings`` replace those of the tests. The caller is named by the header ``x-user``."""
    chosen = Settings(**{"model": MODEL, "other_models": OTHER_MODEL, **settings})
    models = {chosen.model.name: ScriptedModel(), OTHER_MODEL: ScriptedModel()}
    keys, clock, database = CountingKeyWrapper(), MovableClock(), folder / "chatbot.db"
    store = FaultyStore(SQLiteStore(database, clock))

    def open_model(spec: ModelSpec, _context_tokens: int) -> ChatModel:
        return models.setdefault(spec.name, ScriptedModel())

    def identify(request: Request) -> Caller:
        user_id = request.headers.get(_USER_HEADER, OWNER)
        return Caller(user_id, time.monotonic() + chosen.turn_timeout_seconds)

    services = build_services(chosen, Backends(cast("Store", store), keys, open_model, NoMetrics(), clock, documents))
    app = create_app(
        services,
        identify,
        lambda headers: headers.get("x-request-id"),
        hosts=frozenset({"127.0.0.1"}),
        origins=chosen.allowed_origins,
    )
    return Home(models[chosen.model.name], models[OTHER_MODEL], keys, store, clock, database, services, app)


@contextlib.contextmanager
def serving(app: FastAPI | Stage) -> Iterator[str]:
    """Serves the app as a laptop does, in a thread; gives its URL. Waits for running turns at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = _Server(cast("ASGIApp", app), lambda: None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server")
        thread.start()
        try:
            # The socket listens already: a request waits until the server takes it.
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class Stage:
    """An application that is another one: what a server that is started once shows to one test after the other."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan" and self.app:
            await self.app(scope, receive, send)


class Client(httpx.Client):
    """A client of the API, with words for what the tests do most."""

    def __init__(self, url: str, user: str = OWNER) -> None:
        super().__init__(
            base_url=url, headers={_USER_HEADER: user}, timeout=PATIENCE, verify=_NO_AUTHORITIES, trust_env=False
        )

    def chat(self, message: str, *, key: str | None = None, **fields: Any) -> httpx.Response:
        """One turn, answered as JSON."""
        headers = {"idempotency-key": key} if key is not None else {}
        return self.post("/chat", json={"message": message, **fields}, headers=headers)

    def say(self, message: str, **fields: Any) -> dict[str, Any]:
        """One turn that must succeed."""
        response = self.chat(message, **fields)
        assert response.status_code == 200, response.text
        return cast("dict[str, Any]", response.json())

    def streamed(self, message: str, *, key: str | None = None, **fields: Any) -> list[Event]:
        """The events of one turn, to the end of its stream."""
        with self.open_stream(message, key=key, **fields) as response:
            return events_of(response.read().decode())

    @contextlib.contextmanager
    def open_stream(self, message: str, *, key: str | None = None, **fields: Any) -> Iterator[httpx.Response]:
        """The stream of one turn, to be read by the caller."""
        headers = {"idempotency-key": key} if key is not None else {}
        body = {"message": message, "stream": True, **fields}
        with self.stream("POST", "/chat", json=body, headers=headers) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            yield response

    def messages(self, conversation_id: str) -> list[tuple[str, str]]:
        """Role and text of every stored message, oldest first."""
        view = self.get(f"/conversations/{conversation_id}", params={"limit": 200}).json()
        return [(message["role"], message["text"]) for message in view["messages"]]

    def conversation_ids(self) -> list[str]:
        """The first page of the listing."""
        page = self.get("/conversations").json()
        return [conversation["conversation_id"] for conversation in page["conversations"]]


_STREAM_EVENT: TypeAdapter[StreamEvent] = TypeAdapter(Annotated[StreamEvent, Field(discriminator="type")])


def events_of(stream: str) -> list[Event]:
    """The events of a stream; comments are left out. Fails for what is not as the contract says."""
    events = []
    for block in stream.split("\n\n"):
        if not block or block.startswith(":"):
            continue
        name, data = block.split("\n")
        event = Event(name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        told = _STREAM_EVENT.validate_python(event.data)
        # Nothing is sent that the contract does not name.
        assert told.model_dump(exclude_none=True) == event.data
        assert told.type == event.name
        events.append(event)
    return events


def text_of(events: Sequence[Event]) -> str:
    """The reply that a stream told."""
    return "".join(event.data["text"] for event in events if event.name == "delta")


def names_of(events: Sequence[Event]) -> list[str]:
    """The names of events, in order."""
    return [event.name for event in events]
