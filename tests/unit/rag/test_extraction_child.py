"""The child process that reads documents: its limits, its end, and what it cannot do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rag.document_processor import DocumentProcessor, ExtractionLimits
from rag.extracted import ExtractedText
from rag.extraction.process import ReaderProcess
from shared.errors import DocumentRefused, RetrievalError
from tests import documents, hostile_files
from tests.fakes import PATIENCE

MEGABYTE = 1 << 20
LIMITS = ExtractionLimits()
SOUND = documents.csv().encode()


def _read(processor: DocumentProcessor, path: Path, name: str, content: bytes) -> ExtractedText:
    path.write_bytes(content)
    return processor.extract(path, name)


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    processor = DocumentProcessor(replace(LIMITS, seconds=0.05, seconds_per_megabyte=0))
    try:
        slow = hostile_files.raw_pdf([b"BT /F 9 Tf " + b"(slow) Tj " * 40_000 + b"ET"] * 40)
        with pytest.raises(DocumentRefused, match=r"longer.*seconds"):
            _read(processor, tmp_path / "slow", "a.pdf", slow)
        assert "P-2" in _read(processor, tmp_path / "next", "a.csv", SOUND).text
    finally:
        processor.close()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not bound the memory of a process")
def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path: Path) -> None:
    processor = DocumentProcessor(replace(LIMITS, memory_bytes=160 * MEGABYTE, max_characters=20_000_000))
    try:
        large = "\U0001f9e9 large ".encode() * 2_200_000
        with pytest.raises(DocumentRefused, match=r"memory.*160 MB"):
            _read(processor, tmp_path / "large", "a.txt", large)
        assert "P-2" in _read(processor, tmp_path / "next", "a.csv", SOUND).text
    finally:
        processor.close()


def test_a_child_that_died_is_replaced(tmp_path: Path) -> None:
    processor = DocumentProcessor(LIMITS)
    try:
        assert "P-2" in _read(processor, tmp_path / "a", "a.csv", SOUND).text
        child = processor._idle[0]._process
        child.kill()
        child.wait(PATIENCE)
        assert "P-2" in _read(processor, tmp_path / "b", "b.csv", SOUND).text
    finally:
        processor.close()


def _ended_while_reading(reader: ReaderProcess, document: Path, ended_by: signal.Signals) -> None:
    """Ends the child once it has opened the document, which is a pipe so that it waits there."""
    os.mkfifo(document)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reader.extract, document, "a.csv", None, 100)
        with document.open("wb"):
            reader._process.send_signal(ended_by)
            reading.result(PATIENCE)


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_child_that_is_ended_from_outside_says_nothing_about_its_document(
    tmp_path: Path, ended_by: signal.Signals
) -> None:
    reader = ReaderProcess(LIMITS)
    with pytest.raises(RetrievalError, match="try again"):
        _ended_while_reading(reader, tmp_path / "a.csv", ended_by)
    assert not reader.usable


def test_a_child_that_crashes_says_that_its_document_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DocumentRefused, match="damaged"):
        _ended_while_reading(ReaderProcess(LIMITS), tmp_path / "a.csv", signal.SIGSEGV)


def test_a_child_that_is_gone_before_it_is_told_of_a_document_says_nothing_about_it(tmp_path: Path) -> None:
    reader = ReaderProcess(LIMITS)
    reader._process.kill()
    reader._process.wait(PATIENCE)
    (tmp_path / "a").write_bytes(SOUND)
    with pytest.raises(RetrievalError, match="try again"):
        reader.extract(tmp_path / "a", "a.csv", None, len(SOUND))
    assert not reader.usable


class _LateTimer(ReaderProcess):
    """Its timer fires at once, but comes to kill only when the answer is there and it is called off."""

    def _kill(self) -> None:
        timer = threading.current_thread()
        assert isinstance(timer, threading.Timer)
        assert timer.finished.wait(PATIENCE)
        super()._kill()


def test_a_child_whose_timer_fires_as_it_answers_is_not_used_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(SOUND)
    reader = _LateTimer(replace(LIMITS, seconds=0, seconds_per_megabyte=0))
    try:
        assert "P-2" in reader.extract(tmp_path / "a", "a.csv", None, len(SOUND)).text
        assert not reader.usable
    finally:
        reader.close()


def test_a_child_serves_many_documents_and_ends_with_its_processor(tmp_path: Path) -> None:
    processor = DocumentProcessor(LIMITS)
    children = set()
    for number in range(5):
        assert "P-2" in _read(processor, tmp_path / str(number), "a.csv", SOUND).text
        children.add(processor._idle[0]._process)
    processor.close()
    assert [child.poll() is not None for child in children] == [True]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
def test_the_child_is_given_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    processor = DocumentProcessor(LIMITS)
    try:
        assert "P-2" in _read(processor, tmp_path / "a", "a.csv", SOUND).text
        environ = Path(f"/proc/{processor._idle[0]._process.pid}/environ").read_bytes()
        assert b"PYTHONPATH" in environ
        assert b"canary" not in environ
    finally:
        processor.close()


_TRY = """
import os, socket, subprocess, sys, urllib.request
from pathlib import Path
from rag.extraction import sandbox
guard = sandbox.Guard()
guard.document = sys.argv[1]
sandbox.limit_memory(1 << 30)
guard.install()
import colorsys  # a module that nothing has loaded yet
print(Path(sys.argv[1]).read_text())
print({attempt})
"""


@pytest.mark.parametrize(
    "attempted",
    [
        "open(sys.argv[1], 'w')",
        "open(sys.argv[1], 'r+')",
        "os.open(sys.argv[1] + '2', os.O_CREAT | os.O_WRONLY)",
        "open('/etc/passwd').read()",
        "open(os.path.join(os.path.dirname(os.__file__), '../../../../../../../../etc/passwd')).read()",
        "socket.socket()",
        "socket.getaddrinfo('localhost', 80)",
        "urllib.request.urlopen('http://127.0.0.1:1')",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.remove(sys.argv[1])",
        "os.rename(sys.argv[1], sys.argv[1] + '2')",
        "os.mkdir(sys.argv[1] + '2')",
        "os.kill(os.getppid(), 0)",
    ],
)
def test_the_child_does_nothing_but_read_its_document(tmp_path: Path, attempted: str) -> None:
    document = tmp_path / "document"
    document.write_text("the document")
    finished = subprocess.run(
        [sys.executable, "-c", _TRY.replace("{attempt}", attempted), str(document)],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.stdout == "the document\n"
    assert "PermissionError" in finished.stderr
    assert document.read_text() == "the document"
    assert list(tmp_path.iterdir()) == [document]
