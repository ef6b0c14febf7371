"""The roles of the workflows: for one environment of one repository, able to deploy, and to do no more."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.infra.arns import arn_of
from tests.infra.resolve import Resolved, resolve_all, resolve_one
from tests.infra.rules.base import listed
from tests.infra.templates import GITHUB, ROOT, Template, parse
from tests.infra.tools import run_json, scan_tool
from tests.infra.world import VARIANTS

REPOSITORY = "owner@1/chatbot@2"
SUBJECT = "token.actions.githubusercontent.com:sub"
_LARGEST_POLICY = 6144

_NEVER_CALLED = Path(__file__).with_name("never_called.yaml")
#: Regular expressions of actions of CloudFormation's handlers that these templates never lead to.
NEVER_CALLED = [pattern for group in parse(_NEVER_CALLED.read_text(encoding="utf-8")).values() for pattern in group]

#: Granted beyond the handlers: nested stacks, which CloudFormation makes by the same calls as a person.
OF_STACKS = {
    f"cloudformation:{action}"
    for action in ("CreateStack", "UpdateStack", "DeleteStack", "TagResource", "UntagResource")
}
#: What DynamoDB asks of whoever makes a table under a customer key, and its handler's list does not name:
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
OF_TABLES = {"kms:ReEncryptFrom", "kms:ReEncryptTo"}
#: What the AWS CLI's `s3 sync`, `s3 rm` and `lambda invoke` call under other names.
OF_COMMANDS = {
    "s3:PutObject": "s3 cp",
    "s3:DeleteObjectVersion": "s3api delete-objects",
    "s3:ListBucketVersions": "s3api list-object-versions",
    "lambda:InvokeFunction": "lambda invoke",
}


@pytest.fixture(scope="module")
def roles(every_template: list[Template]) -> Resolved:
    (template,) = (each for each in every_template if each.name == GITHUB)
    return resolve_one(template, {"Repository": REPOSITORY, "Environment": "prod"})


def _statements(roles: Resolved, *policies: str) -> list[dict[str, Any]]:
    """Of the policies that are attached; the boundary (test_boundary.py) grants nothing."""
    return [
        statement
        for name, body in roles.of_type("AWS::IAM::ManagedPolicy").items()
        if name != "Boundary" and (not policies or name in policies)
        for statement in body["Properties"]["PolicyDocument"]["Statement"]
    ]


def _actions(roles: Resolved, *policies: str) -> set[str]:
    """What is allowed."""
    return {
        action
        for statement in _statements(roles, *policies)
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    }


@pytest.fixture(scope="module")
def handlers(every_template: list[Template]) -> dict[str, list[str]]:
    """What CloudFormation calls for each type of the other templates."""
    types = {r.type for each in every_template if each.name != GITHUB for r in each.resources}
    script = Path(__file__).with_name("handler_permissions.py")
    found = run_json(scan_tool("python"), str(script), *sorted(types - {"AWS::CloudFormation::Stack"}))
    return {str(key): list(value) for key, value in found.items()}


@pytest.mark.parametrize(("role", "environment"), [("PreviewRole", "prod-preview"), ("DeployRole", "prod")])
def test_a_role_is_for_one_environment_of_one_repository(roles: Resolved, role: str, environment: str) -> None:
    (statement,) = roles.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"]["StringEquals"][SUBJECT] == f"repo:{REPOSITORY}:environment:{environment}"


@pytest.mark.parametrize(
    ("repository", "fits"),
    [
        ("owner/chatbot", True),
        ("owner@123456/my.chat_bot@456789", True),
        ("owner/*", False),
        ("*", False),
        ("owner/chatbot:ref:refs/heads/main", False),
        ("owner", False),
        ("owner/chatbot@latest", False),
    ],
)
def test_a_repository_is_named_exactly(every_template: list[Template], repository: str, fits: bool) -> None:
    (template,) = (each for each in every_template if each.name == GITHUB)
    pattern = template.section("Parameters")["Repository"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, repository)) == fits


def test_the_preview_changes_nothing_that_is_deployed(roles: Resolved) -> None:
    changing = {a for a in _actions(roles, "PreviewPolicy") if not re.match(r"\w+:(Get|List|Describe)", a)}

    assert roles.resources["PreviewRole"]["Properties"]["ManagedPolicyArns"] == [
        "arn:aws:iam::123456789012:policy/PreviewPolicy"
    ]
    assert changing == {"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "s3:PutObject"}
    (uploads,) = (each for each in _statements(roles, "PreviewPolicy") if "s3:PutObject" in listed(each["Action"]))
    assert uploads["Resource"].endswith("-us-east-1/preview/*")


def test_every_policy_is_attached_and_small_enough(roles: Resolved) -> None:
    policies = roles.of_type("AWS::IAM::ManagedPolicy")
    attached = roles.resources["DeployRole"]["Properties"]["ManagedPolicyArns"]
    sizes = {
        name: len(json.dumps(body["Properties"]["PolicyDocument"], separators=(",", ":")))
        for name, body in policies.items()
    }

    assert {arn.rpartition("/")[2] for arn in attached} == policies.keys() - {"Boundary"}
    assert max(sizes.values()) <= _LARGEST_POLICY


def test_what_cloudformation_calls_is_granted(roles: Resolved, handlers: dict[str, list[str]]) -> None:
    granted = _actions(roles)
    never = re.compile("|".join(f"(?:{pattern})" for pattern in NEVER_CALLED))

    missing = {a: t for t, called in handlers.items() for a in called if a not in granted and not never.fullmatch(a)}

    assert missing == {}


def test_what_is_said_to_be_never_called_is_true(roles: Resolved, handlers: dict[str, list[str]]) -> None:
    called = {action for actions in handlers.values() for action in actions}
    idle = [pattern for pattern in NEVER_CALLED if not any(re.fullmatch(pattern, action) for action in called)]
    granted = [(p, a) for p in NEVER_CALLED for a in _actions(roles, "DataPolicy", "RolesPolicy") if re.fullmatch(p, a)]

    assert idle == []
    assert granted == []


def test_nothing_is_granted_that_nobody_calls(roles: Resolved, handlers: dict[str, list[str]]) -> None:
    called = {action for actions in handlers.values() for action in actions}
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "scripts").rglob("*.sh"))

    unused = {a for a in _actions(roles) - called - OF_STACKS - OF_TABLES if _command(a) not in scripts}

    assert unused == set()


def _command(action: str) -> str:
    """``bedrock:GetInferenceProfile`` is ``get-inference-profile`` on the command line."""
    name = action.partition(":")[2]
    return OF_COMMANDS.get(action, re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower())


def test_a_deployment_reads_neither_tables_nor_documents(roles: Resolved) -> None:
    documents = "arn:aws:s3:::chatbot-prod-documents-123456789012-us-east-1"
    of_documents = {
        action
        for statement in _statements(roles)
        if documents in listed(statement["Resource"]) or f"{documents}/*" in listed(statement["Resource"])
        for action in listed(statement["Action"])
    }

    assert not {a for a in _actions(roles) if re.fullmatch(r"dynamodb:(.*Item|Query|Scan|PartiQL.*)", a)}
    assert not {a for a in of_documents if "Object" in a and a != "s3:GetBucketObjectLockConfiguration"}


def test_environments_do_not_reach_each_other(roles: Resolved) -> None:
    others = [
        resource
        for statement in _statements(roles)
        for resource in listed(statement["Resource"])
        if "chatbot-" in resource and "chatbot-prod" not in resource
    ]

    assert others == []


def test_what_the_templates_name_is_within_reach(roles: Resolved, every_template: list[Template]) -> None:
    reach = [resource for statement in _statements(roles) for resource in listed(statement["Resource"])]
    prod = resolve_all(every_template, VARIANTS["prod, OpenSearch, all there is"])
    arns = {
        arn_of(logical_id, body)
        for stack in prod.values()
        for logical_id, body in stack.resources.items()
        if "chatbot-prod" in arn_of(logical_id, body)
    }

    assert len(arns) > 10
    assert [
        arn for arn in sorted(arns) if not any(fnmatchcase(arn, pattern) for pattern in reach if pattern != "*")
    ] == []


def test_a_workflow_cannot_widen_its_own_role_but_can_make_those_of_the_functions(roles: Resolved) -> None:
    (deny,) = (statement for statement in _statements(roles, "RolesPolicy") if statement["Sid"] == "NotItself")
    at_all = "arn:aws:iam::123456789012:role/"
    own = [f"{at_all}chatbot-prod-github-DeployRole-1A2B", f"{at_all}chatbot-github-prod-PreviewRole-1A2B"]
    functions = [f"{at_all}chatbot-prod-SecurityStack-1A2B-{name}-3C4D" for name in ("ChatRole", "CodeDeployRole")]

    assert all(any(fnmatchcase(arn, pattern) for pattern in deny["Resource"]) for arn in own)
    assert not any(fnmatchcase(arn, pattern) for pattern in deny["Resource"] for arn in functions)
