"""What a document's record says, and what is to be done about it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from shared.document_keys import document_id_of
from shared.documents import DocumentRecord, FileVersion

#: For how long an announced upload is waited for, in seconds.
UPLOAD_SECONDS = 3600

NEVER_ARRIVED = "The upload was announced but its bytes never arrived; upload the file again, or delete the document."

Action = Literal["nothing", "build", "tidy", "clear", "expire"]
"""``build`` a generation of the file as it is now; ``tidy`` up beside the live one; ``clear`` everything away;
``expire`` an upload that never arrived."""


def action_for(record: DocumentRecord | None, file: FileVersion | None, embedder: str | None, now: float) -> Action:
    """What brings the document nearer to its file.

    ``embedder`` is the one in use, ``None`` where it cannot be told just now; ``now`` is in epoch seconds.
    """
    if record is None:
        return "build" if file else "nothing"
    if record.deleted:
        return "clear"
    if file is None:
        return _without_file(record, now)
    if record.status == "failed" and record.version == file.version and not is_outdated(record, embedder):
        return "tidy" if _has_leftovers(record) else "nothing"
    if record.generation is None or record.version != file.version or is_outdated(record, embedder):
        return "build"
    return "nothing" if record.status == "ready" and not _has_leftovers(record) else "tidy"


def is_leased(record: DocumentRecord, now: float) -> bool:
    """Whether somebody is at work on it. Of a queued record the time says only when its turn comes."""
    return record.status != "queued" and record.lease_expires_at > now


def awaits_upload(record: DocumentRecord) -> bool:
    """Whether the last that was heard of a queued document is that an upload was announced."""
    # Only an announcement has a time to wait for before the first attempt.
    return record.attempts == 0 and record.lease_expires_at > 0


def is_settled(record: DocumentRecord) -> bool:
    """Whether nothing is left to do for what was known when it was written."""
    return record.status in {"ready", "failed"} and not record.deleted and not _has_leftovers(record)


def is_outdated(record: DocumentRecord, embedder: str | None) -> bool:
    """Whether what is live was embedded by another embedder than the one in use."""
    return record.generation is not None and embedder is not None and record.embedder != embedder


def is_older(sequencer: str, other: str) -> bool:
    """Whether a storage event came before another one of the same key.

    S3 documents sequencers as hexadecimal numbers to be compared as text, after the shorter one was padded with zeros
    at its right. An event without one has no place in the order.
    """
    width = max(len(sequencer), len(other))
    return bool(sequencer) and sequencer.upper().ljust(width, "0") < other.upper().ljust(width, "0")


def new_record(user_id: str, key: str, now: str) -> DocumentRecord:
    """The record of a document that there was none of. ``now`` is ISO-8601."""
    return DocumentRecord(user_id, document_id_of(user_id, key), key, "queued", created_at=now, updated_at=now)


def announced(record: DocumentRecord, now: str, seconds: float) -> DocumentRecord:
    """The record while an upload is awaited. ``now`` is ISO-8601, ``seconds`` the same in epoch seconds."""
    return replace(
        record,
        status="queued",
        updated_at=now,
        lease_expires_at=seconds + UPLOAD_SECONDS,
        attempts=0,
        progress=None,
        error=None,
    )


def awaits_replacement(record: DocumentRecord, file: FileVersion) -> bool:
    """Whether nothing is new but an announced upload: what is live was made of the file as it still is."""
    announced_only = record.status == "queued" and awaits_upload(record) and not _has_leftovers(record)
    return announced_only and record.generation is not None and record.version == file.version


def kept(record: DocumentRecord, file: FileVersion, now: str) -> DocumentRecord:
    """The record when an announced upload was given up: what is live is that of the file. ``now`` is ISO-8601."""
    return replace(record, status="ready", size=file.size, updated_at=now, lease_expires_at=0.0)


def queued(record: DocumentRecord, now: str) -> DocumentRecord:
    """The record when its turn has come, whatever became of it before. ``now`` is ISO-8601."""
    return replace(record, status="queued", updated_at=now, lease_expires_at=0.0, attempts=0, progress=None, error=None)


def shown(record: DocumentRecord, now: float) -> DocumentRecord:
    """The record as its owner sees it: an upload that never arrived has failed, or changed nothing."""
    if record.status != "queued" or not awaits_upload(record) or record.lease_expires_at > now:
        return record
    if record.generation is not None:
        return replace(record, status="ready")
    return replace(record, status="failed", error=NEVER_ARRIVED)


def _without_file(record: DocumentRecord, now: float) -> Action:
    if not _is_announced(record):
        return "clear"
    return "nothing" if record.status == "failed" or record.lease_expires_at > now else "expire"


def _is_announced(record: DocumentRecord) -> bool:
    """Whether all there is, is an upload's announcement, or what became of it."""
    nothing_yet = record.version is None and record.generation is None and not record.deleted
    return nothing_yet and record.status in {"queued", "failed"} and awaits_upload(record)


def _has_leftovers(record: DocumentRecord) -> bool:
    return record.retired is not None or record.building is not None
