"""The templates of ``infra/cloudformation``, read as CloudFormation reads them: short tags become their long form."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra" / "cloudformation"

#: The stack that a person deploys; the others but ``github.yaml`` are nested in it.
MAIN = "main.yaml"
#: Deployed once by hand, so that a workflow may deploy the rest.
GITHUB = "github.yaml"

#: Intrinsic functions whose long form has no ``Fn::`` before it.
_BARE = frozenset({"Ref", "Condition"})


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags. A repeated key is an error, and a date stays the text that it is."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class has it so
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"{key!r} stands twice in one mapping{node.start_mark}")
        return super().construct_mapping(node, deep)


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in _BARE else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)  # type: ignore[no-untyped-call, unused-ignore]


def parse(text: str) -> dict[str, Any]:
    """The body of a template. Raises ``yaml.YAMLError``."""
    body = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader with more tags
    assert isinstance(body, dict), "a template is a mapping"
    return body


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a template, unresolved."""

    template: str
    logical_id: str
    body: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.body["Type"])

    @property
    def properties(self) -> dict[str, Any]:
        return dict(self.body.get("Properties") or {})

    def __str__(self) -> str:
        return f"{self.template}: {self.logical_id} ({self.type})"


@dataclass(frozen=True, slots=True)
class Template:
    """One template: the name of its file, and its parsed body."""

    name: str
    body: dict[str, Any]

    @property
    def resources(self) -> list[Resource]:
        return [Resource(self.name, key, body) for key, body in self.section("Resources").items()]

    def of_type(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type in types]

    def section(self, name: str) -> dict[str, Any]:
        return dict(self.body.get(name) or {})


@cache
def _bodies() -> dict[str, dict[str, Any]]:
    bodies = {path.name: parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yaml"))}
    assert MAIN in bodies, f"there is no template {MAIN} in {FOLDER}"
    return bodies


def templates() -> list[Template]:
    """Every template, a copy of its own each time: a test may change what it gets."""
    return [Template(name, copy.deepcopy(body)) for name, body in _bodies().items()]


def walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value inside ``value`` with its path, itself first."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, (*path, index))
