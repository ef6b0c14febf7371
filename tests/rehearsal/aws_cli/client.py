"""``aws``, as the scripts find it: hands its call to the server and ends as the call ends.

Runs with ``python -I -S`` and imports next to nothing: it is started hundreds of times.
"""

import _socket as socket
import os
import signal
import sys
from types import FrameType

_ANSWER_LENGTH = 64


def _message() -> bytes:
    """Arguments, folder and environment, as NUL-separated fields; no field can hold a NUL."""
    umask = os.umask(0)
    os.umask(umask)
    ignored = int(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
    numbers = f"{os.getpgrp()} {umask} {ignored} {len(sys.argv) - 2}"
    fields = [numbers.encode(), os.getcwdb(), *map(os.fsencode, sys.argv[2:])]  # noqa: PTH109 - pathlib takes longer to import than the rest
    fields += [name + b"=" + value for name, value in os.environb.items()]
    return b"\0".join(fields)


def _end_by(number: int) -> None:
    """Dies of a signal, so that the shell sees what it would have seen."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def main() -> int:
    """The exit code of the call."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    caught: list[int] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        caught.append(number)
        try:  # noqa: SIM105 - contextlib takes a millisecond to import
            server.send(bytes([number]))
        except OSError:  # The call has ended; its answer is there to be read.
            pass

    server.connect(sys.argv[1])
    message = _message()
    head = len(message).to_bytes(4, "big")
    descriptors = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
    server.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    while message:
        message = message[server.send(message) :]
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    answer = server.recv(_ANSWER_LENGTH).split()
    if not answer:  # The call ended without a word: a signal killed it.
        _end_by(caught[-1] if caught else signal.SIGKILL)
    elif answer[0] == b"signal":
        _end_by(int(answer[1]))
    return int(answer[-1])


sys.exit(main())
