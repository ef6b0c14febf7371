"""Starts the emulated account and stops it; what the rehearsal needs of it is here."""

from __future__ import annotations

import functools
import json
import secrets
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.rehearsal.account.launcher.settings import ACCOUNT, REGION, Settings
from tests.rehearsal.account.programs import ROOT, direct, free_ports, process, wait_until_there

_EMULATOR_PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
_RUNTIME_PYTHON = ROOT / ".venv-runtime" / "bin" / "python"
#: The root of another account.
_STRANGER = "999988887777"


@dataclass(frozen=True, slots=True)
class Call:
    """A decision of IAM. ``role`` is the name of the role that was assumed, "" for the owner."""

    principal: str
    role: str
    action: str
    resource: str
    allowed: bool
    reason: str
    context: dict[str, Any]


@dataclass(frozen=True)
class Account:
    """The running account. ``environment`` is what a script needs to be in it: add ``PATH`` and ``HOME``."""

    settings: Settings
    folder: Path

    @property
    def endpoint(self) -> str:
        return self.settings.endpoint

    @property
    def account_id(self) -> str:
        return ACCOUNT

    @property
    def region(self) -> str:
        return REGION

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a shell in which the owner works; without ``PATH`` and ``HOME``."""
        return {
            **self.settings.client_environment(),
            "AWS_ACCESS_KEY_ID": self.settings.access_key,
            "AWS_SECRET_ACCESS_KEY": self.settings.secret_key,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_PAGER": "",
        }

    def client(self, service: str) -> Any:
        """A ``boto3`` client of the owner; one for each service, as making one takes long."""
        return _client(service, tuple(self.client_options.items()))

    @property
    def client_options(self) -> dict[str, str]:
        """For ``boto3`` clients of the owner."""
        return {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": self.settings.access_key,
            "aws_secret_access_key": self.settings.secret_key,
        }

    def calls(self) -> list[Call]:
        """Every decision of IAM since the start, the oldest first."""
        return [Call(**each) for each in _lines(self.settings.log("calls"))]

    def functions_log(self) -> list[dict[str, Any]]:
        """What the functions printed (``function, version, request_id, line``), and after each invocation its duration
        and memory (``milliseconds, peak_mb``)."""
        return _lines(self.settings.log("functions"))

    def refusals(self) -> list[str]:
        """What somebody wanted from outside of the account, and did not get."""
        return [each["refused"] for each in _lines(self.settings.log("refusals"))]

    def function_logs(self, name: str) -> list[str]:
        """The lines that one function printed."""
        return [each["line"] for each in self.functions_log() if each["function"] == name and "line" in each]

    def break_resource(self, logical_id: str, reason: str = "", *, operation: str = "create", times: int = 1) -> None:
        """Makes the next creation (update, deletion) of the resource fail; ``*`` is any."""
        fault = {"logical_id": logical_id, "operation": operation, "times": times}
        self.control(fail=[{**fault, **({"reason": reason} if reason else {})}])

    def deny_model_access(self, *models: str) -> None:
        """As in an account that was never given these foundation models; none takes it back."""
        self.control(denied_models=list(models))

    def lack_use_case_form(self, *, missing: bool = True) -> None:
        """As in an account that has not sent the form that Anthropic asks for."""
        self.control(form_missing=missing)

    def set_stack_status(self, name: str, status: str) -> None:
        """Puts a stack into a state that it has reached by nobody knows which way."""
        self.control(stack_status={name: status})

    def expired_credentials(self) -> dict[str, str]:
        """Variables of a shell whose temporary credentials have run out."""
        return {**self.environment, **self.control(expired_session=True)["expired_session"]}

    def own_bucket_elsewhere(self, bucket: str) -> None:
        """Has another account own a bucket of this name."""
        options = {**self.client_options, "aws_access_key_id": _STRANGER, "aws_secret_access_key": "test"}
        boto3.client("s3", **options).create_bucket(Bucket=bucket)  # type: ignore[call-overload]  # see client

    def control(self, **faults: Any) -> dict[str, Any]:
        """Breaks something on purpose; README.md says what."""
        url = f"{self.endpoint}/_rehearsal/faults"
        request = urllib.request.Request(url, json.dumps(faults).encode(), method="POST")
        try:
            with direct().open(request, timeout=10) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except ConnectionError:
            if "offline_seconds" in faults:  # it cuts the very connection that asks for it
                return {}
            raise


@functools.cache
def _client(service: str, options: tuple[tuple[str, str], ...]) -> Any:
    return boto3.client(service, **dict(options))  # type: ignore[call-overload]  # whichever service


@contextmanager
def running_account(work_dir: Path) -> Iterator[Account]:
    """An empty account on free ports, its files and logs in ``work_dir``; stopped at the end, with all its functions.

    Raises ``RuntimeError`` where it cannot be started.
    """
    for python in (_EMULATOR_PYTHON, _RUNTIME_PYTHON):
        if not python.exists():
            raise RuntimeError(f"{python} is missing. Run `make rehearse`, which makes its environment.")
    port, proxy_port, registry_port, bedrock_port = free_ports(4)
    settings = Settings(
        folder=str(work_dir),
        port=port,
        proxy_port=proxy_port,
        registry_port=registry_port,
        bedrock_port=bedrock_port,
        certificate=str(work_dir / "rehearsal-ca.pem"),
        runtime_python=str(_RUNTIME_PYTHON),
        access_key=f"AKIA{secrets.token_hex(8).upper()}",
        secret_key=secrets.token_urlsafe(30),
    )
    file = work_dir / "settings.json"
    settings.save(file)
    account = Account(settings, work_dir)
    with (
        process(
            "stand-ins", [sys.executable, "-m", "tests.rehearsal.account.stand_ins", str(file)], work_dir
        ) as second,
        process(
            "launcher", [str(_EMULATOR_PYTHON), "-m", "tests.rehearsal.account.launcher", str(file)], work_dir
        ) as first,
    ):
        wait_until_there(f"{account.endpoint}/_ministack/health", first, work_dir / "launcher.log")
        wait_until_there(f"http://127.0.0.1:{registry_port}/", second, work_dir / "stand-ins.log")
        yield account


def _lines(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    # The last line may still be under way.
    return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


__all__ = ["ACCOUNT", "REGION", "Account", "Call", "running_account"]
