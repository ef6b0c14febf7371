"""What tests of ingestion stand on: files in memory, a reader without child processes, and ways to break things."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from rag.document_processor import DocumentProcessor
from rag.embedding_service import EmbeddingService
from rag.extracted import ExtractedText, Part
from rag.ingestion import IngestionService
from shared.config import parse_model_spec
from shared.document_keys import document_id_of, user_and_key
from shared.document_ports import ChunkIndex, DocumentCatalogue, DocumentFiles
from shared.documents import DocumentRecord, DownloadTarget, FileVersion, Generation, LocalFile, UploadTarget
from shared.errors import DocumentRefused, NotFound
from shared.local.sqlite_documents import DocumentDatabase
from shared.models import OWNER
from tests.contract.stores import MovableClock
from tests.fake_embedder import FakeEmbedder

#: Stands between the pages of what ``FakeProcessor`` reads.
PAGE_BREAK = "\f"


def page(number: int, word: str = "harbour") -> str:
    """The text of a page, as long as a chunk may be."""
    return f"Page {number} tells of the {word} number {number} and of the people who work there."


def book(pages: int, **changed: str) -> str:
    """Pages of a chunk each; ``changed`` gives some of them another word, by ``p<number>``."""
    return PAGE_BREAK.join(page(number, changed.get(f"p{number}", "harbour")) for number in range(1, pages + 1))


class MemoryFiles:
    """The port ``DocumentFiles`` as a bucket is: a version follows from the bytes, and what is fetched is a copy."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], bytes] = {}

    def write(self, key: str, text: str, user_id: str = OWNER) -> None:
        self.stored[user_id, key] = text.encode()

    def upload_target(self, user_id: str, key: str, size: int, content_type: str | None) -> UploadTarget:
        return UploadTarget(f"https://bucket.test/{key}", "PUT", {})

    def download_target(self, user_id: str, key: str) -> DownloadTarget:
        return DownloadTarget(f"https://bucket.test/{user_id}/{key}", {})

    def stat(self, user_id: str, key: str) -> FileVersion | None:
        found = self.stored.get((user_id, key))
        return None if found is None else _version(user_id, key, found)

    @contextmanager
    def fetch(self, user_id: str, key: str) -> Iterator[LocalFile]:
        found = self.stored.get((user_id, key))
        if found is None:
            raise NotFound("There is no such file.")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "file")
            path.write_bytes(found)
            yield LocalFile(path, _version(user_id, key, found))

    def delete(self, user_id: str, key: str) -> None:
        self.stored.pop((user_id, key), None)

    def list(self) -> Iterator[FileVersion]:
        for (user_id, key), found in [*self.stored.items()]:
            assert user_and_key(key)
            yield _version(user_id, key, found)


class FakeProcessor:
    """Reads UTF-8 text in this process. A text that begins with "refused" is; ``names`` are all that were read."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.before: Callable[[], object] = lambda: None

    def extract(self, path: Path, name: str, content_type: str | None = None) -> ExtractedText:
        self.names.append(name)
        text = path.read_text()
        self.before()
        if text.startswith("refused"):
            raise DocumentRefused("This file is a riddle; write it anew.")
        return extracted(text)

    def close(self) -> None:
        """Nothing to free."""


def extracted(text: str) -> ExtractedText:
    """The text as if it had been extracted, a part for each page."""
    pages = text.split(PAGE_BREAK)
    parts, start = [], 0
    for number, page in enumerate(pages, 1):
        if page.strip():
            parts.append(Part(start, start + len(page), page=number))
        start += len(page) + 1
    return ExtractedText("", text.replace(PAGE_BREAK, "\n"), tuple(parts), len(pages))


class Crash(BaseException):
    """The process ended here: nothing catches it, and nothing after it has an effect."""


class CrashPoint:
    """Lets a process end before or after one of the calls it makes to its ports."""

    def __init__(self, at: int | None = None) -> None:
        """``at`` counts both sides of each call, from 0 on; without it the process lives."""
        self._at = at
        self._lock = threading.Lock()
        self._passed = 0
        self.crashed = False

    def pass_by(self) -> None:
        with self._lock:
            if self.crashed or self._passed == self._at:
                self.crashed = True
                raise Crash
            self._passed += 1


class Watched:
    """A port with everything it is asked counted; calls can be made to fail, to wait for an action, or to crash."""

    def __init__(self, port: Any, crash: CrashPoint | None = None) -> None:
        self._port = port
        self._crash = crash or CrashPoint()
        self._faults: dict[str, BaseException] = {}
        self._before: dict[str, Callable[[], object]] = {}
        self._after: dict[str, Callable[[], object]] = {}
        self.calls: Counter[str] = Counter()

    def fail(self, method: str, error: BaseException) -> None:
        """Every call of the method raises this from now on."""
        self._faults[method] = error

    def heal(self) -> None:
        """Everything works again."""
        self._faults.clear()

    def before(self, method: str, action: Callable[[], object]) -> None:
        """Runs the action before the next call of the method."""
        self._before[method] = action

    def after(self, method: str, action: Callable[[], object]) -> None:
        """Runs the action after the next call of the method."""
        self._after[method] = action

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)

        def call(*arguments: Any, **keywords: Any) -> Any:
            self._crash.pass_by()
            self.calls[name] += 1
            self._before.pop(name, lambda: None)()
            if name in self._faults:
                raise self._faults[name]
            result = found(*arguments, **keywords)
            self._after.pop(name, lambda: None)()
            self._crash.pass_by()
            return result

        return call


@dataclass(slots=True)
class Library:
    """Ingestion over an SQLite database, with every port watched."""

    database: DocumentDatabase
    clock: MovableClock = field(default_factory=MovableClock)
    stored: Any = field(default_factory=MemoryFiles)
    embedder: FakeEmbedder = field(default_factory=lambda: FakeEmbedder(chunk_tokens=40))
    processor: FakeProcessor = field(default_factory=FakeProcessor)
    crash: CrashPoint = field(default_factory=CrashPoint)
    catalogue: Any = None
    index: Any = None
    files: Any = None
    service: IngestionService = field(init=False)

    def __post_init__(self) -> None:
        self.catalogue = Watched(self.database.catalogue, self.crash)
        self.index = Watched(self.database.index, self.crash)
        self.files = Watched(self.stored, self.crash)
        self.service = IngestionService(
            cast("DocumentCatalogue", self.catalogue),
            cast("ChunkIndex", self.index),
            cast("DocumentFiles", self.files),
            EmbeddingService(parse_model_spec(self.embedder.traits.name), lambda _: self.embedder),
            cast("DocumentProcessor", self.processor),
            self.clock,
        )

    def restarted(self, crash: CrashPoint | None = None, embedder: FakeEmbedder | None = None) -> Library:
        """Another process over the same database, files and time."""
        return Library(
            self.database,
            self.clock,
            self.stored,
            embedder or self.embedder,
            self.processor,
            crash or CrashPoint(),
        )

    def write(self, key: str, text: str) -> None:
        self.stored.write(key, text)

    def ingest(self, key: str, sequencer: str = "") -> None:
        self.service.bring_up_to_date(OWNER, key, sequencer)

    def record(self, key: str) -> DocumentRecord:
        found = self.find(key)
        assert found is not None
        return found

    def find(self, key: str) -> DocumentRecord | None:
        return self.database.catalogue.get(OWNER, document_id_of(OWNER, key))

    def live_text(self, key: str) -> str | None:
        """What a search can find of the document, or ``None``; fails where that is not a whole generation."""
        record = self.find(key)
        if record is None or record.deleted or record.generation is None:
            return None
        live = Generation(OWNER, record.document_id, record.generation, record.embedder or "")
        assert self.database.index.count(live) == record.chunks > 0
        chunks = self.database.index.chunks(live)
        assert [chunk.number for chunk in chunks] == [*range(record.chunks)]
        return " ".join(" ".join(chunk.text for chunk in chunks).split())

    def stored_bytes(self, folder: Path) -> bytes:
        """All that stands in the files of the folder."""
        return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _version(user_id: str, key: str, found: bytes) -> FileVersion:
    return FileVersion(user_id, key, hashlib.sha256(found).hexdigest()[:16], len(found))
