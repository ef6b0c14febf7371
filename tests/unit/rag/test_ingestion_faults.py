"""Ingestion while files change under it, ports fail, and processes end: what was live stays whole."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.document_state import new_record
from rag.ingestion import MOST_ATTEMPTS
from rag.lease import LEASE_SECONDS, Lease
from shared.errors import (
    ChatbotError,
    DocumentChanged,
    DocumentRefused,
    EmbedderError,
    IndexUnavailable,
    StoreError,
    StoreFull,
)
from shared.local.sqlite_documents import DocumentDatabase
from shared.models import OWNER
from tests.contract.stores import MovableClock
from tests.fake_documents import PAGE_BREAK, Crash, CrashPoint, Library, book
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE

KEY = "notes/plan.txt"
OTHER = "other.txt"


# --- what changes meanwhile -------------------------------------------------------------------------------------------


def test_a_file_overwritten_while_it_is_indexed_ends_as_the_new_one(library: Library) -> None:
    library.write(KEY, "The first text.")
    library.index.before("add", lambda: library.write(KEY, "The second text."))
    library.ingest(KEY)
    assert library.live_text(KEY) == "The second text."


def test_a_file_overwritten_while_it_is_read_is_read_again(library: Library) -> None:
    library.write(KEY, "The first text.")

    def overwrite() -> None:
        library.processor.before = lambda: None
        library.write(KEY, "refused")
        library.write(KEY, "The second text.")

    library.processor.before = overwrite
    library.ingest(KEY)
    assert library.live_text(KEY) == "The second text."
    assert library.index.calls["add"] == 1


def test_a_file_that_never_rests_is_left_for_later(library: Library) -> None:
    versions = iter(range(1000))
    library.write(KEY, "Text.")
    library.processor.before = lambda: library.write(KEY, f"Text {next(versions)}.")
    with pytest.raises(StoreError, match="once it rests"):
        library.ingest(KEY)
    record = library.record(KEY)
    assert record.status == "queued"
    assert record.lease_expires_at > library.clock.now.timestamp()
    assert "changed again and again" in (record.error or "")


def test_a_file_deleted_while_it_is_indexed_leaves_nothing(library: Library, tmp_path: Path) -> None:
    library.write(KEY, "The password of the xylophone is quartz.")
    library.index.before("add", library.stored.stored.clear)
    library.ingest(KEY)
    assert library.find(KEY) is None
    assert b"xylophone" not in library.stored_bytes(tmp_path)


@pytest.mark.parametrize("moment", ["add", "count"])
def test_a_document_marked_as_deleted_while_it_is_indexed_is_given_up(
    library: Library, tmp_path: Path, moment: str
) -> None:
    library.write(KEY, "The password of the xylophone is quartz.")

    def mark() -> None:
        library.stored.stored.clear()
        library.database.catalogue.save(replace(library.record(KEY), deleted=True, version=None))

    library.index.before(moment, mark)
    library.ingest(KEY)
    assert library.find(KEY) is None
    assert b"xylophone" not in library.stored_bytes(tmp_path)


def test_a_deletion_that_broke_off_before_the_file_was_deleted_is_completed(library: Library) -> None:
    library.write(KEY, "Text.")
    library.ingest(KEY)
    library.database.catalogue.save(replace(library.record(KEY), deleted=True))
    library.ingest(KEY)
    assert library.find(KEY) is None
    assert not library.stored.stored


def test_a_file_that_was_missing_and_comes_back_while_it_is_cleared_away_is_not_deleted(library: Library) -> None:
    library.write(KEY, "Text.")
    library.ingest(KEY)
    library.stored.stored.clear()
    library.index.fail("remove", IndexUnavailable("Locked."))
    with pytest.raises(IndexUnavailable):
        library.ingest(KEY)
    library.index.heal()
    library.clock.advance(LEASE_SECONDS + 1)
    library.write(KEY, "Text.")
    library.ingest(KEY)
    assert library.live_text(KEY) == "Text."
    assert library.stored.stored


def test_a_file_that_cannot_be_deleted_keeps_nothing_in_the_index(library: Library, tmp_path: Path) -> None:
    library.write(KEY, "The xylophone.")
    library.ingest(KEY)
    library.database.catalogue.save(replace(library.record(KEY), deleted=True))
    library.files.fail("delete", StoreError("It is open elsewhere."))
    with pytest.raises(StoreError):
        library.ingest(KEY)
    assert b"xylophone" not in library.stored_bytes(tmp_path)
    library.files.heal()
    library.clock.advance(LEASE_SECONDS + 1)
    library.ingest(KEY)
    assert library.find(KEY) is None
    assert not library.stored.stored


def test_a_file_that_is_replaced_while_its_deletion_is_completed_is_not_deleted(library: Library) -> None:
    library.write(KEY, "Text.")
    library.ingest(KEY)
    library.database.catalogue.save(replace(library.record(KEY), deleted=True))
    library.index.after("remove", lambda: library.write(KEY, "Another text."))
    library.ingest(KEY)
    assert library.live_text(KEY) == "Another text."


def test_another_file_under_the_key_of_a_deleted_document_is_a_new_document(library: Library) -> None:
    library.write(KEY, "Text.")
    library.ingest(KEY)
    library.database.catalogue.save(replace(library.record(KEY), deleted=True, version=None))
    library.write(KEY, "Another text.")
    library.ingest(KEY)
    assert library.live_text(KEY) == "Another text."
    assert not library.record(KEY).deleted


@pytest.mark.parametrize("moment", ["before", "after"])
def test_whoever_lost_the_lease_removes_what_it_built_and_nothing_else(
    library: Library, tmp_path: Path, moment: str
) -> None:
    library.write(KEY, "The xylophone.")
    other = library.restarted()

    def take_over() -> None:
        library.clock.advance(LEASE_SECONDS + 1)
        library.write(KEY, "The trombone.")
        other.ingest(KEY)

    getattr(library.index, moment)("add", take_over)
    library.ingest(KEY)
    assert library.live_text(KEY) == "The trombone."
    assert b"xylophone" not in library.stored_bytes(tmp_path)


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"), [("refused", "This file is a riddle"), ("", "holds no text"), (" \n\n", "holds no text")]
)
def test_a_file_that_nothing_can_be_made_of_fails_with_the_reason(library: Library, text: str, why: str) -> None:
    library.write(KEY, text)
    library.ingest(KEY)
    record = library.record(KEY)
    assert record.status == "failed"
    assert why in (record.error or "")
    assert (record.generation, record.building, record.retired, record.lease_expires_at) == (None, None, None, 0.0)
    library.ingest(KEY)
    assert len(library.processor.names) == 1


def test_a_replacement_that_cannot_be_read_takes_the_earlier_text_with_it(library: Library, tmp_path: Path) -> None:
    library.write(KEY, "The xylophone.")
    library.ingest(KEY)
    library.write(KEY, "refused")
    library.ingest(KEY)
    assert library.record(KEY).status == "failed"
    assert library.live_text(KEY) is None
    assert (library.record(KEY).chunks, library.record(KEY).tokens) == (0, 0)
    assert b"xylophone" not in library.stored_bytes(tmp_path)
    library.write(KEY, "The trombone.")
    library.ingest(KEY)
    assert library.live_text(KEY) == "The trombone."


def test_a_failed_document_whose_file_is_gone_is_cleared_away(library: Library) -> None:
    library.write(KEY, "refused")
    library.ingest(KEY)
    library.stored.stored.clear()
    library.ingest(KEY)
    assert library.find(KEY) is None


def test_a_defect_fails_the_document_and_is_logged_without_what_it_says(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble() -> None:
        raise ValueError("xylophone")

    library.processor.before = stumble
    library.write(KEY, "Text.")
    library.ingest(KEY)
    assert library.record(KEY).status == "failed"
    assert "a defect here" in (library.record(KEY).error or "")
    (line,) = [each for each in caplog.records if each.exc_info]
    assert line.__dict__["document_id"] == library.record(KEY).document_id


@pytest.mark.parametrize("error", [ValueError("xylophone"), DocumentRefused("It is a riddle now.")], ids=str)
def test_a_file_that_cannot_be_read_again_for_another_embedder_stays_live_and_can_be_tried_anew(
    library: Library, error: Exception
) -> None:
    def stumble() -> None:
        raise error

    library.write(KEY, "Text.")
    library.ingest(KEY)
    before = library.record(KEY)
    library.processor.before = stumble
    other = library.restarted(embedder=FakeEmbedder("openai:other@http://127.0.0.1:1", chunk_tokens=40))
    other.ingest(KEY)
    record = library.record(KEY)
    assert (record.status, record.building, record.retired) == ("failed", None, None)
    assert (record.generation, record.embedder, record.chunks) == (before.generation, before.embedder, before.chunks)
    assert library.live_text(KEY) == "Text."
    # One call is one attempt, and nothing but a call makes another one.
    assert len(library.processor.names) == 2
    assert not library.database.catalogue.unfinished(library.clock.now.timestamp() + 1000, 10)
    library.processor.before = lambda: None
    assert [*other.service.outdated(OWNER)] == [KEY]
    other.ingest(KEY)
    assert (library.record(KEY).status, library.record(KEY).embedder) == ("ready", other.embedder.traits.name)


def test_what_there_is_no_time_to_remove_is_left_to_the_next_call(library: Library, tmp_path: Path) -> None:
    library.write(KEY, "The xylophone.")
    library.ingest(KEY)
    library.write(KEY, "The trombone.")
    with pytest.raises(IndexUnavailable, match="no time left"):
        library.service.bring_up_to_date(OWNER, KEY, deadline=time.monotonic() + PATIENCE)
    record = library.record(KEY)
    assert (record.status, record.lease_expires_at, record.error) == ("ready", 0.0, None)
    assert library.live_text(KEY) == "The trombone."
    assert library.index.calls["remove"] == 0
    library.service.bring_up_to_date(OWNER, KEY, deadline=time.monotonic() + PATIENCE)
    assert library.record(KEY).retired is None
    assert b"xylophone" not in library.stored_bytes(tmp_path)


def test_an_embedder_that_fails_in_the_middle_goes_on_where_it_was(library: Library) -> None:
    library.write(KEY, book(150))
    library.embedder.fail_next(None, EmbedderError("It sleeps."))
    with pytest.raises(EmbedderError):
        library.ingest(KEY)
    record = library.record(KEY)
    assert (record.status, record.attempts, record.error) == ("queued", 1, "Waiting to be tried again: It sleeps.")
    assert library.live_text(KEY) is None
    begun = len(library.embedder.texts)
    assert 0 < begun < 150
    library.ingest(KEY)
    assert library.live_text(KEY) == book(150).replace(PAGE_BREAK, " ")
    assert len(library.embedder.texts) == 150
    assert library.record(KEY).attempts == 0


@pytest.mark.parametrize(
    "error",
    [IndexUnavailable("The index is locked."), StoreFull("The disk is full."), EmbedderError("It is down.")],
    ids=lambda error: type(error).__name__,
)
def test_while_something_is_missing_the_old_text_stays(library: Library, error: ChatbotError) -> None:
    library.write(KEY, "The old text.")
    library.ingest(KEY)
    library.write(KEY, "The new text.")
    if isinstance(error, EmbedderError):
        library.embedder.fail_next(error)
    else:
        library.index.fail("add", error)
    with pytest.raises(type(error)):
        library.ingest(KEY)
    assert library.live_text(KEY) == "The old text."
    assert error.message in (library.record(KEY).error or "")
    library.index.heal()
    library.ingest(KEY)
    assert library.live_text(KEY) == "The new text."
    assert library.record(KEY).error is None


def test_the_pause_before_the_next_attempt_grows_until_it_is_given_up(library: Library) -> None:
    library.write(KEY, "The old text.")
    library.ingest(KEY)
    library.write(KEY, "The new text.")
    library.index.fail("add", IndexUnavailable("No answer."))
    pauses = []
    for _ in range(MOST_ATTEMPTS - 1):
        with pytest.raises(IndexUnavailable):
            library.ingest(KEY)
        pauses.append(library.record(KEY).lease_expires_at - library.clock.now.timestamp())
        assert library.record(KEY).status == "queued"
    assert pauses == sorted(set(pauses))
    with pytest.raises(IndexUnavailable):
        library.ingest(KEY)
    record = library.record(KEY)
    assert (record.status, record.attempts, record.building) == ("failed", 0, None)
    assert record.error == "Given up after 8 attempts: No answer."
    assert library.live_text(KEY) == "The old text."
    # It is no loss of the document: the next event tries it again.
    library.index.heal()
    library.ingest(KEY)
    assert library.live_text(KEY) == "The new text."


def test_a_longer_pause_that_the_error_asks_for_is_kept(library: Library) -> None:
    library.write(KEY, "Text.")
    library.index.fail("add", IndexUnavailable("Waking.", retry_after=40))
    with pytest.raises(IndexUnavailable):
        library.ingest(KEY)
    assert library.record(KEY).lease_expires_at == library.clock.now.timestamp() + 40


def test_a_file_that_ends_the_program_each_time_is_left_out_at_last(library: Library) -> None:
    library.write(KEY, "Text.")
    for _ in range(MOST_ATTEMPTS):
        library.index.fail("add", Crash())
        with pytest.raises(Crash):
            library.ingest(KEY)
        library.clock.advance(LEASE_SECONDS + 1)
    library.index.heal()
    library.ingest(KEY)
    record = library.record(KEY)
    assert record.status == "failed"
    assert "ended 8 times" in (record.error or "")
    library.ingest(KEY)
    assert library.record(KEY) == record


def test_one_bad_document_blocks_no_other(library: Library) -> None:
    library.write(KEY, "refused")
    library.write(OTHER, "Good text.")
    library.ingest(KEY)
    library.ingest(OTHER)
    assert library.live_text(OTHER) == "Good text."


def test_a_catalogue_that_fails_leaves_the_old_text_live(library: Library) -> None:
    library.write(KEY, "The old text.")
    library.ingest(KEY)
    library.write(KEY, "The new text.")
    library.index.after("add", lambda: library.catalogue.fail("save", StoreError("Locked.")))
    with pytest.raises(StoreError, match="Locked"):
        library.ingest(KEY)
    assert library.live_text(KEY) == "The old text."
    library.catalogue.heal()
    with pytest.raises(DocumentChanged):
        library.ingest(KEY)  # the lease of the first try is not over
    library.clock.advance(LEASE_SECONDS + 1)
    library.ingest(KEY)
    assert library.live_text(KEY) == "The new text."


# --- crashes ----------------------------------------------------------------------------------------------------------

OLD, NEW = "The old xylophone.", "The new trombone."


def prepare(library: Library, scenario: str) -> None:
    if scenario != "first":
        library.write(KEY, OLD)
        library.ingest(KEY)
    library.write(KEY, NEW)
    if scenario == "refused":
        library.write(KEY, "refused")
    elif scenario == "gone":
        library.stored.stored.clear()
    elif scenario == "embedder":
        library.write(KEY, OLD)


@pytest.mark.parametrize(
    ("scenario", "before", "after"),
    [
        ("first", None, NEW),
        ("replaced", OLD, NEW),
        ("refused", OLD, None),
        ("gone", OLD, None),
        ("embedder", OLD, OLD),
    ],
)
def test_a_crash_at_any_point_leaves_the_old_or_the_new_one(
    tmp_path: Path, scenario: str, before: str | None, after: str | None
) -> None:
    embedder = FakeEmbedder("openai:other@http://127.0.0.1:1") if scenario == "embedder" else None
    crashed, at = True, 0
    while crashed:
        folder = tmp_path / str(at)
        folder.mkdir()
        database = DocumentDatabase(folder / "documents.db")
        library = Library(database)
        prepare(library, scenario)
        crash = CrashPoint(at)
        dying = library.restarted(crash, embedder)
        try:
            dying.ingest(KEY)
        except Crash:
            assert library.live_text(KEY) in {before, after}
        crashed = crash.crashed
        library.clock.advance(LEASE_SECONDS + 1)
        unfinished = database.catalogue.unfinished(library.clock.now.timestamp(), 10)
        next_one = library.restarted(embedder=embedder)
        # A crash before the first write leaves it to the event, which comes again.
        next_one.ingest(KEY)
        assert library.live_text(KEY) == after
        assert len(unfinished) <= 1
        assert not database.catalogue.unfinished(library.clock.now.timestamp() + 1000, 10)
        assert (b"xylophone" in library.stored_bytes(folder)) is (after == OLD)
        database.close()
        at += 1
    assert at > 10


#: A text to write (or none: the file goes), and the call after which the process ends while it sees to that.
_CRASHES = st.lists(
    st.tuples(st.sampled_from(["one harbour", "two quays", "refused, this one", None]), st.integers(0, 60)),
    min_size=2,
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_CRASHES)
def test_crash_after_crash_every_text_that_is_shown_is_one_that_was_written(
    tmp_path: Path, steps: list[tuple[str | None, int]]
) -> None:
    database = DocumentDatabase(tmp_path / "documents.db")
    library = Library(database)
    possible: set[str | None] = {None}
    for text, at in steps:
        if text is None:
            library.stored.stored.clear()
        else:
            library.write(KEY, text)
        possible.add(None if text is None or text.startswith("refused") else text)
        with suppress(Crash):
            library.restarted(CrashPoint(at)).ingest(KEY)
        assert library.live_text(KEY) in possible
        library.clock.advance(LEASE_SECONDS + 1)
    library.ingest(KEY)
    text = steps[-1][0]
    assert library.live_text(KEY) == (None if text is None or text.startswith("refused") else text)
    assert not database.catalogue.unfinished(library.clock.now.timestamp() + 1000, 10)
    gone = {"harbour", "quays"} - set((text or "").split())
    assert not [word for word in gone if word.encode() in library.stored_bytes(tmp_path)]
    library.stored.stored.clear()
    library.ingest(KEY)
    database.close()


# --- leases -----------------------------------------------------------------------------------------------------------


def check_until_lost(lease: Lease) -> None:
    while True:
        lease.check()
        time.sleep(0.001)


def test_a_lease_is_kept_up_with_its_progress_and_seen_to_be_lost(library: Library) -> None:
    clock = MovableClock()
    catalogue = library.database.catalogue
    first = catalogue.save(new_record(OWNER, KEY, clock.timestamp))
    written = threading.Event()
    library.catalogue.after("save", lambda: library.catalogue.after("save", written.set))
    with Lease(library.catalogue, clock, first, beat=0.01, status="processing") as lease:
        lease.note(0.5)
        clock.advance(10)
        assert written.wait(PATIENCE)
        while library.record(KEY).progress is None:  # the renewal before the note
            lease.check()
            time.sleep(0.001)
        lost = library.record(KEY)
        while True:
            try:
                catalogue.save(replace(lost, deleted=True))
            except DocumentChanged:
                lost = library.record(KEY)
            else:
                break
        with pytest.raises(DocumentChanged):
            check_until_lost(lease)
    assert lost.lease_expires_at >= first.lease_expires_at + LEASE_SECONDS


def test_after_stopping_nothing_more_is_indexed_and_the_next_process_goes_on_from_there(library: Library) -> None:
    library.write(KEY, book(150))
    library.index.after("add", library.service.stop)
    library.ingest(KEY)
    assert library.index.calls["add"] == 1
    assert library.record(KEY).status == "queued"
    library.restarted().ingest(KEY)
    assert library.live_text(KEY) == book(150).replace(PAGE_BREAK, " ")
    # The batch that had been embedded and not indexed when it stopped is the only one embedded twice.
    assert len(library.embedder.texts) == 150 + 64


def test_stopping_puts_what_goes_on_back_into_the_queue(library: Library) -> None:
    library.write(KEY, book(2))
    reached, go = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        assert go.wait(PATIENCE)

    library.processor.before = wait
    thread = threading.Thread(target=lambda: library.ingest(KEY))
    thread.start()
    assert reached.wait(PATIENCE)
    library.service.stop()
    record = library.record(KEY)
    assert (record.status, record.lease_expires_at, record.attempts) == ("queued", 0.0, 0)
    go.set()
    thread.join(PATIENCE)
    assert library.record(KEY) == record
    assert library.index.calls["add"] == 0
    library.processor.before = lambda: None
    library.restarted().ingest(KEY)
    assert library.record(KEY).status == "ready"
