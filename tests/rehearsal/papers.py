"""The documents of the rehearsal: real PDFs where they are there, and one that is made."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests import documents
from tests.rehearsal.harness import PROJECT

#: Six PDFs of the public collection py-pdf/sample-files.
REAL = PROJECT.parent / "shared" / "data" / "pdfs"
_READY_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and where its answer stands."""

    text: str
    document: str
    page: int
    word: str


WARRANTY = Question("How long is the warranty of the Kestrel heat pump?", "heat pump.pdf", 2, "seven years")
AUSTRIA = Question("What is the capital of Austria?", "multicolumn.pdf", 3, "Vienna")


def papers(folder: Path) -> Path:
    """A new ``folder`` of PDFs; the one that is made has a space in its name."""
    if REAL.is_dir():
        shutil.copytree(REAL, folder, ignore=shutil.ignore_patterns("*.md"))
    folder.mkdir(exist_ok=True)
    pages = (
        "Installing the Kestrel heat pump takes one day. " + documents.prose(4),
        f"Warranty. The warranty of the Kestrel heat pump lasts {WARRANTY.word} from the date of purchase.",
    )
    (folder / WARRANTY.document).write_bytes(documents.pdf(pages))
    return folder


def wait_until_ready(api: httpx.Client, count: int) -> list[dict[str, Any]]:
    """The documents, once there are ``count`` and each is ready. Raises ``AssertionError`` where one fails."""
    deadline = time.monotonic() + _READY_SECONDS
    found: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        answer = api.get("/documents", params={"limit": 100})
        assert answer.status_code == 200, answer.text
        found = answer.json()["documents"]
        states = [each["status"] for each in found]
        assert "failed" not in states, found
        if states == ["ready"] * count:
            return found
        time.sleep(0.3)
    raise AssertionError(f"{count} documents were not ready within {_READY_SECONDS:.0f} s: {found}")


def assert_answered(api: httpx.Client, question: Question) -> dict[str, Any]:
    """Asks; the reply must cite the page where the answer stands. The reply."""
    answer = api.post("/chat", json={"message": question.text})
    assert answer.status_code == 200, answer.text
    reply: dict[str, Any] = answer.json()
    places = [(each["document"], each.get("page")) for each in reply["citations"] if question.word in each["text"]]
    assert (question.document, question.page) in places, reply
    assert reply["reply"].strip(), reply
    return reply
