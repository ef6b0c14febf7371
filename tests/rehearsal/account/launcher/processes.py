"""The process of an execution environment: its unpacked code, what it prints, how much memory it took."""

from __future__ import annotations

import hashlib
import io
import stat
import subprocess
import threading
import zipfile
from pathlib import Path
from typing import Any

from tests.rehearsal.account.launcher.jsonl import JsonLog

_KIND_SECONDS = 3.0
_unpacking = threading.Lock()


def unpacked(code: bytes, folder: Path) -> Path:
    """The folder with the files of the zip, their permissions as in it; made once for the same bytes."""
    target = folder / hashlib.sha256(code).hexdigest()[:16]
    with _unpacking:
        if not target.exists():
            making = target.with_suffix(".part")
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                for member in archive.infolist():
                    made = Path(archive.extract(member, making))
                    mode = stat.S_IMODE(member.external_attr >> 16)
                    if mode and made.is_file():
                        made.chmod(mode)
            making.rename(target)
    return target


class Process:
    """What runs one copy of a function. Lines that it prints go to the log, each with its invocation."""

    def __init__(self, function: str, version: str, log: JsonLog) -> None:
        self._function = function
        self._version = version
        self._log = log
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._popen: subprocess.Popen[bytes] | None = None
        self.request_id = ""
        self.invocations = 0

    def start(self, command: list[str], environment: dict[str, str]) -> None:
        self._popen = subprocess.Popen(
            command,
            env=environment,
            cwd=environment["LAMBDA_TASK_ROOT"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # In the launcher's process group, which is ended as a whole at the end, whatever happened before.
        )
        threading.Thread(target=self._read, name="function-output", daemon=True).start()

    def begin(self, request_id: str) -> None:
        with self._lock:
            self.request_id = request_id
            self.invocations += 1
            self._lines.clear()

    def end(self, seconds: float) -> str:
        """What was printed in the invocation; notes its duration and the memory of the process so far."""
        self._log.add(
            function=self._function,
            version=self._version,
            request_id=self.request_id,
            milliseconds=round(seconds * 1000),
            peak_mb=self.peak_mb(),
        )
        with self._lock:
            return "\n".join(self._lines)

    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def wait(self) -> int:
        assert self._popen is not None
        return self._popen.wait()

    def stop(self) -> None:
        """Ends the process: kindly first, as Lambda does, then without asking."""
        process = self._popen
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_KIND_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def peak_mb(self) -> int:
        """The most memory that the process has had resident, 0 where the system does not tell."""
        try:
            status = Path(f"/proc/{self._popen.pid}/status").read_text() if self._popen else ""
        except OSError:
            return 0
        found = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(found[0].split()[1]) // 1024 if found else 0

    def _read(self) -> None:
        assert self._popen is not None
        assert self._popen.stdout is not None
        for raw in self._popen.stdout:
            line = raw.decode(errors="replace").rstrip("\n")
            with self._lock:
                self._lines.append(line)
                request_id = self.request_id
            self._log.add(function=self._function, version=self._version, request_id=request_id, line=line)


def bare_environment(config: dict[str, Any], folder: Path, python: str) -> dict[str, str]:
    """What Lambda gives every function, whatever its configuration."""
    name = config["FunctionName"]
    return {
        "PATH": f"{Path(python).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(folder),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', '')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": config.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"),
        "AWS_LAMBDA_LOG_STREAM_NAME": "rehearsal",
        "LAMBDA_TASK_ROOT": str(folder),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "PYTHONDONTWRITEBYTECODE": "1",  # the task root is read-only in Lambda
        "_HANDLER": config.get("Handler", ""),
    }
