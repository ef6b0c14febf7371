"""The two sides of least privilege: what is asked for and not granted, and what is granted and not asked for. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from tests.infra.arns import ACCOUNT
from tests.infra.iam.actions import named
from tests.infra.iam.evaluation import Request, applies, is_allowed
from tests.infra.iam.justified import EVERYTHING
from tests.infra.iam.policies import Statement

#: Where the resources of a grant may end in ``*``, and why they cannot be said more exactly.
OPEN_RESOURCES: Mapping[str, str] = {
    r"arn:aws:logs:.*:log-group:/aws/lambda/[a-z-]+:log-stream:\*": "Lambda makes up the names of streams.",
    r"arn:aws:s3:::[a-z0-9-]+/\*": "The owner makes up the names of files.",
    r"arn:aws:s3vectors:.*:bucket/[a-z0-9-]+/index/chunks-\*": "An index is named after a digest of its embedder.",
    r"index/[a-z-]+/chunks-\*": "An index is named after a digest of its embedder.",
}
#: The same for the values of conditions, after their keys.
OPEN_CONDITIONS: Mapping[str, str] = {
    r"kms:encryptioncontext:aws:s3vectors:arn arn:aws:s3vectors:.*:bucket/[a-z0-9-]+/index/chunks-\*": (
        "An index is named after a digest of its embedder."
    ),
    r"aws:sourcearn arn:aws:s3vectors:.*:bucket/[a-z0-9-]+/\*": (
        "AWS does not say in the name of what S3 Vectors comes to the key."
    ),
    r"aws:sourcearn arn:aws:execute-api:.*:Api/api/\*/\*": (
        "The application knows its routes; the stage passes all of them on."
    ),
    r"aws:sourcearn arn:aws:cloudwatch:.*:alarm:chatbot-[a-z]+-\*": (
        "All alarms of the environment write to one topic."
    ),
    r"aws:sourcearn arn:aws:cloudfront::.*:distribution/\*": (
        "The key is made before the distribution has its id; the bucket's policy names the very one."
    ),
}

#: Actions that could be limited to resources and are not, and why.
UNLIMITED: Mapping[str, str] = {
    "cloudwatch:DescribeAlarms": "How CodeDeploy asks is not documented; AWS's own policy for it has *.",
}

#: What a data access policy can permit on indexes.
DATA_PERMISSIONS = frozenset(
    f"aoss:{name}"
    for name in ("CreateIndex", "DeleteIndex", "DescribeIndex", "ReadDocument", "UpdateIndex", "WriteDocument")
)


def missing(needed: Iterable[Request], statements: Collection[Statement]) -> list[str]:
    """The requests that would be refused."""
    everything = [*statements, EVERYTHING]
    return sorted({str(request) for request in needed if not is_allowed(request, everything)})


def unused(needed: Collection[Request], statements: Iterable[Statement]) -> list[str]:
    """Grants that no request makes use of: each principal, action, resource and value of a condition for itself."""
    return [
        f"{single}: {single.principals[0]} may {single.actions[0]} on {single.resources[0]}{_shown(single)}"
        for statement in statements
        if is_grant(statement)
        for single in _singles(statement)
        if not any(applies(single, request) for request in needed)
    ]


def too_broad(statements: Iterable[Statement]) -> list[str]:
    """Grants with a ``*`` that has no reason, and such as mean nothing to the service."""
    return [
        f"{statement}: {problem}"
        for statement in statements
        if is_grant(statement)
        for problem in (*_problems_of(statement), *_problems_of_ends(statement))
    ]


def count(statement: Statement) -> int:
    """How many grants the statement is: each principal, action and resource, and each further value of a condition."""
    return sum(1 for _ in _singles(statement))


def is_grant(statement: Statement) -> bool:
    """Whether it grants something by itself. That the account's own policies count grants nothing yet."""
    return statement.effect == "Allow" and not is_delegation(statement)


def is_delegation(statement: Statement) -> bool:
    """Whether it is the statement of a key's policy that lets the policies of the account's identities decide."""
    return (
        statement.owner.startswith("arn:aws:kms:")
        and statement.principals == (f"arn:aws:iam::{ACCOUNT}:root",)
        and statement.actions == ("kms:*",)
    )


def idle_reasons(statements: Collection[Statement]) -> set[str]:
    """The patterns of ``OPEN_RESOURCES`` and ``OPEN_CONDITIONS``, and actions of ``UNLIMITED``, that no grant needs."""
    ends = [(known, end) for statement in statements if is_grant(statement) for known, end in _ends(statement)]
    return {
        pattern
        for open_ends in (OPEN_RESOURCES, OPEN_CONDITIONS)
        for pattern in open_ends
        if not any(known is open_ends and re.fullmatch(pattern, end) for known, end in ends)
    } | (UNLIMITED.keys() - {action for each in statements if "*" in each.resources for action in each.actions})


def _singles(statement: Statement) -> Iterator[Statement]:
    """The statement for one principal, action and resource, and one value of each condition, in all combinations
    that matter: values are not combined with each other.
    """
    for principal, action, resource in itertools.product(statement.principals, statement.actions, statement.resources):
        single = replace(statement, principals=(principal,), actions=(action,), resources=(resource,))
        yield single
    for number, (operator, key, values) in enumerate(statement.conditions):
        for value in values if len(values) > 1 else ():
            conditions = [*statement.conditions]
            conditions[number] = (operator, key, (value,))
            yield replace(statement, conditions=tuple(conditions))


def _shown(statement: Statement) -> str:
    return "".join(f" if {operator} {key} {'|'.join(values)}" for operator, key, values in statement.conditions)


def _problems_of(statement: Statement) -> Iterator[str]:
    for pattern in statement.actions:
        if "*" in pattern or "?" in pattern:
            yield f"{pattern} is a pattern; name the actions"
        elif statement.kind == "data":
            yield from _problems_of_data(statement, pattern)
        elif not statement.owner.startswith("arn:aws:iam:"):
            found = named(pattern)
            if not found:
                yield f"there is no action {pattern}"
            for action in found:
                yield from _problems_of_resources(statement, action.name, action.arns)
                yield from _problems_of_keys(statement, action.name, action.keys)


def _problems_of_data(statement: Statement, permission: str) -> Iterator[str]:
    """Of a data access policy: its permissions are no actions, and its resources no ARNs."""
    if permission not in DATA_PERMISSIONS:
        yield f"there is no permission {permission}"
    for resource in statement.resources:
        if not re.fullmatch(r"index/[a-z0-9-]+/[^*]+\*?", resource):
            yield f"{permission} on {resource} is not on indexes of one collection"


def _problems_of_resources(statement: Statement, action: str, arns: Collection[str]) -> Iterator[str]:
    for resource in statement.resources:
        if resource == "*" and arns and action not in UNLIMITED:
            yield f"{action} can be limited to resources, and is not"
        if resource != "*" and not any(_may_be(resource, arn) for arn in arns):
            yield f"{action} does not act on {resource}"


def _problems_of_keys(statement: Statement, action: str, keys: Collection[str] | None) -> Iterator[str]:
    for _, key, _ in statement.conditions:
        own = not key.startswith("aws:")
        if own and keys is not None and not any(_may_be(key, each) for each in keys):
            yield f"{action} knows no condition {key}"


def _may_be(text: str, form: str) -> bool:
    """Whether the text, perhaps with a ``*`` at its end, is of that form."""
    return re.fullmatch(re.escape(form).replace(r"\*", ".*"), text) is not None


def _ends(statement: Statement) -> Iterator[tuple[Mapping[str, str], str]]:
    """What ends in ``*``, each with the reasons that there are for such."""
    yield from ((OPEN_RESOURCES, resource) for resource in statement.resources if "*" in resource and resource != "*")
    values = ((key, value) for _, key, values in statement.conditions for value in values)
    yield from ((OPEN_CONDITIONS, f"{key} {value}") for key, value in values if "*" in value)


def _problems_of_ends(statement: Statement) -> Iterator[str]:
    for known, end in _ends(statement):
        if not any(re.fullmatch(pattern, end) for pattern in known):
            yield f"{end} ends openly, and nobody says why"
    if "*" in statement.principals:
        yield "it is granted to everybody"
