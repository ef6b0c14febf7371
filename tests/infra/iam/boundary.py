"""The policies of github.yaml, as statements of the roles that have them."""

from __future__ import annotations

from tests.infra.iam.deployment import Deployment, Resource
from tests.infra.iam.policies import Statement, statements_of
from tests.infra.resolve import Resolved, resolve_one
from tests.infra.templates import GITHUB, templates


def github(environment: str) -> Resolved:
    """The template for this environment."""
    (template,) = (each for each in templates() if each.name == GITHUB)
    return resolve_one(template, {"Repository": "me/chat", "Environment": environment})


def statements_for(environment: str, roles: list[str], *policies: str) -> list[Statement]:
    """The statements of the policies, as if the roles had them."""
    found = github(environment).resources
    bodies = [found[each]["Properties"]["PolicyDocument"] for each in policies]
    made = (Resource(GITHUB, "P", "AWS::IAM::Policy", {"Roles": roles, "PolicyDocument": body}) for body in bodies)
    return [*statements_of(Deployment({}, tuple(made)))]
