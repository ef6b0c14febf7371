"""Names and ARNs as AWS gives them, of an account that does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
PARTITION = "aws"

_HERE = f"{REGION}:{ACCOUNT}"

#: Where the name of a resource stands, and its ARN with {} for that name.
_TYPES: Mapping[str, tuple[str, str]] = {
    "AWS::ApiGateway::RestApi": ("", f"arn:{PARTITION}:apigateway:{REGION}::/restapis/{{}}"),
    "AWS::CloudFront::Distribution": ("", f"arn:{PARTITION}:cloudfront::{ACCOUNT}:distribution/{{}}"),
    "AWS::CloudWatch::Alarm": ("AlarmName", f"arn:{PARTITION}:cloudwatch:{_HERE}:alarm:{{}}"),
    "AWS::CodeDeploy::Application": ("ApplicationName", f"arn:{PARTITION}:codedeploy:{_HERE}:application:{{}}"),
    "AWS::DynamoDB::Table": ("TableName", f"arn:{PARTITION}:dynamodb:{_HERE}:table/{{}}"),
    "AWS::Events::Rule": ("Name", f"arn:{PARTITION}:events:{_HERE}:rule/{{}}"),
    "AWS::IAM::OIDCProvider": ("", f"arn:{PARTITION}:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"),
    "AWS::IAM::ManagedPolicy": ("ManagedPolicyName", f"arn:{PARTITION}:iam::{ACCOUNT}:policy/{{}}"),
    "AWS::IAM::Role": ("RoleName", f"arn:{PARTITION}:iam::{ACCOUNT}:role/{{}}"),
    "AWS::KMS::Key": ("", f"arn:{PARTITION}:kms:{_HERE}:key/{{}}"),
    "AWS::Lambda::Function": ("FunctionName", f"arn:{PARTITION}:lambda:{_HERE}:function:{{}}"),
    "AWS::Logs::LogGroup": ("LogGroupName", f"arn:{PARTITION}:logs:{_HERE}:log-group:{{}}:*"),
    "AWS::OpenSearchServerless::Collection": ("", f"arn:{PARTITION}:aoss:{_HERE}:collection/{{}}"),
    "AWS::OpenSearchServerless::CollectionGroup": ("", f"arn:{PARTITION}:aoss:{_HERE}:collection-group/{{}}"),
    "AWS::S3::Bucket": ("BucketName", f"arn:{PARTITION}:s3:::{{}}"),
    "AWS::S3Vectors::VectorBucket": ("VectorBucketName", f"arn:{PARTITION}:s3vectors:{_HERE}:bucket/{{}}"),
    "AWS::SNS::Topic": ("TopicName", f"arn:{PARTITION}:sns:{_HERE}:{{}}"),
    "AWS::SQS::Queue": ("QueueName", f"arn:{PARTITION}:sqs:{_HERE}:{{}}"),
}

#: Types whose ``Ref`` is not their name.
_REF_IS_ARN = frozenset({"AWS::SNS::Topic", "AWS::S3Vectors::VectorBucket", "AWS::IAM::ManagedPolicy"})
_ARN_ATTRIBUTES = frozenset({"Arn", "TopicArn", "VectorBucketArn", "PolicyArn"})


def name_of(logical_id: str, resource: Mapping[str, Any]) -> str:
    """The name that the template gives the resource; its logical id where AWS makes one up."""
    key, _ = _TYPES.get(resource["Type"], ("", ""))
    return str(resource["Properties"].get(key, logical_id))


def arn_of(logical_id: str, resource: Mapping[str, Any]) -> str:
    """The ARN of the resource; ``<type>/<logical id>`` for a type that is not known here."""
    _, form = _TYPES.get(resource["Type"], ("", resource["Type"] + "/{}"))
    return str(form.format(name_of(logical_id, resource)))


def physical_name(logical_id: str, resource: Mapping[str, Any]) -> str:
    """What ``Ref`` gives."""
    if resource["Type"] == "AWS::SQS::Queue":
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name_of(logical_id, resource)}"
    if resource["Type"] == "AWS::Lambda::Alias":
        name = resource["Properties"]
        return f"arn:{PARTITION}:lambda:{_HERE}:function:{name['FunctionName']}:{name['Name']}"
    if resource["Type"] in _REF_IS_ARN:
        return arn_of(logical_id, resource)
    return name_of(logical_id, resource)


def attribute(logical_id: str, resource: Mapping[str, Any], name: str) -> str:
    """What ``Fn::GetAtt`` gives."""
    if name in _ARN_ATTRIBUTES:
        return arn_of(logical_id, resource)
    if resource["Type"] == "AWS::SQS::Queue" and name == "QueueName":
        return name_of(logical_id, resource)
    return f"{logical_id}.{name}"
