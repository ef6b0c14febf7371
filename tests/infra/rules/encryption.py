"""Everything that is stored is encrypted under the customer key."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator

from tests.infra.arns import name_of
from tests.infra.rules.base import at, finding, is_true, rule
from tests.infra.templates import Resource
from tests.infra.waivers import Finding
from tests.infra.world import World, in_stacks

#: Where the key stands in each type that stores something.
_KEY_AT: dict[str, tuple[str | int, ...]] = {
    "AWS::DynamoDB::Table": ("SSESpecification", "KMSMasterKeyId"),
    "AWS::Lambda::Function": ("KmsKeyArn",),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::S3::Bucket": (
        "BucketEncryption", "ServerSideEncryptionConfiguration", 0, "ServerSideEncryptionByDefault", "KMSMasterKeyID",
    ),
    "AWS::S3Vectors::VectorBucket": ("EncryptionConfiguration", "KmsKeyArn"),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
}  # fmt: skip

#: What has to stand beside the key, for it to be used.
_BESIDE: dict[str, tuple[tuple[tuple[str | int, ...], str], ...]] = {
    "AWS::DynamoDB::Table": ((("SSESpecification", "SSEEnabled"), "true"), (("SSESpecification", "SSEType"), "KMS")),
    "AWS::S3::Bucket": (
        ((*_KEY_AT["AWS::S3::Bucket"][:-1], "SSEAlgorithm"), "aws:kms"),
        ((*_KEY_AT["AWS::S3::Bucket"][:-2], "BucketKeyEnabled"), "true"),
    ),
    "AWS::S3Vectors::VectorBucket": ((("EncryptionConfiguration", "SseType"), "aws:kms"),),
}


@rule
def customer_key(world: World) -> Iterator[Finding]:
    """Buckets, tables, queues, topics, log groups, vector buckets and functions name the customer key."""
    keys = world.keys()
    for resource in world.resources(*_KEY_AT):
        path = _KEY_AT[resource.type]
        found = at(resource.properties, *path)
        where = ".".join(map(str, path))
        if found not in keys:
            yield finding("customer_key", resource, f"{where} is {found!r}, not the customer key")
        for beside, value in _BESIDE.get(resource.type, ()):
            if str(at(resource.properties, *beside)).lower() != value.lower():
                yield finding("customer_key", resource, f"{'.'.join(map(str, beside))} is not {value}")


@rule
def key_rotates(world: World) -> Iterator[Finding]:
    """A customer key is symmetric, rotates, and can be taken back for 30 days after it was deleted."""
    for key in world.resources("AWS::KMS::Key"):
        if not is_true(key.properties.get("EnableKeyRotation")):
            yield finding("key_rotates", key, "EnableKeyRotation is not true")
        if int(key.properties.get("PendingWindowInDays", 30)) < 30:
            yield finding("key_rotates", key, "PendingWindowInDays is less than 30")


@rule
def collection_key(world: World) -> Iterator[Finding]:
    """An encryption policy with the customer key covers every OpenSearch collection, and is made before it."""
    keys = world.keys()
    for stacks in world.variants.values():
        policies = [p for p in in_stacks(stacks, "AWS::OpenSearchServerless::SecurityPolicy") if _is_encryption(p)]
        for policy in policies:
            document = json.loads(policy.properties["Policy"])
            if document.get("AWSOwnedKey") or document.get("KmsARN") not in keys:
                yield finding("collection_key", policy, "KmsARN is not the customer key")
        for collection in in_stacks(stacks, "AWS::OpenSearchServerless::Collection"):
            if not any(_covers(policy, collection) for policy in policies):
                yield finding("collection_key", collection, "no encryption policy with a key covers it")


def _is_encryption(policy: Resource) -> bool:
    return bool(policy.properties.get("Type") == "encryption")


def _covers(policy: Resource, collection: Resource) -> bool:
    name = collection.properties.get("Name") or name_of(collection.logical_id, collection.body)
    return any(
        fnmatch.fnmatchcase(f"collection/{name}", pattern)
        for entry in json.loads(policy.properties["Policy"]).get("Rules", [])
        if entry["ResourceType"] == "collection"
        for pattern in entry["Resource"]
    )
