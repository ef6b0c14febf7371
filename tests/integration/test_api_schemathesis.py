"""The OpenAPI document holds: whatever it allows or forbids, the API answers as it says, and never with a 5xx."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.fake_embedder import FakeEmbedder
from tests.serving import Client, build, local_documents, serving

_EXAMPLES = 60


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document as the running server gives it, with a conversation to find."""
    folder = Path(tmp_path_factory.mktemp("schemathesis"))
    home = build(folder, documents=local_documents(folder, FakeEmbedder()))
    with serving(home.app) as url:
        with Client(url) as client:
            client.say("hello", conversation_id="c1")
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


OPERATIONS = [
    ("post", "/chat"),
    ("post", "/chat/{message_id}/stop"),
    ("get", "/conversations"),
    ("get", "/conversations/{conversation_id}"),
    ("patch", "/conversations/{conversation_id}"),
    ("delete", "/conversations/{conversation_id}"),
    ("get", "/conversations/{conversation_id}/export"),
    ("post", "/conversations/import"),
    ("get", "/documents"),
    ("post", "/documents"),
    ("get", "/documents/{document_id}"),
    ("delete", "/documents/{document_id}"),
    ("post", "/documents/{document_id}/retry"),
    ("get", "/documents/{document_id}/content"),
    ("put", "/documents/{document_id}/content"),
    ("get", "/documents/{document_id}/download"),
    ("get", "/documents/{document_id}/text"),
    ("post", "/search"),
    ("get", "/models"),
    ("get", "/usage"),
    ("get", "/health"),
    ("get", "/health/detailed"),
]
#: Nothing that is sent to them can be wrong.
TAKE_NOTHING = {"/models", "/health", "/health/detailed"}
#: Refuse what a schema cannot forbid: blank texts, models that are not configured, cursors that nobody gave out, names
#: that no file can have, times that do not follow each other.
REFUSE_MORE = {
    ("get", "/documents"),
    ("post", "/documents"),
    ("post", "/search"),
    ("post", "/chat"),
    ("get", "/conversations"),
    ("get", "/conversations/{conversation_id}"),
    ("patch", "/conversations/{conversation_id}"),
    ("post", "/conversations/import"),
}


def test_the_document_has_these_operations_and_no_others(api: Any) -> None:
    found = [(method, path) for path, methods in api.raw_schema["paths"].items() for method in methods]
    assert sorted(found) == sorted(OPERATIONS)


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_api_answers_as_its_document_says(method: str, path: str, mode: GenerationMode, api: Any) -> None:
    operation = api[path][method.upper()]
    if mode is GenerationMode.NEGATIVE and path in TAKE_NOTHING:
        return
    refuses_more = mode is GenerationMode.POSITIVE and (method, path) in REFUSE_MORE

    @settings(
        max_examples=_EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        case.call_and_validate(timeout=20, excluded_checks=[positive_data_acceptance] if refuses_more else [])

    answers()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_has_an_example(method: str, path: str, api: Any) -> None:
    for status, answer in api.raw_schema["paths"][path][method]["responses"].items():
        assert answer.get("content") or status == "204"
        for content in answer.get("content", {}).values():
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            component = api.raw_schema["components"]["schemas"].get(name, {})
            assert {"example", "examples"} & {*content, *component}, (status, content)
