"""Accounts for the scripts to run in: an empty one, and one with a stack in some state."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from tests.scripts.shell import Shell

ACCOUNT = "123456789012"
STACK = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/chatbot-dev/1234"
MODEL = "anthropic.claude-haiku-5-5"
API_URL = "https://abc123.execute-api.us-east-1.amazonaws.com/api"
#: What the build of the code writes; the bytes of a zip are its function's name.
MANIFEST = {
    name: {
        "file": f"{name}.zip",
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
        "architecture": "arm64",
        "python": "3.13",
    }
    for name in ("chat", "ingestion", "retrieval")
}
_NOT_THERE = "Stack with id chatbot-dev does not exist"
_LISTINGS = (
    r"(lambda|sqs|events|opensearchserverless|iam|sns|s3vectors) list-|apigateway get-(rest-apis|api-keys|usage-plans)"
    r"|cloudwatch (describe-alarms|list-dashboards)|budgets describe"
)
_OUTPUTS = {
    "ApiUrl": API_URL,
    "ApiKeyId": "k1234",
    "ReleaseId": "0123456789abcdef",
    "Version": "0.1.0",
}


def empty_account(shell: Shell) -> None:
    """Everything can be deployed, nothing is there; a deployment succeeds."""
    say = shell.answer
    say(r"^--version", "aws-cli/2.33.1 Python/3.13.1 Linux/6.1 exe/x86_64\n")
    say(r"^sts get-caller-identity", f"{ACCOUNT}\tarn:aws:iam::{ACCOUNT}:user/me\n")
    shell.fails("cloudformation describe-stacks", "ValidationError", _NOT_THERE)
    say(r"cloudformation list-stacks", "")
    say(r"cloudformation list-change-sets", "None\n")
    say(r"bedrock get-inference-profile", _profile())
    say(r"bedrock get-foundation-model-availability", "AVAILABLE\tAUTHORIZED\tAVAILABLE\n")
    say(r"bedrock get-foundation-model --", "arn:aws:bedrock:us-east-1::foundation-model/some.model\tON_DEMAND\n")
    say(r"lambda get-layer-version-by-arn", "27\n")
    say(r"lambda get-account-settings", "1000\n")
    shell.fails("s3api head-bucket", "404", "Not Found")
    say(r"dynamodb list-tables|s3api list-buckets|kms list-aliases|logs describe-log-groups", "")
    shell.fails("s3api get-bucket-tagging", "NoSuchBucket", "The specified bucket does not exist")
    say(r"s3api (create-bucket|put-(?!object))", "")
    shell.fails("s3api head-object", "404", "Not Found")
    say(r"s3api put-object|^cloudformation package", "")
    shell.fails("s3vectors get-vector-bucket", "NotFoundException", "The specified vector bucket could not be found")
    say(r"cloudformation create-change-set", f"arn:change-set\t{STACK}\n")
    say(r"cloudformation describe-change-set", "CREATE_COMPLETE\tNone\n")
    say(r"cloudformation (execute-change-set|delete-change-set|delete-stack)", "")
    say(r"describe-stack-events.*--max-items 1 ", "event-0\n")
    events(shell, [("CREATE_IN_PROGRESS", ""), ("CREATE_COMPLETE", "")])
    say(r"describe-stacks --stack-name chatbot-dev", stack("CREATE_COMPLETE"), after="execute-change-set")
    say(r"apigateway get-api-key", "abcdefghij0123456789\n")


def checksum(name: str) -> str:
    """The SHA-256 of a function's zip, as S3 writes it."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


def _profile() -> str:
    arns = (f"inference-profile/global.{MODEL}", f"foundation-model/{MODEL}")
    return "\t".join(f"arn:aws:bedrock:us-east-1:{ACCOUNT}:{arn}" for arn in arns) + "\n"


def stack(status: str, arn: str = STACK, **parameters: str) -> str:
    """What ``describe-stacks`` answers ``read_stack``."""
    rows = [["status", status], ["id", arn], ["made", "2026-11-01T10:00:00.000000+00:00"], ["changed", "None"]]
    rows += [["parameter", name, value] for name, value in {"DataOnly": "false", **parameters}.items()]
    rows += [["output", name, value] for name, value in _OUTPUTS.items()]
    return "".join("\t".join(row) + "\n" for row in rows)


def with_stack(shell: Shell, status: str, **parameters: str) -> None:
    """The account has the stack in this state, until something is executed."""
    shell.answer(r"describe-stacks --stack-name chatbot-dev", stack(status, **parameters))
    shell.answer(
        r"describe-stacks --stack-name chatbot-dev", stack("UPDATE_COMPLETE", **parameters), after="execute-change-set"
    )


def events(shell: Shell, states: list[tuple[str, str]], *, after: str = "", times: int = 0) -> None:
    """What ``describe-stack-events`` answers: states of the root stack, or of a resource where a reason is given."""
    found: list[dict[str, Any]] = []
    for number, (status, reason) in enumerate(states, 1):
        resource = {"LogicalResourceId": "Api", "PhysicalResourceId": "", "ResourceType": "AWS::ApiGateway::RestApi"}
        root = {
            "LogicalResourceId": "chatbot-dev",
            "PhysicalResourceId": STACK,
            "ResourceType": "AWS::CloudFormation::Stack",
        }
        found.insert(
            0,
            {
                "EventId": f"event-{number}",
                "Timestamp": f"2026-11-21T10:00:{number:02}.000Z",
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
                **(resource if reason else root),
            },
        )
    shell.answer(
        r"describe-stack-events.*--max-items 200", json.dumps({"StackEvents": found}), after=after, times=times
    )


def deletion(shell: Shell, *, ends: str = "DELETE_COMPLETE", reason: str = "") -> None:
    """``delete-stack`` ends so, and the stack is gone where it succeeds."""
    failed = [("DELETE_FAILED", reason)] if reason else []
    events(shell, [("DELETE_IN_PROGRESS", ""), *failed, (ends, "")], after="delete-stack")
    if ends == "DELETE_COMPLETE":
        shell.fails("describe-stacks --stack-name chatbot-dev", "ValidationError", _NOT_THERE, after="delete-stack")


def emptied_account(shell: Shell) -> None:
    """Nothing is there to be removed, and everything can be asked for."""
    empty_account(shell)
    shell.answer(_LISTINGS, "")
    shell.fails("dynamodb (update-table|describe-table)", "ResourceNotFoundException")
    shell.answer("dynamodb wait", "")
    shell.fails("s3api (list-object-versions|delete-bucket)", "NoSuchBucket")
    shell.fails("s3vectors (list-indexes|get-vector-bucket)", "NotFoundException")
    shell.fails("kms describe-key", "NotFoundException")


def purged_account(shell: Shell) -> None:
    """A whole deployment is there, and everything that is removed goes."""
    emptied_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("UPDATE_COMPLETE"))
    deletion(shell)
    shell.answer("dynamodb (update|delete)-table", "")
    page = {"Objects": [{"Key": "a b.pdf", "VersionId": "1"}, {"Key": "a b.pdf", "VersionId": "2"}], "Quiet": True}
    shell.answer("list-object-versions --bucket chatbot-dev-(documents|artifacts)", '{"Objects": [], "Quiet": true}')
    shell.answer("list-object-versions --bucket chatbot-dev-documents", json.dumps(page, indent=1), times=2)
    shell.answer("s3api delete-objects", "None\n")
    shell.answer("s3api delete-bucket --bucket chatbot-dev-(documents|artifacts)", "")
    shell.answer("kms describe-key", "key-1\tEnabled\n")
    shell.answer("kms (schedule-key-deletion|delete-alias)", "")
    shell.answer("logs describe-log-groups", "/aws/lambda/chatbot-dev-chat\n", times=1)
    shell.answer("logs delete-log-group", "")
