"""The OpenAPI document: an example for every route, each of them true to its schema."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from chatbot import examples
from tests.serving import Home, events_of

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
        "POST /chat/{message_id}/stop",
        "GET /conversations",
        "GET /conversations/{conversation_id}",
        "PATCH /conversations/{conversation_id}",
        "DELETE /conversations/{conversation_id}",
        "GET /conversations/{conversation_id}/export",
        "POST /conversations/import",
        "GET /documents",
        "POST /documents",
        "GET /documents/{document_id}",
        "DELETE /documents/{document_id}",
        "POST /documents/{document_id}/retry",
        "GET /documents/{document_id}/download",
        "GET /documents/{document_id}/text",
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


def test_the_events_of_a_stream_are_components(document: dict[str, Any]) -> None:
    item = document["paths"]["/chat"]["post"]["responses"]["200"]["content"]["text/event-stream"]["itemSchema"]
    told = item["properties"]["data"]["contentSchema"]
    mapping = told["discriminator"]["mapping"]
    assert [*mapping] == item["properties"]["event"]["enum"]
    assert [each["$ref"] for each in told["oneOf"]] == [*mapping.values()]
    for name, reference in mapping.items():
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        assert schema["properties"]["type"]["const"] == name
        assert "type" in schema["required"]
        assert schema["examples"]


def test_every_event_of_the_example_is_one_of_them() -> None:
    assert [event.name for event in events_of(examples.CHAT_STREAM)][-1] == "done"


def test_the_document_is_made_once_and_refers_to_nothing_that_is_missing(home: Home, document: dict[str, Any]) -> None:
    assert home.app.openapi() is document
    names = set(re.findall(r"#/components/schemas/([A-Za-z]+)", json.dumps(document)))
    assert names <= document["components"]["schemas"].keys()


def test_the_web_interface_has_the_document_of_today() -> None:
    """Where this fails: make web-types, which writes the types of the web interface anew, too."""
    root = Path(__file__).parents[2]
    made = subprocess.run(
        [sys.executable, root / "scripts" / "openapi.py"],
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        capture_output=True,
        check=True,
    )
    assert made.stdout == (root / "web" / "openapi.json").read_bytes()
