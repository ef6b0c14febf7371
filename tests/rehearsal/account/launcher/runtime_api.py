"""One execution environment of a Python function: its process, and the Lambda Runtime API that it asks for work."""

from __future__ import annotations

import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from tests.rehearsal.account.launcher.processes import Process

_API = "/2018-06-01/runtime"
_INIT_SECONDS = 30.0


class RuntimeEnvironment:
    """Runs one invocation at a time. ``stop`` ends the process; an environment that failed stops itself."""

    def __init__(self, config: dict[str, Any], process: Process) -> None:
        self._config = config
        self._process = process
        self._work: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._results: queue.Queue[dict[str, Any]] = queue.Queue()
        self._started = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.environment = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="runtime-api", daemon=True
        )
        self._thread.start()
        self.usable = True

    def start(self, command: list[str], environment: dict[str, str]) -> None:
        port = self._server.server_port
        self._process.start(command, {**environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"})
        threading.Thread(target=self._watch, name="runtime-watch", daemon=True).start()

    def invoke(self, event: Any, request_id: str, arn: str) -> dict[str, Any]:
        """The result in ministack's shape: ``body``, and ``error`` where the function failed; ``log``."""
        timeout = float(self._config.get("Timeout", 3))
        self._process.begin(request_id)
        # Starting has a time limit of its own; the function's begins when it asks for work.
        self._started.wait(_INIT_SECONDS)
        begun = time.time()
        self._work.put({"id": request_id, "event": event, "arn": arn, "deadline": int((begun + timeout) * 1000)})
        try:
            result = self._results.get(timeout=timeout)
        except queue.Empty:
            self.stop()
            words = f"{request_id} Task timed out after {timeout:.2f} seconds"
            result = {"body": {"errorType": "Sandbox.Timedout", "errorMessage": words}, "error": True}
        result["log"] = self._process.end(time.time() - begun)
        return result

    def stop(self) -> None:
        self.usable = False
        self._work.put(None)
        self._process.stop()
        self._server.shutdown()
        self._server.server_close()

    def next(self) -> dict[str, Any] | None:
        self._started.set()
        return self._work.get()

    def report(self, body: Any, *, error: bool) -> None:
        self._results.put({"body": body, "error": error} if error else {"body": body})

    def _watch(self) -> None:
        """An exit nobody asked for fails the invocation that is under way."""
        code = self._process.wait()
        self._started.set()
        if self.usable:
            self.usable = False
            words = f"RequestId: {self._process.request_id} Error: Runtime exited with error: exit status {code}"
            self.report({"errorType": "Runtime.ExitError", "errorMessage": words}, error=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    environment: RuntimeEnvironment


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Heads and bodies in one packet: else each waits for the other side to acknowledge the one before.
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        work = self._environment.next()
        if work is None:
            self.close_connection = True
            return
        body = json.dumps(work["event"]).encode()
        self._answer(
            200,
            body,
            {
                "Lambda-Runtime-Aws-Request-Id": work["id"],
                "Lambda-Runtime-Deadline-Ms": str(work["deadline"]),
                "Lambda-Runtime-Invoked-Function-Arn": work["arn"],
            },
        )

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            body = json.loads(raw or b"null")
        except ValueError:
            body = raw.decode(errors="replace")
        failed = self.path.endswith("/error")
        self._answer(202, b'{"status": "OK"}', {})
        self._environment.report(body, error=failed)

    @property
    def _environment(self) -> RuntimeEnvironment:
        return cast("_Server", self.server).environment

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Prints nothing."""
