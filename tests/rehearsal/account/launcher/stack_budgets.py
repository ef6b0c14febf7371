"""Budgets and CodeDeploy in stacks, which ministack has no types for."""

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import get_account_id, new_uuid
from ministack.services import budgets, iam

from tests.rehearsal.account.launcher.control import Request, Response, answer
from tests.rehearsal.account.launcher.resources import Made, Props, add, exists_already, refused
from tests.rehearsal.account.launcher.stack_forgotten import camel

_TARGET = "CodeDeploy_20141006."
_applications: dict[str, Props] = {}
_groups: dict[tuple[str, str], Props] = {}


def install() -> None:
    add("AWS::Budgets::Budget", create=_make_budget, update=_change_budget, delete=_drop_budget)
    add("AWS::CodeDeploy::Application", create=_make_application, delete=_drop_application)
    add(
        "AWS::CodeDeploy::DeploymentGroup",
        create=_make_group,
        update=_change_group,
        delete=lambda name, props: _drop_group(props),
    )


def _make_budget(_: str, props: Props, __: str) -> Made:
    name = props["Budget"]["BudgetName"]
    refused(
        budgets._create_budget(
            {
                "AccountId": get_account_id(),
                "Budget": _with_text_amounts(props["Budget"]),
                "NotificationsWithSubscribers": props.get("NotificationsWithSubscribers", []),
                "ResourceTags": props.get("ResourceTags", []),
            }
        )
    )
    return name, {}


def _change_budget(name: str, old: Props, new: Props, stack: str) -> Made:
    if old["Budget"]["BudgetName"] != new["Budget"]["BudgetName"]:
        return _make_budget("", new, stack)
    if old.get("NotificationsWithSubscribers") != new.get("NotificationsWithSubscribers"):
        # They can only be given to a new one, which CloudFormation makes before it takes the old one away.
        raise exists_already("AWS::Budgets::Budget", name)
    refused(budgets._update_budget({"AccountId": get_account_id(), "NewBudget": _with_text_amounts(new["Budget"])}))
    return name, {}


def _drop_budget(name: str, _: Props) -> None:
    if name in budgets._budgets:
        refused(budgets._delete_budget({"BudgetName": name}))


def _with_text_amounts(budget: Props) -> Props:
    """Amounts are text in the API, and numbers in templates."""
    limit = budget.get("BudgetLimit")
    return {**budget, "BudgetLimit": {**limit, "Amount": str(limit["Amount"])}} if limit else budget


def _make_application(logical_id: str, props: Props, stack: str) -> Made:
    name = props.get("ApplicationName") or f"{stack}-{logical_id}-{new_uuid()[:8]}"
    if name in _applications:
        raise ValueError(f"Application already exists: {name} (HandlerErrorCode: AlreadyExists)")
    _applications[name] = {
        "applicationId": new_uuid(),
        "applicationName": name,
        "createTime": time.time(),
        "computePlatform": props.get("ComputePlatform", "Server"),
    }
    return name, {}


def _drop_application(name: str, _: Props) -> None:
    _applications.pop(name, None)
    for key in [each for each in _groups if each[0] == name]:
        del _groups[key]


def _make_group(logical_id: str, props: Props, stack: str) -> Made:
    application = props["ApplicationName"]
    name = props.get("DeploymentGroupName") or f"{stack}-{logical_id}-{new_uuid()[:8]}"
    if application not in _applications:
        raise ValueError(f"No application found for name: {application}")
    if (application, name) in _groups:
        raise ValueError(f"Deployment group already exists: {name} (HandlerErrorCode: AlreadyExists)")
    return _put_group(name, props)


def _put_group(name: str, props: Props) -> Made:
    role = iam._roles.get(props["ServiceRoleArn"].rpartition("/")[2])
    if role is None or "codedeploy.amazonaws.com" not in str(role.get("AssumeRolePolicyDocument")):
        raise ValueError("AWS CodeDeploy does not have the permissions required to assume the role")
    _groups[props["ApplicationName"], name] = {
        **camel(props),
        "deploymentGroupName": name,
        "deploymentGroupId": new_uuid(),
    }
    return name, {}


def _change_group(name: str, old: Props, new: Props, stack: str) -> Made:
    if any(old.get(key) != new.get(key) for key in ("ApplicationName", "DeploymentGroupName")):
        return _make_group("", new, stack)
    return _put_group(name, new)


def _drop_group(props: Props) -> None:
    for key in [each for each in _groups if each == (props["ApplicationName"], props.get("DeploymentGroupName", ""))]:
        del _groups[key]


async def plane(request: Request) -> Response | None:
    """What CodeDeploy tells about itself."""
    target = request.headers.get("x-amz-target", "")
    if not target.startswith(_TARGET):
        return None
    body = request.json()
    found: Any = None
    match target.removeprefix(_TARGET):
        case "ListApplications":
            found = {"applications": sorted(_applications)}
        case "GetApplication" if body.get("applicationName") in _applications:
            found = {"application": _applications[body["applicationName"]]}
        case "ListDeploymentGroups" if body.get("applicationName") in _applications:
            name = body["applicationName"]
            found = {"applicationName": name, "deploymentGroups": sorted(each for app, each in _groups if app == name)}
        case "GetDeploymentGroup":
            found = _groups.get((body.get("applicationName", ""), body.get("deploymentGroupName", "")))
            found = {"deploymentGroupInfo": found} if found else None
    if found is None:
        return answer(400, {"__type": "ApplicationDoesNotExistException", "message": "No such application or group"})
    return answer(200, found)
