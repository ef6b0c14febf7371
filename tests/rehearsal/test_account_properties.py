"""What stacks say about resources stands in the services of the emulated account, and changes there with them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import ACCOUNT, REGION, Account

pytestmark = pytest.mark.rehearsal


def test_tables(account: Account) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    properties: dict[str, Any] = {
        "TableName": "props-table",
        "BillingMode": "PAY_PER_REQUEST",
        "OnDemandThroughput": {"MaxReadRequestUnits": "2000", "MaxWriteRequestUnits": 500},
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": "true"},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7},
        "DeletionProtectionEnabled": "true",
    }
    body = {"T": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}
    assert trial.create(account, "props-table", trial.template(body)) == "CREATE_COMPLETE"
    dynamodb = account.client("dynamodb")
    dynamodb.put_item(TableName="props-table", Item={"id": {"S": "kept"}})

    def told() -> tuple[Any, ...]:
        table = dynamodb.describe_table(TableName="props-table")["Table"]
        expiry = dynamodb.describe_time_to_live(TableName="props-table")["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName="props-table")["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]
        return (
            table["OnDemandThroughput"],
            table["SSEDescription"]["KMSMasterKeyArn"],
            table["DeletionProtectionEnabled"],
            expiry,
            (recovery["PointInTimeRecoveryStatus"], recovery["RecoveryPeriodInDays"]),
        )

    limits = {"MaxReadRequestUnits": 2000, "MaxWriteRequestUnits": 500}
    expires = {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    assert told() == (limits, key, True, expires, ("ENABLED", 7))
    properties["DeletionProtectionEnabled"] = False
    properties["OnDemandThroughput"] = {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 10}
    properties["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] = 35
    assert trial.update(account, "props-table", trial.template(body)) == "UPDATE_COMPLETE"
    changed = {"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 10}
    assert told() == (changed, key, False, expires, ("ENABLED", 35))
    assert dynamodb.get_item(TableName="props-table", Key={"id": {"S": "kept"}})["Item"]
    assert trial.delete(account, "props-table") == "DELETE_COMPLETE"


def test_buckets(account: Account) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
    }
    closed = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    properties: dict[str, Any] = {
        "BucketName": "props-bucket",
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": closed,
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "old",
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                    "ExpiredObjectDeleteMarker": True,
                },
                {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
            ]
        },
        "CorsConfiguration": {
            "CorsRules": [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://a.b"], "MaxAge": 30}]
        },
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
    }
    body = {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}
    assert trial.create(account, "props-bucket", trial.template(body, Description="x")) == "CREATE_COMPLETE"
    s3, named = account.client("s3"), {"Bucket": "props-bucket"}
    [rule] = s3.get_bucket_encryption(**named)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert rule["BucketKeyEnabled"] is True
    [ownership] = s3.get_bucket_ownership_controls(**named)["OwnershipControls"]["Rules"]
    assert ownership == {"ObjectOwnership": "BucketOwnerEnforced"}
    assert s3.get_public_access_block(**named)["PublicAccessBlockConfiguration"] == closed
    assert s3.get_bucket_versioning(**named)["Status"] == "Enabled"
    old, parts = s3.get_bucket_lifecycle_configuration(**named)["Rules"]
    assert old["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert old["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert parts["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    [cors] = s3.get_bucket_cors(**named)["CORSRules"]
    assert (cors["AllowedMethods"], cors["AllowedOrigins"], cors["MaxAgeSeconds"]) == (["PUT"], ["https://a.b"], 30)
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(**named)
    properties["VersioningConfiguration"]["Status"] = "Suspended"
    del properties["CorsConfiguration"]
    assert trial.update(account, "props-bucket", trial.template(body)) == "UPDATE_COMPLETE"
    assert s3.get_bucket_versioning(**named)["Status"] == "Suspended"


def test_alarms_over_one_metric_and_over_several(account: Account) -> None:
    common = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 1, "EvaluationPeriods": 1}
    metric = {"Namespace": "N", "MetricName": "M"}
    math = [
        {"Id": "sum", "Expression": "a + b", "Label": "both"},
        *(
            {"Id": each, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
            for each in "ab"
        ),
    ]
    resources = {
        "One": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {"AlarmName": "props-one", **metric, **common, "Period": 300, "Statistic": "Sum"},
        },
        "Several": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {"AlarmName": "props-several", **common, "Metrics": math, "TreatMissingData": "notBreaching"},
        },
    }
    assert trial.create(account, "props-alarms", trial.template(resources)) == "CREATE_COMPLETE"
    one, several = account.client("cloudwatch").describe_alarms(AlarmNamePrefix="props-")["MetricAlarms"]
    assert (one["MetricName"], one["Period"], one["Statistic"]) == ("M", 300, "Sum")
    assert [each["Id"] for each in several["Metrics"]] == ["sum", "a", "b"]
    assert "MetricName" not in several


def test_a_budget_and_whom_it_tells(account: Account) -> None:
    def body(amount: str, name: str = "props", address: str = "a@b.c") -> str:
        told = {
            "Notification": {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80},
            "Subscribers": [{"SubscriptionType": "EMAIL", "Address": address}],
        }
        budget = {"BudgetName": name, "BudgetType": "COST", "TimeUnit": "MONTHLY"}
        properties = {
            "Budget": {**budget, "BudgetLimit": {"Amount": amount, "Unit": "USD"}},
            "NotificationsWithSubscribers": [told],
        }
        return trial.template({"B": {"Type": "AWS::Budgets::Budget", "Properties": properties}})

    assert trial.create(account, "props-budget", body("20")) == "CREATE_COMPLETE"
    assert trial.update(account, "props-budget", body("33")) == "UPDATE_COMPLETE"
    client = account.client("budgets")
    found = client.describe_budget(AccountId=ACCOUNT, BudgetName="props")["Budget"]
    assert float(found["BudgetLimit"]["Amount"]) == 33
    notes = client.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName="props")["Notifications"]
    assert [each["Threshold"] for each in notes] == [80]
    # Whom it tells cannot change; another one takes another name.
    assert trial.update(account, "props-budget", body("33", address="d@e.f")) == "UPDATE_ROLLBACK_COMPLETE"
    assert trial.update(account, "props-budget", body("33", "props-2", "d@e.f")) == "UPDATE_COMPLETE"
    assert _budgets(account) & {"props", "props-2"} == {"props-2"}
    assert trial.delete(account, "props-budget") == "DELETE_COMPLETE"
    assert not _budgets(account) & {"props", "props-2"}


def _budgets(account: Account) -> set[str]:
    found = account.client("budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
    return {each["BudgetName"] for each in found}


def test_deployments_of_codedeploy(account: Account) -> None:
    resources = {
        "Role": trial.role("codedeploy.amazonaws.com"),
        "App": {
            "Type": "AWS::CodeDeploy::Application",
            "Properties": {"ApplicationName": "props", "ComputePlatform": "Lambda"},
        },
        "Group": {
            "Type": "AWS::CodeDeploy::DeploymentGroup",
            "Properties": {
                "ApplicationName": {"Ref": "App"},
                "DeploymentGroupName": "props-group",
                "DeploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
                "AlarmConfiguration": {"Enabled": True, "Alarms": [{"Name": "props-one"}]},
                "ServiceRoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
    }
    assert trial.create(account, "props-deploy", trial.template(resources)) == "CREATE_COMPLETE"
    client = account.client("codedeploy")
    assert client.get_application(applicationName="props")["application"]["computePlatform"] == "Lambda"
    found = client.get_deployment_group(applicationName="props", deploymentGroupName="props-group")
    assert found["deploymentGroupInfo"]["deploymentConfigName"].endswith("Canary10Percent5Minutes")
    assert found["deploymentGroupInfo"]["alarmConfiguration"] == {"enabled": True, "alarms": [{"name": "props-one"}]}
    assert trial.delete(account, "props-deploy") == "DELETE_COMPLETE"
    assert client.list_applications()["applications"] == []


def test_the_ways_into_an_api_and_the_key_of_a_topic(account: Account) -> None:
    def body(policy: str, **topic: str) -> str:
        api = {
            "Name": "props-api",
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
            "SecurityPolicy": policy,
            "EndpointAccessMode": "STRICT",
        }
        resources = {
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": api},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "props-topic", **topic}},
        }
        return trial.template(
            resources, Outputs={"Topic": {"Value": {"Ref": "Topic"}}, "Api": {"Value": {"Ref": "Api"}}}
        )

    def told() -> tuple[Any, ...]:
        made = trial.outputs(account, "props-ways")
        api = account.client("apigateway").get_rest_api(restApiId=made["Api"])
        topic = account.client("sns").get_topic_attributes(TopicArn=made["Topic"])["Attributes"]
        ways = (api["endpointConfiguration"]["types"], api["securityPolicy"], api["endpointAccessMode"])
        return (*ways, topic.get("KmsMasterKeyId"))

    assert trial.create(account, "props-ways", body("TLS_1_0", KmsMasterKeyId="alias/k")) == "CREATE_COMPLETE"
    assert told() == (["REGIONAL"], "TLS_1_0", "STRICT", "alias/k")
    assert trial.update(account, "props-ways", body("TLS_1_2")) == "UPDATE_COMPLETE"
    assert told() == (["REGIONAL"], "TLS_1_2", "STRICT", None)


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        ("AWS::SQS::Queue", {"QueueName": "taken"}),
        ("AWS::SNS::Topic", {"TopicName": "taken"}),
        ("AWS::Logs::LogGroup", {"LogGroupName": "taken"}),
        ("AWS::Events::Rule", {"Name": "taken", "EventPattern": {"source": ["x"]}}),
        ("AWS::S3Vectors::VectorBucket", {"VectorBucketName": "taken-vectors"}),
        ("AWS::S3::Bucket", {"BucketName": "taken-bucket"}),
    ],
)
def test_a_name_that_is_taken_fails(account: Account, resource_type: str, properties: dict[str, Any]) -> None:
    name = "taken-" + resource_type.replace("::", "-").lower()
    resource = {"Type": resource_type, "Properties": properties, "DeletionPolicy": "Retain"}
    assert trial.create(account, name, trial.template({"First": resource})) == "CREATE_COMPLETE"
    assert trial.create(account, f"{name}-2", trial.template({"Second": resource})) == "ROLLBACK_COMPLETE"
    told = " ".join(why for _, _, why in trial.events(account, f"{name}-2"))
    # Names of buckets are looked at before anything is made.
    assert "already exists" in told or "Validation failed" in told


def test_a_bucket_of_another_account_is_taken_too(account: Account) -> None:
    account.own_bucket_elsewhere("somebody-elses")
    with pytest.raises(account.client("s3").exceptions.BucketAlreadyExists):
        account.client("s3").create_bucket(Bucket="somebody-elses")


def test_tags_of_the_stack_come_to_its_resources(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    body = trial.template({"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "props-tagged"}}})
    tags = [{"Key": "chatbot:environment", "Value": "dev"}]
    cloudformation.create_stack(StackName="props-tags", TemplateBody=body, Tags=tags)
    assert trial.settled(account, "props-tags") == "CREATE_COMPLETE"
    found = account.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "chatbot:environment", "Values": ["dev"]}]
    )
    arns = [each["ResourceARN"] for each in found["ResourceTagMappingList"]]
    assert f"arn:aws:sqs:{REGION}:{ACCOUNT}:props-tagged" in arns
