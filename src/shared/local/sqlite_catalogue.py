"""The records of documents in the local database."""

# ruff: noqa: S608 - statements are put together from the constants of this module only; values are always bound.

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import astuple, fields, replace
from typing import Any

from shared import storage
from shared.document_storage import decode_document_cursor, document_changed, encode_document_cursor
from shared.documents import DocumentRecord
from shared.local.sqlite_connections import Connections
from shared.models import Page

_NAMES = tuple(field.name for field in fields(DocumentRecord))
_COLUMNS = ", ".join(_NAMES)

GET = f"SELECT {_COLUMNS} FROM documents WHERE user_id = ? AND document_id = ?"
LIST = (
    f"SELECT {_COLUMNS} FROM documents WHERE user_id = ? AND key > ? AND NOT deleted ORDER BY key, document_id LIMIT ?"
)
# The condition is the partial index's own, word for word, so that SQLite uses it.
UNFINISHED = f"""
    SELECT {_COLUMNS} FROM documents
    WHERE (deleted OR status IN ('queued', 'processing') OR building IS NOT NULL OR retired IS NOT NULL)
        AND lease_expires_at <= ?
    ORDER BY updated_at LIMIT ?
"""
_INSERT = f"INSERT INTO documents ({_COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))}) ON CONFLICT DO NOTHING"
_UPDATE = f"""
    UPDATE documents SET ({_COLUMNS}) = ({", ".join("?" * len(_NAMES))})
    WHERE user_id = ? AND document_id = ? AND revision = ?
"""
_REMOVE = "DELETE FROM documents WHERE user_id = ? AND document_id = ? AND revision = ?"


class SQLiteCatalogue:
    """The port ``DocumentCatalogue`` over a file that several threads and processes may share."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def get(self, user_id: str, document_id: str) -> DocumentRecord | None:
        found = self._select(GET, user_id, document_id)
        return found[0] if found else None

    def get_many(self, user_id: str, document_ids: Collection[str]) -> dict[str, DocumentRecord]:
        wanted = ", ".join("?" * len(document_ids))
        found = self._select(
            f"SELECT {_COLUMNS} FROM documents WHERE user_id = ? AND document_id IN ({wanted})", user_id, *document_ids
        )
        return {record.document_id: record for record in found}

    def save(self, record: DocumentRecord) -> DocumentRecord:
        saved = replace(record, revision=record.revision + 1)
        place = (record.user_id, record.document_id, record.revision)
        with self._connections.write() as connection:
            if record.revision:
                written = connection.execute(_UPDATE, (*astuple(saved), *place))
            else:
                written = connection.execute(_INSERT, astuple(saved))
            if written.rowcount != 1:
                raise document_changed()
        return saved

    def remove(self, record: DocumentRecord) -> None:
        """Removes the record; its bytes are overwritten in the file and gone from its log."""
        with self._connections.write() as connection:
            removed = connection.execute(_REMOVE, (record.user_id, record.document_id, record.revision))
            if removed.rowcount != 1:
                raise document_changed()
        self._connections.empty_log()

    def unfinished(self, now: float, limit: int) -> list[DocumentRecord]:
        return [*self._select(UNFINISHED, now, limit)]

    def list(self, user_id: str, limit: int, cursor: str | None = None) -> Page[DocumentRecord]:
        after = decode_document_cursor(cursor) if cursor is not None else ""
        found = self._select(LIST, user_id, after, limit + 1)
        return storage.page(found, limit, lambda last: encode_document_cursor(last.key))

    def close(self) -> None:
        self._connections.close()

    def _select(self, sql: str, *values: Any) -> Sequence[DocumentRecord]:
        with self._connections.read() as connection:
            return [_record(row) for row in connection.execute(sql, values)]


def _record(row: Sequence[Any]) -> DocumentRecord:
    record = DocumentRecord(**dict(zip(_NAMES, row, strict=True)))
    return replace(record, deleted=bool(record.deleted))
