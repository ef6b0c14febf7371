"""Decides requests as IAM does: everything is refused that is not allowed, and what is denied is refused always.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tests.infra.arns import ACCOUNT
from tests.infra.iam.policies import ANYBODY, Condition, Statement

#: Whom the policy of a resource names to let the account's own policies decide.
_ACCOUNT_ROOT = f"arn:aws:iam::{ACCOUNT}:root"
_ROLE = "arn:aws:iam:"
_ARN_PARTS = 6

Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Request:
    """What a role or a service asks of AWS. ``context`` has the keys in lower case, with all their values."""

    principal: str
    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: Why it is made: a call of the code, or what AWS does by itself.
    origin: str = ""

    def __str__(self) -> str:
        context = "".join(f", {key}={'|'.join(values)}" for key, values in self.context)
        return f"{self.principal.rpartition('/')[2]}: {self.action} on {self.resource}{context} ({self.origin})"


def is_allowed(request: Request, statements: Iterable[Statement]) -> bool:
    """Whether the request succeeds under exactly these statements."""
    fitting = [statement for statement in statements if applies(statement, request)]
    if any(statement.effect == "Deny" for statement in fitting):
        return False
    by_own = any(statement.kind == "identity" for statement in fitting)
    by_account = any(statement.principals == (_ACCOUNT_ROOT,) for statement in fitting)
    by_name = any(statement.kind == "resource" and statement.principals != (_ACCOUNT_ROOT,) for statement in fitting)
    service = request.action.partition(":")[0]
    if request.action.startswith("aoss:") and not request.resource.startswith("arn:"):
        return any(statement.kind == "data" for statement in fitting)
    if service in {"kms", "sts"} or not request.principal.startswith(_ROLE):
        # A key and a role are closed to everybody whom their own policies do not let in.
        return by_name or (by_account and by_own)
    return by_name or by_own


def applies(statement: Statement, request: Request) -> bool:
    """Whether the statement, of either effect, is about this request."""
    return (
        _names(statement, request.principal)
        and (not statement.owner or _protects(statement.owner, request.resource))
        and any(_matches(pattern.lower(), request.action.lower()) for pattern in statement.actions)
        and any(_matches(pattern, request.resource) for pattern in statement.resources)
        and all(holds(condition, dict(request.context)) for condition in statement.conditions)
    )


def holds(condition: Condition, context: Context) -> bool:
    """Whether the condition holds. Fails for an operator that is not understood here."""
    operator, key, wanted = condition
    values = context.get(key)
    quantifier, _, plain = operator.rpartition(":")
    if plain == "Null":
        return (values is None) == (wanted == ("true",))
    if_exists = plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists")
    negated = "Not" in plain
    compare = _OPERATORS[plain.replace("Not", "")]
    if values is None:
        return if_exists or negated or quantifier == "ForAllValues"
    fits = [any(compare(value, each) for each in wanted) != negated for value in values]
    assert quantifier or len(fits) == 1, f"{operator} on {key} takes one value, and there are several"
    return any(fits) if quantifier == "ForAnyValue" else all(fits)


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), re.DOTALL)


def _matches(pattern: str, text: str) -> bool:
    return _pattern(pattern).fullmatch(text) is not None


def _matches_arn(value: str, pattern: str) -> bool:
    """Each of the six parts for itself, as the operators on ARNs compare."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(values) == len(patterns) == _ARN_PARTS and all(map(_matches, patterns, values))


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringLike": lambda value, wanted: _matches(wanted, value),
    "ArnEquals": _matches_arn,
    "ArnLike": _matches_arn,
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "NumericLessThan": lambda value, wanted: float(value) < float(wanted),
}


def _names(statement: Statement, principal: str) -> bool:
    is_own = principal in statement.principals or ANYBODY in statement.principals
    return is_own or (_ACCOUNT_ROOT in statement.principals and principal.startswith(f"{_ROLE}:{ACCOUNT}:"))


def _protects(owner: str, resource: str) -> bool:
    """Whether a policy attached to the owner is asked about the resource: itself, or something in it."""
    return resource == owner or resource.startswith((f"{owner}/", f"{owner}:"))
