"""What AWS itself does with the policies, and no code of ours calls: each request with the reason why it is made.

They follow from the resources of a deployment, not from its policies. That they are right is AWS's documentation, and
cannot be proved without an account.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.infra.arns import ACCOUNT, PARTITION, REGION
from tests.infra.iam.deployment import Deployment
from tests.infra.iam.evaluation import Request
from tests.infra.iam.needs import as_context
from tests.infra.iam.policies import Statement

_LAMBDA = "lambda.amazonaws.com"
_EVENTS = "events.amazonaws.com"
_ALARMS = "cloudwatch.amazonaws.com"
_CLOUDFRONT = "cloudfront.amazonaws.com"
_CODEDEPLOY = "codedeploy.amazonaws.com"
_INDEXING = "indexing.s3vectors.amazonaws.com"
_LOGS = f"logs.{REGION}.amazonaws.com"
_API = "apigateway.amazonaws.com"

#: Who deploys, and may do everything, as far as the policies of resources let them.
OWNER = f"arn:{PARTITION}:iam::{ACCOUNT}:role/Owner"
EVERYTHING = Statement("Owner", "identity", "Allow", (OWNER,), ("*",), ("*",))

#: Why each request is made, by its short name.
REASONS: Mapping[str, str] = {
    "start": "Lambda starts the function as its role.",
    "log": "Lambda writes what the function prints as its role; the log group is the template's, the streams are not.",
    "poll": "Lambda's pollers take messages from the queue as the function's role.",
    "poll-key": "SQS decrypts the messages in the name of who receives them.",
    "encrypt-log": "CloudWatch Logs encrypts and decrypts a log group by itself, and says for which one.",
    "event": "EventBridge puts the events of the rule into its target by itself.",
    "event-lost": "EventBridge puts what it could not deliver into the rule's dead-letter queue.",
    "event-key": "SQS has whoever sends make a data key, and decrypt it for a test; here EventBridge.",
    "alarm": "CloudWatch publishes alarms to their topic by itself.",
    "alarm-key": "SNS has whoever publishes make a data key, and decrypt it; here CloudWatch.",
    "web": "CloudFront reads the files of its origin, signed as itself.",
    "web-key": "S3 decrypts a file in the name of who reads it; here CloudFront.",
    "index-key": "S3 Vectors arranges its indexes in the background, as its own service.",
    "call": "API Gateway calls the function behind a method by itself.",
    "shift-start": "CodeDeploy acts as the role of its deployment group.",
    "shift": "CodeDeploy moves the alias of the function, bit by bit.",
    "shift-watch": "CodeDeploy looks at the alarms of its deployment group before each step.",
    "grant": "Whoever deploys gives Lambda, DynamoDB and OpenSearch grants on the key, by way of these services.",
    "upload": "The owner puts files into the bucket by hand, with the bucket's encryption or naming the same key.",
}


def requests_of(deployment: Deployment) -> Iterator[Request]:
    """Every such request. ``origin`` is a name of ``REASONS``."""
    for make in _MAKERS:
        yield from make(deployment)


def _functions(deployment: Deployment) -> Iterator[Request]:
    for function in deployment.of_type("AWS::Lambda::Function"):
        role = function.properties["Role"]
        yield _request("start", _LAMBDA, "sts:AssumeRole", role)
        group = _log_group(f"/aws/lambda/{function.properties['FunctionName']}")
        for action in ("CreateLogStream", "PutLogEvents"):
            yield _request("log", role, f"logs:{action}", f"{group}:log-stream:2026/11/21/[$LATEST]0123456789abcdef")


def _pollers(deployment: Deployment) -> Iterator[Request]:
    roles = {each.arn: each.properties["Role"] for each in deployment.of_type("AWS::Lambda::Function")}
    for source in deployment.of_type("AWS::Lambda::EventSourceMapping"):
        name, queue = source.properties["FunctionName"], source.properties["EventSourceArn"]
        [role] = (role for arn, role in roles.items() if name in {arn, arn.rpartition(":")[2]})
        for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
            yield _request("poll", role, f"sqs:{action}", queue)
        for request in _key_of(deployment, "Decrypt", service="sqs", bound={"aws:sqs:arn": queue}):
            yield _request("poll-key", role, *request)


def _log_groups(deployment: Deployment) -> Iterator[Request]:
    actions = (
        *("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"),
        *("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
    )
    for group in deployment.of_type("AWS::Logs::LogGroup"):
        arn = _log_group(group.properties["LogGroupName"])
        for request in _key_of(deployment, *actions, bound={"aws:logs:arn": arn}):
            yield _request("encrypt-log", _LOGS, *request)


def _rules(deployment: Deployment) -> Iterator[Request]:
    for rule in deployment.of_type("AWS::Events::Rule"):
        by = _by(rule.arn)
        for target in rule.properties["Targets"]:
            yield _request("event", _EVENTS, "sqs:SendMessage", target["Arn"], by)
            if lost := target.get("DeadLetterConfig"):
                yield _request("event-lost", _EVENTS, "sqs:SendMessage", lost["Arn"], by)
            for queue in (target["Arn"], *([lost["Arn"]] if lost else [])):
                # It names neither the rule nor the account to the key.
                for request in _key_of(deployment, "GenerateDataKey", "Decrypt", bound={"aws:sqs:arn": queue}):
                    yield _request("event-key", _EVENTS, *request)


def _alarms(deployment: Deployment) -> Iterator[Request]:
    for alarm in deployment.of_type("AWS::CloudWatch::Alarm"):
        by = _by(alarm.arn)
        for topic in {*alarm.properties.get("AlarmActions", ()), *alarm.properties.get("OKActions", ())}:
            yield _request("alarm", _ALARMS, "sns:Publish", topic, by)
            # What is sure to come to the key is the topic; alarm and account are not.
            bound = {"aws:sns:topicArn": topic}
            for request in _key_of(deployment, "GenerateDataKey", "Decrypt", bound=bound):
                yield _request("alarm-key", _ALARMS, *request)


def _distributions(deployment: Deployment) -> Iterator[Request]:
    buckets = {(each.template, each.logical_id): each for each in deployment.of_type("AWS::S3::Bucket")}
    for distribution in deployment.of_type("AWS::CloudFront::Distribution"):
        by = _by(distribution.arn)
        for origin in distribution.properties["DistributionConfig"]["Origins"]:
            bucket = buckets.get((distribution.template, origin["DomainName"].partition(".")[0]))
            if bucket:
                arn = bucket.arn
                yield _request("web", _CLOUDFRONT, "s3:GetObject", f"{arn}/index.html", by)
                for request in _key_of(deployment, "Decrypt", bound={"aws:s3:arn": arn}, by=by):
                    yield _request("web-key", _CLOUDFRONT, *request)


def _vector_buckets(deployment: Deployment) -> Iterator[Request]:
    for bucket in deployment.of_type("AWS::S3Vectors::VectorBucket"):
        # AWS does not say whether it comes in the name of the bucket or of the index.
        for arn in (bucket.arn, f"{bucket.arn}/index/chunks-0123456789ab"):
            bound = {"aws:s3vectors:arn": arn, "aws:s3vectors:resource-id": "0123"}
            for request in _key_of(deployment, "GenerateDataKey", "Decrypt", bound=bound, by=_by(arn)):
                yield _request("index-key", _INDEXING, *request)


def _methods(deployment: Deployment) -> Iterator[Request]:
    [*stages] = deployment.of_type("AWS::ApiGateway::Stage")
    for method in deployment.of_type("AWS::ApiGateway::Method"):
        uri = method.properties["Integration"].get("Uri")
        if uri is None:
            continue
        function = uri.partition("/functions/")[2].partition("/")[0]
        for stage in stages:
            api = f"arn:{PARTITION}:execute-api:{REGION}:{ACCOUNT}:{method.properties['RestApiId']}"
            verb = method.properties["HttpMethod"].replace("ANY", "POST")
            by = _by(f"{api}/{stage.properties['StageName']}/{verb}/chat")
            yield _request("call", _API, "lambda:InvokeFunction", function, by)


def _releases(deployment: Deployment) -> Iterator[Request]:
    for group in deployment.of_type("AWS::CodeDeploy::DeploymentGroup"):
        role = group.properties["ServiceRoleArn"]
        name = f"{group.properties['ApplicationName']}/{group.properties['DeploymentGroupName']}"
        by = _by(f"arn:{PARTITION}:codedeploy:{REGION}:{ACCOUNT}:deploymentgroup:{name}")
        yield _request("shift-start", _CODEDEPLOY, "sts:AssumeRole", role, by)
        for alias in deployment.of_type("AWS::Lambda::Alias"):
            function = f"arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:{alias.properties['FunctionName']}"
            qualified = f"{function}:{alias.properties['Name']}"
            # IAM documents the function for these; AWS's own policy for CodeDeploy covers the alias, too.
            for action, arn in itertools.product(("GetAlias", "UpdateAlias"), (function, qualified)):
                yield _request("shift", role, f"lambda:{action}", arn)
            yield _request("shift", role, "lambda:GetProvisionedConcurrencyConfig", qualified)
        if group.properties["AlarmConfiguration"]["Alarms"]:
            # Whether it asks for them by name is not documented; AWS's own policy for CodeDeploy does not count on it.
            yield _request("shift-watch", role, "cloudwatch:DescribeAlarms", "*")


def _deployment(deployment: Deployment) -> Iterator[Request]:
    """What the owner does by deploying."""
    kinds = {
        "AWS::Lambda::Function": "lambda",
        "AWS::DynamoDB::Table": "dynamodb",
        "AWS::OpenSearchServerless::Collection": "aoss",
    }
    for kind in {resource.type for resource in deployment.resources} & kinds.keys():
        for action, key, context in _key_of(deployment, "CreateGrant", bound={}, service=kinds[kind]):
            yield _request("grant", OWNER, action, key, {**context, "kms:grantisforawsresource": "true"})


def _uploads(deployment: Deployment) -> Iterator[Request]:
    [key] = deployment.of_type("AWS::KMS::Key")
    named = {
        "s3:x-amz-server-side-encryption": "aws:kms",
        "s3:x-amz-server-side-encryption-aws-kms-key-id": key.arn,
    }
    for bucket in deployment.of_type("AWS::S3::Bucket"):
        for headers in ({}, named):
            yield _request("upload", OWNER, "s3:PutObject", f"{bucket.arn}/a file.txt", headers)


_MAKERS: tuple[Callable[[Deployment], Iterator[Request]], ...] = (
    *(_functions, _pollers, _log_groups, _rules, _alarms, _distributions, _vector_buckets, _methods, _releases),
    *(_deployment, _uploads),
)


def _request(
    origin: str, principal: str, action: str, resource: str, context: Mapping[str, Any] | None = None
) -> Request:
    return Request(principal, action, resource, as_context(context or {}), origin)


def _by(source: str) -> dict[str, Any]:
    """What a service says of the resource in whose name it comes."""
    return {"aws:sourcearn": source, "aws:sourceaccount": ACCOUNT}


def _key_of(
    deployment: Deployment,
    *actions: str,
    bound: Mapping[str, str],
    by: Mapping[str, Any] | None = None,
    service: str = "",
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Actions on the key with their context; ``service`` is who asks in somebody else's name."""
    [key] = deployment.of_type("AWS::KMS::Key")
    context: dict[str, Any] = {f"kms:encryptioncontext:{name.lower()}": value for name, value in bound.items()}
    context |= {**({"kms:encryptioncontextkeys": tuple(sorted(bound))} if bound else {}), **(by or {})}
    if service:
        context |= {"kms:viaservice": f"{service}.{REGION}.amazonaws.com", "kms:calleraccount": ACCOUNT}
    for action in actions:
        yield f"kms:{action}", key.arn, context


def _log_group(name: str) -> str:
    return f"arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:{name}"
