"""Fakes that implement the ports, for tests of what stands on them."""

from __future__ import annotations

import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.errors import DecryptionError, KeyUnavailable, ModelStreamBroken
from shared.models import Completion, DataKey, ModelEvent, ModelRequest, TextDelta, TokenUsage
from shared.ports import Store
from tests.contract.stores import START, MovableClock

__all__ = ["START", "CountingKeyWrapper", "FaultyStore", "MovableClock", "Pause", "ScriptedModel", "echo"]

#: Longer than anything in a test takes; whoever waits this long has hung.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Pause:
    """A place in a script where the model waits: ``reached`` tells the test, ``go`` lets the model on."""

    reached: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def wait_until_reached(self) -> None:
        assert self.reached.wait(PATIENCE), "the model never came here"


#: One step of a script: text, an end with a reason and figures, a place to wait, something to call, an error to raise.
Step = str | Completion | Pause | Callable[[], object] | BaseException
Script = Callable[[ModelRequest], Iterable[Step]]

#: What every answer that gives no figures of its own took.
USAGE = TokenUsage(input_tokens=11, output_tokens=7)


def echo(request: ModelRequest) -> Iterable[Step]:
    """Says what was asked, in three pieces."""
    return "You said: ", request.messages[-1].text, "."


class ScriptedModel:
    """A ``ChatModel`` that says what it is told to. ``requests`` are all that it was asked.

    ``next`` queues a script for one request; where none is queued, ``script`` answers. A script that neither fails nor
    ends with a ``Completion`` of its own is completed with ``end_turn``.
    """

    def __init__(self, script: Script = echo) -> None:
        self.script = script
        self.requests: list[ModelRequest] = []
        self.closed = False
        #: Streams that were left before their end.
        self.left = 0
        self._queued: deque[tuple[Step, ...]] = deque()
        self._lock = threading.Lock()

    def next(self, *steps: Step) -> None:
        """Answers the next request that has no script yet with these steps."""
        with self._lock:
            self._queued.append(steps)

    @property
    def calls(self) -> int:
        """How often the model was asked."""
        return len(self.requests)

    def prompt(self, index: int = -1) -> list[tuple[str, str]]:
        """Role and text of the messages of one request."""
        return [(message.role, message.text) for message in self.requests[index].messages]

    def stream(self, request: ModelRequest) -> Generator[ModelEvent]:
        with self._lock:
            self.requests.append(request)
            steps: Iterable[Step] = self._queued.popleft() if self._queued else self.script(request)
        try:
            for step in steps:
                event = _event(step)
                if event is not None:
                    yield event
                if isinstance(event, Completion):
                    return
            yield Completion("end_turn", USAGE)
        except GeneratorExit:
            self.left += 1
            raise

    def close(self) -> None:
        self.closed = True


def _event(step: Step) -> ModelEvent | None:
    """What a step yields, if anything. Raises where the step is an error."""
    match step:
        case str():
            return TextDelta(step)
        case Completion():
            return step
        case Pause():
            step.reached.set()
            if not step.go.wait(PATIENCE):
                raise ModelStreamBroken("the test never let the model go on")
        case BaseException():
            raise step
        case _:
            step()
    return None


class CountingKeyWrapper:
    """A ``KeyWrapper`` that keeps its keys in a dictionary and counts its calls in ``calls``, by method.

    Set ``unavailable`` to make every call fail.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.unavailable = False
        self._keys: dict[bytes, tuple[bytes, dict[str, str]]] = {}
        self._lock = threading.Lock()

    def new_key(self, context: Mapping[str, str]) -> DataKey:
        self._count("new_key")
        key = DataKey(secrets.token_bytes(32), secrets.token_bytes(61))
        with self._lock:
            self._keys[key.wrapped] = (key.plaintext, dict(context))
        return key

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        self._count("unwrap")
        with self._lock:
            plaintext, bound = self._keys.get(wrapped, (b"", None))
        if bound != dict(context):
            raise DecryptionError("The key of this conversation could not be unwrapped.")
        return plaintext

    def check(self) -> None:
        self._count("check")

    def _count(self, name: str) -> None:
        with self._lock:
            self.calls[name] += 1
        if self.unavailable:
            raise KeyUnavailable("The key is out of reach.", retry_after=1.0)


class FaultyStore:
    """A ``Store`` before another one. ``fail`` makes calls of a method raise, ``before`` runs something first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._faults: dict[str, BaseException] = {}
        self._before: dict[str, Callable[[], object]] = {}
        self.calls: Counter[str] = Counter()

    def fail(self, method: str, error: BaseException) -> None:
        """Every call of the method raises this from now on."""
        self._faults[method] = error

    def before(self, method: str, action: Callable[[], object]) -> None:
        """Runs the action before the next call of the method."""
        self._before[method] = action

    def heal(self) -> None:
        """Everything works again."""
        self._faults.clear()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            self.calls[name] += 1
            action = self._before.pop(name, None)
            if action:
                action()
            if name in self._faults:
                raise self._faults[name]
            return found(*arguments, **keywords)

        return call
