"""The boundary of the environment's roles is narrow, and nobody who deploys gets round it.

That it is wide enough for what the roles do is tested where that is recorded, in ``test_least_privilege.py``.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.iam.boundary import github, statements_for
from tests.infra.iam.deployment import VARIANTS
from tests.infra.iam.evaluation import Request, is_allowed
from tests.infra.iam.evidence import granted
from tests.infra.iam.needs import as_context
from tests.infra.iam.policies import Statement
from tests.infra.resolve import Resolved, resolve_all
from tests.infra.rules.base import listed
from tests.infra.templates import templates
from tests.infra.world import VARIANTS as WORLD

_BOUNDARY = "arn:aws:iam::123456789012:policy/Boundary"
_ROLE = "arn:aws:iam::123456789012:role/chatbot-prod-SecurityStack-1A2B-ChatRole-3C4D"
_DEPLOYER = "arn:aws:iam::123456789012:role/DeployRole"
_OTHERS = f"{_BOUNDARY.removesuffix('Boundary')}other"


def test_it_names_no_action_that_no_role_has() -> None:
    held = {
        action
        for variant in VARIANTS
        for statement in granted(variant)
        if statement.kind == "identity"
        for action in statement.actions
    }

    assert {action for each in statements_for("prod", ["r"], "Boundary") for action in each.actions} == held


def test_it_stays_within_the_environment() -> None:
    """But for models, of which nobody owns one, and for what AWS makes up the ids of."""
    statements = [each for each in statements_for("prod", ["r"], "Boundary") if not each.conditions]
    others = {r for each in statements for r in each.resources if "chatbot-prod" not in r}

    assert {resource.split(":")[2] for resource in others if resource != "*"} == {"bedrock", "aoss"}


def test_every_role_takes_it() -> None:
    name = "prod, OpenSearch, all there is"
    for boundary, given in ((WORLD[name]["PermissionsBoundaryArn"], {}), (None, {"PermissionsBoundaryArn": ""})):
        stacks = resolve_all(templates(), {**WORLD[name], **given})
        found = [role["Properties"].get("PermissionsBoundary") for s in stacks.values() for role in _roles(s)]
        assert found == [boundary] * 4


def _roles(stack: Resolved) -> list[dict[str, Any]]:
    return [*stack.of_type("AWS::IAM::Role").values()]


@pytest.mark.parametrize(
    ("action", "resource", "boundary", "allowed"),
    [
        ("iam:CreateRole", _ROLE, _BOUNDARY, True),
        ("iam:CreateRole", _ROLE, _OTHERS, False),
        ("iam:CreateRole", _ROLE, None, False),
        ("iam:PutRolePolicy", _ROLE, _BOUNDARY, True),
        ("iam:PutRolePolicy", _ROLE, _OTHERS, False),
        ("iam:PutRolePolicy", _ROLE, None, False),
        ("iam:PutRolePermissionsBoundary", _ROLE, _BOUNDARY, True),
        ("iam:PutRolePermissionsBoundary", _ROLE, _OTHERS, False),
        ("iam:PutRolePermissionsBoundary", _DEPLOYER, _BOUNDARY, False),
        ("iam:DeleteRolePermissionsBoundary", _ROLE, _BOUNDARY, False),
        ("iam:AttachRolePolicy", _ROLE, _BOUNDARY, False),
        ("iam:CreatePolicyVersion", _BOUNDARY, None, False),
        ("iam:SetDefaultPolicyVersion", _BOUNDARY, None, False),
    ],
)
def test_who_deploys_gives_no_right_without_it(
    action: str, resource: str, boundary: str | None, *, allowed: bool
) -> None:
    context = as_context({"iam:permissionsboundary": boundary} if boundary else {})
    attached = listed(github("prod").resources["DeployRole"]["Properties"]["ManagedPolicyArns"])
    statements = statements_for("prod", ["DeployRole"], *(arn.rpartition("/")[2] for arn in attached))

    assert is_allowed(Request(_DEPLOYER, action, resource, context), statements) is allowed


@pytest.mark.parametrize("action", ["iam:DeleteRolePermissionsBoundary", "iam:CreatePolicyVersion"])
def test_not_even_another_policy_would_let_it(action: str) -> None:
    resource = _ROLE if "Role" in action else _BOUNDARY
    everything = Statement("Administrator", "identity", "Allow", (_DEPLOYER,), ("*",), ("*",))
    statements = [*statements_for("prod", ["DeployRole"], "RolesPolicy"), everything]

    assert not is_allowed(Request(_DEPLOYER, action, resource), statements)
    assert is_allowed(Request(_DEPLOYER, "iam:GetRole", _ROLE), statements)
