"""A smoke test of the deployed chatbot: a line for each check, with its time.

    python3 scripts/smoke.py ENV URL                 everything; what it makes there it deletes again
    python3 scripts/smoke.py ENV URL --wait-index    only waits until the index of documents answers

URL is the one that the stack says; the configuration of the command line, which has the key, must name the same.
Status 1 at the first check that fails, with what was expected and what was found; 2 where it could not begin.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import smoke_documents
from chatbot_api import Answer, Api, Event, Unreachable, deployed
from cli_config import Mistake
from smoke_report import Failed, Report, expect

_INDEX_SECONDS = 300.0
_QUESTION = "In one sentence: what is a lighthouse for?"
_LONGER = "Count from one to thirty, in words."
# Below this no stream is long enough to tell whether it was held back.
_JUDGED_SECONDS = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("env")
    parser.add_argument("url")
    parser.add_argument("--wait-index", action="store_true")
    arguments = parser.parse_args()
    report = Report(sys.stdout)
    try:
        api = deployed(arguments.env, arguments.url)
        if arguments.wait_index:
            report.check("the index answers", lambda: smoke_documents.wait_for_index(api, _INDEX_SECONDS))
        else:
            _run(api, report)
    except Mistake as mistake:
        sys.stderr.write(f"smoke.py: {mistake}\n")
        return 2
    except (Failed, Unreachable) as error:
        sys.stderr.write(f"smoke.py: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(api: Api, report: Report) -> None:
    report.check("health", lambda: _health(api))
    report.check("no answer without the key", lambda: _locked(api))
    with _conversation(api) as conversation:
        first = report.check("chat", lambda: _chat(api, conversation))
        report.check("the same request again, one turn", lambda: _repeat(api, conversation, first))
        report.check("stream", lambda: _stream(api, conversation))
        report.check("history", lambda: _history(api, conversation))
        report.check("export", lambda: _export(api, conversation))
    report.check("deleted", lambda: _gone(api, conversation))
    listed = api.call("GET", "/documents?limit=1")
    if listed.code == "documents_disabled":
        report.line("documents are off (scripts/enable-rag.sh switches them on)")
    else:
        expect(listed.status == 200, "GET /documents: 200", listed)  # noqa: PLR2004
        smoke_documents.run(api, report)


@contextmanager
def _conversation(api: Api) -> Iterator[str]:
    """An id for a conversation, which is deleted afterwards, whatever happened."""
    conversation = f"smoke-{uuid.uuid4()}"
    try:
        yield conversation
    except BaseException:
        with contextlib.suppress(Unreachable):
            api.call("DELETE", f"/conversations/{conversation}")
        raise
    deleted = api.call("DELETE", f"/conversations/{conversation}")
    expect(deleted.status == 204, "DELETE of the conversation: 204", deleted)  # noqa: PLR2004


def _health(api: Api) -> str:
    answer = api.call("GET", "/health", key=False)
    expect(answer.status == 200 and answer.data["status"] == "ok", "GET /health: 200, status ok", answer)  # noqa: PLR2004
    return f"version {answer.data['version']}, {answer.data['model']}"


def _locked(api: Api) -> str:
    answer = api.call("GET", "/conversations", key=False)
    expect(answer.status in (401, 403), "GET /conversations without the key: 403", answer)
    return f"{answer.status}"


def _chat(api: Api, conversation: str) -> dict[str, Any]:
    answer = _ask(api, conversation)
    expect(answer.status == 200, "POST /chat: 200", answer)  # noqa: PLR2004
    data: dict[str, Any] = answer.data
    expect(bool(data["reply"].strip()), "a reply that is not empty", answer)
    expect(data["conversation_id"] == conversation, f"conversation_id {conversation}", answer)
    return data


def _ask(api: Api, conversation: str) -> Answer:
    body = {"message": _QUESTION, "conversation_id": conversation, "use_documents": False}
    return api.call("POST", "/chat", body, idempotency_key=conversation)


def _repeat(api: Api, conversation: str, first: dict[str, Any]) -> None:
    answer = _ask(api, conversation)
    expect(answer.status == 200, "POST /chat with the same Idempotency-Key: 200", answer)  # noqa: PLR2004
    expect(answer.data["message_id"] == first["message_id"], f"message_id {first['message_id']} again", answer)


def _stream(api: Api, conversation: str) -> str:
    body = {"message": _LONGER, "conversation_id": conversation, "use_documents": False, "stream": True}
    events = list(api.stream("/chat", body))
    kinds = [event.data.get("type") for event in events]
    expect(bool(kinds) and kinds[0] == "start", "start as the first event", kinds[:3])
    expect(kinds[-1] == "done", "done as the last event", events[-1].data)
    expect("delta" in kinds, "a delta event", kinds)
    return _pace(events)


def _pace(events: list[Event]) -> str:
    first, last = events[0].at, events[-1].at
    text = [event.at for event in events if event.data.get("type") == "delta"]
    held_back = last > _JUDGED_SECONDS and len(text) > 1 and last - first < 0.01 * last
    expect(not held_back, "events one after the other", f"all {len(events)} at once, after {last:.1f} s")
    return f"first event {first:.2f} s, first text {text[0]:.2f} s, {len(events)} events"


def _history(api: Api, conversation: str) -> str:
    answer = api.call("GET", f"/conversations/{conversation}")
    expect(answer.status == 200, "GET of the conversation: 200", answer)  # noqa: PLR2004
    roles = [message["role"] for message in answer.data["messages"]]
    expect(roles == ["user", "assistant"] * 2, "two turns, user and assistant in turn", roles)
    texts = [message["text"] for message in answer.data["messages"]]
    expect(texts[0] == _QUESTION and texts[2] == _LONGER, "the two questions as they were asked", texts[::2])
    listed = api.call("GET", "/conversations?limit=200")
    ids = [item["conversation_id"] for item in (listed.data or {}).get("conversations", [])]
    expect(conversation in ids, f"{conversation} among the latest conversations", listed)
    return f"{len(roles)} messages"


def _export(api: Api, conversation: str) -> None:
    markdown = api.call("GET", f"/conversations/{conversation}/export?format=markdown")
    expect(_QUESTION in markdown.content.decode("utf-8", "replace"), "the question in the Markdown export", markdown)
    as_json = api.call("GET", f"/conversations/{conversation}/export?format=json")
    expect(as_json.data is not None and _QUESTION in str(as_json.data), "the question in the JSON export", as_json)


def _gone(api: Api, conversation: str) -> None:
    answer = api.call("GET", f"/conversations/{conversation}")
    expect(answer.status == 404, "GET of the deleted conversation: 404", answer)  # noqa: PLR2004


if __name__ == "__main__":
    sys.exit(main())
