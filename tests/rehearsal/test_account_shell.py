"""What is around the emulated account: credentials, the way out that leads nowhere, and faults on demand."""

from __future__ import annotations

import os
import ssl
import subprocess
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.rehearsal.account import trial
from tests.rehearsal.account.account import ACCOUNT, REGION, Account, running_account

pytestmark = pytest.mark.rehearsal


def test_the_owner_is_a_user_of_the_account(account: Account) -> None:
    found = account.client("sts").get_caller_identity()
    assert (found["Account"], found["Arn"]) == (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/owner")
    last = [call for call in account.calls() if call.action == "sts:GetCallerIdentity"][-1]
    assert (last.principal, last.role, last.allowed) == (found["Arn"], "", True)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aws_access_key_id": "AKIAUNKNOWNUNKNOWN00"}, "InvalidClientTokenId"),
        ({"aws_secret_access_key": "wrong"}, "SignatureDoesNotMatch"),
    ],
)
def test_others_are_not_let_in(account: Account, changed: dict[str, str], code: str) -> None:
    stranger = boto3.client("sts", **{**account.client_options, **changed})  # type: ignore[call-overload]
    with pytest.raises(ClientError, match=code):
        stranger.get_caller_identity()


def test_credentials_that_ran_out(account: Account) -> None:
    found = account.expired_credentials()
    options = {
        name: found[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    }
    client = boto3.client("sts", **{**account.client_options, **options})  # type: ignore[call-overload]
    with pytest.raises(ClientError, match="Expired"):
        client.get_caller_identity()


def test_nothing_leads_out(account: Account) -> None:
    environment = {**account.environment, "PATH": os.environ["PATH"]}
    for url in ("https://example.com/", "https://sts.amazonaws.com/", "http://example.com/"):
        found = subprocess.run(
            ["curl", "-sS", "--max-time", "10", url], env=environment, capture_output=True, check=False
        )
        assert b"<html" not in found.stdout.lower()
    assert {"CONNECT example.com:443", "CONNECT sts.amazonaws.com:443"} <= set(account.refusals())


def test_certificates_are_trusted_only_by_those_who_are_told_to(account: Account) -> None:
    url = f"https://nothing.execute-api.{REGION}.amazonaws.com/api/"
    proxy = account.environment["HTTPS_PROXY"]
    trusted = ssl.create_default_context(cafile=account.environment["SSL_CERT_FILE"])
    with httpx.Client(proxy=proxy, verify=trusted, trust_env=False) as client:
        assert client.get(url).status_code == 404
    with httpx.Client(proxy=proxy, trust_env=False) as client, pytest.raises(httpx.ConnectError, match="certificate"):
        client.get(url)


def test_the_network_goes_away_and_comes_back(account: Account) -> None:
    once = Config(retries={"total_max_attempts": 1})
    sts = boto3.client("sts", config=once, **account.client_options)  # type: ignore[call-overload]
    account.control(offline_seconds=1)
    with pytest.raises(BotoCoreError):
        sts.get_caller_identity()

    def back() -> bool:
        try:
            return bool(sts.get_caller_identity())
        except BotoCoreError:
            return False

    trial.until(back)


def test_a_resource_fails_on_demand_and_only_then(account: Account) -> None:
    body = trial.template({"Fragile": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "fragile"}}})
    account.break_resource("Fragile", "the stars are not right")
    assert trial.create(account, "fragile", body) == "ROLLBACK_COMPLETE"
    assert trial.reason(account, "fragile", "Fragile") == "the stars are not right"
    trial.delete(account, "fragile")
    assert trial.create(account, "fragile", body) == "CREATE_COMPLETE"
    account.break_resource("Fragile", operation="delete")
    assert trial.delete(account, "fragile") == "DELETE_FAILED"
    account.set_stack_status("fragile", "UPDATE_ROLLBACK_FAILED")
    assert trial.stack(account, "fragile")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"


def test_services_that_are_not_emulated_say_so(account: Account) -> None:
    with pytest.raises(ClientError, match=r"not emulated|Unsupported|Unknown"):
        account.client("polly").describe_voices()


def test_costs_are_those_of_an_account_without_any_yet(account: Account) -> None:
    period = {"Start": "2026-11-01", "End": "2026-11-22"}
    found = account.client("ce").get_cost_and_usage(TimePeriod=period, Granularity="MONTHLY", Metrics=["UnblendedCost"])
    assert [each["Total"]["UnblendedCost"]["Amount"] for each in found["ResultsByTime"]] == ["0"]


def test_sqs_is_where_the_cli_looks_for_it(account: Account) -> None:
    config = Config(proxies={"https": account.environment["HTTPS_PROXY"]})
    options = {**account.client_options, "endpoint_url": "https://queue.amazonaws.com"}
    sqs = boto3.client("sqs", config=config, verify=account.environment["AWS_CA_BUNDLE"], **options)  # type: ignore[call-overload]
    assert sqs.create_queue(QueueName="by-the-old-host")["QueueUrl"].endswith("/by-the-old-host")


def test_an_account_leaves_no_process_behind(tmp_path: Path) -> None:
    code = "import os\n\ndef handler(event, context):\n    return os.getpid()\n"
    with running_account(tmp_path) as running:
        trial.upload(running, "pid.zip", trial.zipped({"main.py": code}))
        resources = {"Role": trial.role("lambda.amazonaws.com"), "F": trial.function("pid.zip", FunctionName="pid")}
        trial.create(running, "left", trial.template(resources))
        process = int(running.client("lambda").invoke(FunctionName="pid")["Payload"].read())
        os.kill(process, 0)
        endpoint = running.endpoint
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(httpx.ConnectError):
        httpx.get(endpoint, trust_env=False)
