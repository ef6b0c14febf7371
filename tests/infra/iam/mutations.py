"""Policies that are wrong in one place, and requests that tell them from the right ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from tests.infra.arns import ACCOUNT
from tests.infra.iam import checks
from tests.infra.iam.evaluation import Request, applies, is_allowed
from tests.infra.iam.justified import EVERYTHING, OWNER
from tests.infra.iam.needs import as_context
from tests.infra.iam.policies import ANYBODY, Condition, Statement

T = TypeVar("T")

_FOREIGN_ACCOUNT = "999999999999"
#: What a request must have about it for a refusal to be meant for it, by the key of the condition.
_REFUSED: Mapping[str, str] = {
    "aws:securetransport": "false",
    "s3:tlsversion": "1.1",
    "kms:grantisforawsresource": "false",
    "aws:principalisawsservice": "false",
    "s3:x-amz-server-side-encryption": "AES256",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": f"arn:aws:kms:us-east-1:{_FOREIGN_ACCOUNT}:key/other",
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """What was changed, and the statement as it is then; ``None`` where it is gone."""

    name: str
    statement: Statement | None


def removals(statement: Statement) -> Iterator[Mutation]:
    """The statement without one of its parts."""
    yield Mutation("the whole statement", None)
    for part in ("principals", "actions", "resources"):
        values: tuple[str, ...] = getattr(statement, part)
        for value in values if len(values) > 1 else ():
            left: dict[str, Any] = {part: tuple(each for each in values if each != value)}
            yield Mutation(f"{part}: {value}", replace(statement, **left))
    for number, (operator, key, values) in enumerate(statement.conditions):
        for value in values if len(values) > 1 else ():
            rest = tuple(each for each in values if each != value)
            yield Mutation(f"{key}: {value}", _with_condition(statement, number, (operator, key, rest)))


def widenings(statement: Statement) -> Iterator[Mutation]:
    """The statement with one of its parts said less exactly. Conditions are looked at by ``probes``."""
    for action in statement.actions:
        wider = f"{action.partition(':')[0]}:*"
        yield Mutation(f"{action} to {wider}", replace(statement, actions=_swapped(statement.actions, action, wider)))
    # In a policy that is attached to something, * means nothing else than that.
    for resource in statement.resources if not statement.owner else ():
        for wider in (_looser(resource), "*") if resource != "*" else ():
            swapped = _swapped(statement.resources, resource, wider)
            yield Mutation(f"{resource} to {wider}", replace(statement, resources=swapped))
    if statement.kind != "identity":
        yield Mutation("everybody", replace(statement, principals=(ANYBODY,)))
    for number, (operator, key, values) in enumerate(statement.conditions):
        for value in values if not operator.endswith("Null") else ():
            for wider in (_looser(value), "*"):
                opened: Condition = (_like(operator), key, _swapped(values, value, wider))
                yield Mutation(f"{key}: {value} to {wider}", _with_condition(statement, number, opened))


def without_conditions(statement: Statement) -> Iterator[tuple[int, Mutation]]:
    """The statement without one of its conditions, and which one."""
    for number, (operator, key, _) in enumerate(statement.conditions):
        rest = statement.conditions[:number] + statement.conditions[number + 1 :]
        yield number, Mutation(f"without {operator} {key}", replace(statement, conditions=rest))


def probes(statement: Statement, number: int, needed: Collection[Request]) -> Iterator[Request]:
    """Requests like the needed ones, which the condition alone refuses: without its key, and with another value."""
    operator, key, _ = statement.conditions[number]
    for request in needed:
        if applies(statement, request):
            context = dict(request.context)
            values = context.pop(key, ())
            yield replace(request, context=tuple(context.items()), origin=f"without {key}")
            if not operator.endswith("Null"):
                foreign = {**context, key: tuple(map(_foreign, values))}
                yield replace(request, context=tuple(foreign.items()), origin=f"foreign {key}")


def refused(statement: Statement) -> Iterator[Request]:
    """Requests that this denial alone refuses: one for each of its actions and resources."""
    keys = {key for _, key, _ in statement.conditions}
    assert keys <= _REFUSED.keys(), f"{statement}: which request has {keys} about it is not written here"
    told = {key: _REFUSED[key] for key in keys}
    for pattern in statement.actions:
        action = pattern.replace("sqs:*", "sqs:SendMessage").replace(":*", ":GetObject")
        for resource in statement.resources:
            yield Request(OWNER, action, resource.replace("*", "some/file.txt"), as_context(told), "refused")


def outcomes(
    statement: Statement, statements: Collection[Statement], needed: Collection[Request]
) -> Iterator[tuple[str, bool]]:
    """Every mutation of the statement, and whether it is noticed; ``statements`` are all there are, this one too."""
    others = [*(each for each in statements if each is not statement), EVERYTHING]
    is_denial = statement.effect == "Deny"
    wanted = [request for request in needed if applies(statement, request)]
    for mutated in removals(statement):
        rest = [*others, *([mutated.statement] if mutated.statement else [])]
        if is_denial:
            noticed = any(is_allowed(request, rest) for request in refused(statement))
        else:
            noticed = not all(is_allowed(request, rest) for request in wanted)
        yield f"removed: {mutated.name}", noticed
    for number, mutated in without_conditions(statement):
        rest = [*others, *([mutated.statement] if mutated.statement else [])]
        if is_denial:
            noticed = not all(is_allowed(request, rest) for request in needed)
        else:
            noticed = any(is_allowed(probe, rest) for probe in probes(statement, number, needed))
        yield f"widened: {mutated.name}", noticed
    for mutated in widenings(statement) if checks.is_grant(statement) else ():
        wider = [mutated.statement] if mutated.statement else []
        yield f"widened: {mutated.name}", bool(checks.too_broad(wider) or checks.unused(needed, wider))


def let_through(statement: Statement, statements: Collection[Statement], needed: Collection[Request]) -> Iterator[str]:
    """Requests that a condition or a denial of the statement is there to refuse, and that succeed nevertheless."""
    if statement.effect == "Deny":
        tried: Iterator[Request] = refused(statement)
    else:
        tried = (probe for number in range(len(statement.conditions)) for probe in probes(statement, number, needed))
    everything = [*statements, EVERYTHING]
    return (str(request) for request in tried if is_allowed(request, everything))


def _with_condition(statement: Statement, number: int, condition: Condition) -> Statement:
    return replace(statement, conditions=_swapped(statement.conditions, statement.conditions[number], condition))


def _swapped(values: tuple[T, ...], old: T, new: T) -> tuple[T, ...]:
    return tuple(new if value == old else value for value in values)


def _like(operator: str) -> str:
    return operator.replace("StringEquals", "StringLike").replace("ArnEquals", "ArnLike")


def _looser(text: str) -> str:
    """The text with an open end; one that has it already, with a part less."""
    return re.sub(r"([^/:]*[/:])?[^/:]*\*$", "*", text) if text.endswith("*") else f"{text}*"


def _foreign(value: str) -> str:
    """A value of the same form that belongs to somebody else."""
    return value.replace(ACCOUNT, _FOREIGN_ACCOUNT) if ACCOUNT in value else f"other-{value}"
