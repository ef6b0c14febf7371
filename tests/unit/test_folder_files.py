"""The folder of documents: what is stored, found, refused and left alone there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.document_keys import document_id_of
from shared.errors import DocumentRefused, InvalidRequest, NotFound, StoreError
from shared.local.folder import Folder, as_listed
from shared.local.folder_files import FolderFiles
from shared.models import OWNER

ROOT = Path(__file__).parents[2]
MAX_BYTES = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


@pytest.fixture
def files(folder: Path) -> FolderFiles:
    return FolderFiles(folder, MAX_BYTES)


def put(files: FolderFiles, key: str, text: str = "text", user_id: str = OWNER) -> None:
    files.receive(user_id, key, [text.encode()], len(text.encode()))


def listed(files: FolderFiles) -> list[tuple[str, str]]:
    return sorted((file.user_id, file.key) for file in files.list())


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- storing ----------------------------------------------------------------------------------------------------------


def test_an_upload_goes_to_a_path_of_the_api(files: FolderFiles) -> None:
    target = files.upload_target(OWNER, "a.txt", 4, "text/plain")
    assert target.url == f"/documents/{document_id_of(OWNER, 'a.txt')}/content?size=4"
    assert (target.method, target.headers) == ("PUT", {"content-type": "text/plain"})


def test_what_is_received_is_the_file(files: FolderFiles, folder: Path) -> None:
    files.receive(OWNER, "year/a.txt", [b"some ", b"", b"text"], 9)
    assert (folder / "year/a.txt").read_bytes() == b"some text"
    assert everything(folder) == ["year/a.txt"]
    found = files.stat(OWNER, "year/a.txt")
    assert found is not None
    assert (found.user_id, found.key, found.size) == (OWNER, "year/a.txt", 9)
    with files.fetch(OWNER, "year/a.txt") as local:
        assert local.path.read_bytes() == b"some text"
        assert local.version == found


def test_other_users_have_folders_of_their_own(files: FolderFiles, folder: Path) -> None:
    put(files, "a.txt", "mine")
    put(files, "a.txt", "yours", user_id="you")
    assert everything(folder) == [".users/you/a.txt", "a.txt"]
    assert listed(files) == [(OWNER, "a.txt"), ("you", "a.txt")]
    files.delete("you", "a.txt")
    assert files.stat("you", "a.txt") is None
    assert files.stat(OWNER, "a.txt") is not None


def test_a_file_is_replaced_in_one_step_and_its_version_changes(files: FolderFiles, folder: Path) -> None:
    put(files, "a.txt", "old")
    before = files.stat(OWNER, "a.txt")
    with (folder / "a.txt").open() as reading:
        put(files, "a.txt", "new")
        assert reading.read() == "old"
    assert files.stat(OWNER, "a.txt") != before


def test_a_change_in_place_changes_the_version(files: FolderFiles, folder: Path) -> None:
    put(files, "a.txt", "old")
    before = files.stat(OWNER, "a.txt")
    (folder / "a.txt").write_text("longer")
    changed = files.stat(OWNER, "a.txt")
    os.utime(folder / "a.txt", ns=(1, 1))
    assert len({before, changed, files.stat(OWNER, "a.txt")}) == 3


@pytest.mark.parametrize(
    ("pieces", "size", "why"),
    [([b"abc"], 4, "3 of 4 bytes"), ([b"abc", b"de"], 4, "More bytes"), ([b"x" * 1001], None, "More bytes")],
    ids=["too few", "too many", "more than a document may have"],
)
def test_an_upload_of_another_size_leaves_what_was_there(
    files: FolderFiles, folder: Path, pieces: list[bytes], size: int | None, why: str
) -> None:
    put(files, "a.txt", "old")
    with pytest.raises(InvalidRequest, match=why):
        files.receive(OWNER, "a.txt", pieces, size)
    assert (folder / "a.txt").read_text() == "old"
    assert everything(folder) == ["a.txt"]


def test_an_upload_that_breaks_off_leaves_what_was_there(files: FolderFiles, folder: Path) -> None:
    put(files, "a.txt", "old")

    def pieces() -> Iterator[bytes]:
        yield b"ne"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        files.receive(OWNER, "a.txt", pieces(), 4)
    assert (folder / "a.txt").read_text() == "old"
    assert everything(folder) == ["a.txt"]


def test_while_it_arrives_nothing_of_an_upload_is_listed(files: FolderFiles) -> None:
    with files.receiving(OWNER, "a.txt", 4) as write:
        write(b"text")
        assert listed(files) == []
    assert listed(files) == [(OWNER, "a.txt")]


def test_what_a_crash_left_of_uploads_is_removed_after_a_day(folder: Path) -> None:
    uploads = folder / ".uploads"
    uploads.mkdir(parents=True)
    for name, age in (("old", 90_000), ("young", 60)):
        (uploads / name).write_text("half")
        os.utime(uploads / name, (time.time() - age,) * 2)
    FolderFiles(folder, MAX_BYTES)
    assert everything(folder) == [".uploads/young"]


@pytest.mark.parametrize("key", ["taken", "file.txt/below", "link/below"])
def test_a_name_that_something_else_has_is_refused(files: FolderFiles, folder: Path, tmp_path: Path, key: str) -> None:
    (folder / "taken" / "inner").mkdir(parents=True)
    (folder / "file.txt").write_text("a file")
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(InvalidRequest, match="choose another name"):
        put(files, key)
    assert not (tmp_path / "below").exists()
    assert everything(folder) == ["file.txt"]


# --- staying inside ---------------------------------------------------------------------------------------------------


def test_links_are_not_followed(files: FolderFiles, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "folder").symlink_to(outside)
    assert listed(files) == []
    for key in ("link.txt", "folder/secret.txt"):
        assert files.stat(OWNER, key) is None
        with pytest.raises(NotFound), files.fetch(OWNER, key):
            pass
        files.delete(OWNER, key)
    assert (outside / "secret.txt").read_text() == "secret"
    # An upload takes the place of a link; what the link led to stays as it is.
    put(files, "link.txt", "upload")
    assert (outside / "secret.txt").read_text() == "secret"
    assert (folder / "link.txt").read_text() == "upload"


def test_what_is_opened_is_a_file_of_the_folder(files: FolderFiles, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        files.open_file(OWNER, "a.txt")
    put(files, "a.txt", "own")
    with files.open_file(OWNER, "a.txt") as found:
        assert found.read() == b"own"
    (tmp_path / "outside.txt").write_text("canary")
    (folder / "a.txt").unlink()
    (folder / "a.txt").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(NotFound):
        files.open_file(OWNER, "a.txt")


def test_a_pipe_is_not_waited_for(files: FolderFiles, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(files, "a.txt")
    before = (folder / "a.txt").stat()
    (folder / "a.txt").unlink()
    os.mkfifo(folder / "a.txt")
    with pytest.raises(NotFound):
        files.open_file(OWNER, "a.txt")
    # It may take the place of a file after that was looked at.
    monkeypatch.setattr("shared.local.folder.Place.stat", lambda _place: before)
    with pytest.raises(NotFound):
        files.open_file(OWNER, "a.txt")


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "documents").symlink_to(tmp_path / "real")
    files = FolderFiles(tmp_path / "documents", MAX_BYTES)
    put(files, "a.txt")
    assert listed(files) == [(OWNER, "a.txt")]
    assert (tmp_path / "real/a.txt").exists()


# --- finding ----------------------------------------------------------------------------------------------------------


def test_hidden_passing_and_other_files_are_not_listed(files: FolderFiles, folder: Path) -> None:
    for name in (
        *(".hidden", ".git/config", "sub/.cache/x", "~$report.docx", "film.part", "page.html.crdownload", "a.tmp"),
        *("draft.txt~", "Thumbs.db", "desktop.ini", ".users/owner/a.txt", ".users/bad user/a.txt", "back\\slash.txt"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    os.mkfifo(folder / "pipe.txt")
    put(files, "sub/kept.txt")
    assert listed(files) == [(OWNER, "sub/kept.txt")]
    assert files.stat(OWNER, "pipe.txt") is None
    assert files.stat(OWNER, "sub") is None


def test_a_name_is_found_in_either_form_of_unicode(files: FolderFiles, folder: Path) -> None:
    key = "Übung/Prüfung.txt"
    decomposed = folder / unicodedata.normalize("NFD", key)
    decomposed.parent.mkdir()
    decomposed.write_text("old")
    assert listed(files) == [(OWNER, key)]
    with files.fetch(OWNER, key) as local:
        assert local.path.read_text() == "old"
    put(files, key, "new")
    assert decomposed.read_text() == "new"
    assert len(everything(folder)) == 1
    files.delete(OWNER, key)
    assert [*folder.glob("[!.]*")] == []


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("report.pdf", ["a", "report.pdf"], "report.pdf"),
        ("Report.pdf", ["report.pdf"], None),
        ("Report.pdf", ["report.pdf", "Report.pdf"], "Report.pdf"),
        ("\u00fcbung", ["u\u0308bung"], "u\u0308bung"),
        ("\u00fcbung", ["\u00dcbung"], None),
    ],
)
def test_a_name_is_the_one_that_is_listed_letter_for_letter(name: str, names: list[str], found: str | None) -> None:
    assert as_listed(name, names) == found


class CaseBlindFolder(Folder):
    """Finds a name in any case, as the file systems of macOS and Windows do."""

    def _stands(self, folder: int, name: str) -> bool:
        return name.lower() in {each.lower() for each in os.listdir(folder)}


@pytest.mark.parametrize("other", ["year/Report.pdf", "Year/report.pdf"])
def test_where_case_is_ignored_another_spelling_is_another_name(files: FolderFiles, folder: Path, other: str) -> None:
    files._folder = CaseBlindFolder(folder)
    put(files, "year/report.pdf", "old")
    put(files, "year/report.pdf", "new")
    assert files.stat(OWNER, "year/report.pdf") is not None
    with pytest.raises(InvalidRequest, match="another spelling"):
        put(files, other)
    with pytest.raises(FileNotFoundError), files._folder.place(other):
        pass
    assert files.stat(OWNER, other) is None
    files.delete(OWNER, other)
    assert everything(folder) == ["year/report.pdf"]


def test_names_that_are_no_unicode_are_passed_over(files: FolderFiles, folder: Path) -> None:
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff.txt"))).write_text("x")
    assert listed(files) == []


def test_a_file_that_is_not_there_is_none(files: FolderFiles) -> None:
    assert files.stat(OWNER, "a.txt") is None
    assert files.stat(OWNER, "no/folder/a.txt") is None
    with pytest.raises(NotFound), files.fetch(OWNER, "a.txt"):
        pass
    files.delete(OWNER, "a.txt")


def test_a_file_larger_than_a_document_may_be_is_refused(files: FolderFiles, folder: Path) -> None:
    (folder / "big.txt").write_text("x" * (MAX_BYTES + 1))
    assert listed(files) == [(OWNER, "big.txt")]
    with pytest.raises(DocumentRefused, match="1001 bytes long, and 1000"), files.fetch(OWNER, "big.txt"):
        pass


def test_deleting_takes_folders_that_are_empty_then(files: FolderFiles, folder: Path) -> None:
    put(files, "a/b/c/one.txt")
    put(files, "a/two.txt")
    files.delete(OWNER, "a/b/c/one.txt")
    assert not (folder / "a/b").exists()
    assert everything(folder) == ["a/two.txt"]
    files.delete(OWNER, "a/two.txt")
    assert folder.exists()
    assert not (folder / "a").exists()


# --- the machine ------------------------------------------------------------------------------------------------------


def test_a_folder_that_went_away_is_no_empty_folder(files: FolderFiles, folder: Path) -> None:
    put(files, "a.txt")
    folder.rename(folder.with_name("elsewhere"))
    for look in (lambda: [*files.list()], lambda: files.stat(OWNER, "a.txt"), lambda: files.delete(OWNER, "a.txt")):
        with pytest.raises(StoreError, match="Check that it is there"):
            look()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="failed"):
        FolderFiles(tmp_path / "file" / "documents", MAX_BYTES)


# Receives a file under a limit that no file may exceed, as a full disk or quota would have it.
FILLED = """
import resource, signal, sys
from pathlib import Path
from shared.errors import StoreFull
from shared.local.folder_files import FolderFiles

files = FolderFiles(Path(sys.argv[1]), 10**9)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    files.receive("owner", "a.txt", (b"x" * 50_000 for _ in range(10)), 500_000)
except StoreFull as error:
    print(error.message)
"""


def test_a_full_disk_is_told_and_leaves_what_was_there(files: FolderFiles, folder: Path) -> None:
    put(files, "a.txt", "old")
    ran = subprocess.run(
        [sys.executable, "-c", FILLED, str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Free some space" in ran.stdout
    assert everything(folder) == ["a.txt"]
    assert (folder / "a.txt").read_text() == "old"


# Looks into folders as an ordinary user, whom the mode of one of them keeps out.
KEPT_OUT = """
import os, sys
from pathlib import Path
from shared.errors import StoreError
from shared.local.folder_files import FolderFiles

if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
files = FolderFiles(Path(sys.argv[1]), 1000)
print([file.key for file in files.list()])
try:
    files.stat("owner", "closed/a.txt")
except StoreError as error:
    print(error.message)
"""


def test_what_may_not_be_read_is_not_taken_for_gone() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        for name in ("closed", "open"):
            (folder / name).mkdir(mode=0o755)
            (folder / name / "a.txt").write_text("x")
        (folder / "closed").chmod(0)
        ran = subprocess.run(
            [sys.executable, "-c", KEPT_OUT, str(folder)],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        (folder / "closed").chmod(0o755)
        shutil.rmtree(folder)
    listing, said = ran.stdout.splitlines()
    assert listing == "['open/a.txt']"
    assert "may be read" in said


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells what a process has open")
def test_no_descriptor_is_left_open(files: FolderFiles) -> None:
    put(files, "a/b.txt")
    put(files, "c")
    before = len([*Path("/proc/self/fd").iterdir()])
    for key in ("a/b.txt", "a/none.txt", "a/b.txt/below", "no/folder.txt"):
        files.stat(OWNER, key)
        files.delete(OWNER, key)
    with pytest.raises(InvalidRequest):
        put(files, "c/d.txt")
    assert len([*Path("/proc/self/fd").iterdir()]) == before
