"""The part of the smoke test that is about documents: one goes up, is found, is cited, and goes again."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import chatbot_api
from chatbot_api import Answer, Api, Unreachable
from smoke_report import Failed, Report, expect

_READY_SECONDS = 300.0
# The index shows a fresh document ten seconds after it took it, or a minute.
_FOUND_SECONDS = 120.0
_BETWEEN_SECONDS = 2.0
_WAKING = frozenset({"index_waking", "index_unavailable", "retrieval_unavailable"})


def run(api: Api, report: Report) -> None:
    report.check("the index answers", lambda: wait_for_index(api, _READY_SECONDS))
    word = f"wharf{uuid.uuid4().hex[:8]}"
    with _document(api, report, word) as (document, name):
        report.check("document ready", lambda: _ready(api, document))
        report.check("document found", lambda: _found(api, document, word))
        report.check("answer cites it", lambda: _cited(api, document, name, word))
    report.check("document deleted", lambda: _deleted(api, document))


def wait_for_index(api: Api, seconds: float) -> str:
    """Asks until a search answers: an index that sleeps takes up to half a minute. Raises ``Failed``."""
    began = time.monotonic()
    while True:
        answer = api.call("POST", "/search", {"query": "lighthouse", "top_k": 1})
        waited = time.monotonic() - began
        if answer.status == 200:  # noqa: PLR2004
            return f"after {waited:.0f} s" if waited > _BETWEEN_SECONDS else ""
        # Right after a deployment the gateway may still send requests to what was there before.
        passing = answer.code in _WAKING or answer.code == "documents_disabled" or answer.status >= 500  # noqa: PLR2004
        if not passing or waited > seconds:
            raise Failed(
                f"expected POST /search: 200 within {seconds:.0f} s; found {answer}. "
                "The logs of the retrieval function say more; run this again to wait on."
            )
        time.sleep(_BETWEEN_SECONDS)


@contextmanager
def _document(api: Api, report: Report, word: str) -> Iterator[tuple[str, str]]:
    """A document with the word in it, by id and name; deleted afterwards, whatever happened."""
    name = f"smoke-test-{word}.md"
    document = report.check("document uploaded", lambda: _uploaded(api, name, word))
    try:
        yield document, name
    finally:
        with contextlib.suppress(Unreachable):
            api.call("DELETE", f"/documents/{document}")


def _uploaded(api: Api, name: str, word: str) -> str:
    text = f"# Smoke test\n\nThe pass phrase of the harbour office is {word}. It is asked for at the gate.\n"
    content = text.encode()
    begun = api.call("POST", "/documents", {"filename": name, "size": len(content), "content_type": "text/markdown"})
    expect(begun.status == 200, "POST /documents: 200", begun)  # noqa: PLR2004
    target: dict[str, Any] = begun.data["upload"]
    sent = chatbot_api.upload(target["method"], target["url"], target["headers"], content)
    expect(sent.status in (200, 201, 204), "the upload: 200", sent)
    document: str = begun.data["document_id"]
    return document


def _ready(api: Api, document: str) -> str:
    status, answer = _until(lambda: _state(api, document), {"ready", "failed"}, _READY_SECONDS)
    expect(status == "ready", f"status ready within {_READY_SECONDS:.0f} s", answer)
    return f"{answer.data.get('chunks')} chunk(s)"


def _state(api: Api, document: str) -> tuple[str, Answer]:
    answer = api.call("GET", f"/documents/{document}")
    expect(answer.status == 200, "GET of the document: 200", answer)  # noqa: PLR2004
    return str(answer.data["status"]), answer


def _found(api: Api, document: str, word: str) -> None:
    def search() -> tuple[str, Answer]:
        body = {"query": f"harbour office pass phrase {word}", "document_ids": [document]}
        answer = api.call("POST", "/search", body)
        hits = answer.data.get("results", []) if answer.status == 200 else []  # noqa: PLR2004
        return ("found" if any(word in hit["text"] for hit in hits) else "not found"), answer

    state, answer = _until(search, {"found"}, _FOUND_SECONDS)
    expect(state == "found", f"the document within {_FOUND_SECONDS:.0f} s", answer)


def _until(ask: Callable[[], tuple[str, Answer]], wanted: set[str], seconds: float) -> tuple[str, Answer]:
    """The first answer in a state that is wanted, or the last one within that time."""
    began = time.monotonic()
    while True:
        state, answer = ask()
        if state in wanted or time.monotonic() - began > seconds:
            return state, answer
        time.sleep(_BETWEEN_SECONDS)


def _cited(api: Api, document: str, name: str, word: str) -> str:
    conversation = f"smoke-{word}"
    body = {
        "message": "What is the pass phrase of the harbour office?",
        "conversation_id": conversation,
        "document_ids": [document],
    }
    try:
        answer = api.call("POST", "/chat", body)
    finally:
        with contextlib.suppress(Unreachable):
            api.call("DELETE", f"/conversations/{conversation}")
    expect(answer.status == 200, "POST /chat: 200", answer)  # noqa: PLR2004
    expect(answer.data["retrieval"] == "used", 'retrieval "used"', answer)
    cited = [citation["document"] for citation in answer.data["citations"]]
    expect(name in cited, f"a citation of {name}", cited)
    return f"[{cited[0]}]"


def _deleted(api: Api, document: str) -> None:
    answer = api.call("GET", f"/documents/{document}")
    expect(answer.status == 404, "GET of the deleted document: 404", answer)  # noqa: PLR2004
