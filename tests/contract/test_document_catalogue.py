"""What every catalogue of documents does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.document_ports import DocumentCatalogue
from shared.documents import DocumentRecord
from shared.errors import DocumentChanged, InvalidRequest
from tests.contract.document_stores import CATALOGUES, Kind, record
from tests.contract.stores import together


@pytest.fixture(params=[*CATALOGUES.values()], ids=[*CATALOGUES])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DocumentCatalogue]:
    """An empty catalogue of each kind."""
    kind: Kind = request.param
    with kind.opened(tmp_path) as opened:
        yield opened


FULL = record(
    key="Übersicht/日本語 report.pdf",
    status="processing",
    created_at="2026-11-21T10:00:00.000000Z",
    updated_at="2026-11-21T10:00:01.500000Z",
    size=5_000_000_000,
    content_type="application/pdf",
    version='"etag"',
    generation="g1",
    embedder="openai:m#1@http://host",
    pages=200,
    chunks=412,
    tokens=201_077,
    building="g2",
    retired="g0",
    lease_expires_at=1_795_000_000.25,
    sequencer="0055AED6DCD90281E5",
    attempts=3,
    progress=0.125,
    error="The file is password-protected; remove the password.",
    deleted=True,
)


def keys(catalogue: DocumentCatalogue, user_id: str = "owner", limit: int = 2) -> list[str]:
    """The keys of every document, as listed, collected page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = catalogue.list(user_id, limit, cursor)
        assert len(page.items) <= limit
        found += [item.key for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


# --- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("saved", [FULL, record()], ids=["every field", "no optional field"])
def test_a_record_is_read_as_it_was_saved(catalogue: DocumentCatalogue, saved: DocumentRecord) -> None:
    first = catalogue.save(saved)
    assert first == replace(saved, revision=1)
    assert catalogue.get(saved.user_id, saved.document_id) == first


def test_fields_can_be_set_and_unset(catalogue: DocumentCatalogue) -> None:
    bare = replace(record(), document_id=FULL.document_id, key=FULL.key)
    first = catalogue.save(bare)
    second = catalogue.save(replace(FULL, revision=first.revision))
    assert catalogue.get("owner", FULL.document_id) == second
    third = catalogue.save(replace(bare, revision=second.revision))
    assert third == replace(bare, revision=3)
    assert catalogue.get("owner", FULL.document_id) == third


def test_missing_and_foreign_records_are_none(catalogue: DocumentCatalogue) -> None:
    mine = catalogue.save(record())
    assert catalogue.get("owner", "0" * 32) is None
    assert catalogue.get("other", mine.document_id) is None
    assert catalogue.get_many("other", [mine.document_id]) == {}


def test_many_records_are_read_at_once(catalogue: DocumentCatalogue) -> None:
    saved = {each.document_id: each for each in (catalogue.save(record(f"{number}.txt")) for number in range(100))}
    assert catalogue.get_many("owner", [*saved]) == saved
    some = [*saved][:3]
    assert catalogue.get_many("owner", [*some, "0" * 32][1:]) == {each: saved[each] for each in some[1:]}
    assert catalogue.get_many("owner", []) == {}


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_new_record_does_not_overwrite_a_standing_one(catalogue: DocumentCatalogue) -> None:
    standing = catalogue.save(record(size=1))
    with pytest.raises(DocumentChanged):
        catalogue.save(record(size=2))
    assert catalogue.get("owner", standing.document_id) == standing


def test_a_write_from_an_old_revision_is_refused(catalogue: DocumentCatalogue) -> None:
    first = catalogue.save(record())
    second = catalogue.save(replace(first, size=2))
    for stale in (first, replace(first, revision=7)):
        with pytest.raises(DocumentChanged):
            catalogue.save(replace(stale, size=3))
        with pytest.raises(DocumentChanged):
            catalogue.remove(stale)
    assert catalogue.get("owner", first.document_id) == second


def test_a_missing_record_is_neither_changed_nor_removed(catalogue: DocumentCatalogue) -> None:
    missing = record(revision=1)
    with pytest.raises(DocumentChanged):
        catalogue.save(missing)
    with pytest.raises(DocumentChanged):
        catalogue.remove(missing)
    assert catalogue.get("owner", missing.document_id) is None


def test_a_foreign_record_is_neither_changed_nor_removed(catalogue: DocumentCatalogue) -> None:
    mine = catalogue.save(record())
    theirs = replace(mine, user_id="other")
    with pytest.raises(DocumentChanged):
        catalogue.save(theirs)
    with pytest.raises(DocumentChanged):
        catalogue.remove(theirs)
    assert catalogue.get("owner", mine.document_id) == mine


def test_a_removed_record_is_gone_and_may_come_again(catalogue: DocumentCatalogue) -> None:
    saved = catalogue.save(record())
    catalogue.remove(saved)
    assert catalogue.get("owner", saved.document_id) is None
    assert keys(catalogue) == []
    assert catalogue.save(record()).revision == 1


@pytest.mark.parametrize("stands", [False, True], ids=["new", "standing"])
def test_of_many_that_write_one_revision_at_once_one_does(catalogue: DocumentCatalogue, *, stands: bool) -> None:
    begun = catalogue.save(record()) if stands else record()

    def work(number: int) -> DocumentRecord | None:
        try:
            return catalogue.save(replace(begun, attempts=number))
        except DocumentChanged:
            return None

    for _ in range(3):
        written = [each for each in together(12, work) if each]
        assert written == [catalogue.get("owner", begun.document_id)]
        begun = written[0]


def test_no_write_is_lost_where_all_try_again(catalogue: DocumentCatalogue) -> None:
    saved = catalogue.save(record())

    def work(_: int) -> None:
        for _ in range(5):
            while True:
                standing = catalogue.get("owner", saved.document_id)
                assert standing
                try:
                    catalogue.save(replace(standing, attempts=standing.attempts + 1))
                    break
                except DocumentChanged:
                    continue

    together(4, work)
    found = catalogue.get("owner", saved.document_id)
    assert found
    assert (found.attempts, found.revision) == (20, 21)


# --- listing ----------------------------------------------------------------------------------------------------------

NAMES = ["Z.txt", "a.txt", "a/b.txt", "a b.txt", "é.txt", "日本.txt", "b" * 230 + ".txt", "😀.txt", "0.txt"]


@pytest.mark.parametrize("limit", [1, 2, 9, 100])
def test_records_are_listed_by_key_page_by_page(catalogue: DocumentCatalogue, limit: int) -> None:
    for name in NAMES:
        catalogue.save(record(name))
    assert keys(catalogue, limit=limit) == sorted(NAMES, key=str.encode)


def test_an_empty_catalogue_lists_nothing(catalogue: DocumentCatalogue) -> None:
    page = catalogue.list("owner", 10)
    assert (page.items, page.next_cursor) == ((), None)


def test_a_listing_goes_on_where_its_last_record_was_removed(catalogue: DocumentCatalogue) -> None:
    saved = [catalogue.save(record(f"{number}.txt")) for number in range(5)]
    page = catalogue.list("owner", 2)
    catalogue.remove(saved[1])
    catalogue.save(record("00.txt"))
    assert [each.key for each in catalogue.list("owner", 5, page.next_cursor).items] == ["2.txt", "3.txt", "4.txt"]


def test_a_deleted_record_is_not_listed_but_can_be_read(catalogue: DocumentCatalogue) -> None:
    kept, gone = catalogue.save(record("kept.txt")), catalogue.save(record("gone.txt"))
    gone = catalogue.save(replace(gone, deleted=True))
    assert keys(catalogue) == [kept.key]
    assert catalogue.get("owner", gone.document_id) == gone
    assert catalogue.get_many("owner", [gone.document_id]) == {gone.document_id: gone}
    back = catalogue.save(replace(gone, deleted=False))
    assert keys(catalogue) == [back.key, kept.key]


def test_deleted_records_do_not_shorten_a_page(catalogue: DocumentCatalogue) -> None:
    for number in range(30):
        catalogue.save(record(f"{number:02}.txt", deleted=number % 3 != 0))
    assert [each.key for each in catalogue.list("owner", 10).items] == [
        f"{number:02}.txt" for number in range(0, 30, 3)
    ]
    assert keys(catalogue, limit=4) == [f"{number:02}.txt" for number in range(0, 30, 3)]


def test_users_see_their_own_records_only(catalogue: DocumentCatalogue) -> None:
    for user_id in ("owner", "other"):
        for name in ("a.txt", f"{user_id}.txt"):
            catalogue.save(record(name, user_id))
    assert keys(catalogue, "owner") == ["a.txt", "owner.txt"]
    assert keys(catalogue, "other") == ["a.txt", "other.txt"]
    assert keys(catalogue, "nobody") == []
    cursor = catalogue.list("owner", 1).next_cursor
    assert [each.user_id for each in catalogue.list("other", 10, cursor).items] == ["other"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "*", "ZDF8", "bTF8MjAyNi0xMS0yMVQxMDowMDowMC4wMDAwMDBa", "é" * 10, "A" * 100_000, "=", "\0"]
)
def test_a_foreign_cursor_is_refused(catalogue: DocumentCatalogue, cursor: str) -> None:
    catalogue.save(record())
    with pytest.raises(InvalidRequest) as refused:
        catalogue.list("owner", 10, cursor)
    assert refused.value.field == "cursor"


# --- work left --------------------------------------------------------------------------------------------------------


def at(second: int) -> str:
    return f"2026-11-21T10:00:{second:02}.000000Z"


def test_unfinished_records_are_those_with_work_left(catalogue: DocumentCatalogue) -> None:
    left = {
        "queued": record("queued", status="queued"),
        "processing": record("processing", status="processing"),
        "building": record("building", status="failed", building="g"),
        "retired": record("retired", status="ready", retired="g"),
        "deleted": record("deleted", status="ready", deleted=True),
    }
    for each in (*left.values(), record("ready", status="ready", generation="g"), record("failed", status="failed")):
        catalogue.save(each)
    assert {each.key for each in catalogue.unfinished(now=100.0, limit=50)} == left.keys()


def test_unfinished_records_come_longest_waiting_first_from_all_users(catalogue: DocumentCatalogue) -> None:
    for number in (3, 1, 4, 2):
        catalogue.save(record(f"{number}", user_id=f"user-{number % 2}", updated_at=at(number)))
    assert [each.key for each in catalogue.unfinished(0.0, 50)] == ["1", "2", "3", "4"]
    assert [each.key for each in catalogue.unfinished(0.0, 2)] == ["1", "2"]


def test_a_record_somebody_is_at_work_on_is_not_handed_out(catalogue: DocumentCatalogue) -> None:
    saved = catalogue.save(record(status="processing", lease_expires_at=1000.5))
    assert catalogue.unfinished(1000.0, 50) == []
    assert catalogue.unfinished(1000.5, 50) == [saved]
    # Many leased ones do not hide a free one behind them.
    for number in range(60):
        catalogue.save(record(f"{number}", status="processing", updated_at=at(0), lease_expires_at=5000.0))
    catalogue.save(record("free", updated_at=at(30)))
    assert [each.key for each in catalogue.unfinished(2000.0, 10)] == [saved.key, "free"]


def test_what_is_finished_is_no_longer_handed_out(catalogue: DocumentCatalogue) -> None:
    saved = catalogue.save(record(status="processing", building="g1", retired="g0"))
    done = catalogue.save(replace(saved, status="ready", generation="g1", building=None, retired=None))
    assert catalogue.unfinished(0.0, 50) == []
    queued = catalogue.save(replace(done, status="queued"))
    assert catalogue.unfinished(0.0, 50) == [queued]
    catalogue.remove(queued)
    assert catalogue.unfinished(0.0, 50) == []
