"""What goes wrong in the middle: said with its cause, and never in the way of the next run."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import STACK, empty_account, events, stack, with_stack
from tests.scripts.shell import Shell

_NO_NETWORK = 'Could not connect to the endpoint URL: "https://s3.us-east-1.amazonaws.com/"'


def test_a_failed_deployment_names_what_failed_first(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE")
    shell.answer(
        "describe-stacks --stack-name chatbot-dev", stack("UPDATE_ROLLBACK_COMPLETE"), after="execute-change-set"
    )
    states = [
        ("UPDATE_IN_PROGRESS", ""),
        ("UPDATE_FAILED", "Resource update cancelled"),
        ("UPDATE_FAILED", "The role lambda.amazonaws.com is not authorized to perform: kms:Decrypt"),
        ("UPDATE_ROLLBACK_COMPLETE", ""),
    ]
    events(shell, states)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("the deployment failed, and what was there before is back")
    assert "cause: Api (AWS::ApiGateway::RestApi): The role lambda.amazonaws.com is not authorized" in result.err
    assert "cancelled" not in result.err
    assert "ask who runs the account" in result.err
    assert not result.called("get-api-key|invoke")
    assert not shell.config.exists()


def test_templates_that_aws_refuses_leave_no_change_set(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-change-set", "FAILED\tTemplate error: no such condition\n")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("REVIEW_IN_PROGRESS"), after="delete-change-set")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("AWS refused the templates or their parameters: Template error: no such condition")
    assert [call.split()[1] for call in result.changes[-2:]] == ["delete-change-set", "delete-stack"]


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ("execute-change-set", "InvalidChangeSetStatus", "ChangeSet [x] cannot be executed in its current status"),
        ("execute-change-set", "ChangeSetNotFound", "ChangeSet [x] does not exist"),
        ("describe-change-set", "ChangeSetNotFound", "ChangeSet [x] does not exist"),
        ("create-change-set", "ValidationError", "Stack [x] already exists and cannot be created again"),
        ("create-change-set", "ValidationError", "Stack:x is in UPDATE_IN_PROGRESS state and can not be updated."),
    ],
)
def test_of_two_deployments_at_once_the_later_one_says_so(shell: Shell, call: str, code: str, message: str) -> None:
    empty_account(shell)
    shell.fails(f"cloudformation {call}", code, message)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("another deployment of chatbot-dev began meanwhile", "Run the same command again")
    assert not result.called("get-api-key")


def test_a_change_set_that_goes_because_another_one_is_carried_out_is_no_refusal_of_the_templates(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-change-set", "DELETE_IN_PROGRESS\tNone\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("another deployment of chatbot-dev began meanwhile", "Run the same command again")
    assert not result.called("delete-change-set|delete-stack|execute-change-set")


def test_two_runs_that_make_the_bucket_at_once(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("s3api get-bucket-tagging", "NoSuchBucket")
    shell.fails("s3api create-bucket", "OperationAborted", "A conflicting conditional operation is in progress")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("another run is at the same thing in AWS", "making the bucket", "run the same command again")


@pytest.mark.parametrize(
    "call",
    [
        "cloudformation describe-stacks",
        "bedrock get-inference-profile",
        "s3api head-bucket",
        "s3api put-bucket-policy",
        "s3api put-object",
        "cloudformation package",
        "cloudformation execute-change-set",
        "apigateway get-api-key",
    ],
)
def test_a_network_that_goes_away_is_said_and_ends_the_run(shell: Shell, call: str) -> None:
    empty_account(shell)
    shell.answer(call, error=_NO_NETWORK)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("AWS could not be reached", "run the same command again: it goes on where it stopped")
    assert call in result.calls[-1]


def test_a_network_that_goes_away_while_the_stack_is_watched_leaves_it_to_aws(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-stack-events.*--max-items 200", error=_NO_NETWORK)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("the connection was lost", "What was begun goes on in AWS", "Run the same command again")
    assert not result.called("get-api-key")


@pytest.mark.parametrize(
    "call",
    [
        "bedrock get-inference-profile",
        "kms list-aliases",
        "s3api put-bucket-policy",
        "s3api put-object",
        "cloudformation create-change-set",
        "cloudformation execute-change-set",
        "describe-stack-events.*--max-items 200",
        "apigateway get-api-key",
    ],
)
def test_ctrl_c_says_how_to_go_on(shell: Shell, call: str) -> None:
    empty_account(shell)
    shell.answer(call, interrupt=True)
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 130, result.text
    assert "deploy.sh: interrupted while " in result.err
    assert "Run the same command again to go on." in result.err
    assert "Traceback" not in result.err
    assert ("What was begun goes on in AWS" in result.err) == ("execute" in call or "events" in call)


def test_throttling_that_goes_on_is_said(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("cloudformation create-change-set", "Throttling", "Rate exceeded")
    shell.run("deploy.sh", "dev", "--yes").refused("AWS asked to slow down", "Wait a minute")


def test_credentials_that_expire_in_the_middle_are_said(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("s3api put-object", "ExpiredToken", "The provided token has expired.")
    shell.run("deploy.sh", "dev", "--yes").refused("your AWS credentials have expired", "uploading chat.zip")


def test_a_configuration_that_cannot_be_written_does_not_hide_that_the_deployment_is_complete(shell: Shell) -> None:
    empty_account(shell)
    shell.config.parent.mkdir(parents=True)
    shell.config.write_text("this is not TOML")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("the deployment is complete; only the configuration of the command line was not written")
    assert "is not valid TOML" in result.err
    assert shell.config.read_text() == "this is not TOML"


def test_a_stack_that_is_gone_while_it_is_watched_does_not_hang_the_script(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("describe-stack-events.*--max-items 200", "ValidationError", f"Stack [{STACK}] does not exist")
    shell.fails("describe-stacks --stack-name chatbot-dev", "ValidationError", "does not exist")
    shell.run("deploy.sh", "dev", "--yes").refused("the deployment failed (the stack is gone)", "same command")
