"""Change sets that look into nested stacks (``IncludeNestedStacks``), which ministack's do not."""

from __future__ import annotations

import re
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, engine, handlers, helpers, provisioners, stacks

_KIND = "AWS::CloudFormation::Stack"
#: Stands for what only the deployment itself will tell.
_UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
_NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."

Params = dict[str, list[str]]


def install() -> None:
    actions = handlers._ACTION_HANDLERS
    create, describe, execute = (actions[f"{verb}ChangeSet"] for verb in ("Create", "Describe", "Execute"))

    def created(params: Params) -> Any:
        response = create(params)
        if response[0] < 400:
            found = re.search(rb"<Id>([^<]+)</Id>", response[2])
            assert found is not None
            change_set = cloudformation._change_sets[found[1].decode()]
            _leave_out_what_is_not_wanted(change_set)
            if helpers._p(params, "IncludeNestedStacks", "false").lower() == "true":
                _look_into(change_set)
        return response

    def described(params: Params) -> Any:
        status, headers, body = describe(params)
        _, change_set = changesets._find_change_set(
            helpers._p(params, "ChangeSetName"), helpers._p(params, "StackName")
        )
        return status, headers, _with_ids(body, change_set) if change_set else body

    def executed(params: Params) -> Any:
        root, _ = changesets._find_change_set(helpers._p(params, "ChangeSetName"), helpers._p(params, "StackName"))
        for each in [key for key, inner in cloudformation._change_sets.items() if inner.get("_root") == root]:
            del cloudformation._change_sets[each]
        return execute(params)

    actions.update({"CreateChangeSet": created, "DescribeChangeSet": described, "ExecuteChangeSet": executed})


def _leave_out_what_is_not_wanted(change_set: dict[str, Any]) -> None:
    """Resources whose condition is false do not come; those that are there go."""
    template = change_set["_template"]
    conditions = _conditions(template, change_set["_resolved_params"])
    there = cloudformation._stacks[change_set["StackName"]].get("_resources", {})
    wanted = []
    for change in change_set["Changes"]:
        resource = change["ResourceChange"]
        definition = template["Resources"].get(resource["LogicalResourceId"], {})
        if not conditions.get(definition.get("Condition"), True):
            if resource["LogicalResourceId"] not in there:
                continue
            resource["Action"] = "Remove"
        wanted.append(change)
    change_set["Changes"] = wanted
    if not wanted and change_set["Status"] == "CREATE_COMPLETE":
        change_set.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=_NOTHING)


def _look_into(change_set: dict[str, Any]) -> None:
    """Makes a change set for each nested stack that comes or changes, and names it in that change."""
    stack = cloudformation._stacks[change_set["StackName"]]
    for change in change_set["Changes"]:
        resource = change["ResourceChange"]
        if resource["ResourceType"] != _KIND or resource["Action"] == "Remove":
            continue
        definition = change_set["_template"]["Resources"][resource["LogicalResourceId"]]
        inner = _inner(change_set, stack, definition.get("Properties", {}), resource)
        cloudformation._change_sets[inner["ChangeSetId"]] = inner
        resource["ChangeSetId"] = inner["ChangeSetId"]


def _inner(root: dict[str, Any], stack: Any, props: Any, resource: dict[str, Any]) -> dict[str, Any]:
    name = provisioners._nested_stack_lookup_name(resource.get("PhysicalResourceId", ""))
    before = cloudformation._stacks.get(name) or {}
    url = _known(props["TemplateURL"], root, stack)
    body, _ = helpers._resolve_template({"TemplateURL": [url]})
    template = engine._parse_template(body) if body else {}
    params = _params(template, {key: _known(each, root, stack) for key, each in props.get("Parameters", {}).items()})
    change_set_name = f"{root['ChangeSetName']}-{resource['LogicalResourceId']}"
    place = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}"
    return {
        "ChangeSetId": f"{place}:changeSet/{change_set_name}/{new_uuid()}",
        "ChangeSetName": change_set_name,
        "StackId": before.get(
            "StackId", f"{place}:stack/{root['StackName']}-{resource['LogicalResourceId']}/{new_uuid()}"
        ),
        "StackName": before.get("StackName", f"{root['StackName']}-{resource['LogicalResourceId']}"),
        "Status": "CREATE_COMPLETE",
        "ExecutionStatus": "UNAVAILABLE",  # it is executed with its root, never by itself
        "StatusReason": "",
        "CreationTime": now_iso(),
        "ChangeSetType": "UPDATE" if before else "CREATE",
        "Changes": _changes(before, template, params),
        "Parameters": [{"ParameterKey": key, "ParameterValue": each["Value"]} for key, each in params.items()],
        "Tags": [],
        "Capabilities": [],
        "_root": root["ChangeSetId"],
    }


def _changes(before: dict[str, Any], template: dict[str, Any], params: dict[str, Any]) -> list[Any]:
    old_template, old_params = before.get("_template") or {}, before.get("_resolved_params") or {}
    old = changesets._resolve_props_for_diff(old_template, old_params, "", "")
    new = changesets._resolve_props_for_diff(template, params, "", "")
    for resolved, conditions in ((old, _conditions(old_template, old_params)), (new, _conditions(template, params))):
        resources = resolved.get("Resources", {})
        for key in [key for key, each in resources.items() if not conditions.get(each.get("Condition"), True)]:
            del resources[key]
    changed = {key for key, each in params.items() if (old_params.get(key) or {}).get("Value") != each["Value"]}
    found: list[Any] = stacks._diff_resources(old, new, before.get("_resources"), template, changed)
    return found


def _conditions(template: dict[str, Any], params: dict[str, Any]) -> dict[str, bool]:
    found: dict[str, bool] = engine._evaluate_conditions(template, params)
    return found


def _params(template: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
    """The values of the nested template's parameters; not checked, since not all of them are known yet."""
    found: dict[str, Any] = {}
    for name, definition in (template.get("Parameters") or {}).items():
        value = given.get(name, str(definition.get("Default", "")))
        found[name] = {"Value": value, "NoEcho": False, "Type": definition.get("Type", "String")}
    return found


def _known(value: Any, root: dict[str, Any], stack: dict[str, Any]) -> str:
    """The value where the stack as it is tells it."""
    template, params = root["_template"], root["_resolved_params"]
    try:
        found = engine._resolve_refs(
            value,
            stack.get("_resources", {}),
            params,
            engine._evaluate_conditions(template, params),
            template.get("Mappings", {}),
            root["StackName"],
            root["StackId"],
        )
    except (KeyError, ValueError, TypeError, IndexError):
        return _UNKNOWN
    if found is engine._NO_VALUE:
        return ""
    return ",".join(map(str, found)) if isinstance(found, list) else str(found)


def _with_ids(body: bytes, change_set: dict[str, Any]) -> bytes:
    """The answer with the ids of the inner change sets, which ministack's has no place for."""
    text = body.decode()
    for change in change_set["Changes"]:
        resource = change["ResourceChange"]
        if inner := resource.get("ChangeSetId"):
            mark = f"<LogicalResourceId>{resource['LogicalResourceId']}</LogicalResourceId>"
            text = text.replace(mark, f"{mark}<ChangeSetId>{inner}</ChangeSetId>")
    if root := change_set.get("_root"):
        text = text.replace("<Changes>", f"<RootChangeSetId>{root}</RootChangeSetId><Changes>")
    return text.encode()
