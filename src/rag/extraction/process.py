"""The parent's side of the child process."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, cast

from rag.extracted import ExtractedText
from rag.extraction import wire
from rag.extraction.limits import MEGABYTE, ExtractionLimits
from shared.errors import DocumentRefused, RetrievalError

log = logging.getLogger(__name__)

_START_SECONDS = 60
#: How much longer than its processor time the child is given: a busy machine is not held against the document.
_PATIENCE = 1.5
#: What a parser leaks is given back by starting anew.
_MAX_DOCUMENTS = 200
#: A child whose pipe has ended is gone within this time; one that still runs then has sent what is no reply.
_END_SECONDS = 5
#: Sent by who stops the service or ends the session, and by a system that is out of memory: not the document's doing.
_FROM_OUTSIDE = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL})


class ReaderProcess:
    """One child, for one thread at a time. ``usable`` says whether it can read another document."""

    def __init__(self, limits: ExtractionLimits) -> None:
        """Starts the child. Raises ``RetrievalError``."""
        self._limits = limits
        self._documents = 0
        self._timed_out = threading.Event()
        self.usable = True
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, with arguments of our own
                [sys.executable, "-P", "-m", "rag.extraction.child", json.dumps(asdict(limits))],
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # A terminal's Ctrl-C is for the parent, which ends its children in order.
                start_new_session=True,
            )
        except OSError as error:
            raise _unstartable() from error
        self._requests = cast("BinaryIO", self._process.stdin)
        self._replies = cast("BinaryIO", self._process.stdout)
        with self._killed_after(_START_SECONDS):
            ready = self._replies.readline()
        if ready != b"ready\n" or self._timed_out.is_set():
            self.close()
            raise _unstartable()

    def extract(self, path: Path, name: str, content_type: str | None, size: int) -> ExtractedText:
        """Raises ``DocumentRefused``, and ``RetrievalError`` where the child was ended from outside.

        Afterwards the child may not be ``usable``.
        """
        seconds = self._limits.seconds_for(size)
        self._documents += 1
        self.usable = self._documents < _MAX_DOCUMENTS
        try:
            with self._killed_after(seconds * _PATIENCE):
                wire.write_request(self._requests, wire.Request(str(path), name, content_type, seconds))
                reply = wire.read_reply(self._replies, self._limits.max_characters)
        except BrokenPipeError as error:
            # It ended while it waited, before it had seen the document.
            self.close()
            raise _interrupted() from error
        except (OSError, wire.Garbled) as error:
            raise self._lost(seconds) from error
        if self._timed_out.is_set():
            # It answered in the last moment.
            self.usable = False
        if isinstance(reply, ExtractedText):
            return reply
        if reply.defect:
            # Whatever it was, it may have left something behind.
            self.usable = False
            log.warning("a document could not be read: %s", reply.defect)
        raise DocumentRefused(reply.message)

    @property
    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """Ends the child."""
        self.usable = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._requests, self._replies):
            with suppress(OSError):
                pipe.close()

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            # A timer that fires just now is done with the child before anybody asks whether it did.
            timer.join()

    def _kill(self) -> None:
        self._timed_out.set()
        self._process.kill()

    def _lost(self, seconds: float) -> DocumentRefused | RetrievalError:
        """What the end of the child says about the document."""
        ended = 0
        with suppress(subprocess.TimeoutExpired):
            ended = -self._process.wait(_END_SECONDS)
        self.close()
        log.warning("the reader of documents ended with signal %d", ended)
        if self._timed_out.is_set() or ended == signal.SIGXCPU:
            return DocumentRefused(
                f"Reading this file took longer than the {seconds:.0f} seconds allowed for its size;"
                " split it, or save it anew in its own program, and add it again."
            )
        if ended in _FROM_OUTSIDE:
            return _interrupted()
        return DocumentRefused(
            "Reading this file failed, as it does with damaged files and with those that need more than"
            f" {self._limits.memory_bytes // MEGABYTE} MB of memory; save it anew in its own program, or split it."
        )


def _environment() -> dict[str, str]:
    """What the child needs, and none of the parent's secrets."""
    return {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        # The interpreter of Lambda finds its own library only so.
        "LD_LIBRARY_PATH": str(Path(sys.base_prefix) / "lib"),
        "PYTHONUTF8": "1",
    }


def _interrupted() -> RetrievalError:
    return RetrievalError(
        "Reading this file was broken off from outside, as it is when the machine stops or has no memory left;"
        " try again, with fewer other programs running if it stays so."
    )


def _unstartable() -> RetrievalError:
    return RetrievalError("The reader of documents could not be started; try again, and see the log if it stays so.")
