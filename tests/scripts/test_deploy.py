"""deploy.sh where nothing is wrong."""

from __future__ import annotations

import stat

from tests.scripts.accounts import empty_account, events, stack, with_stack
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
    shell.answer("s3api list-objects-v2", "lambdas/chat-c0ffee.zip\tlambdas/chat-0.zip\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert not result.called("s3api put-|s3 cp|dynamodb scan|delete")


def test_without_documents_only_the_code_of_the_chat_goes_up(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("deploy.sh", "dev", "--yes")
    assert [call.split()[-1] for call in result.calls if call.startswith("s3 cp")] == [
        "s3://chatbot-dev-artifacts-123456789012-us-east-1/lambdas/chat-c0ffee.zip"
    ]


def test_documents_are_queued_after_a_deployment_with_documents(shell: Shell) -> None:
    empty_account(shell)
    made = stack("CREATE_COMPLETE", EnableRAG="true") + "output\tIngestionFunction\tchatbot-dev-ingestion\n"
    shell.answer("describe-stacks --stack-name chatbot-dev", made, after="execute-change-set")
    shell.answer("lambda invoke", "202\n")
    result = shell.run("deploy.sh", "dev", "--yes", "--set", "EnableRAG=true")
    assert result.status == 0, result.text
    assert result.called("lambda invoke --function-name chatbot-dev-ingestion --invocation-type Event")
    assert sum(call.startswith("s3 cp") for call in result.calls) == 3


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


def test_a_dry_run_shows_the_changes_of_nested_stacks_and_leaves_nothing(shell: Shell) -> None:
    empty_account(shell)
    kind = "AWS::CloudFormation::Stack"
    shell.answer("describe-change-set.*arn:change-set .*Changes", f"Add\tStorageStack\t{kind}\tNone\tarn:nested\n")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("REVIEW_IN_PROGRESS"), after="delete-change-set")
    shell.answer("describe-change-set.*arn:nested", "Add\tTable\tAWS::DynamoDB::Table\tNone\tNone\n")
    result = shell.run("deploy.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert "StorageStack/Table" in result.out
    assert result.called("create-change-set .*--include-nested-stacks")
    assert not result.called("execute-change-set")
    assert [call.split()[1] for call in result.changes[-2:]] == ["delete-change-set", "delete-stack"]


def test_a_dry_run_does_not_delete_what_somebody_else_deploys_meanwhile(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-change-set.*Changes", "Add\tTable\tAWS::DynamoDB::Table\tNone\tNone\n")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("CREATE_IN_PROGRESS"), after="delete-change-set")
    result = shell.run("deploy.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert not result.called("delete-stack")


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


def test_few_calls_at_once_reserve_nothing(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("lambda get-account-settings", "10\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert "too few to reserve 10" in result.out


def test_leaving_s3_vectors_deletes_the_indexes_first(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", EnableRAG="true", VectorStore="s3vectors")
    events(shell, [("UPDATE_IN_PROGRESS", ""), ("UPDATE_COMPLETE", "")])
    shell.answer("s3vectors list-indexes", "chunks-aaa\tchunks-bbb\n")
    shell.answer("s3vectors delete-index", "")
    shell.fails("s3vectors get-vector-bucket", "NotFoundException", "The specified vector bucket could not be found")
    result = shell.run("deploy.sh", "dev", "--yes", "--set", "EnableRAG=false")
    assert result.status == 0, result.text
    order = [call.split()[1] for call in result.calls if " " in call]
    assert order.count("delete-index") == 2
    assert order.index("delete-index") < order.index("execute-change-set")


def test_an_index_that_was_deleted_for_an_update_that_failed_is_made_again(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", EnableRAG="true", VectorStore="s3vectors")
    documents = {"EnableRAG": "true", "VectorStore": "s3vectors"}
    back = stack("UPDATE_ROLLBACK_COMPLETE", **documents) + "output\tIngestionFunction\tchatbot-dev-ingestion\n"
    shell.answer("describe-stacks --stack-name chatbot-dev", back, after="execute-change-set")
    events(shell, [("UPDATE_IN_PROGRESS", ""), ("UPDATE_FAILED", "no"), ("UPDATE_ROLLBACK_COMPLETE", "")])
    shell.answer("s3vectors list-indexes", "chunks-aaa\n")
    shell.answer("s3vectors delete-index|lambda invoke", "")
    result = shell.run("deploy.sh", "dev", "--yes", "--set", "VectorStore=opensearch")
    result.refused("what was there before is back")
    assert result.called("lambda invoke --function-name chatbot-dev-ingestion")
