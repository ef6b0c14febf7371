"""A deployment with everything switched on, read back from the services: CREATE_COMPLETE alone proves nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import ACCOUNT, REGION
from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.rehearsal

_MAIL = "owner@example.com"
_ORIGIN = "https://chat.example.com"
_SETTINGS = (
    "EnableRAG=true",
    f"AlarmEmail={_MAIL}",
    f"AllowedOrigins={_ORIGIN}",
    "LogRetentionDays=90",
    "MonthlyBudgetUsd=33",
    "ApiRateLimit=7",
    "ApiBurstLimit=21",
    "ApiDailyQuota=777",
    "FallbackModelIds=global.anthropic.claude-sonnet-5-5",
)
_FUNCTIONS = ("chat", "ingestion", "retrieval")


@pytest.fixture(scope="module")
def prod(story: Stage) -> Stage:
    """The environment prod, with everything switched on."""
    story.shell.done("deploy.sh", "prod", "--yes", *(word for each in _SETTINGS for word in ("--set", each)))
    return story


@pytest.fixture(scope="module")
def key(prod: Stage) -> str:
    return prod.output("prod", "KmsKeyArn")


def _documents_bucket(prod: Stage) -> str:
    return prod.output("prod", "DocumentsBucket")


# --- the key ----------------------------------------------------------------------------------------------------------


def test_the_key_rotates_and_names_whom_it_serves(prod: Stage, key: str) -> None:
    kms = prod.client("kms")
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    assert kms.describe_key(KeyId="alias/chatbot-prod")["KeyMetadata"]["Arn"] == key
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    allowed = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert [each["Principal"]["AWS"] for each in allowed if "AWS" in each["Principal"]] == [
        f"arn:aws:iam::{ACCOUNT}:root"
    ]
    services = [each for each in allowed if "AWS" not in each["Principal"]]
    assert {each["Principal"]["Service"] for each in services} == {
        f"logs.{REGION}.amazonaws.com",
        "events.amazonaws.com",
        "cloudwatch.amazonaws.com",
    }
    assert all(each.get("Condition") for each in services), "a service is let in unconditionally"


# --- data -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["conversations", "documents"])
def test_tables_are_encrypted_protected_and_recoverable(prod: Stage, key: str, name: str) -> None:
    dynamodb = prod.client("dynamodb")
    table = dynamodb.describe_table(TableName=f"chatbot-prod-{name}")["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    assert (table["SSEDescription"]["Status"], table["SSEDescription"]["KMSMasterKeyArn"]) == ("ENABLED", key)
    backups = dynamodb.describe_continuous_backups(TableName=f"chatbot-prod-{name}")["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    assert (recovery["PointInTimeRecoveryStatus"], recovery["RecoveryPeriodInDays"]) == ("ENABLED", 35)


def _keys(schema: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(each["AttributeName"], each["KeyType"]) for each in schema]


def test_tables_have_the_keys_that_the_code_uses(prod: Stage) -> None:
    dynamodb = prod.client("dynamodb")
    conversations = dynamodb.describe_table(TableName="chatbot-prod-conversations")["Table"]
    assert _keys(conversations["KeySchema"]) == [("conversation_id", "HASH"), ("timestamp", "RANGE")]
    [by_user] = conversations["GlobalSecondaryIndexes"]
    assert (by_user["IndexName"], by_user["Projection"]["ProjectionType"]) == ("by_user", "ALL")
    assert _keys(by_user["KeySchema"]) == [("user_id", "HASH"), ("updated_at", "RANGE")]
    documents = dynamodb.describe_table(TableName="chatbot-prod-documents")["Table"]
    assert _keys(documents["KeySchema"]) == [("user_id", "HASH"), ("document_id", "RANGE")]
    [by_key] = documents["LocalSecondaryIndexes"]
    assert by_key["IndexName"] == "by_key"
    assert _keys(by_key["KeySchema"]) == [("user_id", "HASH"), ("key", "RANGE")]


def test_messages_expire(prod: Stage) -> None:
    answer = prod.client("dynamodb").describe_time_to_live(TableName="chatbot-prod-conversations")
    assert answer["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_documents_are_encrypted_under_the_key(prod: Stage, key: str) -> None:
    answer = prod.client("s3").get_bucket_encryption(Bucket=_documents_bucket(prod))
    [rule] = answer["ServerSideEncryptionConfiguration"]["Rules"]
    by_default = rule["ApplyServerSideEncryptionByDefault"]
    assert (by_default["SSEAlgorithm"], by_default["KMSMasterKeyID"], rule["BucketKeyEnabled"]) == (
        "aws:kms",
        key,
        True,
    )


@pytest.mark.parametrize("kind", ["documents", "artifacts"])
def test_buckets_are_closed_and_keep_versions(prod: Stage, kind: str) -> None:
    s3 = prod.client("s3")
    bucket = f"chatbot-prod-{kind}-{ACCOUNT}-{REGION}"
    closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(closed) == {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}
    assert all(closed.values())
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert [statement["Effect"] for statement in policy["Statement"]].count("Allow") == 0
    tls = next(each for each in policy["Statement"] if each["Action"] == "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert sorted(tls["Resource"]) == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def test_old_versions_and_broken_uploads_go(prod: Stage) -> None:
    rules = prod.client("s3").get_bucket_lifecycle_configuration(Bucket=_documents_bucket(prod))["Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert any(rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays") == 30 for rule in rules)
    assert any(rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation") == 1 for rule in rules)
    assert not [rule for rule in rules if "Days" in rule.get("Expiration", {})], "documents would disappear"


def test_only_the_named_page_may_upload_and_download(prod: Stage) -> None:
    [rule] = prod.client("s3").get_bucket_cors(Bucket=_documents_bucket(prod))["CORSRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"], rule["AllowedHeaders"]) == (
        [_ORIGIN],
        ["GET", "PUT"],
        ["content-type"],
    )


# --- from the bucket to the index -------------------------------------------------------------------------------------


def test_changes_of_the_bucket_reach_the_queue(prod: Stage) -> None:
    notes = prod.client("s3").get_bucket_notification_configuration(Bucket=_documents_bucket(prod))
    assert "EventBridgeConfiguration" in notes
    events = prod.client("events")
    rule = events.describe_rule(Name="chatbot-prod-documents")
    pattern = json.loads(rule["EventPattern"])
    assert (rule["State"], pattern["source"]) == ("ENABLED", ["aws.s3"])
    assert pattern["detail"]["bucket"]["name"] == [_documents_bucket(prod)]
    [target] = events.list_targets_by_rule(Rule="chatbot-prod-documents")["Targets"]
    queue = _queue(prod, "IngestionQueueUrl")["QueueArn"]
    assert (target["Arn"], target["DeadLetterConfig"]["Arn"]) == (queue, f"{queue}-dlq")


@pytest.mark.parametrize(
    ("kind", "detail", "counts"),
    [
        ("Object Created", {"reason": "PutObject"}, True),
        ("Object Created", {}, True),
        ("Object Deleted", {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"}, True),
        ("Object Deleted", {"reason": "DeleteObject", "deletion-type": "Delete Marker Created"}, True),
        ("Object Deleted", {"reason": "Lifecycle Expiration", "deletion-type": "Delete Marker Created"}, True),
        ("Object Deleted", {"reason": "Lifecycle Expiration", "deletion-type": "Permanently Deleted"}, False),
        ("Object Restore Completed", {}, False),
    ],
)
def test_old_versions_that_are_forgotten_wake_nobody(
    prod: Stage, kind: str, detail: dict[str, str], *, counts: bool
) -> None:
    events = prod.client("events")
    pattern = events.describe_rule(Name="chatbot-prod-documents")["EventPattern"]
    for bucket, expected in ((_documents_bucket(prod), counts), ("another", False)):
        told = {"source": "aws.s3", "detail-type": kind, "detail": {"bucket": {"name": bucket}, **detail}}
        event = {
            "id": "1",
            "account": ACCOUNT,
            "region": REGION,
            "time": "2026-11-21T00:00:00Z",
            "resources": [],
            **told,
        }
        assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is expected


def _queue(prod: Stage, output: str) -> dict[str, str]:
    url = prod.output("prod", output)
    found: dict[str, str] = prod.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return found


def test_the_queue_waits_longer_than_the_function_works(prod: Stage, key: str) -> None:
    queue, dead = _queue(prod, "IngestionQueueUrl"), _queue(prod, "DeadLetterQueueUrl")
    function = prod.client("lambda").get_function_configuration(FunctionName="chatbot-prod-ingestion")
    assert int(queue["VisibilityTimeout"]) >= 6 * function["Timeout"] == 5400
    redrive = json.loads(queue["RedrivePolicy"])
    assert (redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) == (dead["QueueArn"], 10)
    for each in (queue, dead):
        assert each["KmsMasterKeyId"] == key
        assert each["MessageRetentionPeriod"] == "1209600"
        statements = json.loads(each["Policy"])["Statement"]
        [allowed] = [statement for statement in statements if statement["Effect"] == "Allow"]
        assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
        assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_a_document_that_fails_keeps_no_other_waiting(prod: Stage) -> None:
    [source] = prod.client("lambda").list_event_source_mappings(FunctionName="chatbot-prod-ingestion")[
        "EventSourceMappings"
    ]
    assert source["EventSourceArn"] == _queue(prod, "IngestionQueueUrl")["QueueArn"]
    assert (source["BatchSize"], source["State"]) == (4, "Enabled")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_the_collection_sleeps_and_only_two_roles_open_it(prod: Stage, key: str) -> None:
    aoss = prod.client("opensearchserverless")
    [collection] = aoss.batch_get_collection(names=["chatbot-prod"])["collectionDetails"]
    assert (collection["type"], collection["collectionGroupName"]) == ("VECTORSEARCH", "chatbot-prod")
    [group] = aoss.batch_get_collection_group(names=["chatbot-prod"])["collectionGroupDetails"]
    limits = group["capacityLimits"]
    assert (group["generation"], limits["minIndexingCapacityInOCU"], limits["minSearchCapacityInOCU"]) == (
        "NEXTGEN",
        0,
        0,
    )
    assert limits["maxIndexingCapacityInOCU"] == limits["maxSearchCapacityInOCU"] == 2
    encryption = aoss.get_security_policy(name="chatbot-prod-encryption", type="encryption")["securityPolicyDetail"]
    assert _json(encryption["policy"])["KmsARN"] == key
    roles = {_role(prod, "ingestion"), _role(prod, "retrieval")}
    data = _json(aoss.get_access_policy(name="chatbot-prod-data", type="data")["accessPolicyDetail"]["policy"])
    assert {principal for rule in data for principal in rule["Principal"]} == roles


def _json(policy: Any) -> Any:
    return json.loads(policy) if isinstance(policy, str) else policy


def _role(prod: Stage, function: str) -> str:
    found = prod.client("lambda").get_function_configuration(FunctionName=f"chatbot-prod-{function}")["Role"]
    return str(found)


# --- functions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        ("chat", ("chatbot/run.sh", 1024, 310)),
        ("ingestion", ("rag.ingestion_handler.handler", 2048, 900)),
        ("retrieval", ("rag.retrieval_handler.handler", 1024, 60)),
    ],
)
def test_functions_are_as_large_as_they_must_be(
    prod: Stage, key: str, function: str, wanted: tuple[str, int, int]
) -> None:
    found = prod.client("lambda").get_function_configuration(FunctionName=f"chatbot-prod-{function}")
    assert (found["Handler"], found["MemorySize"], found["Timeout"]) == wanted
    assert found["KMSKeyArn"] == key, "its environment is not under the customer key"
    assert found["Runtime"] == "python3.13"
    assert found["Architectures"] == [prod.shell.environ["LAMBDA_ARCHITECTURE"]]


def test_the_chat_streams_through_the_adapter(prod: Stage, key: str) -> None:
    client = prod.client("lambda")
    found = client.get_function_configuration(FunctionName="chatbot-prod-chat")
    [layer] = found["Layers"]
    assert layer["Arn"].startswith(f"arn:aws:lambda:{REGION}:753240598075:layer:LambdaAdapterLayer")
    assert layer["Arn"].endswith(":27")
    variables = found["Environment"]["Variables"]
    assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/opt/bootstrap"
    assert variables["AWS_LWA_INVOKE_MODE"] == "response_stream"
    assert variables["CHATBOT_KMS_KEY_ID"] == key
    assert variables["CHATBOT_FALLBACK_MODELS"] == "bedrock:global.anthropic.claude-sonnet-5-5"
    assert variables["CHATBOT_ALLOWED_ORIGINS"] == _ORIGIN
    assert client.get_function_concurrency(FunctionName="chatbot-prod-chat")["ReservedConcurrentExecutions"] == 10


def test_each_function_has_a_role_of_its_own(prod: Stage) -> None:
    roles = {_role(prod, function) for function in _FUNCTIONS}
    assert len(roles) == len(_FUNCTIONS)
    iam = prod.client("iam")
    for role in roles:
        name = role.rpartition("/")[2]
        trust = _json(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
        assert [each["Principal"] for each in trust["Statement"]] == [{"Service": "lambda.amazonaws.com"}]
        assert not iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]


def test_logs_are_encrypted_and_go(prod: Stage, key: str) -> None:
    groups = prod.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/chatbot-prod-")["logGroups"]
    assert {group["logGroupName"].rpartition("-")[2] for group in groups} == set(_FUNCTIONS)
    assert {(group["retentionInDays"], group["kmsKeyId"]) for group in groups} == {(90, key)}


# --- the API ----------------------------------------------------------------------------------------------------------


def test_every_method_wants_the_key_but_for_health_and_what_a_browser_asks_first(prod: Stage) -> None:
    api = prod.client("apigateway")
    resources = api.get_resources(restApiId=prod.output("prod", "ApiId"), embed=["methods"])["items"]
    methods = {
        (resource["path"], verb): method
        for resource in resources
        for verb, method in resource.get("resourceMethods", {}).items()
    }
    open_ones = {place for place, method in methods.items() if not method["apiKeyRequired"]}
    assert open_ones == {("/health", "GET"), ("/", "OPTIONS"), ("/{proxy+}", "OPTIONS")}
    assert {("/", "ANY"), ("/{proxy+}", "ANY")} == set(methods) - open_ones
    for method in methods.values():
        integration = method["methodIntegration"]
        assert integration["responseTransferMode"] == "STREAM"
        assert integration["timeoutInMillis"] == 310_000
        assert integration["uri"].endswith(":chatbot-prod-chat:live/response-streaming-invocations")


def test_the_api_is_throttled(prod: Stage) -> None:
    api = prod.client("apigateway")
    settings = api.get_stage(restApiId=prod.output("prod", "ApiId"), stageName="api")["methodSettings"]
    limits = {
        path.lstrip("/"): (each["throttlingRateLimit"], each["throttlingBurstLimit"]) for path, each in settings.items()
    }
    open_ones = {"~1health/GET": (1, 5), "OPTIONS": (1, 5), "~1{proxy+}/OPTIONS": (1, 5)}
    assert limits == {"*/*": (7, 21), **open_ones}
    [plan] = [each for each in api.get_usage_plans()["items"] if each["name"] == "chatbot-prod"]
    assert plan["throttle"] == {"rateLimit": 7, "burstLimit": 21}
    assert (plan["quota"]["limit"], plan["quota"]["period"]) == (777, "DAY")
    [key] = api.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert key["id"] == prod.output("prod", "ApiKeyId")


def test_a_release_goes_to_a_tenth_first_and_back_where_it_fails(prod: Stage) -> None:
    group = prod.client("codedeploy").get_deployment_group(
        applicationName="chatbot-prod", deploymentGroupName="chatbot-prod-chat"
    )["deploymentGroupInfo"]
    assert group["deploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["autoRollbackConfiguration"]["events"]
    watched = {alarm["name"] for alarm in group["alarmConfiguration"]["alarms"]}
    assert watched == {"chatbot-prod-chat-errors", "chatbot-prod-chat-failures"}
    alias = prod.client("lambda").get_alias(FunctionName="chatbot-prod-chat", Name="live")
    assert alias["FunctionVersion"].isdecimal(), "the alias follows whatever was uploaded last"


# --- what the owner is told -------------------------------------------------------------------------------------------


def test_alarms_write_to_the_owner(prod: Stage, key: str) -> None:
    alarms = prod.client("cloudwatch").describe_alarms(AlarmNamePrefix="chatbot-prod-")["MetricAlarms"]
    names = {alarm["AlarmName"].removeprefix("chatbot-prod-") for alarm in alarms}
    told = {"failed-turns", "api-5xx", "api-4xx", "slow-turns", "throttles", "token-spend", "dead-letters"}
    assert names == told | {"ingestion-errors", "retrieval-errors", "chat-errors", "chat-failures"}
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:chatbot-prod-alarms"
    for alarm in alarms:
        # Those of the canary tell CodeDeploy, not the owner.
        silent = alarm["AlarmName"].startswith("chatbot-prod-chat-")
        assert alarm.get("AlarmActions", []) == ([] if silent else [topic]), alarm
        assert alarm["TreatMissingData"] == "notBreaching"
    sns = prod.client("sns")
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", _MAIL)
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["KmsMasterKeyId"] == key


def test_the_budget_writes_before_it_is_spent(prod: Stage) -> None:
    budgets, name = prod.client("budgets"), f"chatbot-prod-{REGION}-{_MAIL}"
    budget = budgets.describe_budget(AccountId=ACCOUNT, BudgetName=name)["Budget"]
    assert (float(budget["BudgetLimit"]["Amount"]), budget["TimeUnit"]) == (33.0, "MONTHLY")
    notes = budgets.describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName=name)["Notifications"]
    assert sorted(note["Threshold"] for note in notes) == [50, 80, 100, 100]


@pytest.mark.parametrize("mail", ["other@example.com", _MAIL])
def test_another_address_is_told_instead(prod: Stage, mail: str) -> None:
    """There and back again."""
    stacks, named = prod.client("cloudformation"), {"StackName": "chatbot-prod"}
    kept = [each["ParameterKey"] for each in stacks.describe_stacks(**named)["Stacks"][0]["Parameters"]]
    given: list[dict[str, Any]] = [
        {"ParameterKey": key, "UsePreviousValue": True} for key in kept if key != "AlarmEmail"
    ]
    given.append({"ParameterKey": "AlarmEmail", "ParameterValue": mail})
    stacks.update_stack(**named, UsePreviousTemplate=True, Parameters=given, Capabilities=["CAPABILITY_IAM"])
    assert trial.settled(prod.account, "chatbot-prod") == "UPDATE_COMPLETE", trial.events(prod.account, "chatbot-prod")
    budgets = prod.client("budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
    names = {each["BudgetName"] for each in budgets if each["BudgetName"].startswith("chatbot-prod-")}
    assert names == {f"chatbot-prod-{REGION}-{mail}"}


def test_the_dashboard_shows_this_environment(prod: Stage) -> None:
    body = prod.client("cloudwatch").get_dashboard(DashboardName=f"chatbot-prod-{REGION}")["DashboardBody"]
    assert "Chatbot/prod" in body
    assert json.loads(body)["widgets"]


def test_everything_carries_the_environment_as_a_tag(prod: Stage) -> None:
    tagged = prod.client("cloudformation").describe_stacks(StackName="chatbot-prod")["Stacks"][0]["Tags"]
    assert {"Key": "chatbot:environment", "Value": "prod"} in tagged
