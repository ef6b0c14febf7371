"""The SQLite store against the machine: a process killed while writing, a quota that is full, a folder not writable."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from shared.local.sqlite_store import SQLiteStore
from tests.contract.stores import MovableClock, Turns

ROOT = Path(__file__).parents[2]

# Writes turns until it is stopped or fails; prints the number of each turn after its save_turn has returned.
WRITER = """
import resource, sys
from pathlib import Path
from shared.errors import ChatbotError
from shared.local.sqlite_store import SQLiteStore
from tests.contract.stores import MovableClock, Turns

path, first, size, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
clock = MovableClock()
store, turn, number = SQLiteStore(path, clock), Turns(clock), first
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    while True:
        store.save_turn(turn(f"{number}:" + "x" * size, new=store.get("owner", "c1") is None))
        print(number, flush=True)
        number += 1
except ChatbotError as error:
    print(type(error).__name__, error.message, flush=True)
    kept = store.get("owner", "c1")
    print(len(store.recent_messages(kept, 100_000)), flush=True)
"""

OPENER = """
import os, sys
from pathlib import Path
from shared.errors import ChatbotError
from shared.local.sqlite_store import SQLiteStore
from tests.contract.stores import MovableClock

if os.getuid() == 0:
    # Root may write anywhere, so become nobody, as an ordinary user would be here.
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    SQLiteStore(Path(sys.argv[1]), MovableClock()).close()
except ChatbotError as error:
    print(type(error).__name__, error.message)
"""


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def stored_turns(path: Path) -> list[int]:
    """The numbers of the stored turns, after checking that each is whole and the file sound."""
    with closing(SQLiteStore(path, MovableClock())) as store:
        conversation = store.get("owner", "c1")
        assert conversation is not None
        messages = store.recent_messages(conversation, 1_000_000)
        assert sum(row.turns for row in store.usage("owner", "2026-01-01")) == len(messages) // 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    questions, replies = messages[0::2], messages[1::2]
    assert [reply.content for reply in replies] == [b"reply to " + question.content for question in questions]
    assert messages[-1].timestamp == conversation.updated_at
    return [int(question.content.split(b":")[0]) for question in questions]


def test_a_process_killed_while_writing_loses_no_acknowledged_turn(tmp_path: Path) -> None:
    path = tmp_path / "chatbot.db"
    acknowledged: list[int] = []
    for kill in range(6):
        first = (acknowledged[-1] + 2) if acknowledged else 0
        with child(WRITER, path, first, 2000, 0) as writer:
            assert writer.stdout is not None
            acknowledged += [int(line) for line in islice(writer.stdout, random.randint(20, 400))]
            writer.kill()
            # What was acknowledged before the kill but not yet read.
            acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
        stored = stored_turns(path)
        assert stored == sorted(set(stored))
        assert set(acknowledged) <= set(stored)
        # At most the one turn in flight at each kill was stored without its acknowledgement.
        assert len(stored) - len(acknowledged) <= kill + 1


def test_a_full_quota_is_told_and_leaves_what_was_stored(tmp_path: Path) -> None:
    path = tmp_path / "chatbot.db"
    with child(WRITER, path, 0, 3000, 1_500_000) as writer:
        assert writer.stdout is not None
        *acknowledged, failure, kept = writer.stdout.read().splitlines()
    assert writer.returncode == 0
    assert failure.startswith(f"StoreFull The database {path} could not grow")
    assert int(kept) == 2 * len(acknowledged)
    assert stored_turns(path) == [int(number) for number in acknowledged]
    # With space again, writing goes on.
    clock = MovableClock()
    with closing(SQLiteStore(path, clock)) as store:
        store.save_turn(Turns(clock)("again"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("stands", [False, True], ids=["no file yet", "a file stands"])
def test_a_folder_that_is_not_writable_is_told(open_folder: Path, *, stands: bool) -> None:
    path = open_folder / "chatbot.db"
    if stands:
        SQLiteStore(path, MovableClock()).close()
        path.chmod(0o666)
    before = path.read_bytes() if stands else None
    open_folder.chmod(0o555)
    with child(OPENER, path) as opener:
        assert opener.stdout is not None
        said = opener.stdout.read()
    assert said.startswith(f"ConfigurationError The database {path} could not be opened")
    assert "writable" in said
    assert (path.read_bytes() if stands else None) == before


# Takes the key "hash" and waits.
HOLDER = """
import sys, time
from pathlib import Path
from shared.local.sqlite_store import SQLiteStore
from tests.contract.stores import MovableClock, Turns

clock = MovableClock()
print(SQLiteStore(Path(sys.argv[1]), clock).claim(Turns(clock).claim("theirs")).message_id, flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_held_is_free_at_once_and_what_a_living_one_holds_is_not(tmp_path: Path) -> None:
    path, clock = tmp_path / "chatbot.db", MovableClock()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "src:."},
    )
    with holder, closing(SQLiteStore(path, clock)) as store:
        try:
            assert holder.stdout
            assert holder.stdout.readline() == "theirs\n"
            assert store.claim(Turns(clock).claim("mine")).message_id == "theirs"
        finally:
            holder.kill()
            holder.wait()
        assert store.claim(Turns(clock).claim("mine")).message_id == "mine"
