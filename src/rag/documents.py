"""What the owner does with documents: announce, list, look at, delete, have retried."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.document_state import announced, awaits_replacement, is_leased, kept, new_record, queued, shown
from rag.lease import changed_meanwhile
from shared.document_keys import checked_key, document_id_of
from shared.document_ports import DocumentCatalogue, DocumentFiles, IngestionQueue
from shared.documents import DocumentRecord, DownloadTarget, UploadTarget
from shared.errors import ChatbotError, DocumentChanged, InvalidRequest, NotFound, TooLarge
from shared.models import Page
from shared.ports import Clock
from shared.storage import format_timestamp

if TYPE_CHECKING:
    from rag.ingestion import IngestionService  # which loads what reads documents: the chat in the cloud does without

log = logging.getLogger(__name__)

#: How often a change is tried on top of somebody else's; workers renew their leases all the while.
_MOST_TRIES = 20
_MEGABYTE = 1 << 20

_BEING_DELETED = "A document of this name is still being deleted; send the file again in a moment."

#: Endings of files that hold no text this program can get at. Others are looked into before they are refused.
_WITHOUT_TEXT = frozenset(
    (
        *("png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff", "heic", "ico", "mp3", "wav", "flac", "ogg", "m4a"),
        *("mp4", "mov", "avi", "mkv", "webm", "zip", "gz", "tgz", "bz2", "xz", "7z", "rar", "tar", "exe", "dll", "iso"),
    )
)
_OLD_OFFICE = {"doc": "DOCX", "xls": "XLSX", "ppt": "PPTX"}


class DocumentService:
    """The owner's side of documents. Each method sees the documents of its user only."""

    def __init__(
        self,
        catalogue: DocumentCatalogue,
        files: DocumentFiles,
        queue: IngestionQueue,
        clock: Clock,
        *,
        max_bytes: int,
        ingestion: IngestionService | None = None,
    ) -> None:
        """``max_bytes`` is the largest size of a document. With ``ingestion`` what is deleted is cleared away at once,
        without it the queue is asked to.
        """
        self._catalogue = catalogue
        self._files = files
        self._queue = queue
        self._clock = clock
        self._max_bytes = max_bytes
        self._ingestion = ingestion

    def begin_upload(
        self, user_id: str, filename: str, size: int, content_type: str | None = None
    ) -> tuple[DocumentRecord, UploadTarget, bool]:
        """Announces the bytes of a document; tells where to send them, and whether they replace any.

        What is live stays so until they are indexed. Raises ``InvalidRequest`` (``TooLarge``) for a name or size that
        cannot be, and ``DocumentChanged`` while a document of this name is being deleted.
        """
        key = checked_key(filename)
        self._check_size(size)
        _check_type(key)
        target = self._files.upload_target(user_id, key, size, content_type)

        def announce(record: DocumentRecord | None) -> DocumentRecord | None:
            now = self._clock()
            if record and record.deleted:
                raise DocumentChanged(_BEING_DELETED, retry_after=5)
            if record and is_leased(record, now.timestamp()):
                return None  # whoever is at work looks at the file again before it ends
            record = record or new_record(user_id, key, format_timestamp(now))
            record = replace(record, size=size, content_type=content_type)
            return announced(record, format_timestamp(now), now.timestamp())

        changed = self._change(user_id, document_id_of(user_id, key), announce)
        record = changed or self.get(user_id, document_id_of(user_id, key))
        replaces = record.generation is not None or self._files.stat(user_id, key) is not None
        return record, target, replaces

    def download(self, user_id: str, document_id: str) -> DownloadTarget:
        """Where the bytes of the document's file are. Raises ``NotFound`` where it, or its file, is gone."""
        key = self.get(user_id, document_id).key
        if self._files.stat(user_id, key) is None:
            raise NotFound("The file of this document is not there; upload it again, or delete the document.")
        return self._files.download_target(user_id, key)

    def arrived(self, user_id: str, document_id: str) -> None:
        """The bytes that were announced are there. Raises ``NotFound``."""
        self._queue.put(user_id, self.get(user_id, document_id).key)

    def list(self, user_id: str, limit: int, cursor: str | None = None) -> Page[DocumentRecord]:
        """The documents by key. Raises ``InvalidRequest`` for a foreign cursor."""
        page = self._catalogue.list(user_id, limit, cursor)
        now = self._clock().timestamp()
        return Page(tuple(shown(record, now) for record in page.items), page.next_cursor)

    def get(self, user_id: str, document_id: str) -> DocumentRecord:
        """Raises ``NotFound``, for a foreign one too."""
        record = self._catalogue.get(user_id, document_id)
        return shown(_existing(record), self._clock().timestamp())

    def delete(self, user_id: str, document_id: str) -> None:
        """Deletes the file and all that was made of it; it cannot be found from the first moment on.

        Raises ``NotFound``. Where another error is raised the document is gone from all lists, and what is left of it
        is cleared away later; until it is, it can be deleted again.
        """
        found = self._catalogue.get(user_id, document_id)
        key = (found if found and found.deleted else _existing(found)).key
        marked = self._change(user_id, document_id, self._marked) or found
        if self._ingestion is None:
            # Whatever fails from here on, whoever gets this message completes it.
            self._queue.put(user_id, key)
        file = self._files.stat(user_id, key)
        if file is None or (marked and file.version == marked.version):
            self._files.delete(user_id, key)  # and older versions that the store keeps
        # From now on a file under this key is another one.
        self._change(
            user_id,
            document_id,
            lambda record: replace(record, version=None) if record and record.deleted and record.version else None,
        )
        log.info("document deleted", extra={"document_id": document_id})
        if self._ingestion is None:
            return
        try:
            self._ingestion.bring_up_to_date(user_id, key)
        except ChatbotError as error:
            # Somebody is at work on it and will see, or the index does not answer; it is asked again until it does.
            log.info("document cleared away later", extra={"document_id": document_id, "code": error.code})

    def retry(self, user_id: str, document_id: str) -> DocumentRecord:
        """Queues a failed document again, or one whose turn never seems to come.

        One whose replacement was announced and given up is as it was before. Raises ``NotFound``, and
        ``InvalidRequest`` for one that is ready or at work, or has no file.
        """
        record = self.get(user_id, document_id)
        # The message of a queued one may have been lost.
        if record.status not in {"failed", "queued"}:
            raise InvalidRequest(
                f"The document is {record.status}; only one that failed can be tried again.", field="document_id"
            )
        file = self._files.stat(user_id, record.key)
        if file is None:
            raise InvalidRequest(
                "The file of this document is not there; upload it again, or delete the document.", field="document_id"
            )

        def again(found: DocumentRecord | None) -> DocumentRecord | None:
            found, now = _existing(found), self._clock()
            if awaits_replacement(found, file):
                return kept(found, file, format_timestamp(now))
            return None if is_leased(found, now.timestamp()) else queued(found, format_timestamp(now))

        changed = self._change(user_id, document_id, again)
        if changed is None or changed.status == "queued":
            self._queue.put(user_id, record.key)
        return self.get(user_id, document_id)

    def _marked(self, record: DocumentRecord | None) -> DocumentRecord | None:
        """The record as deleted; ``None`` where it is already."""
        if record and record.deleted:
            return None
        record = _existing(record)
        # The version tells this file from one that is uploaded under the same key later.
        file = self._files.stat(record.user_id, record.key)
        return replace(record, deleted=True, version=file.version if file else None, updated_at=self._now())

    def _change(
        self, user_id: str, document_id: str, change: Callable[[DocumentRecord | None], DocumentRecord | None]
    ) -> DocumentRecord | None:
        """Writes what ``change`` makes of the record as it is then; nothing where it makes ``None`` of it."""
        for _ in range(_MOST_TRIES):
            changed = change(self._catalogue.get(user_id, document_id))
            if changed is None:
                return None
            with suppress(DocumentChanged):
                return self._catalogue.save(changed)
        raise changed_meanwhile()

    def _check_size(self, size: int) -> None:
        if size <= 0:
            raise InvalidRequest("The file is empty; send one with text in it.", field="size")
        if size > self._max_bytes:
            raise TooLarge(
                f"The file has {size / _MEGABYTE:,.1f} MB, and {self._max_bytes / _MEGABYTE:,.0f} MB are taken; split "
                "it, or raise CHATBOT_DOCUMENT_MAX_MB.",
                field="size",
            )

    def _now(self) -> str:
        return format_timestamp(self._clock())


def _existing(record: DocumentRecord | None) -> DocumentRecord:
    if record is None or record.deleted:
        raise NotFound("There is no such document.")
    return record


def _check_type(key: str) -> None:
    ending = key.rpartition(".")[2].lower() if "." in key else ""
    if ending in _OLD_OFFICE:
        raise InvalidRequest(
            f"Files of old Office programs cannot be read; save it as {_OLD_OFFICE[ending]} and send that.",
            field="filename",
        )
    if ending in _WITHOUT_TEXT:
        raise InvalidRequest(
            f"A .{ending} file cannot be read: send a PDF, an Office file, a web page, or any kind of text.",
            field="filename",
        )
