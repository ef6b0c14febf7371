"""Who may do what: no wildcards, nobody from outside, nothing over plain HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.infra.arns import ACCOUNT, PARTITION, physical_name
from tests.infra.rules.base import at, finding, is_true, listed, rule
from tests.infra.templates import Resource
from tests.infra.waivers import Finding
from tests.infra.world import World, in_stacks

#: Actions that IAM cannot restrict to a resource; test_policies.py asks policy_sentry whether that is so.
WITHOUT_RESOURCES = frozenset({"bedrock:Rerank", "sts:GetCallerIdentity"})

_IDENTITY_TYPES = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy")
_RESOURCE_POLICY_AT = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::S3Vectors::VectorBucketPolicy": "Policy",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
}
#: `table/*` or `*` where a name should be; a wildcard behind a name (`bucket/*`, `log-group:name:*`) is not meant.
_NAMELESS = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:(?:[a-z-]+[/:])?\*")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy. ``kind`` is identity, resource, key or trust."""

    resource: Resource
    kind: str
    body: dict[str, Any]

    @property
    def allows(self) -> bool:
        return bool(self.body["Effect"] == "Allow")

    @property
    def actions(self) -> list[str]:
        return listed(self.body.get("Action"))

    @property
    def resources(self) -> list[str]:
        return listed(self.body.get("Resource"))

    def __str__(self) -> str:
        return str(self.body.get("Sid") or self.body)


def documents(resource: Resource) -> Iterator[tuple[str, str, Any]]:
    """Name, kind and document of each policy that a resource carries."""
    properties = resource.properties
    if resource.type == "AWS::IAM::Role":
        yield "trust", "trust", properties["AssumeRolePolicyDocument"]
        for policy in properties.get("Policies", []):
            yield policy["PolicyName"], "identity", policy["PolicyDocument"]
    elif resource.type in _IDENTITY_TYPES:
        yield resource.logical_id, "identity", properties["PolicyDocument"]
    elif resource.type in _RESOURCE_POLICY_AT:
        kind = "key" if resource.type == "AWS::KMS::Key" else "resource"
        yield resource.logical_id, kind, properties[_RESOURCE_POLICY_AT[resource.type]]


def statements(world: World) -> Iterator[Statement]:
    """Every statement of every policy in every variant."""
    for resource in world.resources():
        for _, kind, document in documents(resource):
            for body in listed(document["Statement"]):
                yield Statement(resource, kind, body)


@rule
def exact_actions(world: World) -> Iterator[Finding]:
    """What is allowed is named whole. In the key's policy the account itself may do everything with it."""
    for statement in statements(world):
        if not statement.allows or _is_account(statement):
            continue
        for action in statement.actions:
            if "*" in action or "?" in action:
                yield finding("exact_actions", statement.resource, f"{statement} allows {action}")


def _is_account(statement: Statement) -> bool:
    """The statement of a key policy without which nobody could ever change that policy again."""
    root = {"AWS": f"arn:{PARTITION}:iam::{ACCOUNT}:root"}
    return statement.kind == "key" and statement.body.get("Principal") == root and statement.actions == ["kms:*"]


@rule
def exact_resources(world: World) -> Iterator[Finding]:
    """What is allowed is allowed on named resources, unless the action knows none. A key policy means its own key."""
    for statement in statements(world):
        if not statement.allows or statement.kind not in {"identity", "resource"}:
            continue
        if statement.resources == ["*"] and set(statement.actions) <= WITHOUT_RESOURCES:
            continue
        for arn in statement.resources or ["no resource"]:
            if arn in {"*", "no resource"} or _NAMELESS.fullmatch(arn):
                yield finding("exact_resources", statement.resource, f"{statement} allows on {arn}")


@rule
def nothing_but(world: World) -> Iterator[Finding]:
    """No statement allows everything but something."""
    for statement in statements(world):
        if statement.allows and {"NotAction", "NotResource", "NotPrincipal"} & statement.body.keys():
            yield finding("nothing_but", statement.resource, f"{statement} allows by exception")


@rule
def known_principals(world: World) -> Iterator[Finding]:
    """Nobody from outside: principals are AWS services, bound to this account, or roles of this account."""
    for statement in statements(world):
        if not statement.allows or statement.kind == "identity":
            continue
        principal = statement.body.get("Principal")
        if not isinstance(principal, dict):
            yield finding("known_principals", statement.resource, f"{statement} allows {principal}")
            continue
        for arn in listed(principal.get("AWS")):
            if not arn.startswith(f"arn:{PARTITION}:iam::{ACCOUNT}:") or "*" in arn:
                yield finding("known_principals", statement.resource, f"{statement} allows {arn}")
        if "Service" in principal and statement.kind != "trust" and not _names_account(statement):
            yield finding("known_principals", statement.resource, f"{statement} does not say for which account")


def _names_account(statement: Statement) -> bool:
    """Whether a condition keeps the service from acting here for somebody else."""
    return any(
        key.startswith(("aws:Source", "kms:EncryptionContext")) and ACCOUNT in str(value)
        for condition in (statement.body.get("Condition") or {}).values()
        for key, value in condition.items()
    )


@rule
def exact_identity(world: World) -> Iterator[Finding]:
    """Who comes with a web identity is named exactly: its audience and its subject, without wildcards."""
    for statement in statements(world):
        if not statement.allows or "Federated" not in (statement.body.get("Principal") or {}):
            continue
        equal = at(statement.body, "Condition", "StringEquals") or {}
        for claim in ("aud", "sub"):
            values = [value for key, value in equal.items() if key.endswith(f":{claim}")]
            if not values or any("*" in text for value in values for text in listed(value)):
                yield finding("exact_identity", statement.resource, f"{statement} does not name one {claim}")


@rule
def only_over_tls(world: World) -> Iterator[Finding]:
    """Every bucket, queue and topic refuses everybody who comes over plain HTTP."""
    for stacks in world.variants.values():
        refused = {target for policy in in_stacks(stacks) for target in _refusals(policy)}
        for resource in in_stacks(stacks, "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic"):
            if physical_name(resource.logical_id, resource.body) not in refused:
                yield finding("only_over_tls", resource, "no policy refuses aws:SecureTransport=false")


def _refusals(policy: Resource) -> Iterator[str]:
    """What the policy guards, where it denies plain HTTP to everybody on all of it."""
    targets = {"AWS::S3::BucketPolicy": "Bucket", "AWS::SQS::QueuePolicy": "Queues", "AWS::SNS::TopicPolicy": "Topics"}
    for _, _, document in documents(policy) if policy.type in targets else ():
        for body in listed(document["Statement"]):
            plain = at(body, "Condition", "Bool", "aws:SecureTransport")
            everybody = body.get("Principal") in ("*", {"AWS": "*"})
            everything = any(
                action in {"*", "s3:*", "sqs:*", "sns:*", "sns:Publish"} for action in listed(body.get("Action"))
            )
            if body["Effect"] == "Deny" and str(plain).lower() == "false" and everybody and everything:
                yield from listed(policy.properties[targets[policy.type]])


@rule
def private_buckets(world: World) -> Iterator[Finding]:
    """No bucket can be opened, by a policy or by an access list."""
    blocks = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    for bucket in world.resources("AWS::S3::Bucket"):
        for block in blocks:
            if not is_true(at(bucket.properties, "PublicAccessBlockConfiguration", block)):
                yield finding("private_buckets", bucket, f"PublicAccessBlockConfiguration.{block} is not true")
        if at(bucket.properties, "OwnershipControls", "Rules", 0, "ObjectOwnership") != "BucketOwnerEnforced":
            yield finding("private_buckets", bucket, "OwnershipControls do not rule out access lists")
        if {"AccessControl", "WebsiteConfiguration"} & bucket.properties.keys():
            yield finding("private_buckets", bucket, "it has an access list or is a website")


@rule
def private_functions(world: World) -> Iterator[Finding]:
    """Functions have no URL of their own, and are invoked by named resources of this account only."""
    for url in world.resources("AWS::Lambda::Url"):
        yield finding("private_functions", url, "it is a way past the API")
    for permission in world.resources("AWS::Lambda::Permission"):
        if permission.properties.get("Principal") == "*":
            yield finding("private_functions", permission, "everybody may invoke")
        source = str(permission.properties.get("SourceArn", ""))
        if ACCOUNT not in source and permission.properties.get("SourceAccount") != ACCOUNT:
            yield finding("private_functions", permission, "it does not say from which account")
