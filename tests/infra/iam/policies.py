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
    arn = _arn(resource)
    assert not resource.properties.get("ManagedPolicyArns"), f"{resource.logical_id} has policies of AWS's own"
    yield from _document(resource, "trust", resource.properties["AssumeRolePolicyDocument"], "resource", (), arn)
    for policy in resource.properties.get("Policies", ()):
        yield from _document(resource, policy["PolicyName"], policy["PolicyDocument"], "identity", (arn,))


def _role_policy(resource: Resource) -> Iterator[Statement]:
    names = resource.properties.get("Roles") or [resource.properties["RoleName"]]
    roles = tuple(_role_arn(name) for name in names)
    yield from _document(
        resource, resource.properties["PolicyName"], resource.properties["PolicyDocument"], "identity", roles
    )


def _key(resource: Resource) -> Iterator[Statement]:
    arn = _arn(resource)
    for statement in _document(resource, "key", resource.properties["KeyPolicy"], "resource", (), arn):
        # "*" in a key's policy is the key itself.
        assert statement.resources == ("*",), f"{statement} names a resource; only * has a meaning in a key's policy"
        yield Statement(
            statement.name, "resource", statement.effect, statement.principals, statement.actions, (arn,),
            statement.conditions, arn,
        )  # fmt: skip


def _attached(*targets: str) -> Callable[[Resource], Iterator[Statement]]:
    """Reads a policy of its own resource, attached to what these properties name."""

    def read(resource: Resource) -> Iterator[Statement]:
        named = next(resource.properties[target] for target in targets if target in resource.properties)
        owners = [_owner_arn(resource.type, owner) for owner in (named if isinstance(named, list) else [named])]
        for arn in owners:
            for each in _document(resource, arn, resource.properties["PolicyDocument"], "resource", (), arn):
                # What is the other's of several that share a policy means nothing here.
                others = {other for other in owners if other != arn}
                yield replace(each, resources=tuple(one for one in each.resources if one not in others))

    return read


def _permission(resource: Resource) -> Iterator[Statement]:
    """``AWS::Lambda::Permission``, as the statement that Lambda makes of it."""
    given = resource.properties
    function = given["FunctionName"]
    arn = function if function.startswith("arn:") else _function_arn(function)
    conditions: list[Condition] = []
    if "SourceArn" in given:
        conditions.append(("ArnLike", "aws:sourcearn", (given["SourceArn"],)))
    if "SourceAccount" in given:
        conditions.append(("StringEquals", "aws:sourceaccount", (given["SourceAccount"],)))
    yield Statement(
        resource.logical_id, "resource", "Allow", (given["Principal"],), (given["Action"],), (arn,), tuple(conditions),
        arn,
    )  # fmt: skip


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
    "AWS::S3::BucketPolicy": _attached("Bucket"),
    "AWS::S3Vectors::VectorBucketPolicy": _attached("VectorBucketArn", "VectorBucketName"),
    "AWS::SNS::TopicPolicy": _attached("Topics"),
    "AWS::SQS::QueuePolicy": _attached("Queues"),
}


def _document(
    resource: Resource, name: str, document: Mapping[str, Any], kind: Kind, roles: tuple[str, ...], owner: str = ""
) -> Iterator[Statement]:
    for number, each in enumerate(document["Statement"]):
        unknown = each.keys() - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        assert not unknown, f"{resource.logical_id}: {sorted(unknown)} is not understood here"
        label = each.get("Sid", number)
        yield Statement(
            f"{resource.logical_id}.{label}" if kind == "identity" else f"{resource.logical_id} ({_last(name)}) {label}",
            kind,
            each["Effect"],
            roles or tuple(_principals(each["Principal"])),
            _texts(each["Action"]),
            _texts(each.get("Resource", owner)),
            tuple(_conditions(each.get("Condition", {}))),
            owner,
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


def _arn(resource: Resource) -> str:
    return arn_of(resource.logical_id, {"Type": resource.type, "Properties": resource.properties})


def _role_arn(name: str) -> str:
    return name if name.startswith("arn:") else arn_of(name, {"Type": "AWS::IAM::Role", "Properties": {}})


def _function_arn(name: str) -> str:
    return arn_of(name, {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": name}})


def _owner_arn(type_of_policy: str, owner: str) -> str:
    """The ARN of what a policy is attached to, which queues name by URL and buckets by name."""
    if owner.startswith("arn:"):
        return owner
    kinds = {
        "AWS::S3::BucketPolicy": ("AWS::S3::Bucket", "BucketName"),
        "AWS::SQS::QueuePolicy": ("AWS::SQS::Queue", "QueueName"),
        "AWS::S3Vectors::VectorBucketPolicy": ("AWS::S3Vectors::VectorBucket", "VectorBucketName"),
    }
    kind, name = kinds[type_of_policy]
    return arn_of(owner, {"Type": kind, "Properties": {name: _last(owner)}})


def _last(name: str) -> str:
    return name.rpartition("/")[2].rpartition(":")[2]
