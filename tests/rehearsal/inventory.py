"""What there is in the account, service by service, asked of the services and not of the scripts or the tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Client = Callable[[str], Any]
#: A kind of resource, and its names.
Inventory = dict[str, list[str]]

#: service, operation, where the list stands in the answer, what names an item (nothing: the item itself)
_LISTS = (
    ("dynamodb", "list_tables", "TableNames", ""),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("lambda", "list_layers", "Layers", "LayerName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("events", "list_rules", "Rules", "Name"),
    ("apigateway", "get_rest_apis", "items", "name"),
    ("apigateway", "get_api_keys", "items", "name"),
    ("apigateway", "get_usage_plans", "items", "name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ("opensearchserverless", "list_collections", "collectionSummaries", "name"),
    ("opensearchserverless", "list_collection_groups", "collectionGroupSummaries", "name"),
    ("s3vectors", "list_vector_buckets", "vectorBuckets", "vectorBucketName"),
    ("codedeploy", "list_applications", "applications", ""),
)


def inventory(client: Client) -> Inventory:
    """Everything, by kind; a kind without anything is left out. AWS's own things are left out too."""
    found: Inventory = {}
    for kind, name in _everything(client):
        if not name.startswith(("alias/aws/", "AWSServiceRole")):
            found.setdefault(kind, []).append(name)
    return {kind: sorted(names) for kind, names in sorted(found.items())}


def _everything(client: Client) -> Iterator[tuple[str, str]]:
    for service, operation, items, name in _LISTS:
        for item in getattr(client(service), operation)()[items]:
            yield f"{service} {operation}", item[name] if name else item
    for policy in client("iam").list_policies(Scope="Local")["Policies"]:
        yield "iam policies", policy["PolicyName"]
    for kind in ("encryption", "network"):
        for policy in client("opensearchserverless").list_security_policies(type=kind)["securityPolicySummaries"]:
            yield f"opensearchserverless {kind} policies", policy["name"]
    for policy in client("opensearchserverless").list_access_policies(type="data")["accessPolicySummaries"]:
        yield "opensearchserverless data policies", policy["name"]
    for stack in client("cloudformation").describe_stacks()["Stacks"]:
        if stack["StackStatus"] != "DELETE_COMPLETE":
            yield "cloudformation stacks", stack["StackName"]
    yield from _keys(client("kms"))
    yield from _objects(client("s3"))
    yield from _elsewhere(client)


def _keys(kms: Any) -> Iterator[tuple[str, str]]:
    """Customer keys that cost something: one that is about to be deleted does not."""
    for key in kms.list_keys()["Keys"]:
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described["KeyState"] != "PendingDeletion" and described["KeyManager"] == "CUSTOMER":
            yield "kms keys", described["Description"] or described["KeyId"]


def _objects(s3: Any) -> Iterator[tuple[str, str]]:
    """Buckets, and every version and delete marker in them."""
    for bucket in s3.list_buckets()["Buckets"]:
        yield "s3 buckets", bucket["Name"]
        versions = s3.list_object_versions(Bucket=bucket["Name"])
        for each in (*versions.get("Versions", ()), *versions.get("DeleteMarkers", ())):
            yield "s3 versions", f"{bucket['Name']}/{each['Key']} {each['VersionId']}"


def _elsewhere(client: Client) -> Iterator[tuple[str, str]]:
    account = client("sts").get_caller_identity()["Account"]
    for budget in client("budgets").describe_budgets(AccountId=account).get("Budgets", ()):
        yield "budgets", budget["BudgetName"]
    for distribution in client("cloudfront").list_distributions()["DistributionList"].get("Items", ()):
        yield "cloudfront distributions", distribution["Id"]
