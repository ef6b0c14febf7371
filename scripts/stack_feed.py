"""The events of a CloudFormation stack, asked for through the AWS CLI, so that its profile and Region hold."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NESTED = "AWS::CloudFormation::Stack"
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS")


class Unreachable(Exception):
    """The AWS CLI failed; the text is its error output."""


class Gone(Exception):
    """There is no such stack any more."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event; ``stack`` is the path of logical names down to it, empty for the root."""

    identity: str
    at: datetime
    stack: str
    logical: str
    physical: str
    kind: str
    status: str
    reason: str

    @property
    def path(self) -> str:
        return f"{self.stack}/{self.logical}" if self.stack else self.logical

    @property
    def failed(self) -> bool:
        return self.status.endswith("_FAILED")


def fetch(stack: str, path: str) -> list[Event]:
    """The latest events of a stack, newest first. Raises ``Gone``, ``Unreachable``."""
    answer = _ask("describe-stack-events", "--stack-name", stack, "--max-items", "200")
    return [_event(item, path) for item in answer["StackEvents"]]


def state(stack: str) -> str:
    """The status of a stack. Raises ``Gone``, ``Unreachable``."""
    status: str = _ask("describe-stacks", "--stack-name", stack)["Stacks"][0]["StackStatus"]
    return status


def _ask(*words: str) -> Any:
    command = ["aws", "cloudformation", *words, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if "does not exist" in done.stderr:
        raise Gone
    raise Unreachable(done.stderr.strip())


def _event(item: dict[str, str], path: str) -> Event:
    return Event(
        identity=item["EventId"],
        at=datetime.fromisoformat(item["Timestamp"]),
        stack=path,
        logical=item.get("LogicalResourceId", ""),
        physical=item.get("PhysicalResourceId", ""),
        kind=item.get("ResourceType", ""),
        status=item.get("ResourceStatus", ""),
        reason=" ".join(item.get("ResourceStatusReason", "").split()),
    )


def of_operation(events: Iterable[Event], since: str | None) -> list[Event]:
    """The events of the operation, oldest first. ``events`` are the root's, newest first."""
    found: list[Event] = []
    for event in events:
        if event.identity == since:
            break
        found.append(event)
        if since is None and is_root(event) and event.status in _BEGINNINGS:
            break
    return found[::-1]


def is_root(event: Event) -> bool:
    return not event.stack and _names_itself(event)


def is_of_itself(event: Event) -> bool:
    """Whether a nested stack says this of itself; its parent says it too."""
    return bool(event.stack) and _names_itself(event)


def _names_itself(event: Event) -> bool:
    return event.kind == NESTED and f":stack/{event.logical}/" in event.physical
