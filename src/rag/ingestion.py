"""Brings what is indexed of a document into line with its file, whatever happened before."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from rag.document_processor import DocumentProcessor
from rag.document_reader import DocumentReader, FileChanged
from rag.document_state import (
    NEVER_ARRIVED,
    Action,
    action_for,
    is_leased,
    is_older,
    is_outdated,
    is_settled,
    new_record,
)
from rag.embedding_service import EmbeddingService
from rag.generations import Generations
from rag.indexing import new_generation
from rag.lease import Lease, changed_meanwhile, handed_back
from shared.document_keys import document_id_of
from shared.document_ports import ChunkIndex, DocumentCatalogue, DocumentFiles
from shared.documents import DocumentRecord, FileVersion
from shared.errors import ChatbotError, DocumentChanged, DocumentRefused, IndexUnavailable, RetrievalError, StoreError
from shared.ports import Clock
from shared.storage import format_timestamp

log = logging.getLogger(__name__)

#: Tries at a document before it counts as failed.
MOST_ATTEMPTS = 8
#: The pause after the first try, in seconds; each later one is twice as long.
_FIRST_PAUSE = 4.0
_LONGEST_PAUSE = 300.0
#: How often one call looks at a document again because it changed meanwhile, and how often it reads the file.
_MOST_ROUNDS = 10
_MOST_READINGS = 3
#: For callers that set no deadline.
_LONGEST_SECONDS = 6 * 3600.0
#: Removing a generation may take an index so long; what would be killed on the way is not begun.
_TIDYING_SECONDS = 70.0
_PAGE = 100

_DEFECT = "This file could not be indexed because of a defect here, which was logged under the document's id."
_DEADLY = (
    f"The program ended {MOST_ATTEMPTS} times while it was at this file, so the file is left out; split it, or save it "
    "anew in its own program, and add it again."
)
_UNTIDY = "The document is indexed; there was no time left to remove what it said before, which is done next."
_RESTLESS = "The file is changed again and again while it is being read; it is read once it rests."


class IngestionService:
    """Makes, switches and removes the generations of documents.

    A record is written only on top of what was read of it, and whoever works on a document holds a lease on it. So at
    every moment the record names one whole generation, the old one or the new one, or none where there is nothing to
    be found. What a crash leaves half made or not yet removed, the next run uses up or removes.
    """

    def __init__(  # noqa: PLR0917 - ports, each of a type of its own
        self,
        catalogue: DocumentCatalogue,
        index: ChunkIndex,
        files: DocumentFiles,
        embeddings: EmbeddingService,
        processor: DocumentProcessor,
        clock: Clock,
    ) -> None:
        self._catalogue = catalogue
        self._files = files
        self._embeddings = embeddings
        self._clock = clock
        self._stopping = threading.Event()
        reader = DocumentReader(files, processor)
        self._generations = Generations(index, files, reader, embeddings, self._stopping)
        self._lock = threading.Lock()
        self._leases: set[Lease] = set()

    def bring_up_to_date(self, user_id: str, key: str, sequencer: str = "", deadline: float | None = None) -> None:
        """Looks at the file and does what is left to do: index, replace, clear away, tidy up, or nothing.

        It goes by the file as it is, so that events may come twice, late and in any order. ``sequencer`` is that of the
        storage event behind the call, ``deadline`` a ``time.monotonic()`` reading.

        A file that nothing can be made of leaves the document ``failed``, with the reason; what an earlier file under
        the same key said is removed, since the owner's file does not say it any more, and what was made of this very
        file before stays live. Where anything else fails, what
        was live stays live, and the document is ``queued`` again after a pause that grows, or ``failed`` after
        ``MOST_ATTEMPTS``; the error is raised too, for a queue that brings the event again. Raises ``DocumentChanged``
        while another worker is at the document.
        """
        deadline = time.monotonic() + _LONGEST_SECONDS if deadline is None else deadline
        document_id = document_id_of(user_id, key)
        tried = ""
        for number in range(_MOST_ROUNDS):
            record = self._catalogue.get(user_id, document_id)
            if self._stopping.is_set() or (record and is_settled(record) and is_older(sequencer, record.sequencer)):
                return
            now = self._clock().timestamp()
            if record and is_leased(record, now):
                raise DocumentChanged("The document is being worked on just now; try again in a moment.", retry_after=5)
            file = self._files.stat(user_id, key)
            action = action_for(record, file, self._embedder() if file else None, now)
            if record and file and number == 0 and action in {"nothing", "tidy"}:
                action = action if self._generations.is_whole(record) else "build"
            # Of what failed and could be built again, one call makes one attempt.
            failed_just_now = record and record.status == "failed" and file and file.version == tried
            if action == "nothing" or (action == "build" and failed_just_now):
                return
            # Where somebody was quicker, or the file changed, what is to be done is looked at again.
            with suppress(DocumentChanged, FileChanged):
                self._do(action, record or new_record(user_id, key, self._now()), file, sequencer, deadline)
                tried = file.version if file else ""
        raise changed_meanwhile()

    def outdated(self, user_id: str) -> Iterator[str]:
        """The keys of documents that another embedder than the one in use made searchable; to be queued."""
        embedder = self._embeddings.traits.name
        cursor: str | None = None
        while True:
            page = self._catalogue.list(user_id, _PAGE, cursor)
            yield from (record.key for record in page.items if is_outdated(record, embedder))
            cursor = page.next_cursor
            if cursor is None:
                return

    def stop(self) -> None:
        """Puts all unfinished work back into the queue at once. Whatever goes on in threads comes to nothing."""
        self._stopping.set()
        with self._lock:
            leases = tuple(self._leases)
        for lease in leases:
            with suppress(StoreError):
                lease.hand_back()

    # --- what is done under a lease -----------------------------------------------------------------------------------

    def _do(
        self, action: Action, record: DocumentRecord, file: FileVersion | None, sequencer: str, deadline: float
    ) -> None:
        newest = sequencer if is_older(record.sequencer, sequencer) or not record.sequencer else record.sequencer
        if action == "expire":
            self._catalogue.save(replace(record, status="failed", updated_at=self._now(), error=NEVER_ARRIVED))
        elif action == "clear":
            # Only its owner's deletion lets a file be deleted, not that it was missing: it may come back.
            version = record.version if record.deleted else None
            with self._leased(record, status="processing", deleted=True, version=version, sequencer=newest) as lease:
                self._generations.clear(lease)
        elif action == "tidy":
            status = record.status if record.status in {"ready", "failed"} else "processing"
            with self._leased(record, status=status, sequencer=newest) as lease:
                self._generations.tidy(lease)
        elif file:
            attempt = {"attempts": record.attempts + 1, "progress": 0.0, "error": None}
            generation = new_generation(self._embedder() or "")
            with self._leased(
                record, status="processing", size=file.size, building=generation, sequencer=newest, **attempt
            ) as lease:
                self._build(lease, file, deadline)

    @contextmanager
    def _leased(self, record: DocumentRecord, **changes: Any) -> Iterator[Lease]:
        """A lease on the document, which ``stop`` can hand back. What was built under one that was lost is removed."""
        lease = Lease(self._catalogue, self._clock, record, **changes)
        with self._lock:
            self._leases.add(lease)
        try:
            with lease:
                yield lease
        except DocumentChanged:
            self._give_up(lease)
            raise
        finally:
            with self._lock:
                self._leases.discard(lease)

    def _build(self, lease: Lease, file: FileVersion, deadline: float) -> None:
        if lease.before.attempts >= MOST_ATTEMPTS:
            self._generations.refuse(lease, file, DocumentRefused(_DEADLY))
            return
        try:
            self._generations.make(lease, deadline)
        except DocumentRefused as error:
            self._generations.refuse(lease, file, error)
        except DocumentChanged:
            raise
        except FileChanged:
            self._read_again(lease)
            raise
        except ChatbotError as error:
            self._postpone(lease, error)
            raise
        except Exception:
            # Whatever it is, it would happen again, and must not keep other documents waiting.
            log.exception("document failed unexpectedly", extra={"document_id": lease.record.document_id})
            self._generations.refuse(lease, file, DocumentRefused(_DEFECT))
        else:
            self._tidy_in_time(lease, deadline)

    def _tidy_in_time(self, lease: Lease, deadline: float) -> None:
        """Ends the work on a new generation. Raises ``IndexUnavailable`` where the old one is left to the next call."""
        if lease.record.retired and deadline - time.monotonic() < _TIDYING_SECONDS:
            lease.end(attempts=0, progress=None)
            raise IndexUnavailable(_UNTIDY)
        self._generations.tidy(lease)

    def _read_again(self, lease: Lease) -> None:
        """Gives the lease back for another try at once. Raises ``StoreError`` where the file does not come to rest."""
        record = lease.record
        if record.attempts >= _MOST_READINGS and self._files.stat(record.user_id, record.key):
            restless = StoreError(_RESTLESS)
            self._postpone(lease, restless)
            raise restless
        lease.end(status="queued", building=lease.before.building, progress=None)

    def _postpone(self, lease: Lease, error: ChatbotError) -> None:
        """Queues the document for later, with what was built of it so far, or gives it up."""
        record = lease.record
        log.warning(
            "document postponed",
            extra={"document_id": record.document_id, "code": error.code, "count": record.attempts},
        )
        if record.attempts >= MOST_ATTEMPTS:
            with suppress(RetrievalError):  # what stays behind cannot be found, and goes with the next change
                self._generations.remove_but(record, record.generation)
            given_up = f"Given up after {MOST_ATTEMPTS} attempts: {error.message}"
            changes: dict[str, Any] = {"status": "failed", "attempts": 0, "building": None, "error": given_up}
        else:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (record.attempts - 1))
            until = self._clock().timestamp() + max(pause, error.retry_after or 0.0)
            waiting = f"Waiting to be tried again: {error.message}"
            changes = {"status": "queued", "lease_expires_at": until, "error": waiting}
        try:
            lease.end(progress=None, **changes)
        except DocumentChanged:
            raise
        except StoreError:
            # The lease runs out, then it is tried again.
            log.warning("document not postponed", extra={"document_id": record.document_id, "code": error.code})

    def _give_up(self, lease: Lease) -> None:
        """Removes what was built, unless the next attempt can use it, when the record was written by somebody else."""
        own = lease.record
        if self._stopping.is_set():
            return
        record = self._catalogue.get(own.user_id, own.document_id)
        while record and record.lease_expires_at == own.lease_expires_at:
            # It was marked as deleted, and the lease is still this one; nobody could do anything about it.
            with suppress(DocumentChanged):
                self._catalogue.save(replace(record, **handed_back(record)))
                return
            record = self._catalogue.get(own.user_id, own.document_id)
        if own.building:
            others = (record.generation, record.building, record.retired) if record else ()
            self._generations.remove_but(own, *others)

    def _embedder(self) -> str | None:
        """The name of the embedder in use; ``None`` where it cannot be opened just now."""
        try:
            return self._embeddings.traits.name
        except ChatbotError:
            return None

    def _now(self) -> str:
        return format_timestamp(self._clock())
