"""Child processes: started in a clean environment, waited for, stopped, and asked for their peak memory."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# PYTHONDONTWRITEBYTECODE among them: with it, every start would compile everything again.
_FOREIGN = ("CHATBOT_", "AWS_", "LANGCHAIN_", "LANGSMITH_", "MOTO_", "OTEL_", "PYTHON")
_START_SECONDS = 120


def environment(**added: str) -> dict[str, str]:
    """This process's environment without what would change the subject, and with what is added."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "LANGSMITH_TRACING": "false", **added}


def aws_environment(**added: str) -> dict[str, str]:
    """The same with credentials that are none, and no way to look for others."""
    return environment(
        AWS_ACCESS_KEY_ID="bench",
        AWS_SECRET_ACCESS_KEY="bench",  # noqa: S106 - no secret
        AWS_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_CONFIG_FILE="/dev/null",
        AWS_SHARED_CREDENTIALS_FILE="/dev/null",
        **added,
    )


def free_port() -> int:
    """A port of the loopback interface that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(arguments: Sequence[str], env: Mapping[str, str], port: int, path: str = "/health") -> Iterator[int]:
    """A child that answers HTTP on the port; gives its process id, ends it with SIGTERM. Raises ``RuntimeError``."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(arguments, env=dict(env), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors)
        try:
            _wait(child, port, path)
            yield child.pid
        except RuntimeError:
            errors.seek(0)
            sys.stderr.write(errors.read().decode(errors="replace")[-3000:])
            raise
        finally:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(30)
            child.kill()
            child.wait()


def python(*arguments: str) -> list[str]:
    """The command line of this interpreter."""
    return [sys.executable, *arguments]


def _wait(child: subprocess.Popen[bytes], port: int, path: str) -> None:
    give_up = time.monotonic() + _START_SECONDS
    while not answers(port, path):
        if child.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(f"{child.args!r} did not begin to answer on port {port}")
        time.sleep(0.002)


def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def peak_mb(pid: int | str = "self") -> float:
    """The most memory that the process has had resident so far (VmHWM), in MB of 1,048,576 bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
