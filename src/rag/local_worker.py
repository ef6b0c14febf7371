"""Ingestion on a laptop: threads that work through what is unfinished, and one that watches the folder of documents."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from rag.document_state import awaits_upload, is_leased, new_record, queued
from rag.folder_watch import FolderWatch, Name
from rag.ingestion import IngestionService
from rag.lease import changed_meanwhile
from shared.document_keys import document_id_of
from shared.document_ports import DocumentCatalogue, DocumentFiles
from shared.documents import DocumentRecord
from shared.errors import ChatbotError, DocumentChanged
from shared.models import OWNER
from shared.ports import Clock
from shared.storage import format_timestamp

log = logging.getLogger(__name__)

#: While one document is embedded, another one is read in its child process.
_WORKERS = 2
#: How long ``stop`` waits for what goes on, in seconds.
_STOP_SECONDS = 1.5
#: A document that went wrong is left alone for so many polls, whatever its record says.
_PAUSE_POLLS = 5
#: So many times as long as a look at the folder took, it is left alone.
_REST_SHARE = 20
_MOST_TRIES = 20
#: A file of more bytes may take minutes to embed.
_LARGE_BYTES = 1 << 20
_BATCH = 50
_PAGE = 100


class LocalWorker:
    """The port ``IngestionQueue``, and who works it off.

    The queue are the records themselves, so that it outlives the process; leases keep several processes over the same
    data from doing the same document twice.
    """

    def __init__(
        self,
        catalogue: DocumentCatalogue,
        files: DocumentFiles,
        ingestion: IngestionService,
        clock: Clock,
        *,
        poll_seconds: float = 1.0,
    ) -> None:
        """Starts nothing yet. ``poll_seconds`` is how often the folder is looked at."""
        self._catalogue = catalogue
        self._files = files
        self._ingestion = ingestion
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._stopping = threading.Event()
        # Guards all below; notified of whatever may concern a waiting thread.
        self._changed = threading.Condition()
        self._wakings = 0
        # Documents by id, and whether each is a large one.
        self._busy: dict[str, bool] = {}
        self._not_before: dict[str, float] = {}
        self._looks_begun = 0
        self._looks_done = 0
        self._settled = False
        names = [self._watch, *[self._work] * _WORKERS]
        self._threads = [threading.Thread(target=each, name="ingestion", daemon=True) for each in names]

    def start(self) -> None:
        """Starts the threads. The folder and the records are compared both ways first."""
        for thread in self._threads:
            thread.start()

    def put(self, user_id: str, key: str) -> None:
        """As the port says. Raises ``StoreError``."""
        document_id = document_id_of(user_id, key)
        for _ in range(_MOST_TRIES):
            now = self._clock()
            record = self._catalogue.get(user_id, document_id)
            if record and (record.deleted or is_leased(record, now.timestamp())):
                break  # it is cleared away anyway, or who works on it looks at the file again before the end
            timestamp = format_timestamp(now)
            with suppress(DocumentChanged):
                self._catalogue.save(queued(record or new_record(user_id, key, timestamp), timestamp))
                break
        else:
            raise changed_meanwhile()
        with self._changed:
            self._not_before.pop(document_id, None)
        self.wake()

    def wake(self) -> None:
        """Makes the threads look for work now."""
        with self._changed:
            self._wakings += 1
            self._changed.notify_all()

    def idle_wait(self, timeout: float) -> bool:
        """Waits until nothing is left to do, changes of the folder up to now included; ``False`` where time ran out.

        Documents that wait for a later attempt are not waited for.
        """
        with self._changed:
            # A look that had begun already may have missed something, and a change is told by the second look.
            wanted = self._looks_begun + 2
            return self._changed.wait_for(lambda: self._looks_done >= wanted and self._is_idle(), timeout)

    def stop(self) -> None:
        """Ends the threads; what is being processed is put back into the queue."""
        self._stopping.set()
        self.wake()
        self._ingestion.stop()
        end = time.monotonic() + _STOP_SECONDS
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, end - time.monotonic()))

    # --- working off --------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                wakings = self._wakings
            record = self._take()
            if record:
                self._do(record)
                continue
            with self._changed:
                if self._wakings == wakings:
                    self._changed.wait(self._poll_seconds)

    def _take(self) -> DocumentRecord | None:
        """The document that waited longest, marked as busy."""
        with self._changed:
            now = time.monotonic()
            self._not_before = {name: end for name, end in self._not_before.items() if end > now}
            # Those that are passed over must not take the places of all others.
            limit = _BATCH + len(self._busy) + len(self._not_before)
        try:
            waiting = self._catalogue.unfinished(self._clock().timestamp(), limit)
        except ChatbotError as error:
            log.warning("documents cannot be looked up", extra={"code": error.code})
            return None
        with self._changed:
            for record in waiting:
                rests = self._not_before.get(record.document_id, 0.0) > time.monotonic()
                large = self._is_large(record)
                # Large ones take turns, so that there is always a thread for the others.
                if record.document_id not in self._busy and not rests and not (large and True in self._busy.values()):
                    self._busy[record.document_id] = large
                    return record
        return None

    def _is_large(self, record: DocumentRecord) -> bool:
        try:
            file = self._files.stat(record.user_id, record.key)
        except Exception:  # noqa: BLE001 - it comes again, and is dealt with, where the document is worked on
            return False
        return file is not None and file.size > _LARGE_BYTES

    def _do(self, record: DocumentRecord) -> None:
        document_id, rests = record.document_id, 0.0
        try:
            self._ingestion.bring_up_to_date(record.user_id, record.key)
        except ChatbotError as error:
            log.info("document waits", extra={"document_id": document_id, "code": error.code})
            rests = time.monotonic() + _PAUSE_POLLS * self._poll_seconds
        except Exception:
            # A defect must keep neither this thread nor other documents from going on.
            log.exception("document failed unexpectedly", extra={"document_id": document_id})
            rests = time.monotonic() + _PAUSE_POLLS * self._poll_seconds
        with self._changed:
            self._busy.pop(document_id, None)
            self._not_before.pop(document_id, None)
            if rests:
                self._not_before[document_id] = rests
            self._changed.notify_all()

    def _is_idle(self) -> bool:
        if self._busy or not self._settled:
            return False
        return not self._catalogue.unfinished(self._clock().timestamp(), 1)

    # --- watching -----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        watch: FolderWatch | None = None
        trouble = ""
        while not self._stopping.is_set():
            begun = time.monotonic()
            with self._changed:
                self._looks_begun += 1
            try:
                watch = watch or self._first_look()
                self._look(watch)
                trouble = ""
            except ChatbotError as error:
                if trouble != error.code:
                    log.warning("folder of documents cannot be watched", extra={"code": error.code})
                trouble = error.code
            except Exception:
                log.exception("watching the folder of documents failed")
            with self._changed:
                self._looks_done = self._looks_begun
                self._settled = watch is not None and watch.settled
                self._changed.notify_all()
            # A folder of very many files is not looked at all the time.
            self._stopping.wait(max(self._poll_seconds, _REST_SHARE * (time.monotonic() - begun)))

    def _first_look(self) -> FolderWatch:
        """What needs nothing any more: told by the records, for the users that have any files, and for the owner."""
        found = self._found()
        seen_to: dict[Name, str] = {}
        for user_id in {OWNER, *(user_id for user_id, _ in found)}:
            for record in self._records(user_id):
                name = (user_id, record.key)
                if record.status in {"ready", "failed"}:
                    seen_to |= {name: record.version} if record.version else {}
                elif name in found and not awaits_upload(record):
                    seen_to[name] = found[name]  # it is looked at anyway, as it will be then
            self._queue_outdated(user_id)
        return FolderWatch(seen_to)

    def _look(self, watch: FolderWatch) -> None:
        for (user_id, key), version in watch.look(self._found()).items():
            record = self._catalogue.get(user_id, document_id_of(user_id, key))
            if _concerns(record, version):
                self.put(user_id, key)
            watch.seen((user_id, key), version)

    def _found(self) -> Mapping[Name, str]:
        return {(file.user_id, file.key): file.version for file in self._files.list()}

    def _records(self, user_id: str) -> Iterator[DocumentRecord]:
        cursor: str | None = None
        while True:
            page = self._catalogue.list(user_id, _PAGE, cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def _queue_outdated(self, user_id: str) -> None:
        try:
            for key in self._ingestion.outdated(user_id):
                self.put(user_id, key)
        except ChatbotError as error:
            # What is live stays live; it is looked at again with the next start.
            log.warning("documents of another embedder stay as they are", extra={"code": error.code})


def _concerns(record: DocumentRecord | None, version: str | None) -> bool:
    """Whether a change of a file is news: an upload has often been seen to by the time it is found in the folder."""
    if record is None or version is None:
        return (record is None) != (version is None) and not (record and _is_new(record))
    return record.version != version or record.status not in {"ready", "failed"}


def _is_new(record: DocumentRecord) -> bool:
    """Whether all there is, is an announcement: the file that is missing is that of a document deleted before."""
    return record.status == "queued" and record.generation is None and awaits_upload(record)
