"""The file in which a laptop keeps what it knows of documents.

It is not that of the conversations: whoever indexes a thousand documents must not keep a turn from being saved.
"""

from __future__ import annotations

from pathlib import Path

from shared.local.sqlite_catalogue import SQLiteCatalogue
from shared.local.sqlite_connections import Connections
from shared.local.sqlite_documents_schema import DOCUMENTS
from shared.local.sqlite_index import SQLiteIndex


class DocumentDatabase:
    """The catalogue and the index of documents over one file. Closing either closes both."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it with mode 0600. Raises ``ConfigurationError``, ``StoreFull``, ``StoreError``."""
        self._connections = Connections(path, DOCUMENTS)
        self.catalogue = SQLiteCatalogue(self._connections)
        self.index = SQLiteIndex(self._connections)

    def close(self) -> None:
        """Frees memory and connections. Neither is used afterwards."""
        self.index.close()
