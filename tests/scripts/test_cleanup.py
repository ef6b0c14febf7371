"""cleanup.sh: what it asks, what it takes, in which order, and what it says is left."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import API_URL, deletion, emptied_account, events, purged_account, stack, with_stack
from tests.scripts.shell import Shell

_NOT_THERE = "Stack with id chatbot-dev does not exist"


def test_purge_takes_everything_and_the_key_last_of_all_data(shell: Shell) -> None:
    purged_account(shell)
    shell.config.parent.mkdir(parents=True)
    shell.config.write_text(f'[env.dev]\nurl = "{API_URL}"\napi_key = "k"\n\n[env.prod]\nurl = "https://y"\n')
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 0, result.text
    order = [" ".join(call.split()[1:2]) for call in result.changes if "wait" not in call]
    assert order == [
        "delete-stack",
        *("update-table", "delete-table") * 2,
        *("delete-objects", "delete-objects", "delete-bucket", "delete-bucket"),
        *("schedule-key-deletion", "delete-alias", "delete-log-group", "delete-bucket"),
    ]
    assert result.called("schedule-key-deletion --key-id key-1 --pending-window-in-days 7")
    assert "4 versions and delete markers deleted" in result.out
    assert shell.config.read_text() == '[env.prod]\nurl = "https://y"\n'
    assert "nothing else of chatbot-dev is left" in result.out


def test_purge_goes_on_where_the_stack_is_gone_already(shell: Shell) -> None:
    purged_account(shell)
    shell.fails("describe-stacks --stack-name chatbot-dev", "ValidationError", _NOT_THERE)
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 0, result.text
    assert not result.called("delete-stack")
    assert result.called("delete-bucket --bucket chatbot-dev-artifacts")


def test_purge_twice_is_no_mistake(shell: Shell) -> None:
    emptied_account(shell)
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 0, result.text
    assert [
        call
        for call in result.changes
        if "wait" not in call and "NoSuch" not in call and "delete-bucket" not in call and "update-table" not in call
    ] == []


def test_a_key_that_is_going_already_only_loses_its_alias(shell: Shell) -> None:
    purged_account(shell)
    shell.answer("kms describe-key", "key-1\tPendingDeletion\n")
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 0, result.text
    assert not result.called("schedule-key-deletion")
    assert result.called("kms delete-alias")


@pytest.mark.parametrize("status", ["DELETE_FAILED", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"])
def test_purge_works_from_every_broken_state(shell: Shell, status: str) -> None:
    purged_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack(status))
    shell.fails("describe-stacks --stack-name chatbot-dev", "ValidationError", _NOT_THERE, after="delete-stack")
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 0, result.text
    assert result.called("delete-stack")


def test_a_stack_that_cannot_be_deleted_keeps_its_data(shell: Shell) -> None:
    purged_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("DELETE_FAILED"))
    deletion(shell, ends="DELETE_FAILED", reason="The bucket you tried to delete is not empty")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("DELETE_FAILED"))
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    result.refused("cannot be deleted (DELETE_FAILED)", "run the same command again", script="cleanup.sh")
    assert "cause: Api (AWS::ApiGateway::RestApi): The bucket you tried to delete is not empty" in result.err
    assert sum("delete-stack" in call for call in result.calls) == 2
    assert not result.called("delete-table|delete-objects|schedule-key")


def test_objects_that_cannot_be_deleted_stop_it(shell: Shell) -> None:
    purged_account(shell)
    shell.answer("s3api delete-objects", "Access Denied by a retention rule\n")
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    result.refused("objects in chatbot-dev-documents", "Access Denied by a retention rule", script="cleanup.sh")
    assert not result.called("delete-bucket|schedule-key")


def test_what_is_left_is_listed_and_is_a_failure(shell: Shell) -> None:
    purged_account(shell)
    shell.answer("lambda list-functions", "chatbot-dev-chat\n")
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    result.refused("not all of chatbot-dev is gone", script="cleanup.sh")
    assert "left: function chatbot-dev-chat" in result.err


def test_what_could_not_be_listed_is_not_taken_for_gone(shell: Shell) -> None:
    purged_account(shell)
    shell.fails("iam list-roles", "AccessDenied", "no")
    result = shell.run("cleanup.sh", "dev", "--purge", "--yes")
    assert result.status == 1
    assert "role could not be listed" in result.err


@pytest.mark.parametrize(
    ("env", "mode", "typed", "goes_on"),
    [
        ("dev", "--purge", "dev\n", True),
        ("dev", "--purge", "y\n", False),
        ("prod", "--purge", "prod\n", False),
        ("prod", "--purge", "chatbot-prod\n", True),
        ("dev", "--keep-data", "\n", False),
    ],
)
def test_the_name_has_to_be_typed(shell: Shell, env: str, mode: str, typed: str, goes_on: bool) -> None:
    emptied_account(shell)
    shell.fails("describe-stacks --stack-name chatbot-prod", "ValidationError", _NOT_THERE)
    result = shell.run("cleanup.sh", env, mode, typed=typed)
    assert ("looking for what is left" in result.out) == goes_on, result.text
    if not goes_on:
        result.refused("nothing was changed", script="cleanup.sh")
        assert result.changes == []


def test_without_a_terminal_it_takes_nothing(shell: Shell) -> None:
    purged_account(shell)
    result = shell.run("cleanup.sh", "dev", "--purge")
    result.refused("there is no terminal", "--yes", script="cleanup.sh")
    assert result.changes == []


def test_a_dry_run_takes_nothing(shell: Shell) -> None:
    purged_account(shell)
    shell.answer("dynamodb list-tables", "chatbot-dev-conversations\n")
    shell.answer("lambda list-functions", "chatbot-dev-chat\n")
    result = shell.run("cleanup.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert "stays: table chatbot-dev-conversations" in result.out
    assert "goes: function chatbot-dev-chat" in result.out
    assert result.changes == []


def test_keeping_the_data_changes_one_parameter(shell: Shell) -> None:
    emptied_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", EnableRAG="true", VectorStore="s3vectors", HistoryTtlDays="7")
    events(shell, [("UPDATE_IN_PROGRESS", ""), ("UPDATE_COMPLETE", "")])
    shell.answer("s3vectors list-indexes", "chunks-aaa\n")
    shell.answer("s3vectors delete-index", "")
    shell.answer("dynamodb list-tables", "chatbot-dev-conversations\tchatbot-dev-documents\n")
    result = shell.run("cleanup.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert result.parameters[0] == {"ParameterKey": "DataOnly", "ParameterValue": "true"}
    assert all(row == {"ParameterKey": row["ParameterKey"], "UsePreviousValue": True} for row in result.parameters[1:])
    assert {row["ParameterKey"] for row in result.parameters} == {
        "DataOnly",
        "EnableRAG",
        "VectorStore",
        "HistoryTtlDays",
    }
    assert result.called("create-change-set .*--use-previous-template")
    order = [call.split()[1] for call in result.changes]
    assert order.index("delete-index") < order.index("execute-change-set")
    assert not result.called("delete-table|delete-bucket|delete-stack|schedule-key")
    assert "kept: table chatbot-dev-documents" in result.out


def test_keeping_the_data_again_changes_nothing(shell: Shell) -> None:
    emptied_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", DataOnly="true")
    result = shell.run("cleanup.sh", "dev", "--keep-data", "--yes")
    assert result.status == 0, result.text
    assert "holds only data already" in result.out
    assert result.changes == []


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED"])
def test_a_stack_without_data_can_only_be_removed(shell: Shell, status: str) -> None:
    emptied_account(shell)
    with_stack(shell, status)
    result = shell.run("cleanup.sh", "dev", "--yes")
    result.refused(f"is {status}", "scripts/cleanup.sh dev --purge", script="cleanup.sh")
    assert result.changes == []
