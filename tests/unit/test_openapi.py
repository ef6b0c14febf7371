"""The OpenAPI document: an example for every route, each of them true to its schema."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from chatbot import examples
from tests.serving import Home

METHODS = ("get", "post", "patch", "delete", "put")


@pytest.fixture
def document(home: Home) -> dict[str, Any]:
    return home.app.openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def examples_of(document: dict[str, Any], content: dict[str, Any]) -> list[Any]:
    schema = content.get("schema", {})
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    found = document["components"]["schemas"].get(name, {}).get("examples", [])
    return [*found, *([content["example"]] if "example" in content else [])]


def test_every_route_of_the_contract_so_far_is_described(document: dict[str, Any]) -> None:
    assert {name for name, _ in operations(document)} == {
        "POST /chat",
        "GET /conversations",
        "GET /conversations/{conversation_id}",
        "PATCH /conversations/{conversation_id}",
        "DELETE /conversations/{conversation_id}",
        "GET /conversations/{conversation_id}/export",
        "GET /documents",
        "POST /documents",
        "GET /documents/{document_id}",
        "DELETE /documents/{document_id}",
        "POST /documents/{document_id}/retry",
        "POST /search",
        "GET /models",
        "GET /usage",
        "GET /health",
        "GET /health/detailed",
    }


def test_every_body_and_answer_has_an_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        contents += [answer["content"] for answer in operation["responses"].values() if "content" in answer]
        for content in contents:
            for media_type, described in content.items():
                assert examples_of(document, described), f"{name}: {media_type}"


def test_every_example_is_true_to_its_schema(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        whole = {
            **schema,
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": document["components"],
        }
        for example in schema.get("examples", []):
            problems = [problem.message for problem in jsonschema_rs.validator_for(whole).iter_errors(example)]
            assert problems == [], f"{name}: {problems}"


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation.get("description"), name


def test_the_example_of_a_stream_ends_as_streams_do() -> None:
    names = [line.removeprefix("event: ") for line in examples.CHAT_STREAM.splitlines() if line.startswith("event:")]
    assert names[0] == "start"
    assert names[-1] == "done"
