"""Fixtures of the tests of ingestion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.sqlite_documents import DocumentDatabase
from tests.fake_documents import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Ingestion over an empty database, with files in memory."""
    database = DocumentDatabase(tmp_path / "documents.db")
    yield Library(database)
    database.close()
