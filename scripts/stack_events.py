"""Follows one operation of a CloudFormation stack: a line for each change of each resource, nested stacks included.

    python3 scripts/stack_events.py STACK [--since EVENT_ID]

STACK is a name or an ARN. ``--since`` is the newest event from before the operation; without it the operation is the
one that began last. Ends with status 0 when the operation succeeded, 1 when it failed (with what failed first, and why,
on standard error), 3 when AWS could not be asked any more. Asks through the AWS CLI, so that its profile and Region
hold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TextIO

_SECONDS_BETWEEN = 2.0
_FAILURES_BORNE = 5
# After so many rounds without news the stack itself is asked.
_QUIET_ROUNDS = 5
_NESTED = "AWS::CloudFormation::Stack"
_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS")
_SUCCESSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE")

# What stands at a resource that failed only because another one did.
_FOLLOWING = (
    "cancelled",
    "The following resource(s) failed",
    "Embedded stack",
    "was not successfully",
    "Rollback requested",
)

_REMEDIES = (
    (
        "already exists",
        "It was left by an earlier deployment or made by hand: scripts/cleanup.sh ENV --purge removes it.",
    ),
    ("not authorized", "The identity that deploys lacks that permission: ask who runs the account for it."),
    ("AccessDenied", "The identity that deploys lacks that permission: ask who runs the account for it."),
    ("LimitExceeded", "A quota of the account is used up: raise it in the console of Service Quotas."),
    ("Rate exceeded", "AWS asked to slow down: run the same command again."),
    ("not empty", "Something was put there meanwhile: run the same command again, it is emptied first."),
)


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
        if since is None and _is_root(event) and event.status in _BEGINNINGS:
            break
    return found[::-1]


def _is_root(event: Event) -> bool:
    return not event.stack and _names_itself(event)


def _is_of_itself(event: Event) -> bool:
    """Whether a nested stack says this of itself; its parent says it too."""
    return bool(event.stack) and _names_itself(event)


def _names_itself(event: Event) -> bool:
    return event.kind == _NESTED and f":stack/{event.logical}/" in event.physical


@dataclass(slots=True)
class Watch:
    """What was seen of an operation so far."""

    stack: str
    since: str | None
    output: TextIO
    began: float = field(default_factory=time.monotonic)
    events: list[Event] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _shown: dict[str, str] = field(default_factory=dict)
    _asked: dict[str, str] = field(default_factory=dict)  # nested stack -> its status when it was asked last
    _quiet: int = 0

    def round(self) -> str | None:
        """Asks once and prints what is new. The root's final status, once it has one. Raises ``Unreachable``."""
        known = len(self.events)
        try:
            root = of_operation(fetch(self.stack, ""), self.since)
            for event in sorted((*root, *self._nested_events(root)), key=lambda event: event.at):
                self._take(event)
            last = [event.status for event in root if _is_root(event)]
            status = last[-1] if last else "REVIEW_IN_PROGRESS"
            self._quiet = 0 if len(self.events) > known else self._quiet + 1
            if status.endswith("_IN_PROGRESS") and self._quiet > _QUIET_ROUNDS:
                self._quiet, status = 0, state(self.stack)
        except Gone:
            return "DELETE_COMPLETE"
        return None if status.endswith("_IN_PROGRESS") else status

    def _nested_events(self, root: list[Event]) -> list[Event]:
        """The events of nested stacks that are at work, or were when they were asked last; oldest first in each."""
        latest = {
            event.physical: event
            for event in root
            if event.kind == _NESTED and not _is_root(event) and event.physical.startswith("arn:")
        }
        at_work = [
            event
            for arn, event in latest.items()
            if event.status.endswith("_IN_PROGRESS") or self._asked.get(arn) != event.status
        ]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(_nested_fetch, at_work))
        self._asked.update({event.physical: event.status for event in at_work})
        return [event for answer in answers for event in reversed(answer) if event.at >= root[0].at]

    def _take(self, event: Event) -> None:
        if event.identity in self._seen:
            return
        self._seen.add(event.identity)
        self.events.append(event)
        if _is_of_itself(event) or self._shown.get(event.path) == event.status:
            return
        self._shown[event.path] = event.status
        seconds = time.monotonic() - self.began
        why = f"  {event.reason}" if event.failed and event.reason else ""
        print(f"  {seconds:4.0f} s  {event.status:<28} {event.path}{why}", file=self.output, flush=True)

    def causes(self) -> list[str]:
        """What failed, and why, the first first; without what failed only because something else did."""
        failures = [event for event in self.events if event.failed and event.reason and not _is_of_itself(event)]
        own = [event for event in failures if not any(mark in event.reason for mark in _FOLLOWING)] or failures
        # What could not be deleted failed on the way back, after what began it.
        own.sort(key=lambda event: (event.status == "DELETE_FAILED", event.at))
        return list(dict.fromkeys(f"{event.path} ({event.kind}): {event.reason}" for event in own))


def _nested_fetch(stack: Event) -> list[Event]:
    try:
        return fetch(stack.physical, stack.path)
    except Gone:
        return []


def follow(watch: Watch) -> str:
    """Until the operation has ended: its final status. Raises ``Unreachable`` after some failures in a row."""
    failures = 0
    while True:
        asked = time.monotonic()
        try:
            status = watch.round()
            failures = 0
        except Unreachable:
            failures += 1
            if failures > _FAILURES_BORNE:
                raise
            status = None
        if status:
            return status
        time.sleep(max(0.0, _SECONDS_BETWEEN - (time.monotonic() - asked)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stack")
    parser.add_argument("--since")
    arguments = parser.parse_args()
    watch = Watch(arguments.stack, arguments.since or None, sys.stdout)
    try:
        status = follow(watch)
    except Unreachable as error:
        sys.stderr.write(f"AWS could not be asked how far {arguments.stack} is: {error}\n")
        return 3
    except KeyboardInterrupt:
        return 130
    if status in _SUCCESSES:
        return 0
    causes = watch.causes()
    sys.stderr.write(f"\nThe stack ended as {status}.\n")
    for number, cause in enumerate(causes):
        sys.stderr.write(f"{'cause' if number == 0 else 'also'}: {cause}\n")
    sys.stderr.writelines(f"{text}\n" for text in _remedies(causes))
    return 1


def _remedies(causes: list[str]) -> list[str]:
    return list(dict.fromkeys(text for cause in causes[:1] for mark, text in _REMEDIES if mark in cause))


if __name__ == "__main__":
    sys.exit(main())
