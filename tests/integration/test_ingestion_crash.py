"""Ingestion against the machine: processes killed at every step, a quota that is full, a database that is locked."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from rag.lease import LEASE_SECONDS
from shared.local.folder_files import FolderFiles
from shared.local.sqlite_documents import DocumentDatabase
from tests.contract.stores import START
from tests.fake_documents import Library
from tests.fakes import PATIENCE

ROOT = Path(__file__).parents[2]
KEY = "notes.txt"
OLD, NEW = "The old xylophone.", "The new trombone."

# Sees to one file, and is killed at one of the calls to its ports; prints whether it came that far.
VICTIM = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from shared.local.folder_files import FolderFiles
from shared.local.sqlite_documents import DocumentDatabase
from tests.contract.stores import START, MovableClock
from tests.fake_documents import CrashPoint, Library

class Killed(CrashPoint):
    def pass_by(self):
        if self._passed == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        self._passed += 1

folder, at = Path(sys.argv[1]), int(sys.argv[2])
library = Library(DocumentDatabase(folder / "documents.db"), MovableClock(), FolderFiles(folder / "documents", 10**6))
library.restarted(Killed(at)).ingest("notes.txt")
"""

# Watches a folder with everything that the program itself uses but the embedder, and says whenever it is idle.
WATCHER = """
import sys, time
from datetime import timedelta
from pathlib import Path
from rag.document_processor import DocumentProcessor, ExtractionLimits
from rag.embedding_service import EmbeddingService
from rag.ingestion import IngestionService
from rag.local_worker import LocalWorker
from shared.config import parse_model_spec
from shared.local.folder_files import FolderFiles
from shared.local.sqlite_documents import DocumentDatabase
from tests.contract.stores import START, MovableClock
from tests.fake_embedder import FakeEmbedder

class Telling(FakeEmbedder):
    def embed(self, texts, deadline):
        print("embedding", len(texts), flush=True)
        return super().embed(texts, deadline)

folder, later = Path(sys.argv[1]), float(sys.argv[2])
database = DocumentDatabase(folder / "documents.db")
files = FolderFiles(folder / "documents", 10**6)
clock = MovableClock(START + timedelta(seconds=later))
embeddings = EmbeddingService(parse_model_spec("builtin"), lambda _: Telling())
service = IngestionService(
    database.catalogue, database.index, files, embeddings, DocumentProcessor(ExtractionLimits()), clock
)
worker = LocalWorker(database.catalogue, files, service, clock, poll_seconds=0.02)
worker.start()
while True:
    if worker.idle_wait(60):
        print("idle", flush=True)
    time.sleep(0.05)
"""


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    database = DocumentDatabase(tmp_path / "documents.db")
    yield Library(database, stored=FolderFiles(tmp_path / "documents", 10**6))
    database.close()


def write(folder: Path, text: str, key: str = KEY) -> None:
    (folder / "documents" / key).write_text(text)


@pytest.mark.parametrize("first", range(4))
def test_a_process_killed_at_any_call_leaves_the_old_or_the_new_one(
    library: Library, tmp_path: Path, first: int
) -> None:
    killed, at = True, first
    while killed:
        # Each round begins with the old text live, in a state that the last kill and its repair left.
        write(tmp_path, OLD)
        library.restarted().ingest(KEY)
        write(tmp_path, NEW)
        library.database.close()
        with child(VICTIM, tmp_path, at) as victim:
            victim.communicate()
        killed = victim.returncode == -signal.SIGKILL
        assert killed or victim.returncode == 0
        library.database = DocumentDatabase(tmp_path / "documents.db")
        repairing = library.restarted()
        assert repairing.live_text(KEY) in ({OLD, NEW} if killed else {NEW})
        repairing.clock.advance(LEASE_SECONDS + 1)
        repairing.ingest(KEY)
        assert repairing.live_text(KEY) == NEW
        assert b"xylophone" not in repairing.stored_bytes(tmp_path)
        repairing.clock.now = START
        at += 8
    assert at > first + 8


def test_a_watcher_killed_again_and_again_goes_on_where_it_was(tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    texts = {f"{number}.txt": f"Text number {number} of the harbour." for number in range(12)}
    for key, text in texts.items():
        write(tmp_path, text, key)
    chooser = random.Random(3)
    for kill in range(4):
        with child(WATCHER, tmp_path, kill * (LEASE_SECONDS + 1)) as watcher:
            assert watcher.stdout is not None
            said = [*islice(watcher.stdout, chooser.randint(1, 4))]
            time.sleep(chooser.random() / 20)
            watcher.kill()
        assert said
    with child(WATCHER, tmp_path, 5 * (LEASE_SECONDS + 1)) as watcher:
        assert watcher.stdout is not None
        assert "idle\n" in watcher.stdout
        watcher.kill()
    with closing(DocumentDatabase(tmp_path / "documents.db")) as database:
        library = Library(database)
        assert {key: library.live_text(key) for key in texts} == texts
        assert not database.catalogue.unfinished(START.timestamp() * 2, 10)


def test_a_locked_database_is_waited_for(library: Library, tmp_path: Path) -> None:
    write(tmp_path, NEW)
    with closing(sqlite3.connect(tmp_path / "documents.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=lambda: library.ingest(KEY))
        thread.start()
        wait_until(lambda: library.catalogue.calls["save"] == 1)
        assert library.find(KEY) is None
        other.execute("ROLLBACK")
        thread.join(PATIENCE)
    assert library.live_text(KEY) == NEW


# Sees to a file under a limit that the database may not exceed, as a full disk or quota would have it.
FILLED = """
import resource, signal, sys
from pathlib import Path
from shared.errors import ChatbotError
from shared.local.folder_files import FolderFiles
from shared.local.sqlite_documents import DocumentDatabase
from tests.fake_documents import Library

folder = Path(sys.argv[1])
library = Library(DocumentDatabase(folder / "documents.db"), stored=FolderFiles(folder / "documents", 10**7))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    library.ingest("notes.txt")
except ChatbotError as error:
    print(type(error).__name__, error.message)
"""


def test_a_full_disk_is_told_and_leaves_the_old_text(library: Library, tmp_path: Path) -> None:
    write(tmp_path, OLD)
    library.ingest(KEY)
    long = " ".join(f"Sentence {number} tells of the harbour number {number}." for number in range(4_000))
    write(tmp_path, long)
    with child(FILLED, tmp_path) as filled:
        said, _ = filled.communicate()
    assert filled.returncode == 0
    assert said.startswith("StoreFull")
    assert library.live_text(KEY) == OLD
    # With space again, it is done.
    library.clock.advance(LEASE_SECONDS + 1)
    library.ingest(KEY)
    assert library.live_text(KEY) == long


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
