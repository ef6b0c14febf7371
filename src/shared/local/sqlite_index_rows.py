"""Chunks to rows of the local database and back, and the statements that name their columns."""

# ruff: noqa: S608 - statements are put together from the constants of this module only; values are always bound.

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.documents import Chunk, EmbeddedChunk, Vector
from shared.local.keywords import chunk_terms

_CHUNK = "number, text, heading, page, section, start_offset, end_offset, tokens"

FIND_GENERATION = (
    "SELECT number FROM generations WHERE user_id = ? AND document_id = ? AND generation = ? AND NOT removed"
)
INSERT_GENERATION = "INSERT INTO generations (user_id, document_id, generation, embedder) VALUES (?, ?, ?, ?)"
GENERATIONS = "SELECT number, generation, removed FROM generations WHERE user_id = ? AND document_id = ?"
MARK_REMOVED = "UPDATE generations SET removed = 1 WHERE number = ?"
DELETE_GENERATION = "DELETE FROM generations WHERE number = ?"
NEXT_VERSION = """
    INSERT INTO corpora (user_id, version) VALUES (?, 1) ON CONFLICT (user_id) DO UPDATE SET version = version + 1
"""

INSERT_CHUNK = f"INSERT INTO chunks (generation, {_CHUNK}, content_hash) VALUES ({', '.join('?' * 10)})"
INSERT_FEATURES = "INSERT INTO features (id, generation, number, replacing, vector, terms) VALUES (?, ?, ?, ?, ?, ?)"
DELETE_CHUNK = "DELETE FROM chunks WHERE generation = ? AND number = ?"
DELETE_SOME = "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE generation = ? LIMIT ?)"
COUNT = "SELECT count(*) FROM chunks WHERE generation = ?"
CHUNKS = f"SELECT {_CHUNK} FROM chunks WHERE generation = ? AND number BETWEEN ? AND ? ORDER BY number"
VECTORS = "SELECT content_hash, vector FROM chunks JOIN features USING (id) WHERE chunks.generation = ?"


def select_vectors(count: int) -> str:
    """The vectors of so many chunks, by id."""
    return f"SELECT id, vector FROM features WHERE id IN ({', '.join('?' * count)})"


def select_chunks(count: int) -> str:
    """So many chunks, by id, after the numbers of their generations."""
    return f"SELECT id, generation, {_CHUNK} FROM chunks WHERE id IN ({', '.join('?' * count)})"


def chunk_values(chunk: Chunk) -> tuple[Any, ...]:
    return (
        *(chunk.number, chunk.text, chunk.heading, chunk.page, chunk.section),
        *(chunk.start, chunk.end, chunk.tokens, chunk.content_hash),
    )


def features(embedded: EmbeddedChunk) -> tuple[bytes, bytes]:
    """What finds the chunk: its vector as 16-bit floats, and its terms."""
    return to_halves(embedded.vector), chunk_terms(embedded.chunk)


def chunk(row: Sequence[Any]) -> Chunk:
    return Chunk(*row)


def to_halves(vector: Vector[float]) -> bytes:
    return np.frombuffer(vector, np.float32).astype(np.float16).tobytes()


def from_halves(stored: bytes) -> Vector[float]:
    return array("f", np.frombuffer(stored, np.float16).astype(np.float32).tobytes())
