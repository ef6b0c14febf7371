"""Follows one operation of a CloudFormation stack: a line for each change of each resource, nested stacks included.

    python3 scripts/stack_events.py STACK [--since EVENT_ID]

STACK is a name or an ARN. ``--since`` is the newest event from before the operation; without it the operation is the
one that began last. Ends with status 0 when the operation succeeded, 1 when it failed (with what failed first, and why,
on standard error), 3 when AWS could not be asked any more.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TextIO

from stack_feed import NESTED, Event, Gone, Unreachable, fetch, is_of_itself, is_root, of_operation, state

# Much happens at first, and a small change is soon over.
_SECONDS_BETWEEN = (0.5, 1.0, 2.0)
# The CLI itself tries each call several times.
_FAILURES_BORNE = 3
# After so many rounds without news the stack itself is asked.
_QUIET_ROUNDS = 5
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
        "Something has that name that is not of this stack: remove it, then run the same command again.",
    ),
    ("not authorized", "The identity that deploys lacks that permission: ask who runs the account for it."),
    ("AccessDenied", "The identity that deploys lacks that permission: ask who runs the account for it."),
    ("LimitExceeded", "A quota of the account is used up: raise it in the console of Service Quotas."),
    ("Rate exceeded", "AWS asked to slow down: run the same command again."),
    ("not empty", "Something was put there meanwhile: run the same command again, it is emptied first."),
)


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
            last = [event.status for event in root if is_root(event)]
            status = last[-1] if last else "REVIEW_IN_PROGRESS"
            self._quiet = 0 if len(self.events) > known else self._quiet + 1
            overdue = status.endswith("_IN_PROGRESS") and self._quiet > _QUIET_ROUNDS
            # Of an operation that somebody else began, the first event may come after the stack's own status.
            early = not status.endswith("_IN_PROGRESS") and self.since is None
            if overdue or early:
                self._quiet, status = 0, state(self.stack)
        except Gone:
            return "DELETE_COMPLETE"
        return None if status.endswith("_IN_PROGRESS") else status

    def _nested_events(self, root: list[Event]) -> list[Event]:
        """The events of nested stacks that are at work, or were when they were asked last; oldest first in each."""
        latest = {
            event.physical: event
            for event in root
            if event.kind == NESTED and not is_root(event) and event.physical.startswith("arn:")
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
        if is_of_itself(event) or self._shown.get(event.path) == event.status:
            return
        self._shown[event.path] = event.status
        seconds = time.monotonic() - self.began
        why = f"  {event.reason}" if event.failed and event.reason else ""
        print(f"  {seconds:4.0f} s  {event.status:<28} {event.path}{why}", file=self.output, flush=True)

    def causes(self) -> list[str]:
        """What failed, and why, the first first; without what failed only because something else did."""
        failures = [event for event in self.events if event.failed and event.reason and not is_of_itself(event)]
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
    failures = rounds = 0
    while True:
        between = _SECONDS_BETWEEN[min(rounds, len(_SECONDS_BETWEEN) - 1)]
        rounds += 1
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
        time.sleep(max(0.0, between - (time.monotonic() - asked)))


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
