"""The right to work on a document, held by one worker at a time and kept up while it works."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import Any, Self

from shared.document_ports import DocumentCatalogue
from shared.documents import DocumentRecord
from shared.errors import DocumentChanged, StoreError
from shared.ports import Clock
from shared.storage import format_timestamp

log = logging.getLogger(__name__)

#: How long the work of a process that died stays untouched.
LEASE_SECONDS = 30.0
#: How often the lease is renewed and the progress written.
BEAT_SECONDS = 2.0


class Lease:
    """Writes the record of a document, each write on top of its own last one, until somebody else writes it.

    As a context manager it renews itself in a thread of its own. Left without ``end``, it runs out.
    """

    def __init__(
        self,
        catalogue: DocumentCatalogue,
        clock: Clock,
        record: DocumentRecord,
        *,
        beat: float = BEAT_SECONDS,
        **changes: Any,
    ) -> None:
        """Takes the lease by writing the record with the changes. Raises ``DocumentChanged``."""
        self._catalogue = catalogue
        self._clock = clock
        self._beat = beat
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_up, name="lease", daemon=True)
        #: The record as it was found.
        self.before = record
        self.record = record
        self._write({"lease_expires_at": self._end(), "updated_at": self._now(), **changes})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Raises ``DocumentChanged`` where the lease was lost or is over."""
        if self._over.is_set():
            raise changed_meanwhile()

    def note(self, progress: float) -> None:
        """The share of the work done, written with the next renewal."""
        with self._lock:
            self.record = replace(self.record, progress=progress)

    def save(self, **changes: Any) -> None:
        """Writes the changes and renews the lease. Raises ``DocumentChanged``, ``StoreError``."""
        with self._lock:
            self.check()
            self._write({"lease_expires_at": self._end(), "updated_at": self._now(), **changes})

    def end(self, **changes: Any) -> None:
        """Writes the changes and gives the lease back. Raises ``DocumentChanged``, ``StoreError``."""
        with self._lock:
            self.check()
            self._write({"lease_expires_at": 0.0, "updated_at": self._now(), **changes})
            self._over.set()

    def remove(self) -> None:
        """Removes the record, and with it the lease. Raises ``DocumentChanged``, ``StoreError``."""
        with self._lock:
            self.check()
            self._catalogue.remove(self.record)
            self._over.set()

    def hand_back(self) -> None:
        """Puts unfinished work back into the queue, from any thread; whoever is at it finds the lease lost."""
        with self._lock:
            if not self._over.is_set():
                self._write(handed_back(self.record))
                self._over.set()

    def _keep_up(self) -> None:
        while not self._over.wait(self._beat):
            with self._lock:
                if self._over.is_set():
                    return
                try:
                    self._write({"lease_expires_at": self._end()})
                except DocumentChanged:
                    return
                except StoreError as error:
                    # The lease outlasts several of these.
                    log.warning("lease not renewed", extra={"document_id": self.record.document_id, "code": error.code})

    def _write(self, changes: dict[str, Any]) -> None:
        try:
            self.record = self._catalogue.save(replace(self.record, **changes))
        except DocumentChanged:
            self._over.set()
            raise

    def _end(self) -> float:
        return self._clock().timestamp() + LEASE_SECONDS

    def _now(self) -> str:
        return format_timestamp(self._clock())


def handed_back(record: DocumentRecord) -> dict[str, Any]:
    """The changes that undo the beginning of an attempt, but for what was built: the next one makes use of that."""
    status = "queued" if record.status == "processing" else record.status
    return {"status": status, "lease_expires_at": 0.0, "attempts": max(0, record.attempts - 1), "progress": None}


def changed_meanwhile() -> DocumentChanged:
    return DocumentChanged(
        "The document was changed or deleted while this was going on; look at it again.", retry_after=1.0
    )
