"""The local database of documents against the machine: processes killed at work, a full quota, several at once."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from shared.documents import Generation
from shared.local.sqlite_documents import DocumentDatabase
from tests.contract.document_stores import by_keyword, by_vector, embedded, random_unit, record, search

ROOT = Path(__file__).parents[2]

# Adds a generation, then removes the one before it, again and again; prints what it is about to do and what is done.
WRITER = """
import sys
from pathlib import Path
from shared.documents import Generation
from shared.local.sqlite_documents import DocumentDatabase
from tests.contract.document_stores import embedded

path, first = Path(sys.argv[1]), int(sys.argv[2])
index = DocumentDatabase(path).index
for number in range(first, 1_000_000):
    index.add(Generation("owner", "d", f"g{number}", "builtin"), embedded([f"night {number} {n}" for n in range(700)]))
    print("added", number, flush=True)
    index.remove("owner", "d", keep=[f"g{number}"])
    print("removed", number, flush=True)
"""

# Adds chunks until the file cannot grow.
FILLER = """
import resource, sys
from pathlib import Path
from shared.documents import Generation
from shared.errors import ChatbotError
from shared.local.sqlite_documents import DocumentDatabase
from tests.contract.document_stores import embedded, search, random_unit

database = DocumentDatabase(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
mine, number = Generation("owner", "d", "g", "builtin"), 0
try:
    while True:
        database.index.add(mine, embedded(["night " + "x" * 2000], first=number))
        number += 1
except ChatbotError as error:
    print(type(error).__name__, error.message)
    print(number, database.index.count(mine), len(search(database.index, "night", random_unit(0), limit=9).by_vector))
"""

# Adds its own document bit by bit, searching in between.
ADDER = """
import sys
from pathlib import Path
from shared.documents import Generation
from shared.local.sqlite_documents import DocumentDatabase
from tests.contract.document_stores import add, by_keyword, embedded, record

database, name = DocumentDatabase(Path(sys.argv[1])), sys.argv[2]
database.catalogue.save(record(name))
for number in range(40):
    database.index.add(Generation("owner", name, name, "builtin"), embedded([f"night {name} {number}"], first=number))
    assert f"night {name} {number}" in by_keyword(database.index, f"night {name}", limit=100)
"""


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def sound(path: Path) -> None:
    """Checks the file, and that nothing in it has lost its other half."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute(
            "SELECT count(*) FROM chunks LEFT JOIN features USING (id) WHERE features.id IS NULL"
        ).fetchall() == [(0,)]


def test_a_process_killed_at_work_leaves_an_index_that_works(tmp_path: Path) -> None:
    path, first = tmp_path / "documents.db", 0
    added, removed = -1, -1
    for _ in range(6):
        with child(WRITER, path, first) as writer:
            assert writer.stdout is not None
            # Read as much as says that work goes on, then a little into what comes next.
            said = list(islice(writer.stdout, random.randint(1, 4)))
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(random.uniform(0, 0.3))
            writer.kill()
            said += [line for line in writer.stdout if line.endswith("\n")]
        added = max([added, *(int(line.split()[1]) for line in said if line.startswith("added"))])
        removed = max([removed, *(int(line.split()[1]) for line in said if line.startswith("removed"))])
        sound(path)
        check(path, added, removed)
        first = added + 2
    with closing(DocumentDatabase(path)) as database:
        database.index.remove("owner", "d")
    with closing(sqlite3.connect(path)) as connection:
        left = connection.execute(
            "SELECT (SELECT count(*) FROM generations), (SELECT count(*) FROM chunks), (SELECT count(*) FROM features)"
        )
        assert left.fetchall() == [(0, 0, 0)]


def check(path: Path, added: int, removed: int) -> None:
    """What was acknowledged is there, what was removed is not, and all of it can be found."""
    with closing(DocumentDatabase(path)) as database:
        index = database.index
        counts = {number: index.count(Generation("owner", "d", f"g{number}", "builtin")) for number in range(added + 2)}
        assert counts[added] == 700
        assert [number for number in range(removed) if counts[number]] == []
        hits = search(index, "night", random_unit(0), limit=5000)
        assert len(hits.by_vector) == len(hits.by_keyword) == sum(counts.values())
        live = f"g{added}"
        without = {hit.generation.generation for hit in hits.by_vector} - {live}
        found = search(index, "night", random_unit(0), limit=5000, without=without).by_vector
        assert {hit.generation.generation for hit in found} == {live}
        assert len(found) == 700


def test_a_full_quota_is_told_and_leaves_what_was_stored(tmp_path: Path) -> None:
    path = tmp_path / "documents.db"
    with child(FILLER, path) as filler:
        assert filler.stdout is not None
        failure, counts = filler.stdout.read().splitlines()
    assert filler.returncode == 0
    assert failure.startswith(f"StoreFull The database {path} could not grow")
    added, counted, found = map(int, counts.split())
    assert added == counted > 100
    assert found == 9
    sound(path)
    # With space again, writing goes on.
    with closing(DocumentDatabase(path)) as database:
        mine = Generation("owner", "d", "g", "builtin")
        database.index.add(mine, embedded(["more"], first=added))
        assert database.index.count(mine) == added + 1


def test_several_processes_may_add_at_once(tmp_path: Path) -> None:
    path = tmp_path / "documents.db"
    names = ["one", "two", "three"]
    adders = [child(ADDER, path, name) for name in names]
    with closing(DocumentDatabase(path)) as database:
        for adder in adders:
            with adder:
                assert adder.wait(120) == 0
            by_vector(database.index, random_unit(0))
        for name in names:
            expected = {f"night {name} {number}" for number in range(40)}
            assert set(by_keyword(database.index, name, limit=100)) == expected
        assert len(by_vector(database.index, random_unit(0), limit=500)) == 120
        listed = database.catalogue.list("owner", 10)
        assert {each.key for each in listed.items} == {record(name).key for name in names}
    sound(path)
