"""deploy.sh where nothing is wrong."""

from __future__ import annotations

import re
import stat
import subprocess

import pytest

from tests.scripts.accounts import MANIFEST, checksum, empty_account, stack, with_stack
from tests.scripts.shell import Shell


def test_a_first_deployment_ends_with_the_url_and_a_configured_command_line(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert "https://abc123.execute-api.us-east-1.amazonaws.com/api" in result.out
    assert "abcdefghij0123456789" not in result.out + result.err
    assert shell.config.read_text() == (
        '[env.dev]\nurl = "https://abc123.execute-api.us-east-1.amazonaws.com/api"\napi_key = "abcdefghij0123456789"\n'
    )
    assert stat.S_IMODE(shell.config.stat().st_mode) == 0o600
    assert not any("abcdefghij0123456789" in call for call in result.calls)


def test_the_printed_line_for_curl_hands_the_key_over_by_its_input(shell: Shell) -> None:
    """Arguments of a process can be read by everybody on the machine."""
    empty_account(shell)
    result = shell.run("deploy.sh", "dev", "--yes")
    line = result.out[result.out.index("  curl ") :].partition("\nNext:")[0]
    curl = shell.programs / "curl"
    curl.write_text('#!/bin/sh\nprintf "%s\\n" "$@"; echo "--- input"; cat\n', "utf-8")
    curl.chmod(0o755)
    with shell.reached() as account:
        environ = shell.environ | account.environ
        ran = subprocess.run(["bash", "-c", line], env=environ, capture_output=True, text=True, check=True)
    arguments, given = ran.stdout.split("--- input\n")
    assert "https://abc123.execute-api.us-east-1.amazonaws.com/api/chat" in arguments
    assert "abcdefghij0123456789" not in arguments
    assert given == "x-api-key: abcdefghij0123456789\n"


def test_the_bucket_of_code_is_closed_before_anything_is_put_into_it(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("deploy.sh", "dev", "--yes", "--region", "eu-central-1")
    steps = [call.split()[1] for call in result.changes]
    assert steps[:6] == [
        "create-bucket",
        "put-public-access-block",
        "put-bucket-versioning",
        "put-bucket-encryption",
        "put-bucket-policy",
        "put-bucket-tagging",
    ]
    assert result.called("create-bucket .*LocationConstraint=eu-central-1")


def test_a_bucket_that_was_left_half_made_is_finished(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("s3api get-bucket-tagging", "NoSuchTagSet", "The TagSet does not exist")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert result.called("put-bucket-policy")
    assert not result.called("create-bucket")


def test_a_complete_bucket_is_left_alone_and_code_that_is_there_is_not_sent_again(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("s3api get-bucket-tagging", '{"TagSet": [{"Key": "chatbot:environment", "Value": "dev"}]}')
    shell.answer("s3api list-buckets", "chatbot-dev-artifacts-123456789012-us-east-1\n")
    shell.answer("s3api head-object .*--checksum-mode ENABLED", f"{checksum('chat')}\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert not result.called("s3api put-|dynamodb scan|delete")


@pytest.mark.parametrize("stored", [checksum("other code"), "None", f"{checksum('chat')}-2"])
def test_code_that_is_not_what_its_name_says_is_replaced(shell: Shell, stored: str) -> None:
    """Somebody else may be allowed to write to the bucket."""
    empty_account(shell)
    shell.answer("s3api head-object", f"{stored}\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert result.called(f"s3api put-object .*--checksum-sha256 {re.escape(checksum('chat'))}")
    assert result.called("cloudformation package .*--s3-prefix templates .*--force-upload")


def test_another_build_into_the_same_folder_is_not_taken_for_this_one(shell: Shell) -> None:
    empty_account(shell)
    shell.environ["BUILT_MEANWHILE"] = "other code"
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("chat.zip is not what was built", "then run the same command again")
    assert result.changes == []


def test_a_build_for_another_version_of_python_is_refused(shell: Shell) -> None:
    empty_account(shell)
    shell.environ["LAMBDA_PYTHON"] = "3.12"
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("for arm64 and Python 3.12; found", "for arm64 and Python 3.13")
    assert result.changes == []


def test_without_documents_only_the_code_of_the_chat_goes_up(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("deploy.sh", "dev", "--yes")
    assert [re.findall(r"--(?:bucket|key) (\S+)", call) for call in result.calls if " put-object " in call] == [
        ["chatbot-dev-artifacts-123456789012-us-east-1", f"lambdas/chat-{MANIFEST['chat']['sha256']}.zip"]
    ]


def test_documents_are_queued_after_a_deployment_with_documents(shell: Shell) -> None:
    empty_account(shell)
    made = stack("CREATE_COMPLETE", EnableRAG="true") + "output\tIngestionFunction\tchatbot-dev-ingestion\n"
    shell.answer("describe-stacks --stack-name chatbot-dev", made, after="execute-change-set")
    shell.answer("lambda invoke", "202\n")
    result = shell.run("deploy.sh", "dev", "--yes", "--set", "EnableRAG=true")
    assert result.status == 0, result.text
    assert result.called("lambda invoke --function-name chatbot-dev-ingestion --invocation-type Event")
    assert sum(" put-object " in call for call in result.calls) == 3


def test_a_question_is_asked_and_no_is_an_answer(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("deploy.sh", "dev", typed="n\n")
    result.refused("stopped; nothing was changed")
    assert result.changes == []
    assert "Estimated cost a month" in result.out


def test_yes_is_an_answer_too(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("deploy.sh", "dev", typed="y\n")
    assert result.status == 0, result.text
    assert result.called("execute-change-set")


def test_a_change_set_without_changes_is_success(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE")
    shell.answer("describe-change-set", "FAILED\tThe submitted information didn't contain changes.\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert "nothing to change" in result.out
    assert not result.called("execute-change-set|delete-stack")


def test_the_same_release_again_makes_no_change_set(shell: Shell) -> None:
    empty_account(shell)
    first = shell.run("deploy.sh", "dev", "--yes", "--set", "HistoryTtlDays=7")
    assert first.status == 0, first.text
    parameters = {row["ParameterKey"]: row["ParameterValue"] for row in first.parameters}
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("UPDATE_COMPLETE", **parameters))
    again = shell.run("deploy.sh", "dev", "--yes")
    assert again.status == 0, again.text
    assert "this release is deployed" in again.out
    assert again.changes == []
    assert parameters["HistoryTtlDays"] == "7"
    assert parameters["ReservedConcurrency"] == "10"
    assert parameters["InferenceProfileArns"].endswith("inference-profile/global.anthropic.claude-haiku-5-5")
    assert "arn:aws:bedrock:::foundation-model/anthropic.claude-haiku-5-5" in parameters["ProfileModelArns"].split(",")


def test_parameters_that_cannot_be_written_end_the_run(shell: Shell) -> None:
    empty_account(shell)
    python = shell.programs / "a python"
    python.write_text('#!/bin/sh\n[ "$2" = write ] && { echo "no space" >&2; exit 1; }\nexec python3 "$@"\n', "utf-8")
    python.chmod(0o755)
    shell.environ["PYTHON"] = str(python)
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 1, result.text
    assert "no space" in result.err
    assert result.changes == []


def test_few_calls_at_once_reserve_nothing(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("lambda get-account-settings", "10\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert "too few to reserve 10" in result.out
