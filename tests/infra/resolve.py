"""Resolves the intrinsic functions of templates, main.yaml with all that is nested in it, without an account.

What only AWS knows is symbolic: a resource without a name is called by its logical id, and the ARN of a resource is
built as AWS builds it from its name. So a grant on ``!Sub arn:...:table/${Prefix}-documents`` and the ARN of the table
with that name are the same text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.infra.arns import ACCOUNT, PARTITION, REGION, attribute, physical_name
from tests.infra.templates import MAIN, Template

PSEUDO: Mapping[str, Any] = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": PARTITION,
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stack",
    "AWS::StackId": f"arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/stack/id",
    "AWS::NotificationARNs": [],
}

#: The key of the stack that is not nested in another.
ROOT_STACK = "Root"

_VARIABLE = re.compile(r"\$\{(!?)([A-Za-z0-9:._-]+)\}")
_NO_VALUE = object()


@dataclass
class Resolved:
    """A template under given parameters. Resources whose condition is false are not there.

    ``template`` is the name of its file; ``main.yaml`` may nest one file more than once.
    """

    template: str
    parameters: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, bool] = field(default_factory=dict)

    def of_type(self, *types: str) -> dict[str, dict[str, Any]]:
        return {key: body for key, body in self.resources.items() if body["Type"] in types}


def resolve_all(templates: list[Template], parameters: Mapping[str, str] | None = None) -> dict[str, Resolved]:
    """``main.yaml`` and the stacks it makes under these parameters (defaults otherwise).

    The keys are ``ROOT_STACK`` and the logical ids of the nested stacks.
    """
    by_name = {template.name: template for template in templates}
    found: dict[str, Resolved] = {}
    _Scope(by_name, MAIN, ROOT_STACK, dict(parameters or {}), found).run()
    return found


def resolve_one(template: Template, parameters: Mapping[str, str] | None = None) -> Resolved:
    """A template by itself; parameters that are not given take their default, else ``<name>``."""
    found: dict[str, Resolved] = {}
    _Scope({template.name: template}, template.name, ROOT_STACK, dict(parameters or {}), found).run()
    return found[ROOT_STACK]


class _Scope:
    def __init__(
        self,
        templates: Mapping[str, Template],
        name: str,
        stack: str,
        given: Mapping[str, Any],
        found: dict[str, Resolved],
    ) -> None:
        self._templates, self._found = templates, found
        self._body = templates[name].body
        self._resources = templates[name].section("Resources")
        self._resolved = found[stack] = Resolved(name)
        self._parameters = self._resolved.parameters = {
            key: self._parameter(key, spec, given) for key, spec in templates[name].section("Parameters").items()
        }
        self._children: dict[str, Resolved] = {}

    @staticmethod
    def _parameter(name: str, spec: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
        value = given.get(name, spec.get("Default", f"<{name}>"))
        if "List" in spec["Type"]:
            return value if isinstance(value, list) else str(value).split(",")
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)

    def run(self) -> None:
        for name in self._body.get("Conditions") or {}:
            self._resolved.conditions[name] = self._condition(name)
        for name, body in self._resources.items():
            if self._exists(name):
                self._resolved.resources[name] = self.value(body)
                if body["Type"] == "AWS::CloudFormation::Stack":
                    self._child(name)
        for name, body in (self._body.get("Outputs") or {}).items():
            if "Condition" not in body or self._condition(body["Condition"]):
                self._resolved.outputs[name] = self.value(body["Value"])

    def _exists(self, name: str) -> bool:
        condition = self._resources[name].get("Condition")
        return condition is None or self._condition(condition)

    def _condition(self, name: str) -> bool:
        return bool(self.value(self._body["Conditions"][name]))

    def _child(self, name: str) -> Resolved:
        """The nested stack of this logical id; resolved once. One whose template is not at hand makes nothing."""
        if name not in self._children:
            properties = self._resources[name]["Properties"]
            file = str(properties["TemplateURL"]).removeprefix("./")
            if file not in self._templates:
                return self._children.setdefault(name, Resolved(file))
            given = self.value(properties.get("Parameters") or {})
            scope = _Scope(self._templates, file, name, given, self._found)
            self._children[name] = scope._resolved
            scope.run()
        return self._children[name]

    def value(self, value: Any) -> Any:
        """``value`` without intrinsic functions. ``AWS::NoValue`` takes the key or the element away."""
        found = self._value(value)
        return None if found is _NO_VALUE else found

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [found for item in value if (found := self._value(item)) is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            function = _FUNCTIONS.get(name)
            # A resource has a key `Condition` too, beside others; alone and with a text it is the function.
            if function is not None and not (name == "Condition" and not isinstance(argument, str)):
                return function(self, argument)
        return {key: found for key, item in value.items() if (found := self._value(item)) is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self._parameters:
            return self._parameters[name]
        return physical_name(name, self._resource(name))

    def _resource(self, name: str) -> dict[str, Any]:
        """The resource with its name resolved; other properties are left, for they may refer back to it."""
        body = self._resources[name]
        properties = body.get("Properties") or {}
        simple = {key: self.value(item) for key, item in properties.items() if key.endswith("Name") or key == "Name"}
        return {"Type": body["Type"], "Properties": simple}

    def _get_att(self, argument: list[str]) -> Any:
        name, attribute_name = argument[0], ".".join(argument[1:])
        if attribute_name.startswith("Outputs."):
            output = attribute_name.removeprefix("Outputs.")
            return self._child(name).outputs.get(output, f"<{name}.{output}>")
        return attribute(name, self._resource(name), attribute_name)

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], self.value(argument[1]))

        def put(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in own:
                return str(own[name])
            return str(self._get_att(name.split(".")) if "." in name else self._ref(name))

        return _VARIABLE.sub(put, text)

    def _if(self, argument: list[Any]) -> Any:
        return self._value(argument[1] if self._condition(argument[0]) else argument[2])

    def _equals(self, argument: list[Any]) -> bool:
        left, right = (self.value(side) for side in argument)
        return str(left) == str(right)

    def _map(self, argument: list[Any]) -> Any:
        first, second, third = (self.value(part) for part in argument[:3])
        return self.value(self._body["Mappings"][first][second][third])


_FUNCTIONS: dict[str, Callable[[_Scope, Any], Any]] = {
    "Ref": _Scope._ref,
    "Condition": _Scope._condition,
    "Fn::GetAtt": _Scope._get_att,
    "Fn::Sub": _Scope._sub,
    "Fn::If": _Scope._if,
    "Fn::Equals": _Scope._equals,
    "Fn::FindInMap": _Scope._map,
    "Fn::Not": lambda scope, a: not scope.value(a[0]),
    "Fn::And": lambda scope, a: all(map(scope.value, a)),
    "Fn::Or": lambda scope, a: any(map(scope.value, a)),
    "Fn::Join": lambda scope, a: str(scope.value(a[0])).join(map(str, scope.value(a[1]))),
    "Fn::Split": lambda scope, a: str(scope.value(a[1])).split(str(scope.value(a[0]))),
    "Fn::Select": lambda scope, a: scope.value(a[1])[int(scope.value(a[0]))],
    "Fn::Base64": lambda scope, a: scope.value(a),
    "Fn::Length": lambda scope, a: len(scope.value(a)),
    "Fn::ToJsonString": lambda scope, a: json.dumps(scope.value(a)),
}
