"""The tables of documents: their records, and the chunks of their text with what finds them."""

from __future__ import annotations

from shared.local.sqlite_schema import Schema

# ``generations`` and ``chunks`` have AUTOINCREMENT so that a number is never used again: whoever holds chunks in memory
# asks for those above the last one it has seen. ``corpora.version`` counts the writes to a user's chunks. What finds a
# chunk stands in a table of its own, because that one is read whole.
_VERSION_1 = """
CREATE TABLE documents (
    user_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    key TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    size INTEGER,
    content_type TEXT,
    revision INTEGER NOT NULL,
    version TEXT,
    generation TEXT,
    embedder TEXT,
    pages INTEGER,
    chunks INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    building TEXT,
    retired TEXT,
    lease_expires_at REAL NOT NULL,
    sequencer TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    progress REAL,
    error TEXT,
    deleted INTEGER NOT NULL,
    PRIMARY KEY (user_id, document_id)
);
CREATE INDEX documents_by_key ON documents (user_id, key, document_id) WHERE NOT deleted;
CREATE INDEX documents_unfinished ON documents (updated_at)
    WHERE deleted OR status IN ('queued', 'processing') OR building IS NOT NULL OR retired IS NOT NULL;

CREATE TABLE corpora (user_id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE generations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    generation TEXT NOT NULL,
    embedder TEXT NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX generations_by_document ON generations (user_id, document_id);
CREATE UNIQUE INDEX generations_by_name ON generations (user_id, document_id, generation) WHERE NOT removed;

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL REFERENCES generations,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    heading TEXT NOT NULL,
    page INTEGER,
    section TEXT,
    start_offset INTEGER NOT NULL,
    end_offset INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    content_hash TEXT NOT NULL
);
CREATE UNIQUE INDEX chunks_by_number ON chunks (generation, number);

CREATE TABLE features (
    id INTEGER PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
    generation INTEGER NOT NULL,
    number INTEGER NOT NULL,
    replacing INTEGER NOT NULL,
    vector BLOB NOT NULL,
    terms BLOB NOT NULL
);
"""

#: Documents ("CBOD"). The file is not read whole at the start: it may have hundreds of megabytes, all of which can be
#: made again from the documents.
DOCUMENTS = Schema(0x43424F44, (_VERSION_1,), read_whole=False)
