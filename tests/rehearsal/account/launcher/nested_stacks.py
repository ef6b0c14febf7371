"""Nested stacks through the engine of top-level ones.

ministack makes nested stacks in a loop of its own, which loses attributes of unchanged resources, rolls nothing back,
and deletes whatever a ``DeletionPolicy`` keeps. Here they run as every other stack does.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, handlers, helpers, provisioners, stacks

Attributes = dict[str, str]

#: Whether what is deleted now was made by the operation that is being rolled back.
_undoing_create: contextvars.ContextVar[bool] = contextvars.ContextVar("undoing_create", default=False)
_KIND = "AWS::CloudFormation::Stack"
_KEPT = (
    "_resources",
    "_template",
    "_template_body",
    "_resolved_params",
    "_conditions",
    "Parameters",
    "Tags",
    "Outputs",
)


def install() -> None:
    provisioners._RESOURCE_HANDLERS[_KIND] = {
        "create": _create,
        "update": _update,
        "update_with_logical_id": True,
        "delete": _delete,
    }
    _honour_retain_except_on_create()
    _roll_back_what_failed_halfway()
    _name_roots()


def _name_roots() -> None:
    """Lists of stacks name the root of a nested one, which ministack's leave out."""
    for name in ("DescribeStacks", "ListStacks"):
        handlers._ACTION_HANDLERS[name] = functools.partial(_with_roots, handlers._ACTION_HANDLERS[name])


def _with_roots(action: Callable[[Any], Any], params: Any) -> Any:
    status, headers, body = action(params)
    text = body.decode()
    for stack in cloudformation._stacks.values():
        if root := stack.get("RootId"):
            mark = f"<StackId>{stack['StackId']}</StackId>"
            text = text.replace(mark, f"{mark}<ParentId>{stack['ParentId']}</ParentId><RootId>{root}</RootId>")
    return status, headers, text.encode()


def _create(logical_id: str, props: dict[str, Any], parent: str) -> tuple[str, Attributes]:
    template, body, params = _read(props, parent, None)
    # As AWS names them.
    name = f"{parent}-{logical_id}-{new_uuid().replace('-', '')[:12].upper()}"
    stack_id = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{name}/{new_uuid()}"
    parent_id = provisioners._cr_stack_id(parent)
    stack = {
        "StackName": name,
        "StackId": stack_id,
        "CreationTime": now_iso(),
        "Outputs": [],
        "DisableRollback": True,
        "_region": get_region(),
        "_resources": {},
        "_template": template,
        "_parent_stack_name": parent,
        "ParentId": parent_id,
        "RootId": (cloudformation._stacks.get(parent) or {}).get("RootId", parent_id),
    }
    cloudformation._stacks[name] = stack
    cloudformation._stack_events[stack_id] = []
    _begin(stack, "CREATE", (template, body, params), props)
    # The parent rolls back, not the nested stack: what was made stays in it until the parent deletes it.
    asyncio.run(stacks._deploy_stack_async(name, stack_id, template, params, True, stack["Tags"]))
    if stack["StackStatus"] != "CREATE_COMPLETE":
        _leave_to_parent(parent, logical_id, stack, props)
        raise ValueError(f"Embedded stack {stack_id} was not successfully created: {_cause(stack_id, 'create')}")
    return stack_id, _outputs(stack)


def _update(
    stack_id: str, _: dict[str, Any], props: dict[str, Any], parent: str, logical_id: str | None = None
) -> tuple[str, Attributes]:
    name = provisioners._nested_stack_lookup_name(stack_id)
    stack = cloudformation._stacks.get(name)
    if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
        raise ValueError(f"Embedded stack {stack_id} was not successfully updated: it does not exist")
    template, body, params = _read(props, parent, stack)
    before = {key: copy.deepcopy(stack.get(key)) for key in _KEPT}
    _begin(stack, "UPDATE", (template, body, params), props)
    asyncio.run(
        stacks._deploy_stack_async(
            name, stack_id, template, params, False, stack["Tags"], is_update=True, previous_stack=before
        )
    )
    if stack["StackStatus"] != "UPDATE_COMPLETE":
        raise ValueError(
            f"Embedded stack {stack_id} was not successfully updated. Currently in {stack['StackStatus']} with reason: "
            f"{_cause(stack_id, 'update')}"
        )
    return stack_id, _outputs(stack)


def _delete(stack_id: str, _: dict[str, Any]) -> None:
    name = provisioners._nested_stack_lookup_name(stack_id)
    stack = cloudformation._stacks.get(name)
    if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
        return
    asyncio.run(stacks._delete_stack_async(name, stack["StackId"]))
    if stack["StackStatus"] != "DELETE_COMPLETE":
        raise ValueError(
            f"Embedded stack {stack['StackId']} was not successfully deleted: {stack.get('StackStatusReason', '')}"
        )


def _read(props: dict[str, Any], parent: str, previous: dict[str, Any] | None) -> tuple[Any, str, Any]:
    """The template, its text, and the values of its parameters. Raises ``ValueError``."""
    url = props.get("TemplateURL", "")
    body, problem = helpers._resolve_template({"TemplateURL": [url]})
    if problem or not body:
        raise ValueError(f"S3 error: the template at {url} cannot be read")
    template = engine._parse_template(body)
    provisioners._check_nested_stack_capabilities(parent, template)
    values = props.get("Parameters") or {}
    if any(isinstance(value, list) for value in values.values()):
        raise ValueError("Value of property Parameters must be an object with String (or simple type) properties")
    given = [{"Key": name, "Value": "" if value is None else _text(value)} for name, value in values.items()]
    unknown = sorted(set(values) - set(template.get("Parameters", {})))
    if unknown:
        raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    params = engine._resolve_parameters(template, given, (previous or {}).get("_resolved_params", {}))
    engine.validate_template_support(template, engine._evaluate_conditions(template, params), params=params)
    return template, body, params


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _begin(stack: Any, verb: str, read: tuple[Any, str, Any], props: dict[str, Any]) -> None:
    """Writes the start of an operation down, as the handlers of top-level stacks do."""
    template, body, params = read
    tags = provisioners._tag_map(props.get("Tags"))
    stack.update(
        {
            "StackStatus": f"{verb}_IN_PROGRESS",
            "StackStatusReason": "",
            "LastUpdatedTime": now_iso(),
            "Description": template.get("Description", ""),
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": each["Value"], "NoEcho": each["NoEcho"]}
                for name, each in params.items()
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items() if not key.startswith("aws:")],
            "Capabilities": provisioners._parent_capabilities(stack["_parent_stack_name"]),
            "_template_body": body,
            "_resolved_params": params,
            "_conditions": engine._evaluate_conditions(template, params),
        }
    )
    stacks._add_event(
        stack["StackId"], stack["StackName"], stack["StackName"], _KIND, stack["StackStatus"], "", stack["StackId"]
    )


def _outputs(stack: dict[str, Any]) -> Attributes:
    return {f"Outputs.{each['OutputKey']}": each["OutputValue"] for each in stack["Outputs"]}


def _cause(stack_id: str, verb: str) -> str:
    """The sentence of AWS about the resources that failed in the operation that was last begun."""
    failed: list[str] = []
    for event in cloudformation._stack_events[stack_id]:
        if event["ResourceType"] == _KIND and event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
            failed = [] if event["PhysicalResourceId"] == stack_id else failed
        elif event["ResourceStatus"] in {"CREATE_FAILED", "UPDATE_FAILED"} and event["PhysicalResourceId"] != stack_id:
            failed.append(event["LogicalResourceId"])
    return f"The following resource(s) failed to {verb}: [{', '.join(failed)}]. "


def _leave_to_parent(parent: str, logical_id: str, stack: dict[str, Any], props: dict[str, Any]) -> None:
    """Has the parent know the nested stack that failed, so that its rollback, or its deletion, deletes it."""
    cloudformation._stacks[parent].setdefault("_resources", {})[logical_id] = {
        "PhysicalResourceId": stack["StackId"],
        "ResourceType": _KIND,
        "ResourceStatus": "CREATE_FAILED",
        "LogicalResourceId": logical_id,
        "Properties": props,
        "Attributes": {},
        "Timestamp": now_iso(),
    }


def _roll_back_what_failed_halfway() -> None:
    roll_back = stacks._roll_back_operation

    async def rolled_back(name: str, stack_id: str, stack: Any, operation: Any, reason_override: str = "") -> None:
        made = operation.get("created", [])
        failed = [key for key, each in stack["_resources"].items() if each.get("ResourceStatus") == "CREATE_FAILED"]
        operation["created"] = [*made, *(key for key in failed if key not in made)]
        token = _undoing_create.set(True)
        try:
            await roll_back(name, stack_id, stack, operation, reason_override)
        finally:
            _undoing_create.reset(token)
        # What could not be deleted is still a part of the stack, for its deletion to try again.
        for logical_id, record in (stack.get("_rollback_failed") or {}).items():
            if "RevertTo" not in record:
                left = {"LogicalResourceId": logical_id, "ResourceStatus": "DELETE_FAILED", "Timestamp": now_iso()}
                stack["_resources"][logical_id] = {"Attributes": {}, **record, **left}

    stacks._roll_back_operation = rolled_back
    handlers._roll_back_operation = rolled_back


def _honour_retain_except_on_create() -> None:
    policy_of = stacks._resource_policy

    def resource_policy(definition: Any, attribute: str, *rest: Any) -> str:
        policy: str = policy_of(definition, attribute, *rest)
        if attribute == "DeletionPolicy" and policy == "RetainExceptOnCreate" and _undoing_create.get():
            return "Delete"
        return policy

    stacks._resource_policy = resource_policy
