"""Starts and stops the AWS emulator. Speaks to it over HTTP only; nothing of it is imported here."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REGION = "us-east-1"
#: Overrides the interpreter of the emulator's environment.
PYTHON_VARIABLE = "EMULATOR_PYTHON"

_DEFAULT_PYTHON = Path(__file__).parents[2] / ".venv-emulator" / "bin" / "python"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator; ``client_options`` are for ``boto3`` clients."""

    endpoint: str

    @property
    def client_options(self) -> dict[str, str]:
        return {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
        }


@contextmanager
def running_emulator(work_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """An emulator on a free port, with its own temporary files and log in ``work_dir``; stopped at the end.

    ``settings`` are further environment variables for it. Raises ``RuntimeError`` where it cannot be started.
    """
    python = Path(os.environ.get(PYTHON_VARIABLE) or _DEFAULT_PYTHON)
    if not python.exists():
        raise RuntimeError(f"The AWS emulator's environment is missing ({python}). Run `make test`, which makes it.")
    port = _free_port()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "localhost",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(work_dir),
        **(settings or {}),
    }
    log = work_dir / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, "-m", "ministack"], env=environment, cwd=work_dir, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            endpoint = f"http://127.0.0.1:{port}"
            _wait_until_healthy(endpoint, process, log)
            yield Emulator(endpoint)
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"The AWS emulator did not start within {_START_SECONDS} s. Its log ends:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
