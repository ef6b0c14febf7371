"""The owner's side of documents: announcing, listing, deleting, trying again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rag.documents import DocumentService
from rag.lease import LEASE_SECONDS
from shared.document_keys import document_id_of
from shared.documents import DocumentRecord
from shared.errors import DocumentChanged, IndexUnavailable, InvalidRequest, NotFound, StoreError
from shared.models import OWNER
from tests.fake_documents import Library

KEY = "notes.txt"
ID = document_id_of(OWNER, KEY)
MEGABYTE = 1 << 20


@dataclass
class ListedQueue:
    """The port ``IngestionQueue``, which keeps what it was asked."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    error: StoreError | None = None

    def put(self, user_id: str, key: str) -> None:
        if self.error:
            raise self.error
        self.asked.append((user_id, key))


@pytest.fixture
def queue() -> ListedQueue:
    return ListedQueue()


@pytest.fixture
def documents(library: Library, queue: ListedQueue) -> DocumentService:
    """As on a laptop: what is deleted is cleared away at once."""
    return DocumentService(
        library.catalogue, library.files, queue, library.clock, max_bytes=MEGABYTE, ingestion=library.service
    )


@pytest.fixture
def in_the_cloud(library: Library, queue: ListedQueue) -> DocumentService:
    return DocumentService(library.catalogue, library.files, queue, library.clock, max_bytes=MEGABYTE)


def add(library: Library, text: str = "The xylophone.", key: str = KEY) -> DocumentRecord:
    library.write(key, text)
    library.ingest(key)
    return library.record(key)


# --- uploads ----------------------------------------------------------------------------------------------------------


def test_an_upload_is_announced_and_told_where_to_go(documents: DocumentService) -> None:
    record, target, _ = documents.begin_upload(OWNER, KEY, 10, "text/plain")
    assert (record.document_id, record.key, record.status) == (ID, KEY, "queued")
    assert (record.size, record.content_type) == (10, "text/plain")
    assert target.method == "PUT"
    assert documents.get(OWNER, ID) == record


def test_a_name_is_taken_in_its_composed_form(documents: DocumentService) -> None:
    record, *_ = documents.begin_upload(OWNER, "U\u0308bung.txt", 10)
    assert record.key == "Übung.txt"


@pytest.mark.parametrize(
    ("name", "size", "field", "why"),
    [
        (KEY, 0, "size", "empty"),
        (KEY, -1, "size", "empty"),
        (KEY, MEGABYTE + 1, "size", "1.0 MB, and 1 MB are taken"),
        ("photo.JPG", 10, "filename", "jpg file cannot be read"),
        ("letter.doc", 10, "filename", "save it as DOCX"),
        ("../secret.txt", 10, "filename", "begins with a dot"),
        ("", 10, "filename", "is empty"),
    ],
)
def test_what_can_never_be_a_document_is_refused_at_once(
    documents: DocumentService, name: str, size: int, field: str, why: str
) -> None:
    with pytest.raises(InvalidRequest, match=why) as caught:
        documents.begin_upload(OWNER, name, size)
    assert caught.value.field == field
    assert documents.list(OWNER, 10).items == ()


@pytest.mark.parametrize("name", ["Makefile", "notes.unknown", "archive.tar.md", "a/b.pdf"])
def test_what_may_be_a_document_is_looked_into_first(documents: DocumentService, name: str) -> None:
    assert documents.begin_upload(OWNER, name, 10)[0].key == name


def test_an_upload_that_never_arrives_is_shown_as_failed_after_an_hour(
    documents: DocumentService, library: Library
) -> None:
    documents.begin_upload(OWNER, KEY, 10)
    library.clock.advance(3599)
    assert documents.get(OWNER, ID).status == "queued"
    library.clock.advance(1)
    record = documents.get(OWNER, ID)
    assert record.status == "failed"
    assert "never arrived" in (record.error or "")
    assert documents.list(OWNER, 10).items == (record,)
    with pytest.raises(InvalidRequest, match="upload it again"):
        documents.retry(OWNER, ID)


def test_a_replacement_that_never_arrives_leaves_the_document_as_it_was(
    documents: DocumentService, library: Library
) -> None:
    add(library)
    assert documents.begin_upload(OWNER, KEY, 10)[0].status == "queued"
    assert library.live_text(KEY) == "The xylophone."
    library.clock.advance(3601)
    assert documents.get(OWNER, ID).status == "ready"
    library.ingest(KEY)
    assert library.record(KEY).status == "ready"


def test_an_unchanged_upload_is_ready_again(documents: DocumentService, library: Library) -> None:
    add(library)
    documents.begin_upload(OWNER, KEY, 10)
    library.ingest(KEY, "0B")
    assert library.record(KEY).status == "ready"
    assert len(library.embedder.texts) == 1


def test_what_arrived_is_queued(documents: DocumentService, queue: ListedQueue) -> None:
    documents.begin_upload(OWNER, KEY, 10)
    documents.arrived(OWNER, ID)
    assert queue.asked == [(OWNER, KEY)]
    with pytest.raises(NotFound):
        documents.arrived("somebody", ID)


def test_an_upload_during_the_work_on_the_file_before_is_not_in_its_way(
    documents: DocumentService, library: Library
) -> None:
    library.write(KEY, "The first text.")

    def replace() -> None:
        assert documents.begin_upload(OWNER, KEY, 10)[0].status == "processing"
        library.write(KEY, "The second text.")

    library.index.before("add", replace)
    library.ingest(KEY)
    assert library.live_text(KEY) == "The second text."


# --- reading ----------------------------------------------------------------------------------------------------------


def test_documents_are_listed_by_name_page_by_page(documents: DocumentService, library: Library) -> None:
    for key in ("c.txt", "a.txt", "b.txt"):
        add(library, key=key)
    first = documents.list(OWNER, 2)
    second = documents.list(OWNER, 2, first.next_cursor)
    assert [record.key for record in (*first.items, *second.items)] == ["a.txt", "b.txt", "c.txt"]
    assert second.next_cursor is None


def test_what_is_missing_foreign_or_deleted_is_not_found(documents: DocumentService, library: Library) -> None:
    add(library)
    for user_id, document_id in ((OWNER, "0" * 32), ("somebody", ID)):
        for ask in (documents.get, documents.delete, documents.retry):
            with pytest.raises(NotFound):
                ask(user_id, document_id)
    assert library.live_text(KEY) == "The xylophone."
    documents.delete(OWNER, ID)
    with pytest.raises(NotFound):
        documents.get(OWNER, ID)


# --- deleting ---------------------------------------------------------------------------------------------------------


def test_a_deleted_document_is_gone_with_all_its_bytes(
    documents: DocumentService, library: Library, tmp_path: Path
) -> None:
    add(library)
    assert b"xylophone" in library.stored_bytes(tmp_path)
    documents.delete(OWNER, ID)
    assert library.find(KEY) is None
    assert not library.stored.stored
    assert b"xylophone" not in library.stored_bytes(tmp_path)
    assert KEY.encode() not in library.stored_bytes(tmp_path)


def test_in_the_cloud_the_rest_is_left_to_the_queue(
    in_the_cloud: DocumentService, library: Library, queue: ListedQueue
) -> None:
    add(library)
    in_the_cloud.delete(OWNER, ID)
    assert library.live_text(KEY) is None
    assert in_the_cloud.list(OWNER, 10).items == ()
    assert not library.stored.stored
    assert queue.asked == [(OWNER, KEY)]
    library.ingest(KEY)
    assert library.find(KEY) is None


def test_an_upload_that_was_only_announced_can_be_deleted(documents: DocumentService, library: Library) -> None:
    documents.begin_upload(OWNER, KEY, 10)
    documents.delete(OWNER, ID)
    assert library.find(KEY) is None


def test_while_the_index_does_not_answer_a_document_is_deleted_all_the_same(
    documents: DocumentService, library: Library, tmp_path: Path
) -> None:
    add(library)
    library.index.fail("remove", IndexUnavailable("Locked."))
    documents.delete(OWNER, ID)
    with pytest.raises(NotFound):
        documents.get(OWNER, ID)
    library.index.heal()
    library.clock.advance(LEASE_SECONDS + 1)
    (left,) = library.database.catalogue.unfinished(library.clock.now.timestamp(), 10)
    library.ingest(left.key)
    assert library.find(KEY) is None
    assert b"xylophone" not in library.stored_bytes(tmp_path)


def test_a_file_that_cannot_be_deleted_now_is_deleted_later(documents: DocumentService, library: Library) -> None:
    add(library)
    library.files.fail("delete", StoreError("No answer."))
    with pytest.raises(StoreError):
        documents.delete(OWNER, ID)
    assert documents.list(OWNER, 10).items == ()
    library.files.heal()
    library.ingest(KEY)
    assert library.find(KEY) is None
    assert not library.stored.stored


@pytest.mark.parametrize("failing", ["file", "queue"])
def test_in_the_cloud_a_deletion_that_stayed_half_done_can_be_repeated(
    in_the_cloud: DocumentService, library: Library, queue: ListedQueue, failing: str
) -> None:
    add(library)
    if failing == "file":
        library.files.fail("delete", StoreError("No answer."))
    else:
        queue.error = StoreError("No answer.")
    with pytest.raises(StoreError):
        in_the_cloud.delete(OWNER, ID)
    # Where the message could be put it was, and completes the deletion by itself.
    assert queue.asked == ([(OWNER, KEY)] if failing == "file" else [])
    library.files.heal()
    queue.error = None
    in_the_cloud.delete(OWNER, ID)
    assert queue.asked[-1:] == [(OWNER, KEY)]
    assert not library.stored.stored
    library.ingest(KEY)
    assert in_the_cloud.begin_upload(OWNER, KEY, 10)[0].status == "queued"
    assert add(library, "The trombone.").status == "ready"


def test_a_deletion_that_is_repeated_leaves_another_file_alone(in_the_cloud: DocumentService, library: Library) -> None:
    add(library)
    in_the_cloud.delete(OWNER, ID)
    library.write(KEY, "The trombone.")
    in_the_cloud.delete(OWNER, ID)
    library.ingest(KEY)
    assert library.live_text(KEY) == "The trombone."


def test_a_document_deleted_while_it_is_indexed_is_gone_with_all_its_bytes(
    documents: DocumentService, library: Library, tmp_path: Path
) -> None:
    library.write(KEY, "The xylophone.")
    library.index.after("add", lambda: documents.delete(OWNER, ID))
    library.ingest(KEY)
    assert library.find(KEY) is None
    assert not library.stored.stored
    assert b"xylophone" not in library.stored_bytes(tmp_path)


def test_while_a_document_is_cleared_away_its_name_is_not_taken(
    in_the_cloud: DocumentService, library: Library, tmp_path: Path
) -> None:
    add(library)
    in_the_cloud.delete(OWNER, ID)
    with pytest.raises(DocumentChanged, match="still being deleted"):
        in_the_cloud.begin_upload(OWNER, KEY, 10)
    library.ingest(KEY)
    assert in_the_cloud.begin_upload(OWNER, KEY, 10)[0].status == "queued"
    add(library, "The trombone.")
    assert library.live_text(KEY) == "The trombone."
    assert b"xylophone" not in library.stored_bytes(tmp_path)


def test_the_same_bytes_put_into_the_bucket_after_a_deletion_are_a_new_document(
    in_the_cloud: DocumentService, library: Library
) -> None:
    add(library)
    in_the_cloud.delete(OWNER, ID)
    library.write(KEY, "The xylophone.")
    library.ingest(KEY)
    assert library.live_text(KEY) == "The xylophone."


# --- trying again -----------------------------------------------------------------------------------------------------


def test_a_failed_document_is_tried_again(documents: DocumentService, library: Library, queue: ListedQueue) -> None:
    failed = add(library, "refused")
    record = documents.retry(OWNER, ID)
    assert (failed.status, record.status, record.error) == ("failed", "queued", None)
    assert queue.asked == [(OWNER, KEY)]
    library.ingest(KEY)
    assert len(library.processor.names) == 2


def test_a_document_whose_message_was_lost_is_queued_again(
    in_the_cloud: DocumentService, library: Library, queue: ListedQueue
) -> None:
    add(library, "refused")
    queue.error = StoreError("No answer.")
    with pytest.raises(StoreError):
        in_the_cloud.retry(OWNER, ID)
    queue.error = None
    assert in_the_cloud.retry(OWNER, ID).status == "queued"
    assert queue.asked == [(OWNER, KEY)]


def test_a_document_whose_replacement_was_given_up_is_ready_again_at_once(
    documents: DocumentService, library: Library, queue: ListedQueue
) -> None:
    before = add(library)
    documents.begin_upload(OWNER, KEY, 10)
    assert documents.get(OWNER, ID).size == 10
    record = documents.retry(OWNER, ID)
    assert (record.status, record.size, record.generation) == ("ready", before.size, before.generation)
    # Nothing is left on its way that would take the next announcement for this one.
    assert queue.asked == []
    assert library.live_text(KEY) == "The xylophone."


def test_a_replacement_that_arrives_after_it_was_given_up_is_read(documents: DocumentService, library: Library) -> None:
    add(library)
    documents.begin_upload(OWNER, KEY, 10)
    documents.retry(OWNER, ID)
    library.write(KEY, "The yacht.")
    library.ingest(KEY, "0B")
    assert library.live_text(KEY) == "The yacht."


def test_a_replacement_whose_bytes_came_before_it_was_given_up_is_read(
    documents: DocumentService, library: Library, queue: ListedQueue
) -> None:
    add(library)
    documents.begin_upload(OWNER, KEY, 10)
    library.write(KEY, "The yacht.")
    assert documents.retry(OWNER, ID).status == "queued"
    assert queue.asked == [(OWNER, KEY)]
    library.ingest(KEY)
    assert library.live_text(KEY) == "The yacht."


def test_an_awaited_document_that_has_no_file_yet_is_not_tried_again(documents: DocumentService) -> None:
    documents.begin_upload(OWNER, KEY, 10)
    with pytest.raises(InvalidRequest, match="upload it again"):
        documents.retry(OWNER, ID)
    assert documents.get(OWNER, ID).status == "queued"


def test_what_did_not_fail_is_not_tried_again(documents: DocumentService, library: Library) -> None:
    add(library)
    with pytest.raises(InvalidRequest, match="The document is ready"):
        documents.retry(OWNER, ID)
