"""Conditions of templates with all the functions that may stand in them; ministack knows but a few."""

from __future__ import annotations

import copy
import importlib
from typing import Any

from ministack.services.cloudformation import engine

_USERS = ("changesets", "drift", "engine", "handlers", "stacks")


def install() -> None:
    for name in _USERS:
        module: Any = importlib.import_module(f"ministack.services.cloudformation.{name}")
        if hasattr(module, "_evaluate_conditions"):
            module._evaluate_conditions = evaluate


def evaluate(template: dict[str, Any], params: dict[str, Any]) -> dict[str, bool]:
    """The value of every condition of the template."""
    return _Evaluation(template, params).all()


class _Evaluation:
    def __init__(self, template: dict[str, Any], params: dict[str, Any]) -> None:
        self._definitions: dict[str, Any] = template.get("Conditions") or {}
        self._mappings = template.get("Mappings") or {}
        self._params = params
        self._known: dict[str, bool] = {}

    def all(self) -> dict[str, bool]:
        return {name: self._named(name) for name in self._definitions}

    def _named(self, name: str) -> bool:
        if name not in self._definitions:
            raise ValueError(f"Template format error: Unresolved condition dependency {name}")
        if name not in self._known:
            self._known[name] = self._holds(self._definitions[name])
        return self._known[name]

    def _holds(self, expression: Any) -> bool:
        if not isinstance(expression, dict) or len(expression) != 1:
            raise ValueError("Template format error: Every Conditions member must be one condition function")
        [(function, argument)] = expression.items()
        match function:
            case "Condition":
                return self._named(argument)
            case "Fn::Equals":
                left, right = (self._value(each) for each in argument)
                return str(left) == str(right)
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Fn::And":
                return all(self._holds(each) for each in argument)
            case "Fn::Or":
                return any(self._holds(each) for each in argument)
        raise ValueError(f"Template format error: {function} is no condition function")

    def _value(self, expression: Any) -> Any:
        return engine._resolve_refs(copy.deepcopy(expression), {}, self._params, self._known, self._mappings, "", "")
