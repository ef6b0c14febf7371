"""The program as processes, and a model's server for them to speak with."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from shared.errors import ModelThrottled
from shared.models import ChatMessage, ModelRequest, TextDelta
from tests.contract.loopback import Exchange, LoopbackServer
from tests.fakes import PATIENCE, ScriptedModel

SERVE = [sys.executable, "-W", "error", "-m", "chatbot", "serve", "--port", "0"]


class OpenAIServer(LoopbackServer):
    """An OpenAI-compatible server that says what a scripted model says, and refuses where that is throttled."""

    def __init__(self) -> None:
        self.model = ScriptedModel()
        super().__init__(self._respond)

    @property
    def spec(self) -> str:
        """The setting CHATBOT_MODEL for this server."""
        return f"openai:scripted@{self.url}/v1"

    def _respond(self, exchange: Exchange) -> None:
        messages = [ChatMessage(message["role"], message["content"]) for message in exchange.body["messages"]]
        system = messages.pop(0).text
        events = self.model.stream(ModelRequest(system, tuple(messages), 100, 0))
        try:
            first = next(events)
        except ModelThrottled as error:
            exchange.answer(429, {"error": {"message": error.message}}, {"Retry-After": "7"})
            return
        with exchange.streaming("text/event-stream") as write:
            for event in chain([first], events):
                write(_chunk(event))
            write(b"data: [DONE]\n\n")


def _chunk(event: object) -> bytes:
    if isinstance(event, TextDelta):
        choice: dict[str, Any] = {"index": 0, "delta": {"content": event.text}, "finish_reason": None}
    else:
        choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n".encode()


class Process:
    """A running program whose output is collected line by line."""

    def __init__(self, command: list[str], environ: dict[str, str], **options: Any) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environ, stdout=pipe, stderr=pipe, text=True, **options)
        self.out: list[str] = []
        self.err: list[str] = []
        self._changed = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self.out)),
            threading.Thread(target=self._read, args=(self._process.stderr, self.err)),
        ]
        for reader in self._readers:
            reader.start()

    def signal(self, number: int) -> None:
        """Sends a signal."""
        self._process.send_signal(number)

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    def wait(self, seconds: float = PATIENCE) -> int:
        """The exit code; everything the program wrote has been read then."""
        code = self._process.wait(seconds)
        for reader in self._readers:
            reader.join()
        return code

    def line(self, pattern: str) -> re.Match[str]:
        """The first line of either output that matches, waited for."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            found[:] = [match for line in [*self.err, *self.out] if (match := re.search(pattern, line))]
            return bool(found) or self._process.poll() is not None

        with self._changed:
            self._changed.wait_for(look, PATIENCE)
        assert found, f"no line matches {pattern!r} in {self.err + self.out}"
        return found[0]

    @property
    def output(self) -> str:
        """All that was written so far."""
        return "".join([*self.out, *self.err])

    def stop(self) -> None:
        """Ends the process, if it is still there."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def _read(self, pipe: Any, lines: list[str]) -> None:
        for line in pipe:
            with self._changed:
                lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


@contextlib.contextmanager
def process(command: list[str], environ: dict[str, str], **options: Any) -> Iterator[Process]:
    """A program, killed at the end where it still runs."""
    running = Process(command, environ, **options)
    try:
        yield running
    finally:
        running.stop()


def local_environ(data_dir: Path, **more: str) -> dict[str, str]:
    """The variables of a local server and nothing of this process's own."""
    return {"PATH": os.environ["PATH"], "HOME": str(data_dir), "CHATBOT_DATA_DIR": str(data_dir), **more}


def url_of(server: Process) -> str:
    """Where a local server that was started on port 0 listens."""
    return server.line(r"running at (http://\S+)").group(1)
