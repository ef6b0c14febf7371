"""Lambda in the emulated account: what runs, as whom, with what around it, and what Lambda refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import ACCOUNT, REGION, Account

pytestmark = pytest.mark.rehearsal

LAYER = f"arn:aws:lambda:{REGION}:753240598075:layer:LambdaAdapterLayerArm64:27"

_LOOK = """
import importlib.util, os, sys, urllib.request

print("looked around")

def handler(event, context):
    return {
        "event": event,
        "found": [each for each in event.get("look_for", ()) if importlib.util.find_spec(each)],
        "environment": {name: os.environ.get(name) for name in event.get("environment", ())},
        "key": os.environ["AWS_ACCESS_KEY_ID"][:4],
        "milliseconds": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "process": os.getpid(),
    }
"""
_FAILS = """
import os, time

def handler(event, context):
    if event == "slow":
        time.sleep(60)
    if event == "exit":
        os._exit(7)
    raise LookupError("not here")
"""


def invoke(account: Account, name: str, event: Any, **options: Any) -> Any:
    """The answer of the function, and whether it is an error."""
    answer = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)
    return json.loads(answer["Payload"].read()), answer.get("FunctionError", "")


def deploy(account: Account, name: str, code: str, **properties: Any) -> dict[str, Any]:
    """The template of a stack that was made with one function ``name`` and its role."""
    trial.upload(account, f"{name}.zip", trial.zipped({"main.py": code}))
    resources = {
        "Role": trial.role("lambda.amazonaws.com"),
        "F": trial.function(f"{name}.zip", FunctionName=name, **properties),
    }
    assert trial.create(account, name, trial.template(resources)) == "CREATE_COMPLETE", trial.events(account, name)
    return resources


def test_a_function_has_nothing_around_it_but_what_lambda_gives(account: Account) -> None:
    deploy(account, "bare", _LOOK, Environment={"Variables": {"MINE": "1"}})
    wanted = ["MINE", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "HOME", "VIRTUAL_ENV", "AUTH", "AWS_PROFILE"]
    found, error = invoke(account, "bare", {"look_for": ["boto3", "pydantic", "awslambdaric"], "environment": wanted})
    assert not error
    assert found["found"] == ["awslambdaric"]
    assert found["key"] == "ASIA"
    assert found["environment"]["MINE"] == "1"
    assert found["environment"]["AWS_REGION"] == REGION
    assert found["environment"]["AWS_LAMBDA_FUNCTION_NAME"] == "bare"
    assert [found["environment"][name] for name in ("VIRTUAL_ENV", "AUTH", "AWS_PROFILE")] == [None] * 3
    assert 0 < found["milliseconds"] <= 10_000
    assert "looked around" in account.function_logs("bare")


def test_an_environment_is_used_again_until_code_or_configuration_change(account: Account) -> None:
    resources = deploy(account, "warm", _LOOK)
    first, _ = invoke(account, "warm", {})
    second, _ = invoke(account, "warm", {})
    assert first["process"] == second["process"]
    resources["F"]["Properties"]["Environment"] = {"Variables": {"MINE": "2"}}
    trial.update(account, "warm", trial.template(resources))
    third, _ = invoke(account, "warm", {"environment": ["MINE"]})
    assert third["process"] != first["process"]
    assert third["environment"] == {"MINE": "2"}
    trial.upload(account, "warm-2.zip", trial.zipped({"main.py": "def handler(event, context): return 'new'"}))
    resources["F"]["Properties"]["Code"]["S3Key"] = "warm-2.zip"
    trial.update(account, "warm", trial.template(resources))
    assert invoke(account, "warm", {}) == ("new", "")


@pytest.mark.parametrize(
    ("event", "kind", "words"),
    [
        ("fail", "LookupError", "not here"),
        ("slow", "Sandbox.Timedout", "timed out after 1.00 seconds"),
        ("exit", "Runtime.ExitError", "exit status 7"),
    ],
)
def test_a_function_that_fails_says_how(account: Account, event: str, kind: str, words: str) -> None:
    name = f"fails-{event}"
    deploy(account, name, _FAILS, Timeout=1)
    found, error = invoke(account, name, event)
    assert error == "Unhandled"
    assert found["errorType"] == kind
    assert words in found["errorMessage"]


def test_a_new_description_makes_a_version_and_moves_the_alias(account: Account) -> None:
    trial.upload(account, "alias.zip", trial.zipped({"main.py": _LOOK}))

    def body(release: str) -> str:
        return trial.template(
            {
                "Role": trial.role("lambda.amazonaws.com"),
                "F": trial.function("alias.zip", FunctionName="aliased", Environment={"Variables": {"R": release}}),
                "Version": {
                    "Type": "AWS::Lambda::Version",
                    "UpdateReplacePolicy": "Retain",
                    "Properties": {"FunctionName": {"Ref": "F"}, "Description": release},
                },
                "Alias": {
                    "Type": "AWS::Lambda::Alias",
                    "UpdatePolicy": {
                        "CodeDeployLambdaAliasUpdate": {"ApplicationName": "a", "DeploymentGroupName": "g"}
                    },
                    "Properties": {
                        "FunctionName": {"Ref": "F"},
                        "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]},
                        "Name": "live",
                    },
                },
            }
        )

    trial.create(account, "aliased", body("one"))
    found, _ = invoke(account, "aliased", {"environment": ["R", "AWS_LAMBDA_FUNCTION_VERSION"]}, Qualifier="live")
    assert found["environment"] == {"R": "one", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
    assert found["arn"].endswith(":function:aliased:live")
    trial.update(account, "aliased", body("two"))
    found, _ = invoke(account, "aliased", {"environment": ["R"]}, Qualifier="live")
    assert found["environment"] == {"R": "two"}
    old, _ = invoke(account, "aliased", {"environment": ["R"]}, Qualifier="1")
    assert old["environment"] == {"R": "one"}


def test_the_settings_of_a_stack_can_be_read_back(account: Account) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    dead = account.client("sqs").create_queue(QueueName="settings-dead")["QueueUrl"]
    arn = account.client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    deploy(
        account,
        "settings",
        _LOOK,
        KmsKeyArn=key,
        DeadLetterConfig={"TargetArn": arn},
        ReservedConcurrentExecutions="7",
        Layers=[LAYER],
        MemorySize="1024",
        Architectures=["arm64"],
        LoggingConfig={"LogGroup": "/aws/lambda/settings"},
    )
    client = account.client("lambda")
    config = client.get_function_configuration(FunctionName="settings")
    assert config["KMSKeyArn"] == key
    assert config["DeadLetterConfig"] == {"TargetArn": arn}
    assert [layer["Arn"] for layer in config["Layers"]] == [LAYER]
    assert (config["MemorySize"], config["Timeout"], config["Architectures"]) == (1024, 10, ["arm64"])
    assert config["LoggingConfig"]["LogGroup"] == "/aws/lambda/settings"
    assert client.get_function_concurrency(FunctionName="settings")["ReservedConcurrentExecutions"] == 7
    limit = client.get_account_settings()["AccountLimit"]
    assert limit["ConcurrentExecutions"] - limit["UnreservedConcurrentExecutions"] >= 7


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"Code": {"S3Bucket": trial.BUCKET, "S3Key": "gone.zip"}}, "NoSuchKey"),
        ({"Role": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, "cannot be assumed by Lambda"),
        ({"ReservedConcurrentExecutions": 990}, "UnreservedConcurrentExecution below its minimum"),
        ({"KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/none"}, "KMS key is invalid"),
    ],
)
def test_what_lambda_refuses_fails_the_stack(account: Account, properties: dict[str, Any], words: str) -> None:
    trial.upload(account, "refused.zip", trial.zipped({"main.py": _LOOK}))
    name = "refused-" + next(iter(properties)).lower()
    resources = {"Role": trial.role("lambda.amazonaws.com"), "F": trial.function("refused.zip", **properties)}
    assert trial.create(account, name, trial.template(resources)) == "ROLLBACK_COMPLETE"
    assert words in trial.reason(account, name, "F")


def test_the_adapters_layer_is_there(account: Account) -> None:
    found = account.client("lambda").get_layer_version_by_arn(Arn=LAYER)
    assert (found["LayerVersionArn"], found["Version"]) == (LAYER, 27)


def test_a_function_writes_its_log_only_where_its_role_may(account: Account) -> None:
    deploy(account, "silent", _LOOK)
    invoke(account, "silent", {})
    groups = account.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/silent")["logGroups"]
    assert groups == []
    tried = [call for call in account.calls() if call.principal.endswith("/silent") and call.action.startswith("logs:")]
    assert tried
    assert not any(call.allowed for call in tried)
