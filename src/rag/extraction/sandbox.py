"""What the child gives up before it reads its first document: writing, the network, other programs, and more memory."""

from __future__ import annotations

import math
import os
import resource
import sys
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_REFUSED = (
    "socket.",
    "subprocess.",
    "os.",
    "shutil.",
    "pty.",
    "fcntl.",
    "sqlite3.",
    "urllib.",
    "webbrowser.",
    "signal.",
)
#: Reading folders is how modules are found; ``resource.setrlimit`` moves the processor time on.
_GRANTED = {"os.listdir", "os.scandir"}


def limit_memory(size: int) -> None:
    """Bounds the address space, in bytes; also forbids files to grow and core dumps. macOS does not bound memory."""
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_processor_time(seconds: float) -> None:
    """Lets this process run on for so long; then the system ends it. It bounds a child whose parent has died."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


class Guard:
    """An audit hook: the process reads its own modules and the one document, and does nothing else outside itself.

    Hooks cannot be taken away again. They bind Python code only; native code is bound by the limits above, and has
    neither secrets in its environment nor files open but the document.
    """

    def __init__(self) -> None:
        self.document = ""
        # Where modules, and the tables they carry, are loaded from when first needed.
        self._libraries = tuple(os.path.join(os.path.realpath(path), "") for path in sys.path if path)  # noqa: PTH118

    def install(self) -> None:
        """From now on."""
        sys.addaudithook(self._check)

    def _check(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self._check_open(*arguments)
        elif event.startswith(_REFUSED) and event not in _GRANTED:
            raise PermissionError(f"{event} is not for a reader of documents")

    def _check_open(self, path: Any, _mode: Any, flags: Any) -> None:
        if isinstance(path, int):
            return
        name = os.fsdecode(path)
        writes = isinstance(flags, int) and flags & _WRITING
        if writes or not (name == self.document or os.path.realpath(name).startswith(self._libraries)):
            raise PermissionError("only the document may be opened, and only to be read")
