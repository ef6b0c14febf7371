"""Where the time of a turn goes: wrappers around the ports and at the seams, told apart by one clock.

One turn at a time: the marks of two turns would mix.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from botocore.httpsession import URLLib3Session
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.processes import peak_mb
from chatbot import api, handler, server
from chatbot.chat import ChatService
from chatbot.events import TurnDone, TurnEvent
from chatbot.turn import TurnRequest
from shared.backends import Backends
from shared.encryption import Sealer
from shared.ports import KeyWrapper, Store

_PORTS = {"get": "history read", "recent_messages": "history read", "save_turn": "commit"}


class Stages:
    """Collects for each turn the seconds that each stage took, and how often AWS was called for what."""

    def __init__(self) -> None:
        self.turns: list[dict[str, float]] = []
        self._now: dict[str, float] = {}

    def mark(self, name: str) -> None:
        """Remembers the present moment."""
        self._now[f"@{name}"] = time.perf_counter()

    def add(self, name: str, amount: float) -> None:
        """Adds to a figure of the present turn."""
        self._now[name] = self._now.get(name, 0.0) + amount

    def begin(self) -> None:
        """A request has come in."""
        self._now = {}
        self.mark("came in")

    def end(self) -> None:
        """The answer has gone out; what lies between the marks becomes stages, too."""
        self.mark("went out")
        now = self._now
        if "@turn ended" not in now or "@collected" not in now:
            return
        turn = {name: amount for name, amount in now.items() if not name.startswith("@")}
        turn["server"] = now["@went out"] - now["@came in"]
        turn["http in, validation"] = now["@handed over"] - now["@came in"]
        turn["to the turn's thread"] = now["@turn began"] - now["@handed over"]
        turn["use-case"] = now["@turn ended"] - now["@turn began"]
        turn["back to the event loop"] = now["@collected"] - now["@turn ended"]
        turn["http out"] = now["@went out"] - now["@collected"]
        self.turns.append(turn)

    def timed(self, call: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """The same callable, its time added to the stage."""

        def measured(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                self.add(stage, time.perf_counter() - began)

        return measured

    def write(self, path: Path) -> None:
        """Leaves the turns, and this process's peak memory, as JSON."""
        path.write_text(json.dumps({"turns": self.turns, "peak_mb": peak_mb()}), encoding="ascii")


class _Wrapped:
    """Another object, some of its methods timed."""

    def __init__(self, inner: object, stages: Stages, methods: dict[str, str]) -> None:
        self._inner = inner
        for name, stage in methods.items():
            setattr(self, name, stages.timed(getattr(inner, name), stage))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def timed_backends(made: Backends, stages: Stages) -> Backends:
    """The same backends, their store and key wrapper timed."""
    wrapper = _Wrapped(made.key_wrapper, stages, {"new_key": "key wrapping", "unwrap": "key wrapping"})
    return Backends(
        cast("Store", _Wrapped(made.store, stages, _PORTS)),
        cast("KeyWrapper", wrapper),
        made.open_model,
        made.metrics,
        made.clock,
    )


@contextmanager
def seams(stages: Stages) -> Iterator[None]:
    """Times what is no port: the app as a whole, the hand-over to the turn's thread and back, sealing, calls of AWS."""
    with ExitStack() as patches:
        for owner, name, wrap in (
            (server, "create_app", _timed_app),
            (handler, "create_app", _timed_app),
            (ChatService, "turn", _timed_turn),
            (api, "as_response", _timed_collecting),
            (Sealer, "open", lambda stages, call: stages.timed(call, "decrypt")),
            (Sealer, "seal", lambda stages, call: stages.timed(call, "seal")),
            (URLLib3Session, "send", _counted_sending),
        ):
            patches.enter_context(patch.object(owner, name, wrap(stages, getattr(owner, name))))
        yield


class _Clocked:
    """ASGI middleware, outermost."""

    def __init__(self, app: ASGIApp, stages: Stages) -> None:
        self._app = app
        self._stages = stages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/chat":
            await self._app(scope, receive, send)
            return
        self._stages.begin()
        await self._app(scope, receive, send)
        self._stages.end()


def _timed_app(stages: Stages, create_app: Callable[..., FastAPI]) -> Callable[..., FastAPI]:
    def create(*arguments: Any, **named: Any) -> FastAPI:
        app = create_app(*arguments, **named)
        app.add_middleware(_Clocked, stages=stages)
        return app

    return create


def _timed_turn(stages: Stages, turn: Callable[..., Generator[TurnEvent]]) -> Callable[..., Generator[TurnEvent]]:
    def drive(events: Generator[TurnEvent]) -> Generator[TurnEvent]:
        stages.mark("turn began")
        for event in events:
            if isinstance(event, TurnDone):
                # Whoever listens goes on from here, before this thread does.
                stages.mark("turn ended")
            yield event

    def begin(service: ChatService, request: TurnRequest) -> Generator[TurnEvent]:
        stages.mark("handed over")
        return drive(turn(service, request))

    return begin


def _timed_collecting(stages: Stages, collect: Callable[..., Any]) -> Callable[..., Any]:
    async def collected(events: Any) -> Any:
        response = await collect(events)
        stages.mark("collected")
        return response

    return collected


def _counted_sending(stages: Stages, send: Callable[..., Any]) -> Callable[..., Any]:
    timed = stages.timed(send, "waiting for AWS")

    def counted(session: URLLib3Session, request: Any) -> Any:
        target = request.headers.get("X-Amz-Target", b"?")
        name = target.decode() if isinstance(target, bytes) else str(target)
        stages.add(f"calls {name.rpartition('.')[2]}", 1)
        return timed(session, request)

    return counted
