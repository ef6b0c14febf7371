"""What holds the owner's data cannot be lost by a mistake; what does not, says so."""

from __future__ import annotations

from collections.abc import Iterator

from tests.infra.rules.base import at, finding, is_true, rule
from tests.infra.waivers import Finding
from tests.infra.world import World

#: Types that hold state, or what state cannot be read without.
STATEFUL = (
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::OpenSearchServerless::Collection",
    "AWS::S3::Bucket",
    "AWS::S3Vectors::VectorBucket",
)


@rule
def retained(world: World) -> Iterator[Finding]:
    """State outlives its stack and its replacement, but a first creation that failed leaves nothing behind.

    What can be made again from other state is waived: it says so beside it.
    """
    wanted = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    for template in world.templates:
        for resource in template.of_type(*STATEFUL):
            for policy, value in wanted.items():
                found = resource.body.get(policy)
                if found != value:
                    yield finding("retained", resource, f"{policy} is {found!r}, not {value}")


@rule
def deletion_is_said(world: World) -> Iterator[Finding]:
    """Whatever holds state says both policies, the waived ones too."""
    for template in world.templates:
        for resource in template.of_type(*STATEFUL):
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                if policy not in resource.body:
                    yield finding("deletion_is_said", resource, f"it says no {policy}")


@rule
def recoverable(world: World) -> Iterator[Finding]:
    """Tables can go back to any second and refuse deletion; buckets keep the versions of their objects."""
    for table in world.resources("AWS::DynamoDB::Table"):
        if not is_true(at(table.properties, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")):
            yield finding("recoverable", table, "PointInTimeRecoveryEnabled is not true")
        if not is_true(table.properties.get("DeletionProtectionEnabled")):
            yield finding("recoverable", table, "DeletionProtectionEnabled is not true")
    for bucket in world.resources("AWS::S3::Bucket"):
        if at(bucket.properties, "VersioningConfiguration", "Status") != "Enabled":
            yield finding("recoverable", bucket, "VersioningConfiguration.Status is not Enabled")


@rule
def logs_end(world: World) -> Iterator[Finding]:
    """Every log group ends its events, and every function writes to one that a template made."""
    made = set()
    for group in world.resources("AWS::Logs::LogGroup"):
        made.add(group.properties.get("LogGroupName"))
        if not str(group.properties.get("RetentionInDays", "")).isdigit():
            yield finding("logs_end", group, "RetentionInDays is not a number of days")
    for function in world.resources("AWS::Lambda::Function"):
        name = function.properties.get("FunctionName")
        said = at(function.properties, "LoggingConfig", "LogGroup")
        if f"/aws/lambda/{name}" not in made and said not in made:
            yield finding("logs_end", function, "no template makes its log group: Lambda would, without key and end")
