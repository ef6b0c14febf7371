"""Breaks the templates as ``mutations.yaml`` says."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.infra.templates import Template, parse, templates

_FILE = Path(__file__).with_name("mutations.yaml")
#: Parts of a resource that stand beside its properties.
_BESIDE_PROPERTIES = frozenset({"DeletionPolicy", "UpdateReplacePolicy", "Condition", "DependsOn"})


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to break a template. ``found_by`` is the name of a rule of ours, or the id of a scanner's."""

    name: str
    template: str
    found_by: str
    spec: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.template}: {self.name}"

    def apply(self) -> list[Template]:
        """Every template, this one broken. Raises ``AssertionError`` where the templates no longer have the place."""
        changed = templates()
        (target,) = (template for template in changed if template.name == self.template)
        before = copy.deepcopy(target.body)
        try:
            _apply(target.body, self.spec)
        except (KeyError, IndexError, TypeError) as error:
            raise AssertionError(f"{self}: the place is not there any more ({error!r}); mend mutations.yaml") from error
        assert target.body != before, f"{self}: nothing was changed"
        return changed


def mutations() -> tuple[list[Mutation], dict[str, list[Mutation]]]:
    """Those that our own rules find, and those that scanners find, by scanner."""
    body = parse(_FILE.read_text(encoding="utf-8"))
    return _read(body["rules"]), {tool: _read(specs) for tool, specs in body["scanners"].items()}


def _read(specs: list[dict[str, Any]]) -> list[Mutation]:
    return [Mutation(spec["break"], spec["in"], spec["found_by"], spec) for spec in specs]


def _apply(body: dict[str, Any], spec: dict[str, Any]) -> None:
    if "drop" in spec:
        holder, last = _place(body, spec["drop"])
        del holder[last]
    if place := spec.get("put") or spec.get("and_put"):
        holder, last = _place(body, place)
        holder[last] = spec["value"]
    if "append" in spec:
        holder, last = _place(body, spec["append"])
        holder[last].append(spec["value"])
    if "change" in spec:
        holder, last = _place(body, spec["change"])
        holder[last]["Fn::Sub"] = holder[last]["Fn::Sub"].replace(spec["from"], spec["to"])
    if "remove" in spec:
        holder, last = _place(body, spec["remove"])
        holder[last] = [statement for statement in holder[last] if statement.get("Sid") != spec["sid"]]
    body["Resources"].update(spec.get("add", {}))
    body["Parameters"].update(spec.get("parameter", {}))


def _place(body: dict[str, Any], place: str) -> tuple[Any, str | int]:
    """What holds the place, and the last step to it."""
    resource, *path = place.split(".")
    if path and path[0] not in _BESIDE_PROPERTIES:
        path = ["Properties", *path]
    steps = [int(step) if step.isdigit() else step for step in (resource, *path)]
    holder: Any = body["Resources"]
    for step in steps[:-1]:
        holder = holder[step]
    return holder, steps[-1]
