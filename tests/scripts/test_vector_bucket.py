"""The vector bucket when a deployment leaves S3 Vectors: CloudFormation deletes it only without indexes."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import empty_account, events, stack, with_stack
from tests.scripts.shell import Shell


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
    assert "the index of the documents was deleted" not in result.err


def test_a_vector_bucket_that_an_interrupted_run_left_goes_with_the_next(shell: Shell) -> None:
    """That run has changed the parameters already: nothing tells any more that documents were in S3 Vectors."""
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", EnableRAG="true", VectorStore="opensearch")
    shell.answer("describe-change-set", "FAILED\tThe submitted information didn't contain changes.\n")
    shell.answer("s3vectors (get-vector-bucket|delete-)", "")
    shell.answer("s3vectors list-indexes", "chunks-aaa\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert [call.split()[1] for call in result.calls if "s3vectors delete-" in call] == [
        "delete-index",
        "delete-vector-bucket",
    ]


def test_a_vector_bucket_that_is_in_use_stays(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", EnableRAG="true", VectorStore="s3vectors")
    events(shell, [("UPDATE_IN_PROGRESS", ""), ("UPDATE_COMPLETE", "")])
    shell.answer("s3vectors list-indexes", "chunks-aaa\n")
    result = shell.run("deploy.sh", "dev", "--yes", "--set", "HistoryTtlDays=9")
    assert result.status == 0, result.text
    assert not result.called("s3vectors (get|delete)-")


@pytest.mark.parametrize("error", ["InvalidChangeSetStatus", "AccessDenied"])
def test_an_index_that_was_deleted_for_an_update_that_did_not_begin_is_said(shell: Shell, error: str) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", EnableRAG="true", VectorStore="s3vectors")
    shell.answer("s3vectors list-indexes", "chunks-aaa\n")
    shell.answer("s3vectors delete-index", "")
    shell.fails("cloudformation execute-change-set", error)
    result = shell.run("deploy.sh", "dev", "--yes", "--set", "VectorStore=opensearch")
    result.refused("the index of the documents was deleted for this update", "Run the same command again")


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
