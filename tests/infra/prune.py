"""Takes what depends on parameters out of a template, and leaves the rest as it is written.

cdk-nag and checkov read references between resources, but stop at `Fn::If` and at parameters. So they get the template
that CloudFormation would be left with: conditions decided, parameters put in, everything else unresolved.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.infra.resolve import Resolved
from tests.infra.templates import Template
from tests.infra.waivers import without_waivers
from tests.infra.world import World

_NO_VALUE = {"Ref": "AWS::NoValue"}


def prune(template: Template, resolved: Resolved) -> dict[str, Any]:
    """The body of the template under the parameters and conditions of ``resolved``."""
    pruner = _Pruner(resolved)
    body = {**template.body}
    body["Resources"] = {
        name: {key: value for key, value in pruner.pruned(resource).items() if key != "Condition"}
        for name, resource in template.section("Resources").items()
        if name in resolved.resources
    }
    outputs = {name: output for name, output in template.section("Outputs").items() if name in resolved.outputs}
    body["Outputs"] = {
        name: {"Value": pruner.pruned(output["Value"]), "Description": output.get("Description", "")}
        for name, output in outputs.items()
    }
    for section in ("Conditions", "Rules", "Metadata"):
        body.pop(section, None)
    return without_waivers(body)


class _Pruner:
    def __init__(self, resolved: Resolved) -> None:
        self._resolved = resolved

    def pruned(self, value: Any) -> Any:
        if isinstance(value, list):
            return [found for item in value if (found := self.pruned(item)) != _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::If"}:
            condition, yes, no = value["Fn::If"]
            return self.pruned(yes if self._resolved.conditions[condition] else no)
        if set(value) == {"Ref"} and value["Ref"] in self._resolved.parameters:
            return self._resolved.parameters[value["Ref"]]
        return {key: found for key, item in value.items() if (found := self.pruned(item)) != _NO_VALUE}


def write_pruned(world: World, folder: Path, *only: str) -> list[Path]:
    """Writes every template (or only those named) as each variant leaves it."""
    by_name = {template.name: template for template in world.templates}
    return _write(folder, ((each.template, prune(by_name[each.template], each)) for each in _each(world, only)))


def write_resolved(world: World, folder: Path, *only: str) -> list[Path]:
    """The same with every intrinsic function resolved, as a CloudFormation hook sees the resources."""
    bodies = ((each.template, without_waivers({"Resources": each.resources})) for each in _each(world, only))
    return _write(folder, bodies)


def _each(world: World, only: tuple[str, ...]) -> Iterable[Resolved]:
    return (each for each in world.resolved() if not only or each.template in only)


def _write(folder: Path, bodies: Iterable[tuple[str, dict[str, Any]]]) -> list[Path]:
    """One file for each body, ``<template>--<number>.json``; what is the same in two variants is written once."""
    texts = {(template, json.dumps(body, indent=1)): None for template, body in bodies if body["Resources"]}
    files = []
    for number, (template, text) in enumerate(texts):
        files.append(folder / f"{Path(template).stem}--{number}.json")
        files[-1].write_text(text, encoding="utf-8")
    return files
