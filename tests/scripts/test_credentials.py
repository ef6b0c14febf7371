"""Credentials and Regions that do not work: one sentence with the remedy, and nothing changed."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import empty_account
from tests.scripts.shell import Shell


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (
            'Unable to locate credentials. You can configure credentials by running "aws configure".',
            ["no AWS credentials", "--profile"],
        ),
        ("The config profile (nobody) could not be found", ["there is no profile", "list-profiles"]),
        ("Error loading SSO Token: Token for https://x does not exist", ["expired", "aws sso login"]),
        (
            "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The token is expired",
            ["your AWS credentials have expired", "aws sso login", "again"],
        ),
        (
            "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: It is invalid.",
            ["AWS does not know these credentials", "--profile"],
        ),
        (
            "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired",
            ["AWS does not know these credentials"],
        ),
        (
            'Could not connect to the endpoint URL: "https://sts.us-east-1.amazonaws.com/"',
            ["AWS could not be reached", "Check the network"],
        ),
    ],
)
def test_credentials_that_do_not_work_are_answered_with_the_remedy(shell: Shell, error: str, parts: list[str]) -> None:
    empty_account(shell)
    shell.answer("sts get-caller-identity", error=error)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused(*parts)
    assert [call.split()[0] for call in result.calls] == ["--version", "sts"]


def test_no_region_is_answered_with_how_to_set_one(shell: Shell) -> None:
    empty_account(shell)
    del shell.environ["AWS_REGION"]
    shell.answer("configure get region", status=1)
    shell.run("deploy.sh", "dev", "--yes").refused("no AWS Region is set", "--region us-east-1")


def test_the_region_of_the_profile_is_taken(shell: Shell) -> None:
    empty_account(shell)
    del shell.environ["AWS_REGION"]
    shell.answer("configure get region", "eu-west-1\n")
    result = shell.run("deploy.sh", "dev", typed="n\n")
    assert "account 123456789012, eu-west-1" in result.out


@pytest.mark.parametrize(
    "others",
    [
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"),
        ("AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    ],
)
def test_a_profile_goes_before_keys_and_roles_in_the_environment(shell: Shell, others: tuple[str, ...]) -> None:
    empty_account(shell)
    shell.environ.update(dict.fromkeys(others, "another's"))
    result = shell.run("deploy.sh", "dev", "--profile", "mine", typed="n\n")
    result.refused("stopped")
    assert all(call.endswith("[as mine]") for call in result.calls), result.text


def test_what_is_no_region_is_refused(shell: Shell) -> None:
    shell.run("deploy.sh", "dev", "--region", "useast1").refused('"useast1" is not the name of an AWS Region')


@pytest.mark.parametrize(
    "error",
    [
        "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: invalid",
        'Could not connect to the endpoint URL: "https://sts.us-east-9.amazonaws.com/"',
    ],
)
def test_a_region_that_is_not_enabled_is_told_from_wrong_credentials(shell: Shell, error: str) -> None:
    empty_account(shell)
    shell.answer("sts get-caller-identity", error=error, times=1)
    shell.environ["AWS_REGION"] = "me-south-1"
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("me-south-1 does not exist or is not enabled", "aws account enable-region", "--region")
    assert result.changes == []
