"""How templates are written: what is a parameter, what is a name, and what main.yaml may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.infra.rules.base import finding, rule
from tests.infra.templates import GITHUB, MAIN, Resource, Template, walk
from tests.infra.waivers import Finding
from tests.infra.world import World, in_stacks

#: Publishes the Lambda Web Adapter.
_FOREIGN_ACCOUNTS = frozenset({"753240598075"})
_ACCOUNT_ID = re.compile(r"(?<![\d.])\d{12}(?!\d)")
_REGION = re.compile(r"\b(?:us|eu|ap|ca|sa|af|me|il|mx)-(?:gov-)?(?:north|south|east|west|central)[a-z]*-\d\b")
_PARTITION = re.compile(r"\barn:aws[a-z-]*:")
_CONSTRAINTS = frozenset({"AllowedPattern", "AllowedValues", "MinValue", "MaxValue", "MaxLength", "MinLength"})
#: Properties whose value is the name of the resource itself; the region or the account has to be unique in it.
_NAMES = {
    "AWS::ApiGateway::ApiKey": "Name", "AWS::ApiGateway::RestApi": "Name",
    "AWS::ApiGateway::UsagePlan": "UsagePlanName",
    "AWS::Budgets::Budget": "Budget.BudgetName", "AWS::CloudFront::CachePolicy": "CachePolicyConfig.Name",
    "AWS::CloudFront::Function": "Name",
    "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig.Name",
    "AWS::CloudFront::OriginRequestPolicy": "OriginRequestPolicyConfig.Name",
    "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig.Name",
    "AWS::CloudWatch::Alarm": "AlarmName", "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::CodeDeploy::Application": "ApplicationName", "AWS::DynamoDB::Table": "TableName", "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::Role": "RoleName", "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName", "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::OpenSearchServerless::AccessPolicy": "Name", "AWS::OpenSearchServerless::Collection": "Name",
    "AWS::OpenSearchServerless::CollectionGroup": "Name", "AWS::OpenSearchServerless::SecurityPolicy": "Name",
    "AWS::S3::Bucket": "BucketName", "AWS::S3Vectors::VectorBucket": "VectorBucketName", "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
}  # fmt: skip
#: Types without a name of their own, or whose name counts within another resource only.
_NAMELESS = frozenset({
    "AWS::ApiGateway::Account", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method", "AWS::ApiGateway::Resource", "AWS::ApiGateway::Stage", "AWS::ApiGateway::UsagePlanKey",
    "AWS::CloudFormation::Stack", "AWS::CloudFront::Distribution", "AWS::CodeDeploy::DeploymentGroup",
    "AWS::IAM::OIDCProvider", "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::KMS::Key", "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission",
    "AWS::Lambda::Version", "AWS::Logs::MetricFilter", "AWS::Logs::QueryDefinition", "AWS::S3::BucketPolicy",
    "AWS::S3Vectors::VectorBucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
})  # fmt: skip


def _of_template(name: str, template: Template, where: str, message: str) -> Finding:
    return Finding(template.name, where, name, message)


@rule
def known_types(world: World) -> Iterator[Finding]:
    """A new type of resource is looked at by a person: does it store something, does it have a name, who may use it?"""
    for template in world.templates:
        for resource in template.resources:
            if resource.type not in _NAMES and resource.type not in _NAMELESS:
                yield finding("known_types", resource, "no rule here knows this type: add what holds for it")


@rule
def described_parameters(world: World) -> Iterator[Finding]:
    """Every parameter and output says what it is; where a person gives the value, also what it may be."""
    for template in world.templates:
        for name, spec in {**template.section("Parameters"), **template.section("Outputs")}.items():
            if " " not in str(spec.get("Description", "")):
                yield _of_template("described_parameters", template, name, "its Description says nothing")
        for name, spec in template.section("Parameters").items():
            if template.name in {MAIN, GITHUB} and not _CONSTRAINTS & spec.keys():
                yield _of_template("described_parameters", template, name, f"it has none of {sorted(_CONSTRAINTS)}")


@rule
def main_only_wires(world: World) -> Iterator[Finding]:
    """``main.yaml`` makes stacks and nothing else, each from a template of this folder."""
    names = {template.name for template in world.templates}
    for template in world.templates:
        if template.name != MAIN:
            continue
        for resource in template.resources:
            url = str(resource.properties.get("TemplateURL", ""))
            if resource.type != "AWS::CloudFormation::Stack":
                yield finding("main_only_wires", resource, "it is not a stack")
            elif url.removeprefix("./") not in names:
                yield finding("main_only_wires", resource, f"TemplateURL {url!r} is no template of this folder")


@rule
def nothing_hard_coded(world: World) -> Iterator[Finding]:
    """No account, region or partition stands in a template, but for the account that publishes the web adapter."""
    for template in world.templates:
        for section in ("Conditions", "Resources", "Outputs", "Mappings"):
            for path, value in walk(template.section(section)):
                if isinstance(value, str) and (found := _hard_coded(value)):
                    where = str(path[0]) if path else section
                    yield _of_template("nothing_hard_coded", template, where, f"{found} stands in {value[:80]!r}")


def _hard_coded(text: str) -> str | None:
    for found in _ACCOUNT_ID.findall(text):
        if found not in _FOREIGN_ACCOUNTS:
            return str(found)
    match = _REGION.search(text) or _PARTITION.search(text)
    return match[0] if match else None


def _name(resource: Resource) -> str | None:
    value: Any = resource.properties
    for part in _NAMES[resource.type].split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return None if value is None else str(value)


@rule
def names_begin_with_the_prefix(world: World) -> Iterator[Finding]:
    """What has a name has one that begins with the prefix, so that people and policies know whose it is."""
    for variant, stacks in world.variants.items():
        prefix = f"chatbot-{variant.split(',', maxsplit=1)[0]}"
        for resource in in_stacks(stacks, *_NAMES):
            name = _name(resource)
            begins = (prefix, f"alias/{prefix}", f"/aws/lambda/{prefix}", f"/aws/apigateway/{prefix}")
            if name is not None and resource.template != GITHUB and not name.startswith(begins):
                yield finding("names_begin_with_the_prefix", resource, f"its name is {name!r}")


@rule
def environments_do_not_clash(world: World) -> Iterator[Finding]:
    """Two environments in one account and region have no name in common."""
    taken: dict[tuple[str, str], str] = {}
    for variant, stacks in world.variants.items():
        environment = variant.split(",", maxsplit=1)[0]
        for resource in in_stacks(stacks, *_NAMES):
            name = _name(resource)
            if name is None or resource.template == GITHUB:
                continue
            first = taken.setdefault((resource.type, name), environment)
            if first != environment:
                yield finding("environments_do_not_clash", resource, f"{name!r} is taken by {first} too")


@rule
def names_are_unique(world: World) -> Iterator[Finding]:
    """In one deployment no two resources of a type have the same name."""
    for stacks in world.variants.values():
        taken: dict[tuple[str, str], str] = {}
        for resource in in_stacks(stacks, *_NAMES):
            name = _name(resource)
            if name is not None and taken.setdefault((resource.type, name), resource.logical_id) != resource.logical_id:
                yield finding("names_are_unique", resource, f"{name!r} is the name of another resource too")
