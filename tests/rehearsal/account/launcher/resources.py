"""How further steps and further types come into ministack's stack engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

Props = dict[str, Any]
Made = tuple[str, dict[str, Any]]


def add(resource_type: str, **operations: Callable[..., Any]) -> None:
    """Registers a type: ``create(logical_id, props, stack)``, ``update(physical_id, old, new, stack)`` and
    ``delete(physical_id, props)``."""
    provisioners._RESOURCE_HANDLERS[resource_type] = operations


def before_create(resource_type: str, check: Callable[[Props], None]) -> None:
    """Runs the check, which may raise ``ValueError``, before a resource of the type is made."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create = handler["create"]

    def checked(logical_id: str, props: Props, stack: str) -> Made:
        check(props)
        made: Made = create(logical_id, props, stack)
        return made

    handler["create"] = checked


def before_delete(resource_type: str, check: Callable[[str], None]) -> None:
    """Runs the check with the physical id before a resource of the type is deleted."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    delete = handler["delete"]

    def checked(physical_id: str, *rest: Any) -> None:
        check(physical_id)
        delete(physical_id, *rest)

    handler["delete"] = checked


def after(resource_type: str, apply: Callable[[str, Props], None]) -> None:
    """Runs ``apply(physical_id, props)`` after a resource of the type was made or changed."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]

    def then_applied(operation: Callable[..., Made], position: int) -> Callable[..., Made]:
        def run(*arguments: Any) -> Made:
            made = operation(*arguments)
            apply(made[0], arguments[position])
            return made

        return run

    handler["create"] = then_applied(handler["create"], 1)
    if "update" in handler:
        handler["update"] = then_applied(handler["update"], 2)


def exists_already(resource_type: str, name: str) -> ValueError:
    """The error of AWS for a name that is taken."""
    return ValueError(
        f"Resource of type '{resource_type}' with identifier '{name}' already exists. "
        "(RequestToken: 00000000-0000-0000-0000-000000000000, HandlerErrorCode: AlreadyExists)"
    )


def refused(response: Any) -> None:
    """Raises ``ValueError`` with the words of a service that answered with an error."""
    status, _, body = response
    if status < 400:
        return
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    try:
        found = json.loads(text)
        text = found.get("message") or found.get("Message") or text
    except ValueError:
        pass
    raise ValueError(f'Resource handler returned message: "{text}"')


def truth(value: Any) -> bool:
    """A boolean of a template, which may come as a string."""
    return str(value).lower() == "true"


def number(value: Any) -> int:
    return int(float(value))
