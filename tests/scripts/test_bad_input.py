"""What is wrong before anything is made: one sentence with the remedy, a status that is not 0, and nothing changed."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import empty_account, with_stack
from tests.scripts.shell import Shell


def test_a_model_that_the_region_lacks_is_answered_with_one_that_looks_alike(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("bedrock get-inference-profile", "ResourceNotFoundException")
    shell.answer("list-inference-profiles", "eu.anthropic.claude-haiku-5-5\tmeta.llama\n")
    result = shell.run("deploy.sh", "dev", "--yes", "--set", "ChatModelId=eu.anthropic.claude-haiku-5")
    result.refused(
        'no inference profile "eu.anthropic.claude-haiku-5" in us-east-1', "Did you mean eu.anthropic.claude-haiku-5-5?"
    )
    assert result.changes == []


def test_a_model_that_wants_a_profile_is_answered_with_it(shell: Shell) -> None:
    empty_account(shell)
    shell.answer(
        "bedrock get-foundation-model --", "arn:aws:bedrock:us-east-1::foundation-model/x\tINFERENCE_PROFILE\n"
    )
    result = shell.run("deploy.sh", "dev", "--yes", "--set", "ChatModelId=anthropic.claude-haiku-5-5")
    result.refused("only through an inference profile", "ChatModelId to global.anthropic.claude-haiku-5-5")


@pytest.mark.parametrize(
    ("state", "parts"),
    [
        (
            "NOT_AVAILABLE\tAUTHORIZED\tAVAILABLE",
            ["no access to global.anthropic", "use case", "aws bedrock-runtime converse", "less than $0.0001"],
        ),
        ("NOT_AVAILABLE\tNOT_AUTHORIZED\tNOT_AVAILABLE", ["no access", "put-use-case-for-model-access"]),
        ("PENDING\tAUTHORIZED\tAVAILABLE", ["up to 15 minutes"]),
    ],
)
def test_a_model_without_access_is_answered_with_the_exact_remedy(shell: Shell, state: str, parts: list[str]) -> None:
    empty_account(shell)
    shell.answer("get-foundation-model-availability", state + "\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused(*parts)
    assert result.changes == []


def test_the_question_about_access_can_be_skipped(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("get-foundation-model-availability", "ERROR\tAUTHORIZED\tAVAILABLE\n")
    assert "no access" in shell.run("deploy.sh", "dev", typed="n\n").err
    result = shell.run("deploy.sh", "dev", "--skip-access-check", typed="n\n")
    result.refused("stopped")
    assert not result.called("availability")


def test_who_may_not_ask_about_access_goes_on_without(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("bedrock get-foundation-model-availability", "AccessDeniedException")
    result = shell.run("deploy.sh", "dev", typed="n\n")
    result.refused("stopped")
    assert "bedrock:GetFoundationModelAvailability); going on without" in result.out


def test_a_region_without_the_layer_is_named(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("lambda get-layer-version-by-arn", "ResourceNotFoundException")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("LambdaAdapterLayerArm64:27", "cannot be read", "--region us-east-1")
    assert result.changes == []


def test_a_documents_bucket_of_somebody_else_is_named(shell: Shell) -> None:
    empty_account(shell)
    shell.fails("s3api head-bucket", "403", "Forbidden")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("chatbot-dev-documents-123456789012-us-east-1 is taken by another account", "--region")
    assert result.changes == []


@pytest.mark.parametrize("call", ["get-bucket-tagging", "create-bucket"])
def test_a_bucket_for_code_of_somebody_else_is_named(shell: Shell, call: str) -> None:
    empty_account(shell)
    code = "AccessDenied" if call == "get-bucket-tagging" else "BucketAlreadyExists"
    shell.fails(f"s3api {call}", code)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("chatbot-dev-artifacts-123456789012-us-east-1 is taken by another account")
    assert not result.called("s3 cp|put-|create-change-set")


def test_what_an_earlier_deployment_left_with_data_in_it_is_not_touched(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("dynamodb list-tables", "chatbot-dev-conversations\n")
    shell.answer("dynamodb scan", "1\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("left from an earlier deployment", "scripts/cleanup.sh dev --purge")
    assert "table chatbot-dev-conversations" in result.err
    assert result.changes == []


def test_what_an_earlier_deployment_left_empty_is_removed_after_the_question(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("kms list-aliases", "alias/chatbot-dev\n")
    shell.fails("dynamodb (scan|update-table|describe-table)", "ResourceNotFoundException")
    shell.fails("s3api (list-object-versions|delete-bucket)", "NoSuchBucket")
    shell.fails("s3vectors get-vector-bucket", "NotFoundException")
    shell.answer("kms describe-key", "key-1\tEnabled\n")
    shell.answer("kms (schedule-key-deletion|delete-alias)|dynamodb wait", "")
    refused = shell.run("deploy.sh", "dev", typed="n\n")
    assert refused.changes == []
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert result.called("schedule-key-deletion --key-id key-1 --pending-window-in-days 30")


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("EnableRAG=maybe", ['EnableRAG is "maybe"; expected one of: true, false']),
        ("EnableRAG=True", ["Did you mean true?"]),
        ("HistoryTtlDays=0", ["a number from 1 to 3650"]),
        ("HistoryTtlDays=ten", ["a number from 1 to 3650"]),
        ("AlarmEmail=me", ["An e-mail address"]),
        ("LogRetentionDays=31", ["expected one of: 1, 3, 5"]),
        ("HistoryTTL=3", ["there is no parameter HistoryTTL", "Did you mean HistoryTtlDays?"]),
        ("ChatCodeKey=x", ["worked out by the scripts"]),
        ("DataOnly=true", ["worked out by the scripts"]),
        ("EnableRAG", ['"EnableRAG" has no "="']),
        ("ChatModelId=a\nb", ["line break"]),
    ],
)
def test_a_wrong_parameter_is_named_before_aws_sees_it(shell: Shell, setting: str, parts: list[str]) -> None:
    empty_account(shell)
    result = shell.run("deploy.sh", "dev", "--yes", "--set", setting)
    result.refused(*parts)
    assert [call.split()[0] for call in result.calls] == ["--version", "sts", "cloudformation"]


def test_without_a_terminal_only_yes_goes_on(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("deploy.sh", "dev")
    result.refused("there is no terminal", "--yes")
    assert result.changes == []


def test_a_denied_call_is_named_with_what_was_being_done(shell: Shell) -> None:
    empty_account(shell)
    shell.fails(
        "cloudformation describe-stacks",
        "AccessDenied",
        "User: me is not authorized to perform: cloudformation:DescribeStacks",
    )
    shell.run("deploy.sh", "dev", "--yes").refused(
        "you may not call DescribeStacks", "reading the stack chatbot-dev", "cloudformation:DescribeStacks"
    )


def test_a_vector_store_that_there_is_not_is_refused(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("enable-rag.sh", "dev", "--vector-store", "pinecone", "--yes")
    assert result.status == 1
    assert 'VectorStore is "pinecone"; expected one of: opensearch, s3vectors' in result.err
    assert result.changes == []


def test_disabling_takes_no_vector_store(shell: Shell) -> None:
    result = shell.run("enable-rag.sh", "dev", "--disable", "--vector-store", "s3vectors")
    result.refused("--disable takes no --vector-store", script="enable-rag.sh")
    assert result.calls == []


def test_a_test_without_the_key_says_who_writes_it(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE")
    result = shell.run("test.sh", "dev")
    assert result.status == 1
    assert "does not say where dev is; scripts/deploy.sh dev writes it" in result.err
