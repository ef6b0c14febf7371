"""Which process holds something, so that another one can tell when it is gone: what was killed gives nothing back."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from uuid import uuid4

#: A process that comes later may be given the same number.
_TOKEN = uuid4().hex
_NUMBER_SPACE = Path("/proc/self/ns/pid")
#: Another one each time the machine starts.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def this_process() -> str:
    """The name of this process: machine, number space, start of the machine, number, and a token of its own.

    Number space and start are empty where the system does not tell them.
    """
    return "/".join((socket.gethostname(), _number_space(), _boot(), str(os.getpid()), _TOKEN))


def is_gone(name: str) -> bool:
    """Whether that process certainly does not run any more.

    Of one on another machine, or in another container, whose numbers are its own, nothing is known; neither where the
    number was given to a process that came later.
    """
    try:
        host, space, boot, number, token = name.split("/")
    except ValueError:
        return False  # of a version that named processes otherwise
    if (host, space) != (socket.gethostname(), _number_space()):
        return False
    if boot != _boot():
        return True
    return token != _TOKEN if int(number) == os.getpid() else not _runs(int(number))


def _runs(number: int) -> bool:
    try:
        os.kill(number, 0)  # sends nothing; only looks
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def _number_space() -> str:
    """Containers may share a host's name and a folder, and not its numbers of processes."""
    try:
        return str(_NUMBER_SPACE.readlink())
    except OSError:
        return ""  # macOS: all numbers are the machine's


def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
