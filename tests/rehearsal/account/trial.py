"""What the tests of the account itself need: small stacks, small functions, and eyes on what became of them."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tests.rehearsal.account.account import Account

Resources = Mapping[str, Any]
T = TypeVar("T")

BUCKET = "trial-artifacts"
_SECONDS = 30.0


def until(found: Callable[[], T], seconds: float = _SECONDS) -> T:
    """The first true answer; asks again and again. Raises ``AssertionError`` when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError("it did not come true in time")


def template(resources: Resources, **sections: Any) -> str:
    return json.dumps({"Resources": resources, **sections})


def upload(account: Account, key: str, content: bytes | str) -> str:
    """The URL of an object in a bucket for artifacts, which is made where there is none."""
    s3 = account.client("s3")
    if BUCKET not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    return f"https://s3.us-east-1.amazonaws.com/{BUCKET}/{key}"


def zipped(files: Mapping[str, str]) -> bytes:
    """A zip of a function; what ends with ``.sh`` may be run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if name.endswith(".sh") else 0o644) << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def create(account: Account, name: str, body: str, **parameters: str) -> str:
    """Makes the stack and waits; its status."""
    account.client("cloudformation").create_stack(
        StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=_listed(parameters)
    )
    return settled(account, name)


def update(account: Account, name: str, body: str, **parameters: str) -> str:
    """Updates the stack and waits; its status."""
    account.client("cloudformation").update_stack(
        StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=_listed(parameters)
    )
    return settled(account, name)


def delete(account: Account, name: str) -> str:
    """Deletes the stack and waits; its status."""
    stack_id = stack(account, name)["StackId"]
    account.client("cloudformation").delete_stack(StackName=name)
    return settled(account, stack_id)


def settled(account: Account, name: str) -> str:
    def status() -> str:
        found = str(stack(account, name)["StackStatus"])
        return "" if found.endswith("_IN_PROGRESS") else found

    return until(status)


def stack(account: Account, name: str) -> Any:
    """The stack as it is described, by name or id."""
    return account.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def outputs(account: Account, name: str) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack(account, name).get("Outputs", [])}


def events(account: Account, name: str) -> list[tuple[str, str, str]]:
    """Logical id, status and reason of everything that happened to the stack, the oldest first."""
    found = account.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return [
        (each["LogicalResourceId"], each["ResourceStatus"], each.get("ResourceStatusReason", ""))
        for each in reversed(found)
    ]


def reason(account: Account, name: str, logical_id: str) -> str:
    """Why the resource failed; the last time, if it did so more than once."""
    return [why for each, status, why in events(account, name) if each == logical_id and status.endswith("_FAILED")][-1]


def role(service: str, *statements: Mapping[str, Any]) -> dict[str, Any]:
    """A role of a service that may do what the statements allow."""
    trust = [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]
    policy = {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": trust},
            "Policies": [policy] if statements else [],
        },
    }


def allow(action: str | list[str], resource: Any = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def function(key: str, **properties: Any) -> dict[str, Any]:
    """A Python function with the code under the key, and the role ``Role`` of the same template."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": BUCKET, "S3Key": key},
            "Handler": "main.handler",
            "Runtime": "python3.13",
            "Timeout": 10,
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            **properties,
        },
    }


def _listed(parameters: Mapping[str, str]) -> list[Any]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
