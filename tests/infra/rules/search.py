"""OpenSearch Serverless and S3 Vectors, for which no scanner has rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.infra.arns import ACCOUNT, PARTITION
from tests.infra.rules.base import at, finding, rule
from tests.infra.templates import Resource
from tests.infra.waivers import Finding
from tests.infra.world import World

#: More than this many OCU at work cost more than $2 an hour: not what a person's own chatbot should run into.
_MOST_OCU = 10


def _policies(world: World, kind: str) -> Iterator[tuple[Resource, Any]]:
    for policy in world.resources("AWS::OpenSearchServerless::SecurityPolicy"):
        if policy.properties.get("Type") == kind:
            yield policy, json.loads(policy.properties["Policy"])


@rule
def network_policy(world: World) -> Iterator[Finding]:
    """Functions outside a VPC reach the collection (signed, and by the data policy); no dashboard is open.

    An open network is said and justified in a Description, and names exact collections.
    """
    for policy, document in _policies(world, "network"):
        for statement in document:
            rules = statement["Rules"]
            if any(entry["ResourceType"] != "collection" for entry in rules):
                yield finding("network_policy", policy, "it opens more than collections")
            if any("*" in name for entry in rules for name in entry["Resource"]):
                yield finding("network_policy", policy, "it names collections with a wildcard")
            said = statement.get("Description") or policy.properties.get("Description", "")
            if statement.get("AllowFromPublic") and len(said) < 20:
                yield finding("network_policy", policy, "AllowFromPublic without a Description that says why")


@rule
def data_policy(world: World) -> Iterator[Finding]:
    """Data policies name exact roles, exact permissions, and one collection."""
    for policy in world.resources("AWS::OpenSearchServerless::AccessPolicy"):
        for statement in json.loads(policy.properties["Policy"]):
            for principal in statement["Principal"]:
                if not principal.startswith(f"arn:{PARTITION}:iam::{ACCOUNT}:role/") or "*" in principal:
                    yield finding("data_policy", policy, f"{principal} is not the ARN of one role")
            for entry in statement["Rules"]:
                if any("*" in permission for permission in entry["Permission"]):
                    yield finding("data_policy", policy, "it grants permissions with a wildcard")
                if any(name.split("/")[1] in {"", "*"} for name in entry["Resource"]):
                    yield finding("data_policy", policy, "it names every collection")


@rule
def collection_sleeps(world: World) -> Iterator[Finding]:
    """Collections are of the generation that sleeps: no capacity when idle, and a bound on what they may take."""
    groups = {}
    for group in world.resources("AWS::OpenSearchServerless::CollectionGroup"):
        groups[group.properties.get("Name")] = group
        limits = group.properties.get("CapacityLimits") or {}
        if group.properties.get("Generation") != "NEXTGEN":
            yield finding(
                "collection_sleeps", group, "Generation is not NEXTGEN, which has an idle floor of $350 a month"
            )
        for kind in ("Indexing", "Search"):
            if float(at(limits, f"Min{kind}CapacityInOcu") or 0) != 0 or f"Min{kind}CapacityInOcu" not in limits:
                yield finding("collection_sleeps", group, f"Min{kind}CapacityInOcu is not 0")
            if not 1 <= float(at(limits, f"Max{kind}CapacityInOcu") or 0) <= _MOST_OCU:
                yield finding("collection_sleeps", group, f"Max{kind}CapacityInOcu is not between 1 and {_MOST_OCU}")
    for collection in world.resources("AWS::OpenSearchServerless::Collection"):
        if collection.properties.get("CollectionGroupName") not in groups:
            yield finding("collection_sleeps", collection, "it is in no collection group of ours")
        if collection.properties.get("Type") != "VECTORSEARCH":
            yield finding("collection_sleeps", collection, "Type is not VECTORSEARCH")
