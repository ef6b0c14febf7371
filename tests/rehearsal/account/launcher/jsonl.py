"""Logs that a test reads while they are written: one JSON object a line."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any


class JsonLog:
    """Appends to a file, from any thread; a line is there as soon as ``add`` returns."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", buffering=1)
        self._lock = threading.Lock()

    def add(self, **fields: Any) -> None:
        line = json.dumps(fields)
        with self._lock:
            self._file.write(line + "\n")
