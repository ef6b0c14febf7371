"""Requests to CloudFormation that ministack answers unlike AWS: about stacks that are busy, and waiting for them."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import parse_qs

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, helpers

from tests.rehearsal.account.launcher.faults import Faults

#: How long a question about a stack that is being worked on is kept: the AWS CLI asks, then sleeps for thirty seconds.
_KEPT_SECONDS = 10.0
_LOOK_SECONDS = 0.05
_BUSY = re.compile(r".+_IN_PROGRESS")
#: States out of which no update leads.
_STUCK = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"}
_CHANGES = {"UpdateStack", "CreateChangeSet", "ExecuteChangeSet"}

Params = dict[str, list[str]]


def install(faults: Faults) -> None:
    handle = cloudformation.handle_request

    async def handled(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        params = {**query, **parse_qs((body or b"").decode("utf-8", "replace"), keep_blank_values=True)}
        action = helpers._p(params, "Action")
        if problem := _problem(action, params):
            return helpers._error("ValidationError", problem)
        if action == "DescribeStacks":
            await _settled(params, faults)
        reviewed = _stack(action, params) if action == "CreateChangeSet" else None
        response = await handle(method, path, headers, body, query)
        return _for_the_same_stack(response, reviewed) if reviewed else response

    cloudformation.handle_request = handled


def _for_the_same_stack(response: Any, reviewed: dict[str, Any]) -> Any:
    """A further change set of a stack that is yet to be made is one of this stack; ministack makes another stack."""
    name, stack_id = reviewed["StackName"], reviewed["StackId"]
    made = cloudformation._stacks.get(name)
    if made is None:  # it was refused, and takes no stack along
        cloudformation._stacks[name] = reviewed
        return response
    if made["StackId"] == stack_id:
        return response
    other = made["StackId"]
    cloudformation._stack_events.pop(other, None)
    for each in (reviewed, *cloudformation._change_sets.values()):
        if each["StackId"] == other:
            each["StackId"] = stack_id
    cloudformation._stacks[name] = reviewed
    status, headers, body = response
    return status, headers, body.replace(other.encode(), stack_id.encode())


def _problem(action: str, params: Params) -> str:
    """Why the stack does not take the request now, else nothing."""
    stack = _stack(action, params)
    if stack is None:
        return ""
    status = stack["StackStatus"]
    busy = bool(_BUSY.fullmatch(status)) and status != "REVIEW_IN_PROGRESS"
    creates = action == "CreateStack" or (
        action == "CreateChangeSet" and helpers._p(params, "ChangeSetType", "UPDATE") == "CREATE"
    )
    if creates and status not in {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}:
        return f"Stack [{stack['StackName']}] already exists and cannot be created again with the changeSet"
    if action in _CHANGES and (busy or status in _STUCK):
        return f"Stack:{stack['StackId']} is in {status} state and can not be updated."
    if action == "DeleteStack" and busy and not status.startswith(("CREATE_", "DELETE_")):
        return f"Stack [{stack['StackName']}] cannot be deleted while in status {status}"
    return ""


def _stack(action: str, params: Params) -> Any:
    """The stack that the request names; a deleted one is named by its id only."""
    name = helpers._p(params, "StackName")
    if action == "ExecuteChangeSet" and not name:
        _, change_set = handlers._describe_change_set.__globals__["_find_change_set"](
            helpers._p(params, "ChangeSetName")
        )
        name = change_set["StackName"] if change_set else ""
    stack = handlers._resolve_stack(name) if name else None
    return None if stack and stack["StackStatus"] == "DELETE_COMPLETE" else stack


async def _settled(params: Params, faults: Faults) -> None:
    """Waits a while for the stack to come to rest, unless the rehearsal itself holds it back."""
    name = helpers._p(params, "StackName")
    for _ in range(int(_KEPT_SECONDS / _LOOK_SECONDS)):
        stack = handlers._resolve_stack(name) if name else None
        if stack is None or not _BUSY.fullmatch(stack["StackStatus"]) or faults.holding:
            return
        if stack["StackStatus"] == "REVIEW_IN_PROGRESS":
            return
        await asyncio.sleep(_LOOK_SECONDS)
