"""deploy.sh --dry-run: shows what would change, and changes nothing."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import STACK, empty_account, stack, with_stack
from tests.scripts.shell import Shell


def test_a_dry_run_shows_the_changes_of_nested_stacks_and_leaves_nothing(shell: Shell) -> None:
    empty_account(shell)
    kind = "AWS::CloudFormation::Stack"
    shell.answer("describe-change-set.*arn:change-set .*Changes", f"Add\tStorageStack\t{kind}\tNone\tarn:nested\n")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("REVIEW_IN_PROGRESS"), after="delete-change-set")
    shell.answer("list-change-sets", "arn:change-set\n", times=2)
    shell.answer("describe-change-set.*arn:nested", "Add\tTable\tAWS::DynamoDB::Table\tNone\tNone\n")
    result = shell.run("deploy.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert "StorageStack/Table" in result.out
    assert result.called("create-change-set .*--include-nested-stacks")
    assert not result.called("execute-change-set")
    assert [call.split()[1] for call in result.changes[-2:]] == ["delete-change-set", "delete-stack"]
    assert sum("list-change-sets" in call for call in result.calls) == 3  # it goes when the nested ones are gone
    assert not result.called("put-object")
    assert result.called("cloudformation package .*--s3-prefix preview/templates")


def test_a_dry_run_leaves_a_stack_in_which_somebody_else_has_a_change_set(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-change-set.*Changes", "Add\tTable\tAWS::DynamoDB::Table\tNone\tNone\n")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("REVIEW_IN_PROGRESS"), after="delete-change-set")
    shell.answer("list-change-sets", "arn:somebody-elses\n")
    result = shell.run("deploy.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert not result.called("delete-stack")


def test_a_dry_run_does_not_delete_a_stack_that_is_begun_by_somebody_else_meanwhile(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-change-set.*Changes", "Add\tTable\tAWS::DynamoDB::Table\tNone\tNone\n")
    theirs = stack("REVIEW_IN_PROGRESS", f"{STACK}-theirs")
    shell.answer("describe-stacks --stack-name chatbot-dev", theirs, after="delete-change-set")
    result = shell.run("deploy.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert not result.called("delete-stack")


def test_a_dry_run_whose_stack_somebody_else_removes_meanwhile(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-change-set.*Changes", "Add\tTable\tAWS::DynamoDB::Table\tNone\tNone\n")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("REVIEW_IN_PROGRESS"), after="delete-change-set")
    shell.fails("list-change-sets", "ValidationError", "Stack [chatbot-dev] does not exist")
    result = shell.run("deploy.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert not result.called("delete-stack")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        *((status, "would remove it") for status in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "DELETE_FAILED")),
        *((status, "would roll the update back") for status in ("UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED")),
    ],
)
def test_a_dry_run_says_what_is_mended_first(shell: Shell, status: str, said: str) -> None:
    empty_account(shell)
    with_stack(shell, status)
    shell.answer("dynamodb scan|s3api list-object-versions", "0\n")
    result = shell.run("deploy.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert f"the stack chatbot-dev is {status}: a run {said}" in result.out
    assert "dry run: nothing was changed" in result.out
    assert result.changes == []


def test_a_dry_run_does_not_delete_what_somebody_else_deploys_meanwhile(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-change-set.*Changes", "Add\tTable\tAWS::DynamoDB::Table\tNone\tNone\n")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("CREATE_IN_PROGRESS"), after="delete-change-set")
    result = shell.run("deploy.sh", "dev", "--dry-run")
    assert result.status == 0, result.text
    assert not result.called("delete-stack")
