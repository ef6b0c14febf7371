"""Documents are brought into line with their files: once, again, in any order, and whatever fails on the way."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.document_state import announced, is_older, new_record
from rag.lease import LEASE_SECONDS
from shared.documents import DocumentRecord
from shared.errors import DocumentChanged, EmbedderError
from shared.local.sqlite_documents import DocumentDatabase
from shared.models import OWNER
from tests.contract.stores import together
from tests.fake_documents import PAGE_BREAK, Library, book, page
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE

KEY = "notes/plan.txt"
OTHER = "other.txt"


# --- the ordinary course ----------------------------------------------------------------------------------------------


def test_a_new_file_becomes_a_ready_document(library: Library) -> None:
    library.write(KEY, book(3))
    library.ingest(KEY, "0A")
    record = library.record(KEY)
    assert (record.status, record.pages, record.chunks, record.embedder) == ("ready", 3, 3, "builtin")
    assert (record.error, record.progress, record.building, record.retired) == (None, None, None, None)
    assert (record.attempts, record.lease_expires_at, record.sequencer) == (0, 0.0, "0A")
    assert record.tokens > 30
    assert record.size == len(book(3))
    assert library.live_text(KEY) == book(3).replace(PAGE_BREAK, " ")
    assert library.processor.names == ["plan.txt"]


def test_a_second_event_for_the_same_file_does_nothing(library: Library) -> None:
    library.write(KEY, book(3))
    library.ingest(KEY)
    before = library.record(KEY)
    library.ingest(KEY)
    assert library.record(KEY) == before
    assert len(library.processor.names) == 1


def test_of_an_unchanged_file_of_200_pages_nothing_is_embedded_again(library: Library) -> None:
    library.write(KEY, book(200))
    library.ingest(KEY)
    assert len(library.embedder.texts) == library.record(KEY).chunks == 200
    first = library.record(KEY)
    library.write(KEY, book(200) + "\n")  # other bytes, the same text
    library.ingest(KEY)
    assert library.record(KEY).version != first.version
    assert library.record(KEY).generation != first.generation
    assert len(library.embedder.texts) == 200
    assert library.live_text(KEY) == book(200).replace(PAGE_BREAK, " ")


def test_of_a_file_with_one_changed_page_only_that_page_is_embedded(library: Library) -> None:
    library.write(KEY, book(200))
    library.ingest(KEY)
    library.write(KEY, book(200, p77="lighthouse"))
    library.ingest(KEY)
    assert [text.partition("\n")[2] for text in library.embedder.texts[200:]] == [page(77, "lighthouse")]
    assert library.live_text(KEY) == book(200, p77="lighthouse").replace(PAGE_BREAK, " ")


def test_a_file_that_is_gone_leaves_nothing_behind(library: Library, tmp_path: Path) -> None:
    library.write(KEY, "The password of the xylophone is quartz.")
    library.ingest(KEY)
    assert b"xylophone" in library.stored_bytes(tmp_path)
    library.stored.stored.clear()
    library.ingest(KEY)
    assert library.find(KEY) is None
    assert b"xylophone" not in library.stored_bytes(tmp_path)


def test_what_a_replaced_file_said_leaves_the_database(library: Library, tmp_path: Path) -> None:
    library.write(KEY, "The password of the xylophone is quartz.")
    library.ingest(KEY)
    library.write(KEY, "There is no password.")
    library.ingest(KEY)
    assert library.live_text(KEY) == "There is no password."
    assert b"xylophone" not in library.stored_bytes(tmp_path)


def test_what_is_indexed_is_logged_by_figures(library: Library, caplog: pytest.LogCaptureFixture) -> None:
    library.write(KEY, book(3))
    with caplog.at_level(logging.INFO):
        library.ingest(KEY)
    (line,) = [each for each in caplog.records if each.message == "document indexed"]
    assert (line.__dict__["document_id"], line.__dict__["pages"]) == (library.record(KEY).document_id, 3)
    assert (line.__dict__["chunks"], line.__dict__["count"]) == (3, 3)
    assert "harbour" not in caplog.text
    assert "plan.txt" not in caplog.text


def test_an_index_that_lost_what_was_live_gets_it_again(library: Library) -> None:
    library.write(KEY, book(2))
    library.ingest(KEY)
    library.database.index.remove(OWNER, library.record(KEY).document_id)
    library.ingest(KEY)
    assert library.live_text(KEY) == book(2).replace(PAGE_BREAK, " ")


# --- events -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [
        ("0A", "0B", True),
        ("0B", "0A", False),
        ("0A", "0A", False),
        ("0A", "0A1", True),
        ("0A", "0A00", False),
        ("0a", "0B", True),
        ("", "0A", False),
        ("0A", "", False),
    ],
)
def test_sequencers_are_ordered_as_numbers_padded_at_their_right(one: str, other: str, older: bool) -> None:
    assert is_older(one, other) is older


def test_an_event_that_is_older_than_the_newest_is_passed_over(library: Library) -> None:
    library.write(KEY, book(1))
    library.ingest(KEY, "0B")
    asked = library.files.calls["stat"]
    library.ingest(KEY, "0A")
    assert library.files.calls["stat"] == asked
    library.ingest(KEY, "0C")
    assert library.files.calls["stat"] > asked


def test_an_old_event_still_finishes_what_a_crash_left(library: Library) -> None:
    library.write(KEY, book(1))
    library.index.fail("add", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        library.ingest(KEY, "0B")
    library.index.heal()
    library.clock.advance(LEASE_SECONDS + 1)
    library.ingest(KEY, "0A")
    assert library.record(KEY).status == "ready"
    assert library.record(KEY).sequencer == "0B"


#: Uploads of one of three texts, deletions, and deliveries of the event number that is given, however old.
_STEPS = st.lists(
    st.one_of(
        st.sampled_from(["one harbour", "two harbours", "refused, this one"]), st.none(), st.integers(min_value=0)
    ),
    min_size=90,
    max_size=120,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS, order=st.randoms(use_true_random=False))
def test_a_hundred_events_in_any_order_come_to_what_the_file_says(
    tmp_path: Path, steps: list[str | int | None], order: object
) -> None:
    path = tmp_path / "documents.db"
    database = DocumentDatabase(path)
    library = Library(database)
    library.stored.stored.clear()
    events: list[str] = []
    for step in steps:
        if isinstance(step, int):
            if events:
                library.ingest(KEY, events[step % len(events)])
            continue
        if step is None:
            library.stored.stored.clear()
        else:
            library.write(KEY, step)
        events.append(f"{len(events):04X}")
    left = [*events, *events[:3]]
    order.shuffle(left)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    for event in left:
        library.ingest(KEY, event)
    text = library.stored.stored.get((OWNER, KEY))
    if text is None:
        assert library.find(KEY) is None
    elif text.startswith(b"refused"):
        assert library.record(KEY).status == "failed"
        assert library.live_text(KEY) is None
    else:
        assert library.live_text(KEY) == text.decode()
        assert library.record(KEY).status == "ready"
    library.stored.stored.clear()
    library.ingest(KEY)
    database.close()


def test_the_same_file_twice_at_once_is_done_once(library: Library) -> None:
    library.write(KEY, book(2))
    started, go = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        assert go.wait(PATIENCE)

    library.processor.before = wait
    other = library.restarted()
    errors: list[BaseException] = []

    def second() -> None:
        assert started.wait(PATIENCE)
        try:
            other.ingest(KEY)
        except DocumentChanged as error:
            errors.append(error)
        go.set()

    together(2, lambda number: second() if number else library.ingest(KEY))
    assert len(errors) == 1
    assert library.processor.names == ["plan.txt"]
    assert library.record(KEY).status == "ready"


def test_many_at_once_leave_one_whole_generation(library: Library) -> None:
    library.write(KEY, book(5))
    workers = [library.restarted() for _ in range(6)]

    def work(worker: Library) -> None:
        for _ in range(3):
            try:
                worker.ingest(KEY)
            except DocumentChanged:
                continue

    together(len(workers), lambda number: work(workers[number]))
    library.ingest(KEY)
    assert library.record(KEY).status == "ready"
    assert library.live_text(KEY) == book(5).replace(PAGE_BREAK, " ")


# --- changing the embedder --------------------------------------------------------------------------------------------


def test_another_embedder_takes_over_without_a_gap(library: Library) -> None:
    library.write(KEY, book(3))
    library.ingest(KEY)
    library.write(OTHER, "refused")
    library.ingest(OTHER)
    other = FakeEmbedder("openai:other@http://127.0.0.1:1", dimensions=16, chunk_tokens=40)
    changed = library.restarted(embedder=other)
    assert [*changed.service.outdated(OWNER)] == [KEY]
    found: list[str | None] = []
    changed.index.before("add", lambda: found.append(library.live_text(KEY)))
    changed.ingest(KEY)
    assert found == [book(3).replace(PAGE_BREAK, " ")]
    assert library.record(KEY).embedder == other.traits.name
    assert len(other.texts) == 3
    assert library.live_text(KEY) == book(3).replace(PAGE_BREAK, " ")
    assert [*changed.service.outdated(OWNER)] == []


def test_vectors_of_another_embedder_are_not_taken_over_from_a_broken_attempt(library: Library) -> None:
    library.write(KEY, book(100))
    library.embedder.fail_next(None, EmbedderError("Down."))
    with pytest.raises(EmbedderError):
        library.ingest(KEY)
    other = FakeEmbedder("openai:other@http://127.0.0.1:1", dimensions=16, chunk_tokens=40)
    library.restarted(embedder=other).ingest(KEY)
    assert len(other.texts) == 100


# --- uploads that were announced --------------------------------------------------------------------------------------


def announce(library: Library) -> DocumentRecord:
    now = library.clock
    return library.database.catalogue.save(
        announced(new_record(OWNER, KEY, now.timestamp), now.timestamp, now().timestamp())
    )


def test_an_announced_upload_is_waited_for(library: Library) -> None:
    record = announce(library)
    library.ingest(KEY)
    assert library.record(KEY) == record
    library.write(KEY, "Here it is.")
    library.ingest(KEY)
    assert library.live_text(KEY) == "Here it is."


def test_an_announced_upload_that_never_arrives_fails(library: Library) -> None:
    announce(library)
    library.clock.advance(3601)
    library.ingest(KEY)
    assert library.record(KEY).status == "failed"
    assert "never arrived" in (library.record(KEY).error or "")
    library.ingest(KEY)
    assert library.find(KEY) is not None
    library.write(KEY, "Late.")
    library.ingest(KEY)
    assert library.live_text(KEY) == "Late."
