"""The worker of a laptop: what is dropped into the folder is indexed, what is removed from it is gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag import local_worker
from rag.document_state import awaits_upload, new_record, queued
from rag.documents import DocumentService
from rag.folder_watch import FolderWatch
from rag.lease import LEASE_SECONDS
from rag.local_worker import LocalWorker
from shared.document_keys import document_id_of
from shared.documents import FileVersion, Vector
from shared.errors import EmbedderError, IndexUnavailable, StoreError
from shared.local.folder_files import FolderFiles
from shared.local.sqlite_documents import DocumentDatabase
from shared.models import OWNER
from tests.fake_documents import Library
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE

POLL = 0.01


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def library(tmp_path: Path, folder: Path) -> Iterator[Library]:
    database = DocumentDatabase(tmp_path / "documents.db")
    yield Library(database, stored=FolderFiles(folder, 1_000_000))
    database.close()


@contextmanager
def working(library: Library) -> Iterator[LocalWorker]:
    worker = LocalWorker(library.catalogue, library.files, library.service, library.clock, poll_seconds=POLL)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def settle(worker: LocalWorker) -> None:
    assert worker.idle_wait(PATIENCE)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


# --- the folder -------------------------------------------------------------------------------------------------------


def test_a_file_dropped_in_is_indexed_and_one_removed_is_gone(library: Library, folder: Path, tmp_path: Path) -> None:
    with working(library) as worker:
        (folder / "sub").mkdir()
        (folder / "sub/a.txt").write_text("The xylophone.")
        settle(worker)
        assert library.live_text("sub/a.txt") == "The xylophone."
        (folder / "sub/a.txt").unlink()
        settle(worker)
        assert library.find("sub/a.txt") is None
    assert b"xylophone" not in library.stored_bytes(tmp_path)


def test_what_is_announced_again_right_after_its_deletion_waits_for_its_bytes(library: Library, folder: Path) -> None:
    with working(library) as worker:
        service = DocumentService(library.catalogue, library.files, worker, library.clock, max_bytes=1_000_000)
        (folder / "a.txt").write_text("The xylophone.")
        settle(worker)
        service.delete(OWNER, document_id_of(OWNER, "a.txt"))
        wait_until(lambda: library.find("a.txt") is None)
        service.begin_upload(OWNER, "a.txt", 9)
        # The folder's watch finds the first file missing only now.
        settle(worker)
        record = library.find("a.txt")
        assert record is not None
        assert awaits_upload(record)


def test_a_changed_file_is_indexed_anew(library: Library, folder: Path) -> None:
    with working(library) as worker:
        (folder / "a.txt").write_text("The old text.")
        settle(worker)
        (folder / "a.txt").write_text("The new text, which is longer.")
        settle(worker)
        assert library.live_text("a.txt") == "The new text, which is longer."


def test_a_renamed_file_is_found_under_its_new_name_only(library: Library, folder: Path) -> None:
    with working(library) as worker:
        (folder / "a.txt").write_text("The text.")
        settle(worker)
        (folder / "a.txt").rename(folder / "b.txt")
        settle(worker)
        assert library.find("a.txt") is None
        assert library.live_text("b.txt") == "The text."


def test_at_its_start_the_folder_and_the_records_are_compared_both_ways(library: Library, folder: Path) -> None:
    with working(library) as worker:
        for name in ("kept", "changed", "removed"):
            (folder / f"{name}.txt").write_text(f"This was {name}.")
        settle(worker)
    kept = library.record("kept.txt")
    (folder / "removed.txt").unlink()
    (folder / "changed.txt").write_text("This was changed indeed.")
    (folder / "added.txt").write_text("This was added.")
    with working(library.restarted()) as worker:
        settle(worker)
    assert library.find("removed.txt") is None
    assert library.live_text("changed.txt") == "This was changed indeed."
    assert library.live_text("added.txt") == "This was added."
    assert library.record("kept.txt") == kept


def test_a_folder_that_goes_away_takes_no_document_with_it(library: Library, folder: Path) -> None:
    with working(library) as worker:
        (folder / "a.txt").write_text("The text.")
        settle(worker)
        folder.rename(folder.with_name("elsewhere"))
        listed = library.files.calls["list"]
        wait_until(lambda: library.files.calls["list"] > listed + 3)
        assert library.live_text("a.txt") == "The text."
        folder.with_name("elsewhere").rename(folder)
        (folder / "b.txt").write_text("Another text.")
        settle(worker)
        assert library.live_text("b.txt") == "Another text."


def test_a_file_that_cannot_be_read_blocks_no_other(library: Library, folder: Path) -> None:
    with working(library) as worker:
        (folder / "a.txt").write_text("refused")
        (folder / "b.txt").write_text("The text.")
        settle(worker)
        assert library.record("a.txt").status == "failed"
        assert library.live_text("b.txt") == "The text."


def test_a_changed_file_is_told_once_it_stands_still() -> None:
    a, b = ("owner", "a"), ("owner", "b")
    watch = FolderWatch({b: "1"})
    assert watch.look({a: "1", b: "1"}) == {}
    assert watch.look({a: "2", b: "1"}) == {}
    assert not watch.settled
    assert watch.look({a: "2", b: "1"}) == {a: "2"}
    assert watch.look({a: "2", b: "1"}) == {a: "2"}
    watch.seen(a, "2")
    assert watch.look({a: "2", b: "1"}) == {}
    assert watch.settled


def test_a_file_is_gone_only_when_it_is_missing_twice() -> None:
    a = ("owner", "a")
    watch = FolderWatch({a: "1"})
    assert watch.look({}) == {}
    assert watch.look({a: "1"}) == {}
    assert watch.settled
    assert watch.look({}) == {}
    assert watch.look({}) == {a: None}
    watch.seen(a, None)
    assert watch.settled


# --- the queue --------------------------------------------------------------------------------------------------------


def test_an_upload_is_indexed_and_a_deletion_clears_the_folder(library: Library, folder: Path) -> None:
    with working(library) as worker:
        documents = DocumentService(
            library.catalogue, library.files, worker, library.clock, max_bytes=1000, ingestion=library.service
        )
        record, *_ = documents.begin_upload(OWNER, "year/a.txt", 9)
        settle(worker)
        assert documents.get(OWNER, record.document_id).status == "queued"
        library.stored.receive(OWNER, "year/a.txt", [b"The text."], 9)
        documents.arrived(OWNER, record.document_id)
        settle(worker)
        assert documents.get(OWNER, record.document_id).status == "ready"
        documents.delete(OWNER, record.document_id)
        assert [path for path in folder.rglob("*") if not path.name.startswith(".")] == []
        settle(worker)
        assert library.find("year/a.txt") is None


def test_what_another_process_left_is_taken_over_when_its_lease_is_over(library: Library, folder: Path) -> None:
    (folder / "a.txt").write_text("The text.")
    library.index.fail("add", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        library.ingest("a.txt")
    library.index.heal()
    with working(library.restarted()) as worker:
        settle(worker)
        assert library.record("a.txt").status == "processing"
        library.clock.advance(LEASE_SECONDS + 1)
        settle(worker)
        assert library.live_text("a.txt") == "The text."


def test_a_start_forgets_no_attempt(library: Library, folder: Path) -> None:
    (folder / "a.txt").write_text("The text.")
    library.index.fail("add", KeyboardInterrupt())
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            library.ingest("a.txt")
        library.clock.advance(LEASE_SECONDS + 1)
    starting = library.restarted()
    starting.index.fail("add", IndexUnavailable("No answer."))
    with working(starting) as worker:
        settle(worker)
        settle(worker)
    assert library.record("a.txt").attempts == 4


def test_two_processes_over_one_folder_do_each_document_once(library: Library, folder: Path) -> None:
    other = library.restarted()
    for number in range(12):
        (folder / f"{number}.txt").write_text(f"Text number {number}.")
    with working(library) as worker, working(other) as another:
        settle(worker)
        settle(another)
    for number in range(12):
        assert library.live_text(f"{number}.txt") == f"Text number {number}."
    assert sorted(library.processor.names) == sorted(f"{number}.txt" for number in range(12))


def test_an_embedder_that_is_down_is_waited_for(library: Library, folder: Path) -> None:
    (folder / "a.txt").write_text("The text.")
    library.embedder.fail_next(EmbedderError("It is down."))
    with working(library) as worker:
        settle(worker)
        assert library.record("a.txt").status == "queued"
        assert "It is down." in (library.record("a.txt").error or "")
        library.clock.advance(60)
        settle(worker)
        assert library.live_text("a.txt") == "The text."


def test_documents_of_another_embedder_are_embedded_anew_at_the_start(library: Library, folder: Path) -> None:
    (folder / "a.txt").write_text("The text.")
    with working(library) as worker:
        settle(worker)
    other = FakeEmbedder("openai:other@http://127.0.0.1:1", chunk_tokens=40)
    with working(library.restarted(embedder=other)) as worker:
        settle(worker)
    assert library.record("a.txt").embedder == other.traits.name
    assert library.live_text("a.txt") == "The text."


def test_a_new_attempt_after_a_retry_waits_for_nothing(library: Library, folder: Path) -> None:
    (folder / "a.txt").write_text("The text.")
    library.index.fail("add", IndexUnavailable("No answer."))
    with working(library) as worker:
        wait_until(lambda: (found := library.find("a.txt")) is not None and "No answer" in (found.error or ""))
        library.index.heal()
        worker.put(OWNER, "a.txt")
        settle(worker)
        assert library.live_text("a.txt") == "The text."


class TroubledFiles(FolderFiles):
    """A folder in which one file only can be got at."""

    def stat(self, user_id: str, key: str) -> FileVersion | None:
        if key != "good.txt":
            raise StoreError("No answer.")
        return super().stat(user_id, key)


def test_documents_that_go_wrong_again_and_again_keep_no_other_waiting(tmp_path: Path, folder: Path) -> None:
    database = DocumentDatabase(tmp_path / "documents.db")
    library = Library(database, stored=TroubledFiles(folder, 1_000_000))
    for key in (*(f"{number}.txt" for number in range(60)), "good.txt"):
        timestamp = library.clock.timestamp
        database.catalogue.save(queued(new_record(OWNER, key, timestamp), timestamp))
        library.clock.advance(1)
    (folder / "good.txt").write_text("The text.")
    # Each that went wrong rests for longer than this test takes.
    worker = LocalWorker(library.catalogue, library.files, library.service, library.clock, poll_seconds=PATIENCE)
    worker.start()
    try:
        wait_until(lambda: library.live_text("good.txt") == "The text.")
    finally:
        worker.stop()
        database.close()


class WaitingEmbedder(FakeEmbedder):
    """Waits with every text that speaks of something large, until it is let go on."""

    def __init__(self) -> None:
        super().__init__(chunk_tokens=40)
        self.go = threading.Event()

    def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        if any("large" in text for text in texts):
            assert self.go.wait(PATIENCE)
        return super().embed(texts, deadline)


def test_large_documents_keep_no_small_one_waiting(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_worker, "_LARGE_BYTES", 100)
    database, embedder = DocumentDatabase(tmp_path / "documents.db"), WaitingEmbedder()
    library = Library(database, stored=FolderFiles(folder, 1_000_000), embedder=embedder)
    for name in ("a", "b", "c"):
        (folder / f"{name}.txt").write_text(f"A large {name}. " * 20)
    with working(library) as worker:
        wait_until(lambda: library.find("a.txt") is not None)
        (folder / "z.txt").write_text("Small.")
        wait_until(lambda: (record := library.find("z.txt")) is not None and record.status == "ready")
        embedder.go.set()
        settle(worker)
        assert {name: library.live_text(f"{name}.txt") != "" for name in "abcz"} == dict.fromkeys("abcz", True)
    database.close()


def test_errors_end_no_thread_and_are_logged_without_what_they_say(
    library: Library, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "a.txt").write_text("The text.")
    for port, method in ((library.catalogue, "unfinished"), (library.files, "list"), (library.files, "stat")):
        port.fail(method, ValueError("xylophone"))
    library.catalogue.fail("unfinished", IndexUnavailable("xylophone"))
    with working(library) as worker:
        wait_until(lambda: library.catalogue.calls["unfinished"] > 3 and library.files.calls["list"] > 3)
        library.catalogue.heal()
        library.files.heal()
        library.files.fail("stat", ValueError("xylophone"))
        wait_until(lambda: library.files.calls["stat"] > 1)
        library.files.heal()
        settle(worker)
        assert library.live_text("a.txt") == "The text."
    assert not [line for line in caplog.records if "xylophone" in line.getMessage()]
    stumbled = [each for each in caplog.records if each.message == "document failed unexpectedly"]
    assert {each.__dict__["document_id"] for each in stumbled} == {document_id_of(OWNER, "a.txt")}


# --- stopping ---------------------------------------------------------------------------------------------------------


def test_stopping_does_not_wait_for_what_is_being_read(library: Library, folder: Path) -> None:
    reached, go = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        assert go.wait(PATIENCE)

    library.processor.before = wait
    (folder / "a.txt").write_text("The text.")
    with working(library) as worker:
        assert reached.wait(PATIENCE)
        worker.stop()
        record = library.record("a.txt")
        assert (record.status, record.attempts) == ("queued", 0)
        go.set()
    library.processor.before = lambda: None
    with working(library.restarted()) as worker:
        settle(worker)
        assert library.live_text("a.txt") == "The text."


def test_a_worker_that_was_never_started_can_be_stopped(library: Library) -> None:
    LocalWorker(library.catalogue, library.files, library.service, library.clock).stop()
