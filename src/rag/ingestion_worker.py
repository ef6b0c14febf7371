"""Works through what the queue delivers, each message for itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, islice
from typing import Any

from rag.document_state import action_for
from rag.ingestion import IngestionService
from rag.ingestion_messages import UnknownMessage, task_of
from shared.document_backends import IngestionBackends
from shared.document_keys import document_id_of
from shared.documents import FileVersion
from shared.errors import ChatbotError, StoreError
from shared.models import OWNER
from shared.ports import Clock

log = logging.getLogger(__name__)

#: What has not begun this long before the end is left to the next invocation: a reading of 180 s, and 70 s to remove
#: what it replaces.
_LEAST_SECONDS = 260.0
#: Pauses before a message comes again; they double with each time that it was received.
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 300.0
_BATCH = 100


class IngestionWorker:
    """Keeps the documents of one bucket in line with its files."""

    def __init__(
        self, service: IngestionService, backends: IngestionBackends, *, bucket: str, embedder: str, clock: Clock
    ) -> None:
        """``embedder`` is the name of the one in use."""
        self._service = service
        self._backends = backends
        self._bucket = bucket
        self._embedder = embedder
        self._clock = clock

    def work(self, records: Sequence[Mapping[str, Any]], deadline: float) -> list[str]:
        """Does what the SQS records ask for; returns the ids of those that are to be delivered again.

        ``deadline`` is a ``time.monotonic()`` reading. Whatever becomes of one message, the others have their turn.
        """
        failed = []
        for number, record in enumerate(records):
            # The first has its chance always, or a function with little time would never do anything.
            if number and deadline - time.monotonic() < _LEAST_SECONDS:
                pause = self._leave_to_next(record)
            else:
                pause = self._attempt(record, deadline)
            if pause is not None:
                failed.append(str(record["messageId"]))
                self._redeliver(record, pause)
        return failed

    def queue_outdated(self) -> int:
        """Queues every file whose document is missing, unfinished or made by another embedder; returns how many."""
        count = 0
        for user_id, files in groupby(self._backends.files.list(), lambda file: file.user_id):
            for batch in _batches(files):
                for key in self._outdated(user_id, batch):
                    self._backends.queue.put(user_id, key)
                    count += 1
        log.info("documents queued to be indexed anew", extra={"count": count})
        return count

    def queue_all(self) -> int:
        """Queues every file, and every document whose file has vanished; returns how many.

        What is in order already stays as it is: ingestion compares it with the index.
        """
        keys = {(file.user_id, file.key) for file in self._backends.files.list()}
        for user_id in {OWNER, *(user_id for user_id, _ in keys)}:
            keys.update((user_id, key) for key in self._known(user_id))
        for user_id, key in sorted(keys):
            self._backends.queue.put(user_id, key)
        log.info("documents queued to be compared with the index", extra={"count": len(keys)})
        return len(keys)

    def _known(self, user_id: str) -> Iterator[str]:
        cursor: str | None = None
        while True:
            page = self._backends.catalogue.list(user_id, _BATCH, cursor)
            yield from (record.key for record in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return

    def _attempt(self, record: Mapping[str, Any], deadline: float) -> float | None:
        """The pause in seconds after which the message is to come again; ``None`` where it is done."""
        started = time.monotonic()
        noted: dict[str, object] = {"message_id": record["messageId"]}
        try:
            task = task_of(record["body"], self._bucket)
            if task is None:
                return None
            noted["document_id"] = document_id_of(task.user_id, task.key)
            self._service.bring_up_to_date(task.user_id, task.key, task.sequencer, deadline)
        except UnknownMessage:
            log.error("message is of no known kind", extra=noted)  # noqa: TRY400 - there is no more to tell
        except ChatbotError as error:
            log.warning("message not done", extra={**noted, "code": error.code})
            return max(error.retry_after or 0.0, _pause(record))
        except Exception:  # a defect must neither keep other documents waiting nor print what it was about
            log.exception("message failed unexpectedly", extra=noted)
        else:
            log.info("message done", extra={**noted, "duration_ms": round((time.monotonic() - started) * 1000)})
            return None
        return _pause(record)

    def _leave_to_next(self, record: Mapping[str, Any]) -> float | None:
        """Queues afresh what was not begun; as ``_attempt`` returns.

        Each delivery counts, and a message that was delivered often is taken for a bad one, even if it was never tried.
        """
        with suppress(UnknownMessage, StoreError):
            task = task_of(record["body"], self._bucket)
            if task:
                self._backends.queue.put(task.user_id, task.key)
            return None
        return 0.0

    def _redeliver(self, record: Mapping[str, Any], pause: float) -> None:
        try:
            self._backends.redeliver(record["receiptHandle"], pause)
        except StoreError as error:
            # It comes again by itself, later.
            log.warning("message not hastened", extra={"message_id": record["messageId"], "code": error.code})

    def _outdated(self, user_id: str, files: Sequence[FileVersion]) -> Iterator[str]:
        known = self._backends.catalogue.get_many(user_id, [document_id_of(user_id, file.key) for file in files])
        now = self._clock().timestamp()
        for file in files:
            record = known.get(document_id_of(user_id, file.key))
            if action_for(record, file, self._embedder, now) != "nothing":
                yield file.key


def _pause(record: Mapping[str, Any]) -> float:
    received = int(record["attributes"]["ApproximateReceiveCount"])
    return float(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (received - 1)))


def _batches(files: Iterable[FileVersion]) -> Iterator[list[FileVersion]]:
    files = iter(files)
    while batch := [*islice(files, _BATCH)]:
        yield batch
