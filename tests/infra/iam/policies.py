"""Every policy of a deployment as statements: of roles, of the key, of queues, buckets, topics and functions, and the
data access policies of OpenSearch Serverless.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.infra.arns import arn_of
from tests.infra.iam.deployment import Deployment, Resource
from tests.infra.templates import walk

#: An operator, a key in lower case, and the values of which one must fit.
Condition = tuple[str, str, tuple[str, ...]]

#: ``identity`` belongs to a role, ``resource`` to what it protects, ``data`` is a data access policy.
Kind = Literal["identity", "resource", "data"]

#: Everybody.
ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with everything spelled out. Of an identity policy, ``principals`` are the roles that have it.

    ``owner`` is the ARN of what a resource policy is attached to; elsewhere it is empty.
    """

    name: str
    kind: Kind
    effect: str
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    owner: str = ""

    def __str__(self) -> str:
        return self.name


def statements_of(deployment: Deployment) -> tuple[Statement, ...]:
    """All statements. Fails for a policy that stands where none is looked for."""
    return tuple(_all(deployment))


def _all(deployment: Deployment) -> Iterator[Statement]:
    for resource in deployment.resources:
        read = _READERS.get(resource.type)
        if read:
            yield from read(resource)
            continue
        policies = [path for path, value in walk(resource.properties) if path and path[-1] == "Statement"]
        assert not policies, f"{resource.logical_id} ({resource.type}) has a policy that nobody reads here: {policies}"
        assert "ManagedPolicyArns" not in resource.properties, f"{resource.logical_id} has policies of AWS's own"


def _role(resource: Resource) -> Iterator[Statement]:
    given = resource.properties
    assert not given.get("ManagedPolicyArns"), f"{resource.logical_id} has policies of AWS's own"
    yield from _document(f"{resource.logical_id} (trust)", given["AssumeRolePolicyDocument"], owner=resource.arn)
    for policy in given.get("Policies", ()):
        yield from _document(resource.logical_id, policy["PolicyDocument"], roles=(resource.arn,))


def _role_policy(resource: Resource) -> Iterator[Statement]:
    names = resource.properties.get("Roles") or [resource.properties["RoleName"]]
    roles = tuple(_named_arn("AWS::IAM::Role", "RoleName", name) for name in names)
    yield from _document(resource.logical_id, resource.properties["PolicyDocument"], roles=roles)


def _key(resource: Resource) -> Iterator[Statement]:
    for statement in _document(resource.logical_id, resource.properties["KeyPolicy"], owner=resource.arn):
        # "*" in a key's policy is the key itself.
        assert statement.resources == ("*",), f"{statement} names a resource; only * has a meaning in a key's policy"
        yield replace(statement, resources=(resource.arn,))


def _attached(kind: str, name: str, *properties: str) -> Callable[[Resource], Iterator[Statement]]:
    """Reads a policy of its own resource, attached to resources of this kind, which these properties name."""

    def read(resource: Resource) -> Iterator[Statement]:
        named = next(resource.properties[each] for each in properties if each in resource.properties)
        owners = [_named_arn(kind, name, owner) for owner in (named if isinstance(named, list) else [named])]
        for owner in owners:
            label = resource.logical_id if len(owners) == 1 else f"{resource.logical_id} of {owner.rpartition(':')[2]}"
            for each in _document(label, resource.properties["PolicyDocument"], owner=owner):
                # What is the other's of several that share a policy means nothing here.
                others = {other for other in owners if other != owner}
                yield replace(each, resources=tuple(one for one in each.resources if one not in others))

    return read


def _permission(resource: Resource) -> Iterator[Statement]:
    """``AWS::Lambda::Permission``, as the statement that Lambda makes of it."""
    given = resource.properties
    arn = _named_arn("AWS::Lambda::Function", "FunctionName", given["FunctionName"])
    sources = {"SourceArn": ("ArnLike", "aws:sourcearn"), "SourceAccount": ("StringEquals", "aws:sourceaccount")}
    yield Statement(
        name=resource.logical_id,
        kind="resource",
        effect="Allow",
        principals=(given["Principal"],),
        actions=(given["Action"],),
        resources=(arn,),
        conditions=tuple((*form, (given[source],)) for source, form in sources.items() if source in given),
        owner=arn,
    )


def _data_access(resource: Resource) -> Iterator[Statement]:
    """Each rule of a data access policy, for each of its roles."""
    assert resource.properties["Type"] == "data"
    for number, policy in enumerate(json.loads(resource.properties["Policy"])):
        for rule in policy["Rules"]:
            name = f"{resource.logical_id}[{number}] {rule['ResourceType']}"
            yield Statement(
                name, "data", "Allow", tuple(policy["Principal"]), tuple(rule["Permission"]), tuple(rule["Resource"])
            )


_READERS: Mapping[str, Callable[[Resource], Iterator[Statement]]] = {
    "AWS::IAM::Role": _role,
    "AWS::IAM::Policy": _role_policy,
    "AWS::IAM::RolePolicy": _role_policy,
    "AWS::KMS::Key": _key,
    "AWS::Lambda::Permission": _permission,
    "AWS::OpenSearchServerless::AccessPolicy": _data_access,
    "AWS::S3::BucketPolicy": _attached("AWS::S3::Bucket", "BucketName", "Bucket"),
    "AWS::SNS::TopicPolicy": _attached("AWS::SNS::Topic", "TopicName", "Topics"),
    "AWS::SQS::QueuePolicy": _attached("AWS::SQS::Queue", "QueueName", "Queues"),
}


def _document(
    name: str, document: Mapping[str, Any], *, roles: tuple[str, ...] = (), owner: str = ""
) -> Iterator[Statement]:
    """The statements of a policy of roles, or of what owns it."""
    for number, each in enumerate(document["Statement"]):
        unknown = each.keys() - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        assert not unknown, f"{name}: {sorted(unknown)} is not understood here"
        yield Statement(
            name=f"{name}.{each.get('Sid', number)}",
            kind="identity" if roles else "resource",
            effect=each["Effect"],
            principals=roles or tuple(_principals(each["Principal"])),
            actions=_texts(each["Action"]),
            resources=_texts(each.get("Resource", owner)),
            conditions=tuple(_conditions(each.get("Condition", {}))),
            owner=owner,
        )


def _principals(principal: str | Mapping[str, Any]) -> Iterator[str]:
    if isinstance(principal, str):
        yield principal
        return
    for kind, values in principal.items():
        assert kind in {"AWS", "Service", "Federated"}, f"principals of the kind {kind} are not understood here"
        yield from _texts(values)


def _conditions(condition: Mapping[str, Mapping[str, Any]]) -> Iterator[Condition]:
    for operator, keys in condition.items():
        for key, values in keys.items():
            yield operator, key.lower(), _texts(values)


def _texts(value: Any) -> tuple[str, ...]:
    """One value or several, as texts; ``true`` as CloudFormation writes it."""
    values: Sequence[Any] = value if isinstance(value, list) else [value]
    assert all(isinstance(each, str | bool | int | float) for each in values), f"not resolved: {values}"
    return tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in values)


def _named_arn(kind: str, name: str, value: str) -> str:
    """The ARN of what a template names by its ARN, its name, or, as queues, by its URL."""
    if value.startswith("arn:"):
        return value
    return arn_of(value, {"Type": kind, "Properties": {name: value.rpartition("/")[2]}})
