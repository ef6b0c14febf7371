"""Which process holds something, so that another one can tell when it is gone: what was killed gives nothing back."""

from __future__ import annotations

import os
import socket
from uuid import uuid4

#: A process that comes later may be given the same number.
_TOKEN = uuid4().hex


def this_process() -> str:
    """The name of this process: machine, number, and a token of its own."""
    return f"{socket.gethostname()}/{os.getpid()}/{_TOKEN}"


def is_gone(name: str) -> bool:
    """Whether that process certainly does not run any more.

    Of one on another machine (or in another container, whose numbers are its own) nothing is known; neither where the
    number was given to a process that came later.
    """
    host, number, token = name.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    if int(number) == os.getpid():
        return token != _TOKEN
    try:
        os.kill(int(number), 0)  # sends nothing; only looks
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
