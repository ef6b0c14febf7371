"""Runs Lambda functions from their zips: Python functions on AWS's own runtime client, without Docker."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from tests.rehearsal.account.launcher.jsonl import JsonLog
from tests.rehearsal.account.launcher.processes import Process, bare_environment, unpacked
from tests.rehearsal.account.launcher.runtime_api import RuntimeEnvironment
from tests.rehearsal.account.launcher.settings import REGION, Settings

#: In the ARN of every layer of the AWS Lambda Web Adapter.
ADAPTER_LAYER = ":layer:LambdaAdapterLayer"
_MOST_ENVIRONMENTS = 6
_WAIT_SECONDS = 120.0


class Environment(Protocol):
    """An execution environment, of either kind."""

    usable: bool

    def invoke(self, event: Any, request_id: str, arn: str) -> dict[str, Any]: ...

    def stop(self) -> None: ...


class Servers(Protocol):
    """The functions that run behind the web adapter."""

    def invoke(self, config: dict[str, Any], code: bytes, event: Any, request_id: str) -> dict[str, Any]: ...

    def forget(self, name: str | None = None) -> None: ...


def adapted(config: dict[str, Any]) -> bool:
    """Whether the function runs behind the adapter: its layer is there, and its wrapper is set."""
    layers = [each["Arn"] if isinstance(each, dict) else each for each in config.get("Layers") or []]
    wrapper = config.get("Environment", {}).get("Variables", {}).get("AWS_LAMBDA_EXEC_WRAPPER")
    return wrapper == "/opt/bootstrap" and any(ADAPTER_LAYER in layer for layer in layers)


class Functions:
    """The execution environments of all functions: kept warm, bounded in number, stopped when their code changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.log = JsonLog(settings.log("functions"))
        #: Runs the functions that are servers of their own.
        self.servers: Servers | None = None
        self._folder = Path(settings.folder) / "functions"
        self._free: list[tuple[str, str, Environment]] = []
        self._busy = 0
        self._changed = threading.Condition()

    def install(self) -> None:
        lambda_svc._execute_function_warm = self.execute
        # Zips are unpacked once for their bytes; the parts of a changed function are found by what they run.
        lambda_svc.invalidate_worker = lambda name, *_, **__: self.forget(name)

    def execute(self, function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """One invocation, as ministack wants it done."""
        config = function.get("config") or function
        code = function.get("code_zip")
        if not code:
            words = "The function has no code."
            return {"body": {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": words}, "error": True}
        if self.servers is not None and adapted(config):
            return self.servers.invoke(config, code, event, request_id)
        key = self.key_of(config)
        environment = self._take(key, config, code)
        try:
            return environment.invoke(event, request_id, config["FunctionArn"])
        finally:
            self._give_back(key, config["FunctionName"], environment)

    def key_of(self, config: dict[str, Any]) -> str:
        """Names what an environment runs: code and configuration of one version."""
        parts = [config.get(name) for name in ("FunctionName", "Version", "CodeSha256", "Handler", "Role", "Timeout")]
        text = json.dumps([*parts, config.get("Environment", {}).get("Variables")], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def environment_of(self, config: dict[str, Any], folder: Path) -> dict[str, str]:
        """The variables of a function: Lambda's, its role's credentials, its configuration's, and the way here."""
        return {
            **bare_environment(config, folder, self._settings.runtime_python),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **lambda_runtime.execution_credentials(config),
            **self._settings.client_environment(),
            **config.get("Environment", {}).get("Variables", {}),
        }

    def unpacked(self, code: bytes) -> Path:
        self._folder.mkdir(exist_ok=True)
        return unpacked(code, self._folder)

    def process(self, config: dict[str, Any]) -> Process:
        return Process(config["FunctionName"], config.get("Version", "$LATEST"), self.log)

    def forget(self, name: str) -> None:
        """Stops what waits of the function; what works on is stopped when it is done, as its key has changed."""
        with self._changed:
            leaving = [each for _, function, each in self._free if function == name]
            self._free = [each for each in self._free if each[1] != name]
            self._changed.notify_all()
        for environment in leaving:
            environment.stop()
        if self.servers is not None:
            self.servers.forget(name)

    def close(self) -> None:
        with self._changed:
            leaving, self._free = self._free, []
        for _, _, environment in leaving:
            environment.stop()
        if self.servers is not None:
            self.servers.forget()

    def _take(self, key: str, config: dict[str, Any], code: bytes) -> Environment:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            evicted: Environment | None = None
            with self._changed:
                for index, (each, _, environment) in enumerate(self._free):
                    if each == key and environment.usable:
                        del self._free[index]
                        self._busy += 1
                        return environment
                if self._busy < _MOST_ENVIRONMENTS:
                    if self._busy + len(self._free) >= _MOST_ENVIRONMENTS:
                        evicted = self._free.pop(0)[2]
                    self._busy += 1
                    break
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TimeoutError("no execution environment became free")
        if evicted is not None:
            evicted.stop()
        return self._make(config, code)

    def _make(self, config: dict[str, Any], code: bytes) -> Environment:
        folder = self.unpacked(code)
        environment = RuntimeEnvironment(config, self.process(config))
        variables = {**self.environment_of(config, folder), "PYTHONPATH": str(folder)}
        environment.start([self._settings.runtime_python, "-m", "awslambdaric", config["Handler"]], variables)
        return environment

    def _give_back(self, key: str, name: str, environment: Environment) -> None:
        with self._changed:
            self._busy -= 1
            if environment.usable:
                self._free.append((key, name, environment))
            self._changed.notify_all()
