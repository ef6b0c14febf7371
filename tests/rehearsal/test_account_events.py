"""Events and keys of the emulated account: from a bucket to a function, and who may use which key on the way."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import ACCOUNT, REGION, Account

pytestmark = pytest.mark.rehearsal

ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
#: Fails what is called bad; everything else is done.
_TAKES = """
import json

def handler(event, context):
    failed = []
    for record in event["Records"]:
        key = json.loads(record["body"])["detail"]["object"]["key"]
        print("took", key, record["attributes"]["ApproximateReceiveCount"])
        if key.startswith("bad"):
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""


def policy_of(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def chain(name: str, **changed: Any) -> dict[str, Any]:
    """The resources from a bucket over EventBridge and an encrypted queue to a function, as the templates have them."""
    rule_arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"
    queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    events = {"Principal": {"Service": "events.amazonaws.com"}, "Effect": "Allow"}
    from_rule = {"Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}}}
    via_key = {**events, "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "*"}
    polls = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    found: dict[str, Any] = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy_of(ROOT, via_key)}},
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-dead"}},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": name,
                "KmsMasterKeyId": {"Ref": "Key"},
                "VisibilityTimeout": 2,
                "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 1},
            },
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": policy_of(
                    {**events, "Action": "sqs:SendMessage", "Resource": queue_arn, **from_rule}
                ),
            },
        },
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": f"{name}-bucket",
                "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "DependsOn": "QueuePolicy",
            "Properties": {
                "Name": name,
                "EventPattern": {"source": ["aws.s3"], "detail": {"bucket": {"name": [f"{name}-bucket"]}}},
                "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
            },
        },
        "Role": trial.role(
            "lambda.amazonaws.com",
            trial.allow(polls, queue_arn),
            trial.allow("kms:Decrypt", {"Fn::GetAtt": ["Key", "Arn"]}),
        ),
        "F": trial.function(f"{name}.zip", FunctionName=name, Timeout=2),
        "Source": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": {"Ref": "F"},
                "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
                "BatchSize": 4,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 2},
            },
        },
    }
    return {key: each for key, each in {**found, **changed}.items() if each is not None}


def deploy(account: Account, name: str, **changed: Any) -> str:
    trial.upload(account, f"{name}.zip", trial.zipped({"main.py": _TAKES}))
    return trial.create(account, name, trial.template(chain(name, **changed)))


def put(account: Account, name: str, *keys: str) -> None:
    for key in keys:
        account.client("s3").put_object(Bucket=f"{name}-bucket", Key=key, Body=b"x")


def messages(account: Account, name: str) -> int:
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"].values()))


def test_an_object_comes_to_the_function_and_a_failed_one_into_the_dead_letter_queue(account: Account) -> None:
    assert deploy(account, "chain") == "CREATE_COMPLETE", trial.events(account, "chain")
    put(account, "chain", "good", "bad")
    trial.until(lambda: {"took good 1", "took bad 1"} <= set(account.function_logs("chain")))
    # The failed message is hidden for two seconds, and then goes where it is told to.
    trial.until(lambda: messages(account, "chain-dead") == 1)
    assert messages(account, "chain") == 0


@pytest.mark.parametrize("without", ["key", "queue"])
def test_events_that_policies_do_not_let_in_are_lost(account: Account, without: str) -> None:
    name = f"lost-{without}"
    if without == "key":
        changed: dict[str, Any] = {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy_of(ROOT)}}}
    else:
        changed = {"QueuePolicy": None, "Rule": {**chain(name)["Rule"], "DependsOn": []}}
    assert deploy(account, name, **changed) == "CREATE_COMPLETE", trial.events(account, name)
    put(account, name, "good")

    def refused() -> list[Any]:
        calls = account.calls()
        return [each for each in calls if each.principal == "events.amazonaws.com" and not each.allowed]

    trial.until(lambda: [each for each in refused() if without == "key" or each.resource.endswith(f":{name}")])
    assert messages(account, name) == 0


def test_a_role_that_may_not_read_the_queue_fails_the_mapping(account: Account) -> None:
    assert deploy(account, "unread", Role=trial.role("lambda.amazonaws.com")) == "ROLLBACK_COMPLETE"
    assert "permissions to call ReceiveMessage on SQS" in trial.reason(account, "unread", "Source")


def user(account: Account, name: str, *statements: Any) -> dict[str, str]:
    iam = account.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy_of(*statements)))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return {**account.client_options, **keys}


def client(service: str, options: dict[str, str]) -> Any:
    return boto3.client(service, **options)  # type: ignore[call-overload]  # whichever service


def new_key(account: Account, *statements: Any) -> str:
    policy = json.dumps(policy_of(*statements))
    return str(account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def test_a_key_policy_that_does_not_delegate_shuts_the_account_out(account: Account) -> None:
    only = {**ROOT, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/alice"}}
    key = new_key(account, only)
    bob = client("kms", user(account, "bob", trial.allow("kms:*")))
    with pytest.raises(ClientError, match="AccessDenied"):
        bob.generate_data_key(KeyId=key, KeySpec="AES_256")
    alice = client("kms", user(account, "alice", trial.allow("s3:ListAllMyBuckets")))
    assert alice.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]


def test_the_encryption_context_is_bound_and_can_be_demanded(account: Account) -> None:
    key = new_key(account, ROOT)
    demanded = {"Null": {"kms:EncryptionContext:who": "false"}}
    kms = client("kms", user(account, "careful", trial.allow(["kms:GenerateDataKey", "kms:Decrypt"], key, **demanded)))
    with pytest.raises(ClientError, match="AccessDenied"):
        kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"who": "me"})
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"who": "you"})
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"who": "me"})
    assert opened["Plaintext"] == made["Plaintext"]


def test_an_alias_is_checked_as_its_key(account: Account) -> None:
    key = new_key(account, ROOT)
    account.client("kms").create_alias(AliasName="alias/checked", TargetKeyId=key)
    kms = client("kms", user(account, "by-alias", trial.allow("kms:GenerateDataKey", key)))
    assert kms.generate_data_key(KeyId="alias/checked", KeySpec="AES_256")["KeyId"] == key


def test_a_table_uses_its_key_in_the_callers_name(account: Account) -> None:
    key = new_key(account, ROOT)
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "keyed-table",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
        },
    }
    trial.create(account, "keyed-table", trial.template({"T": table}))
    through = {
        "StringEquals": {
            "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
            "kms:EncryptionContext:aws:dynamodb:tableName": "keyed-table",
        }
    }
    item = {"TableName": "keyed-table", "Item": {"id": {"S": "1"}}}
    items = trial.allow("dynamodb:*")
    with pytest.raises(ClientError, match=r"AccessDenied.*kms:Decrypt"):
        client("dynamodb", user(account, "no-table-key", items)).put_item(**item)
    client("dynamodb", user(account, "table-key", items, trial.allow("kms:Decrypt", key, **through))).put_item(**item)


def test_a_bucket_uses_its_key_in_the_callers_name_signed_urls_too(account: Account) -> None:
    key = new_key(account, ROOT)
    encryption = {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
    }
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": "keyed-bucket",
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
        },
    }
    trial.create(account, "keyed-bucket", trial.template({"B": bucket}))
    through = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::keyed-bucket"}}
    objects = trial.allow("s3:*")
    writer = client("s3", user(account, "writer", objects, trial.allow("kms:GenerateDataKey", key, **through)))
    nobody = client("s3", user(account, "nobody", objects))
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        nobody.put_object(Bucket="keyed-bucket", Key="a", Body=b"a")
    writer.put_object(Bucket="keyed-bucket", Key="a", Body=b"a")
    assert writer.head_object(Bucket="keyed-bucket", Key="a")["SSEKMSKeyId"] == key
    with pytest.raises(ClientError, match="kms:Decrypt"):
        writer.get_object(Bucket="keyed-bucket", Key="a")


def test_a_queue_uses_its_key_in_the_callers_name(account: Account) -> None:
    key = new_key(account, ROOT)
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "keyed-queue", "KmsMasterKeyId": key}}
    trial.create(account, "keyed-queue", trial.template({"Q": queue}))
    url = account.client("sqs").get_queue_url(QueueName="keyed-queue")["QueueUrl"]
    sending = trial.allow("sqs:SendMessage")
    half = client("sqs", user(account, "half", sending, trial.allow("kms:GenerateDataKey", key)))
    with pytest.raises(ClientError, match="kms:Decrypt"):
        half.send_message(QueueUrl=url, MessageBody="a")
    both = trial.allow(["kms:GenerateDataKey", "kms:Decrypt"], key)
    client("sqs", user(account, "whole", sending, both)).send_message(QueueUrl=url, MessageBody="a")


def test_a_log_group_takes_a_key_that_lets_the_service_in(account: Account) -> None:
    def group(name: str, key: str) -> str:
        properties = {"LogGroupName": name, "KmsKeyId": key, "RetentionInDays": "30"}
        return trial.template({"G": {"Type": "AWS::Logs::LogGroup", "Properties": properties}})

    assert trial.create(account, "closed-logs", group("closed", new_key(account, ROOT))) == "ROLLBACK_COMPLETE"
    assert "is not allowed to be used with Arn" in trial.reason(account, "closed-logs", "G")
    service = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"],
        "Resource": "*",
        "Condition": {
            "ArnEquals": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:open"}
        },
    }
    key = new_key(account, ROOT, service)
    assert trial.create(account, "open-logs", group("open", key)) == "CREATE_COMPLETE"
    [found] = account.client("logs").describe_log_groups(logGroupNamePrefix="open")["logGroups"]
    assert (found["kmsKeyId"], found["retentionInDays"]) == (key, 30)
    assert trial.create(account, "other-logs", group("other", key)) == "ROLLBACK_COMPLETE"
