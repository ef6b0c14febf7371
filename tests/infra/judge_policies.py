"""Has parliament and policy_sentry judge policies. Run by the interpreter of ``.venv-scan``, where both are installed.

Standard input: ``[{"name": str, "kind": "identity" | ..., "document": {...}}]``, everything resolved. Standard output:
``[{"name": str, "issue": str, "detail": str}]``; ``UNKNOWN`` stands for an action that no tool here knows.
"""

from __future__ import annotations

import fnmatch
import json
import re
import sys
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import parliament
from policy_sentry.querying.actions import get_action_data
from policy_sentry.querying.all import get_all_service_prefixes

#: parliament's data is older than the newest services.
_PARLIAMENT_KNOWS = frozenset(
    f"{service['prefix']}:{privilege['privilege']}".lower()
    for service in parliament.iam_definition
    for privilege in service["privileges"]
)
#: That a principal may be missing is for the kinds of policy to say, which parliament does not know.
_NOT_ASKED = {"NO_VERSION", "OLD_VERSION"}


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _newest_actions() -> dict[str, Any]:
    """Prefix -> actions in lower case -> their resource types: the data of cfn-lint, which is renewed every week."""
    text = files("cfnlint").joinpath("data/AdditionalSpecs/Policies.json").read_text(encoding="utf-8")
    return {prefix: service["Actions"] for prefix, service in json.loads(text).items()}


def _by_parliament(policy: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Wrong names, resources that an action cannot have, conditions that it does not know, statements that clash."""
    if policy["kind"] != "identity":
        return
    document = {**policy["document"], "Statement": list(_familiar(policy["document"]))}
    for found in parliament.analyze_policy_string(json.dumps(document)).findings if document["Statement"] else ():
        if found.issue not in _NOT_ASKED and not _is_optional(found, document):
            yield found.issue, str(found.detail)


def _familiar(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The statements without actions that are newer than parliament: at the first of those it would stop looking."""
    for statement in _listed(document["Statement"]):
        actions = [
            each for each in _listed(statement.get("Action")) if each.lower() in _PARLIAMENT_KNOWS or "*" in each
        ]
        if actions or "Action" not in statement:
            yield {**statement, "Action": actions} if actions else statement


def _is_optional(found: Any, document: dict[str, Any]) -> bool:
    """Whether it only misses further types of resource: it wants all that an action may have, where one is enough."""
    if found.issue != "RESOURCE_MISMATCH":
        return False
    return all(
        any(
            fnmatch.fnmatchcase(resource, form)
            for statement in _listed(document["Statement"])
            if action in _listed(statement.get("Action"))
            for resource in _listed(statement.get("Resource"))
            for form in _forms(action)
        )
        for action in {each["action"] for each in found.detail}
    )


def _forms(action: str) -> list[str]:
    """The ARNs that an action may be bound to, with ``*`` for what varies."""
    prefix, _, name = action.partition(":")
    return [
        re.sub(r"\$\{[^}]+\}", "*", each["resource_arn_format"])
        for each in get_action_data(prefix, name)[prefix]
        if each["resource_arn_format"] != "*"
    ]


def _by_policy_sentry(policy: dict[str, Any], newest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Actions that do not exist; and ``Resource: '*'`` where the action could be bound to a resource."""
    for statement in _listed(policy["document"]["Statement"]):
        for action in _listed(statement.get("Action")):
            prefix, _, name = action.partition(":")
            if "*" in name or "*" in prefix:
                continue
            known = get_action_data(prefix, name) if prefix in get_all_service_prefixes() else None
            fresh = newest.get(prefix, {}).get(name.lower())
            if not known and fresh is None:
                yield "UNKNOWN", action
            if policy["kind"] == "identity" and _listed(statement.get("Resource")) == ["*"]:
                formats = {each["resource_arn_format"] for each in (known or {}).get(prefix, [])} - {"*"}
                if (formats or (fresh or {}).get("Resources")) and "Condition" not in statement:
                    yield "STAR", f"{action} can be bound to {sorted(formats) or fresh}"


def main() -> None:
    newest = _newest_actions()
    report = [
        {"name": policy["name"], "issue": issue, "detail": detail}
        for policy in json.load(sys.stdin)
        for judge in (_by_parliament(policy), _by_policy_sentry(policy, newest))
        for issue, detail in judge
    ]
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
