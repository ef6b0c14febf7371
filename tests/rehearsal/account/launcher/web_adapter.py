"""A stand-in for the AWS Lambda Web Adapter: starts the function's own HTTP server, and passes invocations on to it.

What it does is what the layer does with ``AWS_LWA_INVOKE_MODE=response_stream``: waits until the readiness path
answers, sends method, path, query, headers and body of the event, and streams the answer back. It differs in one thing:
the port is a free one, since several functions share this machine.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode

from tests.rehearsal.account.launcher.functions import Functions
from tests.rehearsal.account.launcher.processes import Process
from tests.rehearsal.account.launcher.relay import Headers

_INIT_SECONDS = 60.0
_READY_STATUS = range(100, 500)  # AWS_LWA_READINESS_CHECK_HEALTHY_STATUS


class InitFailed(Exception):
    """The server did not start, or did not become ready; Lambda would fail the invocation."""


class WebServers:
    """The servers that run, one for each version and configuration."""

    def __init__(self, functions: Functions) -> None:
        self._functions = functions
        self._servers: dict[str, tuple[str, int, Process]] = {}
        self._lock = threading.Lock()

    def port(self, config: dict[str, Any], code: bytes) -> int:
        """Where the function's server listens; starts it first where need be. Raises ``InitFailed``."""
        key = self._functions.key_of(config)
        with self._lock:
            found = self._servers.get(key)
            if found and found[2].alive():
                return found[1]
            self._servers[key] = (config["FunctionName"], *self._start(config, code))
            return self._servers[key][1]

    def log_failure(self, config: dict[str, Any], request_id: str, words: str) -> None:
        """Notes an invocation that no process has answered."""
        self._functions.log.add(function=config["FunctionName"], request_id=request_id, line=words)

    def invoke(self, config: dict[str, Any], code: bytes, event: Any, request_id: str) -> dict[str, Any]:
        """An invocation by the Invoke API. What is no HTTP event is posted to the pass-through path, as it is."""
        try:
            port = self.port(config, code)
        except InitFailed as error:
            return {"body": {"errorType": "Extension.Crash", "errorMessage": str(error)}, "error": True}
        if isinstance(event, dict) and "httpMethod" in event:
            method, target, headers, body = http_request(event, config, request_id)
        else:
            path = config["Environment"]["Variables"].get("AWS_LWA_PASS_THROUGH_PATH", "/events")
            method, target, headers, body = "POST", path, [], json.dumps(event).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{target}", body or None, dict(headers), method=method)
        try:
            with _opener().open(request, timeout=float(config.get("Timeout", 3))) as answer:
                return {"body": answer.read().decode(errors="replace")}
        except urllib.error.HTTPError as error:
            with error:
                return {"body": error.read().decode(errors="replace")}
        except OSError as error:
            return {"body": {"errorType": "Extension.Crash", "errorMessage": str(error)}, "error": True}

    def forget(self, name: str | None = None) -> None:
        """Stops the servers of the function, or all."""
        with self._lock:
            leaving = [key for key, each in self._servers.items() if name in {None, each[0]}]
            processes = [self._servers.pop(key)[2] for key in leaving]
        for process in processes:
            process.stop()

    def _start(self, config: dict[str, Any], code: bytes) -> tuple[int, Process]:
        folder = self._functions.unpacked(code)
        variables = self._functions.environment_of(config, folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        path = variables.get("AWS_LWA_READINESS_CHECK_PATH", "/")
        process = self._functions.process(config)
        process.begin("init")
        # /opt/bootstrap of the layer: exec -- "${LAMBDA_TASK_ROOT}/${_HANDLER}"
        command = [str(folder / config["Handler"])]
        try:
            process.start(command, {**variables, "PORT": str(port), "AWS_LWA_PORT": str(port)})
        except OSError as error:
            raise InitFailed(f"{config['Handler']}: {error.strerror}") from error
        _wait_until_ready(f"http://127.0.0.1:{port}{path}", process)
        return port, process


def _wait_until_ready(url: str, process: Process) -> None:
    deadline = time.monotonic() + _INIT_SECONDS
    opener = _opener()
    while time.monotonic() < deadline and process.alive():
        try:
            with opener.open(url, timeout=5) as answer:
                if answer.status in _READY_STATUS:
                    return
        except urllib.error.HTTPError as error:
            with error:
                if error.code in _READY_STATUS:
                    return
        except OSError:
            pass
        time.sleep(0.01)
    words = process.end(0)[-500:]
    process.stop()
    raise InitFailed(f"the server did not become ready; it printed: {words}")


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http_request(event: dict[str, Any], config: dict[str, Any], request_id: str) -> tuple[str, str, Headers, bytes]:
    """Method, target, headers and body that the adapter sends for an event of a REST API."""
    query = [
        (name, each) for name, values in (event.get("multiValueQueryStringParameters") or {}).items() for each in values
    ]
    target = quote(event["path"], safe="/%:@!$&'()*+,;=~-._") + (f"?{urlencode(query)}" if query else "")
    headers = [(name, each) for name, values in (event.get("multiValueHeaders") or {}).items() for each in values]
    context = {
        "request_id": request_id,
        "deadline": int((time.time() + float(config.get("Timeout", 3))) * 1000),
        "invoked_function_arn": config["FunctionArn"],
        "xray_trace_id": None,
        "client_context": None,
        "identity": None,
        "env_config": {
            "function_name": config["FunctionName"],
            "memory": config.get("MemorySize", 128),
            "version": config.get("Version", "$LATEST"),
        },
    }
    headers.append(("x-amzn-request-context", json.dumps(event["requestContext"])))
    headers.append(("x-amzn-lambda-context", json.dumps(context)))
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    return event["httpMethod"], target, headers, raw
