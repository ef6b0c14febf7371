"""What a rule is: a function over all templates that yields findings. Its docstring says what must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.infra.templates import Resource
from tests.infra.waivers import Finding
from tests.infra.world import World

Rule = Callable[[World], Iterator[Finding]]

RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Registers a rule under the name of its function."""
    RULES[function.__name__] = function
    return function


def finding(name: str, resource: Resource, message: str) -> Finding:
    """That the resource breaks the rule of this name."""
    return Finding(resource.template, resource.logical_id, name, message)


def at(value: Any, *path: str | int) -> Any:
    """The value at a path, ``None`` where the path ends early."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def listed(value: Any) -> list[Any]:
    """AWS takes a single value for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def is_true(value: Any) -> bool:
    """CloudFormation takes the text ``true`` for the value."""
    return value is True or value == "true"
