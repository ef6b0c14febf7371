"""status.sh, and enable-rag.sh where nothing is wrong."""

from __future__ import annotations

from tests.scripts.accounts import empty_account, stack, with_stack
from tests.scripts.shell import Shell

_DOCUMENTS = "output\tIngestionQueueUrl\thttps://q/ingestion\noutput\tDeadLetterQueueUrl\thttps://q/dead\n"


def deployed(shell: Shell, **parameters: str) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", ChatModelId="global.anthropic.claude-haiku-5-5", **parameters)
    rows = ["chatbot-dev\tUPDATE_COMPLETE", "chatbot-dev-ComputeStack-X1\tCREATE_COMPLETE"]
    times = "\t2026-11-01T10:00:00.000Z\tNone\n"
    shell.answer("list-stacks --output text", times.join([*rows, ""]))
    shell.answer("cloudwatch describe-alarms", "chatbot-dev-dead-letters\tOne message\n")


def test_it_shows_stacks_version_and_alarms_and_asks_for_no_bill(shell: Shell) -> None:
    deployed(shell, EnableRAG="false")
    result = shell.run("status.sh", "dev")
    assert result.status == 0, result.text
    assert "version 0.1.0, release 0123456789abcdef" in result.out
    assert "documents off (scripts/enable-rag.sh dev" in result.out
    assert "RAISED  chatbot-dev-dead-letters" in result.out
    assert "--cost asks for the bill" in result.out
    assert "the API did not say how many tokens" in result.err
    assert not result.called("^ce |^sqs ")
    assert result.changes == []


def test_it_shows_dead_letters_and_how_to_try_them_again(shell: Shell) -> None:
    deployed(shell)
    rows = stack("UPDATE_COMPLETE", EnableRAG="true", VectorStore="s3vectors") + _DOCUMENTS
    shell.answer("describe-stacks --stack-name chatbot-dev", rows)
    shell.answer("sqs get-queue-attributes --queue-url https://q/ingestion", "0\n")
    shell.answer("sqs get-queue-attributes --queue-url https://q/dead", "3\n")
    result = shell.run("status.sh", "dev")
    assert result.status == 0, result.text
    assert "documents on, indexed in s3vectors" in result.out
    assert "0 waiting to be indexed, 3 given up on" in result.out
    assert "arn:aws:sqs:us-east-1:123456789012:chatbot-dev-ingestion-dlq" in result.out


def test_the_bill_is_asked_for_only_on_request(shell: Shell) -> None:
    deployed(shell)
    shell.answer("ce get-cost-and-usage", "1.2345\tUSD\n")
    result = shell.run("status.sh", "--cost", "dev")
    assert result.status == 0, result.text
    assert "this month so far: 1.2345 USD" in result.out
    assert result.called(r"ce get-cost-and-usage --region us-east-1 .*Start=\d{4}-\d\d-01,End=\d{4}")


def test_what_is_not_deployed_is_said(shell: Shell) -> None:
    empty_account(shell)
    result = shell.run("status.sh", "dev")
    result.refused("chatbot-dev is not deployed in account 123456789012, us-east-1", script="status.sh")


def test_a_stack_with_data_only_is_called_so(shell: Shell) -> None:
    deployed(shell, DataOnly="true", EnableRAG="true")
    result = shell.run("status.sh", "dev")
    assert result.status == 0, result.text
    assert "only the data is kept" in result.out
    assert not result.called("^sqs ")


def test_disabling_documents_deploys_with_them_off(shell: Shell) -> None:
    deployed(shell, EnableRAG="true", VectorStore="opensearch")
    result = shell.run("enable-rag.sh", "dev", "--disable", "--yes")
    assert result.status == 0, result.text
    given = {row["ParameterKey"]: row.get("ParameterValue") for row in result.parameters}
    assert (given["EnableRAG"], given["VectorStore"]) == ("false", "opensearch")
    assert "The files stay" in result.out


def test_a_refused_deployment_ends_enabling_without_a_wait(shell: Shell) -> None:
    deployed(shell, EnableRAG="false")
    result = shell.run("enable-rag.sh", "dev", "--vector-store", "s3vectors", typed="n\n")
    assert result.status == 1
    assert "waiting until the index answers" not in result.out
    assert result.changes == []
