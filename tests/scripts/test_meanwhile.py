"""What somebody else does to the same environment between the look at it, the question and the deed."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import STACK, deletion, empty_account, stack, with_stack
from tests.scripts.shell import Shell

_NOT_THERE = "Stack with id chatbot-dev does not exist"


def _nothing_is_stored(shell: Shell) -> None:
    shell.fails("dynamodb (describe-table|scan)", "ResourceNotFoundException")
    shell.fails("s3vectors list-indexes", "NotFoundException")
    shell.fails("s3api list-object-versions", "NoSuchBucket")


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"])
@pytest.mark.parametrize("now", ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"])
def test_what_replaced_a_broken_stack_during_the_question_is_not_deleted(shell: Shell, status: str, now: str) -> None:
    """Its tables are as young as those of the broken one would be, and empty yet."""
    empty_account(shell)
    _nothing_is_stored(shell)
    shell.answer("dynamodb scan|s3api list-object-versions", "0\n")
    shell.answer("dynamodb describe-table", "2026-11-01T10:00:09.5+00:00\n")
    shell.answer("dynamodb (update|delete)-table|s3vectors", "")
    deletion(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack(now, f"{STACK}-new"))
    shell.answer("describe-stacks --stack-name chatbot-dev", stack(status), times=1)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("another deployment of chatbot-dev began meanwhile", "Run the same command again")
    assert result.changes == []


def test_a_change_of_the_parameters_during_the_question_is_not_taken_back(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", HistoryTtlDays="9")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("UPDATE_COMPLETE", HistoryTtlDays="5"), times=1)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("another deployment of chatbot-dev began meanwhile")
    assert result.changes == []


@pytest.mark.parametrize("script", ["deploy.sh", "cleanup.sh"])
def test_a_new_stack_that_appears_while_the_broken_one_is_deleted_stays(shell: Shell, script: str) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("ROLLBACK_COMPLETE"))
    deletion(shell)
    _nothing_is_stored(shell)
    shell.answer(
        "describe-stacks --stack-name chatbot-dev", stack("CREATE_COMPLETE", f"{STACK}-new"), after="delete-stack"
    )
    result = shell.run(script, "dev", "--yes", *(["--purge"] if script == "cleanup.sh" else []))
    result.refused("another deployment of chatbot-dev began meanwhile", script=script)
    assert [call.split()[1:4] for call in result.changes] == [["delete-stack", "--stack-name", STACK]]


def _empty_leftovers(shell: Shell) -> None:
    shell.answer("dynamodb list-tables", "chatbot-dev-conversations\n")
    shell.answer("dynamodb scan|s3api list-object-versions", "0\n")
    shell.answer("dynamodb (update-table|delete-table|wait)", "")
    shell.answer("s3api list-object-versions --bucket chatbot-dev-(documents|web)", '{"Objects": []}')
    shell.answer("s3api list-object-versions.*length", "0\n")
    shell.fails("s3api delete-bucket", "NoSuchBucket")
    shell.fails("s3vectors", "NotFoundException")
    shell.fails("kms describe-key", "NotFoundException")


@pytest.mark.parametrize("status", ["", "REVIEW_IN_PROGRESS"])
def test_empty_leftovers_without_a_stack_are_removed(shell: Shell, status: str) -> None:
    empty_account(shell)
    if status:
        with_stack(shell, status)
    _empty_leftovers(shell)
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    order = [
        call.split()[1]
        for call in result.changes
        if call.startswith(("cloudformation", "dynamodb update", "dynamodb delete"))
    ]
    assert order[:4] == ["update-table", "delete-table", "update-table", "delete-table"]
    assert order[-1] == "execute-change-set"


@pytest.mark.parametrize("reads", [1, 2, 3])
def test_what_was_deployed_over_leftovers_meanwhile_is_not_removed(shell: Shell, reads: int) -> None:
    """The names were free of a stack at the first readings; then somebody else's has them."""
    empty_account(shell)
    _empty_leftovers(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("CREATE_COMPLETE"))
    shell.fails("describe-stacks --stack-name chatbot-dev", "ValidationError", _NOT_THERE, times=reads)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("another deployment of chatbot-dev began meanwhile")
    assert result.changes == []


def test_leftovers_that_were_written_to_meanwhile_are_not_removed(shell: Shell) -> None:
    empty_account(shell)
    _empty_leftovers(shell)
    shell.answer("dynamodb scan", "1\n")
    shell.answer("dynamodb scan", "0\n", times=2)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("may hold data")
    assert result.changes == []
