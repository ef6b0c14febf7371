"""What is wrong before anything is made: one sentence with the remedy, a status that is not 0, and nothing changed."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import empty_account
from tests.scripts.shell import Shell

SCRIPTS = ("deploy.sh", "enable-rag.sh", "test.sh", "cleanup.sh", "status.sh")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_mistyped_environment_is_answered_with_the_three(shell: Shell, script: str) -> None:
    result = shell.run(script, "pord")
    result.refused('"pord" is not an environment', "dev, staging, prod", "Did you mean prod?", script=script)
    assert result.calls == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_environment_is_answered_with_an_example(shell: Shell, script: str) -> None:
    shell.run(script, "--yes").refused("which environment?", "dev, staging, prod", script=script)


def test_two_environments_are_one_too_many(shell: Shell) -> None:
    shell.run("cleanup.sh", "dev", "prod").refused("two environments", "dev and prod", script="cleanup.sh")


@pytest.mark.parametrize(
    ("script", "wrong", "right"),
    [
        ("deploy.sh", "--dryrun", "--dry-run"),
        ("deploy.sh", "--regoin", "--region"),
        ("cleanup.sh", "--keepdata", "--keep-data"),
        ("enable-rag.sh", "--vectorstore=s3vectors", "--vector-store"),
        ("status.sh", "--costs", "--cost"),
    ],
)
def test_a_wrong_option_is_answered_with_the_nearest(shell: Shell, script: str, wrong: str, right: str) -> None:
    result = shell.run(script, wrong, "dev")
    result.refused(f"there is no option {wrong.partition('=')[0]}; did you mean {right}?", script=script)
    assert result.calls == []


@pytest.mark.parametrize("words", [("dev", "--region"), ("--region", "--yes", "dev"), ("--region=", "dev")])
def test_an_option_without_its_value_is_named(shell: Shell, words: tuple[str, ...]) -> None:
    shell.run("deploy.sh", *words).refused("--region needs a value")


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_needs_no_account(shell: Shell, script: str) -> None:
    result = shell.run(script, "--help")
    assert result.status == 0
    assert result.out.startswith(f"usage: scripts/{script} ENV")
    assert "--region" in result.out
    assert result.calls == []


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [("aws", "the AWS CLI (aws) was not found; install"), ("curl", "curl was not found; install it")],
)
def test_a_missing_tool_is_named(shell: Shell, tool: str, sentence: str) -> None:
    programs = shell.folder / "fewer tools"
    programs.mkdir()
    for program in (*shell.tools.iterdir(), *shell.programs.iterdir()):
        if program.name != tool:
            (programs / program.name).symlink_to(program)
    shell.environ["PATH"] = str(programs)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused(sentence)
    assert result.calls == []


def test_a_python_that_is_too_old_is_named(shell: Shell) -> None:
    old = shell.programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    shell.run("deploy.sh", "dev").refused("Python 3.11 or newer was not found", "CHATBOT_PYTHON=")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("aws-cli/2.15.30 Python/3.11.8 Linux/6.1", "version 2.15.30; 2.32 or newer is needed"),
        ("aws-cli/1.32.1 Python/3.11.8 Linux/6.1", "version 1.32.1; 2.32 or newer is needed (or 1.44"),
        ("Apache Whimsy Server 3", 'expected "aws-cli/2..."'),
    ],
)
def test_a_command_line_of_aws_that_is_too_old_is_named(shell: Shell, said: str, sentence: str) -> None:
    empty_account(shell)
    shell.answer("^--version", said)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused(sentence)
    assert result.calls == ["--version"]


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


def test_a_profile_goes_before_keys_in_the_environment(shell: Shell) -> None:
    empty_account(shell)
    shell.environ["AWS_ACCESS_KEY_ID"] = "AKIAEXAMPLE"
    result = shell.run("deploy.sh", "dev", "--profile", "mine", typed="n\n")
    result.refused("stopped")
    assert all(call.endswith("[as mine, key None]") for call in result.calls), result.text


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


def test_a_test_without_a_deployment_says_so(shell: Shell) -> None:
    result = shell.run("test.sh", "dev")
    assert result.status == 1
    assert "does not say where dev is; scripts/deploy.sh dev writes it" in result.err
