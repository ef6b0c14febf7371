"""Every policy of the templates, resolved in every variant, judged by parliament and policy_sentry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.infra.rules.access import WITHOUT_RESOURCES, documents
from tests.infra.templates import Template
from tests.infra.tools import run_json, scan_tool
from tests.infra.waivers import Finding, problems
from tests.infra.world import World

_JUDGE = Path(__file__).with_name("judge_policies.py")


def judge(policies: list[dict[str, Any]]) -> set[Finding]:
    """What is wrong with policies; their names are ``template/resource``."""
    report = run_json(scan_tool("python"), str(_JUDGE), stdin=json.dumps(policies))
    return {_finding(**found) for found in report}


def _finding(name: str, issue: str, detail: str) -> Finding:
    template, _, resource = name.partition("/")
    return Finding(template, resource, issue, detail)


def policies_of(world: World) -> list[dict[str, Any]]:
    """Every policy once, named by its resource."""
    found = {}
    for resource in world.resources():
        for _, kind, document in documents(resource):
            policy = {"name": f"{resource.template}/{resource.logical_id}", "kind": kind, "document": document}
            found[json.dumps(policy)] = policy
    return list(found.values())


TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/chatbot-dev-documents"
FOREIGN_KEY = {"StringEquals": {"s3:prefix": "a"}}

#: Policies with one thing wrong: what has to be said of them, and their statement.
WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "no such action": ("UNKNOWN", {"Action": "dynamodb:GetItems", "Resource": TABLE}),
    "no such service": ("UNKNOWN", {"Action": "dynamo:GetItem", "Resource": TABLE}),
    "a bucket is no object": ("RESOURCE_MISMATCH", {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}),
    "no ARN": ("INVALID_ARN", {"Action": "dynamodb:GetItem", "Resource": "table/chatbot-dev-documents"}),
    "every table": ("STAR", {"Action": "dynamodb:GetItem", "Resource": "*"}),
    "every vector": ("STAR", {"Action": "s3vectors:QueryVectors", "Resource": "*"}),
    "no such condition": (
        "UNKNOWN_CONDITION_FOR_ACTION",
        {"Action": "dynamodb:GetItem", "Resource": TABLE, "Condition": FOREIGN_KEY},
    ),
}
RIGHT = {"Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": TABLE}
FREE = {"Action": sorted(WITHOUT_RESOURCES), "Resource": "*"}


#: Policies that no template has.
SAMPLE = "sample"


def _identity(name: str, statement: dict[str, Any]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    return {"name": f"{SAMPLE}/{name}", "kind": "identity", "document": document}


@pytest.fixture(scope="module")
def judged(world: World) -> set[Finding]:
    """What is wrong with the policies of the templates and with the samples: loading the judges takes the longest."""
    samples = {name: statement for name, (_, statement) in WRONG.items()} | {"right": RIGHT, "free": FREE}
    return judge([*policies_of(world), *(_identity(*each) for each in samples.items())])


def _issues(judged: set[Finding], sample: str) -> set[str]:
    return {each.rule for each in judged if (each.template, each.logical_id) == (SAMPLE, sample)}


def test_nothing_is_wrong_with_any_policy(judged: set[Finding], world: World, every_template: list[Template]) -> None:
    assert len(policies_of(world)) > 20
    assert problems("parliament", {each for each in judged if each.template != SAMPLE}, every_template) == []


def test_wrong_policies_would_be_found_and_right_ones_pass(judged: set[Finding]) -> None:
    assert [name for name, (issue, _) in WRONG.items() if issue not in _issues(judged, name)] == []
    assert _issues(judged, "right") == set()


def test_actions_that_our_rule_allows_on_everything_know_no_resource(judged: set[Finding]) -> None:
    assert _issues(judged, "free") == set()
