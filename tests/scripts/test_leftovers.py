"""What the inventory of cleanup.sh takes for this environment's, and what for somebody else's or not known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jmespath  # type: ignore[import-untyped]
import pytest

from tests.scripts.accounts import STACK, emptied_account, with_stack
from tests.scripts.shell import Result, Shell

ROOT = Path(__file__).parents[2]

_NO_CONNECTION = 'Could not connect to the endpoint URL: "https://somewhere.us-east-1.amazonaws.com/"'
_OTHER_ROOT = STACK.replace("chatbot-dev", "chatbot-dev-tools")


def asked(result: Result, call: str, answer: dict[str, Any]) -> Any:
    """What the query of that call takes out of the service's answer."""
    [query] = [found[1] for each in result.calls if (found := re.search(rf"^{call} .*?--query (.*) --output", each))]
    return jmespath.search(query, answer)


@pytest.fixture
def listing(shell: Shell) -> Result:
    emptied_account(shell)
    result = shell.run("cleanup.sh", "dev", "--purge", "--dry-run")
    assert result.status == 0, result.text
    return result


def test_without_a_network_nothing_is_taken_for_gone(shell: Shell) -> None:
    emptied_account(shell)
    shell.answer("iam list-roles|lambda list-functions", error=_NO_CONNECTION)
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    result.refused("not all of chatbot-dev is gone", script="cleanup.sh")
    assert "unknown: function could not be listed: Could not connect" in result.err
    assert "unknown: role could not be listed: Could not connect" in result.err


def test_a_service_that_the_region_lacks_has_nothing_there(shell: Shell) -> None:
    emptied_account(shell)
    shell.answer("^(s3vectors|opensearchserverless) ", error=_NO_CONNECTION)
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 0, result.text
    assert "nothing else of chatbot-dev is left" in result.out


def test_roles_of_another_region_or_of_somebody_else_are_not_named(listing: Result) -> None:
    roles = {
        "chatbot-dev-SecurityStack-1-ChatRole-2": "What chatbot-dev-chat may do in us-east-1.",
        "chatbot-dev-SecurityStack-3-ChatRole-4": "What chatbot-dev-chat may do in eu-west-1.",
        "chatbot-dev-mine": None,
    }
    answer = {"Roles": [{"RoleName": name, "Description": text} for name, text in roles.items() if text]}
    answer["Roles"].append({"RoleName": "chatbot-dev-mine"})
    assert asked(listing, "iam list-roles", answer) == ["chatbot-dev-SecurityStack-1-ChatRole-2"]


def test_budgets_and_dashboards_of_another_region_are_not_named(listing: Result) -> None:
    names = ["chatbot-dev", "chatbot-dev-us-east-1", "chatbot-dev-eu-west-1"]
    budgets = {"Budgets": [{"BudgetName": f"{name}-me@example.com"} for name in names]}
    dashboards = {"DashboardEntries": [{"DashboardName": name} for name in names]}
    assert asked(listing, "budgets describe-budgets", budgets) == ["chatbot-dev-us-east-1-me@example.com"]
    assert asked(listing, "cloudwatch list-dashboards", dashboards) == ["chatbot-dev-us-east-1"]


_STACKS: list[dict[str, Any]] = [
    {"StackName": "chatbot-dev"},
    {"StackName": "chatbot-dev-ComputeStack-X1", "RootId": STACK},
    {"StackName": "chatbot-dev-WebStack-of-an-earlier-one", "RootId": STACK.replace("1234", "0999")},
    {"StackName": "chatbot-dev", "StackStatus": "DELETE_COMPLETE"},
    {"StackName": "chatbot-dev-tools"},
    {"StackName": "chatbot-dev-tools-Part-X2", "RootId": _OTHER_ROOT},
]


def test_stacks_that_only_begin_alike_are_not_named(listing: Result) -> None:
    names = [each["StackName"] for each in _STACKS[:3]]
    assert asked(listing, "cloudformation list-stacks", {"StackSummaries": _STACKS}) == names


def test_the_state_shows_no_stack_that_only_begins_alike(shell: Shell) -> None:
    emptied_account(shell)
    with_stack(shell, "UPDATE_COMPLETE")
    result = shell.run("status.sh", "dev")
    [call] = [each for each in result.calls if "list-stacks" in each]
    shown = jmespath.search(call.partition("--query ")[2], {"StackSummaries": _STACKS})
    assert [row[0] for row in shown] == [each["StackName"] for each in _STACKS[:3]]


def test_every_role_of_the_templates_says_its_region() -> None:
    text = (ROOT / "infra" / "cloudformation" / "security.yaml").read_text("utf-8")
    roles = text.split("    Type: AWS::IAM::Role\n")[1:]
    assert roles
    for role in roles:
        assert re.match(r'(?s:.*?)\n      Description: !Sub "[^"]* in \$\{AWS::Region\}\."\n', role), role[:200]
