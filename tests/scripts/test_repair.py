"""Stacks in the states that a broken deployment leaves: a further run mends each, or says what is in the way."""

from __future__ import annotations

import pytest

from tests.scripts.accounts import deletion, empty_account, events, stack, with_stack
from tests.scripts.shell import Result, Shell

_NOT_THERE = "Stack with id chatbot-dev does not exist"


def _order(result: Result) -> list[str]:
    """The operations that change something in CloudFormation and DynamoDB, in their order."""
    return [call.split()[1] for call in result.changes if call.startswith(("cloudformation", "dynamodb"))]


def _tables_are_gone(shell: Shell) -> None:
    shell.fails("dynamodb (describe-table|scan)", "ResourceNotFoundException")
    shell.fails("s3vectors list-indexes", "NotFoundException")
    shell.fails("s3api list-object-versions", "NoSuchBucket")


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_cannot_be_updated_is_replaced(shell: Shell, status: str) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack(status))
    deletion(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("CREATE_COMPLETE"), after="execute-change-set")
    events(shell, [("CREATE_IN_PROGRESS", ""), ("CREATE_COMPLETE", "")], after="execute-change-set")
    _tables_are_gone(shell)
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert _order(result) == ["delete-stack", "package", "create-change-set", "execute-change-set"]
    assert result.called("create-change-set .*--change-set-type CREATE")


def test_what_a_creation_that_failed_was_given_is_not_held_on_to(shell: Shell) -> None:
    empty_account(shell)
    shell.answer(
        "describe-stacks --stack-name chatbot-dev",
        stack("ROLLBACK_COMPLETE", HistoryTtlDays="99", ReservedConcurrency="0"),
    )
    deletion(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("CREATE_COMPLETE"), after="execute-change-set")
    events(shell, [("CREATE_IN_PROGRESS", ""), ("CREATE_COMPLETE", "")], after="execute-change-set")
    _tables_are_gone(shell)
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    given = {row["ParameterKey"]: row["ParameterValue"] for row in result.parameters}
    assert (given["HistoryTtlDays"], given["ReservedConcurrency"]) == ("30", "10")


def test_it_is_replaced_only_after_the_question(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("ROLLBACK_COMPLETE"))
    _tables_are_gone(shell)
    result = shell.run("deploy.sh", "dev", typed="n\n")
    result.refused("nothing was changed")
    assert result.changes == []


def test_tables_that_a_rollback_could_not_delete_are_removed_with_it(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("ROLLBACK_FAILED"))
    deletion(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("CREATE_COMPLETE"), after="execute-change-set")
    _tables_are_gone(shell)
    shell.answer("dynamodb describe-table --table-name chatbot-dev-conv", "2026-11-01T10:00:09.5+00:00\n")
    shell.answer("dynamodb (update|delete)-table", "")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert _order(result)[:3] == ["update-table", "delete-table", "delete-stack"]
    assert result.called("update-table --table-name chatbot-dev-conversations --no-deletion-protection-enabled")


@pytest.mark.parametrize("made", ["2026-10-31T23:00:00.000000+00:00", "1761951600.5"])
def test_a_table_that_is_older_than_the_failed_stack_is_not_its_own(shell: Shell, made: str) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("ROLLBACK_COMPLETE"))
    deletion(shell)
    _tables_are_gone(shell)
    shell.answer("dynamodb describe-table", f"{made}\n")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("CREATE_COMPLETE"), after="execute-change-set")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert not result.called("delete-table|update-table")


@pytest.mark.parametrize("message", ["You may not call Scan.", "Rate exceeded"])
def test_a_young_table_that_cannot_be_read_for_another_reason_than_its_key_may_hold_data(
    shell: Shell, message: str
) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("ROLLBACK_FAILED"))
    shell.fails("dynamodb scan", "AccessDeniedException", message)
    shell.answer("dynamodb describe-table", "2026-11-01T10:00:09.5+00:00\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("is ROLLBACK_FAILED and cannot be deployed again", "Nothing was changed.")
    assert result.changes == []


def test_a_young_table_whose_key_went_with_the_failed_stack_holds_nothing(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("ROLLBACK_FAILED"))
    deletion(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("CREATE_COMPLETE"), after="execute-change-set")
    _tables_are_gone(shell)
    shell.fails("dynamodb scan", "AccessDeniedException", "The KMS key is pending deletion.")
    shell.fails("s3api list-object-versions", "NoSuchBucket")
    shell.answer("dynamodb describe-table", "2026-11-01T10:00:09.5+00:00\n")
    shell.answer("dynamodb (update|delete)-table", "")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert result.called("delete-table --table-name chatbot-dev-conversations")


@pytest.mark.parametrize("status", ["DELETE_FAILED", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE", "CREATE_FAILED"])
def test_a_stack_that_can_only_be_removed_stays_where_there_is_data(shell: Shell, status: str) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack(status))
    shell.answer("dynamodb scan", "1\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused(f"is {status} and cannot be deployed again", "Nothing was changed.", "cleanup.sh dev --purge")
    assert result.changes == []


def test_names_are_looked_at_too_where_only_a_change_set_was_made(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "REVIEW_IN_PROGRESS")
    shell.answer("dynamodb list-tables", "chatbot-dev-conversations\n")
    shell.answer("dynamodb scan", "1\n")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("left from an earlier deployment")
    assert result.changes == []


def test_a_table_that_cannot_be_looked_into_is_not_taken_for_empty(shell: Shell) -> None:
    empty_account(shell)
    shell.answer("dynamodb list-tables", "chatbot-dev-conversations\n")
    shell.fails("dynamodb scan", "AccessDeniedException", "the key is not enabled")
    shell.fails("s3api list-object-versions", "NoSuchBucket")
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("may hold data")
    assert result.changes == []


@pytest.mark.parametrize(
    ("status", "operation"),
    [("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"), ("UPDATE_FAILED", "rollback-stack")],
)
def test_an_update_that_failed_is_rolled_back_and_made_again(shell: Shell, status: str, operation: str) -> None:
    empty_account(shell)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack(status))
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("UPDATE_ROLLBACK_COMPLETE"), after=operation)
    events(shell, [("UPDATE_ROLLBACK_IN_PROGRESS", ""), ("UPDATE_ROLLBACK_COMPLETE", "")], after=operation)
    shell.answer(f"cloudformation {operation}", "")
    shell.answer("describe-stacks --stack-name chatbot-dev", stack("UPDATE_COMPLETE"), after="execute-change-set")
    events(shell, [("UPDATE_IN_PROGRESS", ""), ("UPDATE_COMPLETE", "")], after="execute-change-set")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert _order(result) == [operation, "package", "create-change-set", "execute-change-set"]
    assert result.called("create-change-set .*--change-set-type UPDATE")


def test_a_rollback_that_fails_again_is_told_with_what_can_be_left_out(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_ROLLBACK_FAILED")
    shell.answer("cloudformation continue-update-rollback", "")
    states = [("UPDATE_ROLLBACK_IN_PROGRESS", ""), ("UPDATE_FAILED", "no such role"), ("UPDATE_ROLLBACK_FAILED", "")]
    events(shell, states)
    result = shell.run("deploy.sh", "dev", "--yes")
    result.refused("cannot be rolled back (UPDATE_ROLLBACK_FAILED)", "--resources-to-skip")
    assert "cause: Api (AWS::ApiGateway::RestApi): no such role" in result.err
    assert not result.called("create-change-set")


def test_a_change_set_that_was_never_executed_is_gone_on_from(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "REVIEW_IN_PROGRESS")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert result.called("create-change-set .*--change-set-type CREATE")
    assert not result.called("delete-stack")


@pytest.mark.parametrize(
    ("going_on", "ends", "kind"),
    [
        ("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE"),
        ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "UPDATE"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE"),
        ("DELETE_IN_PROGRESS", None, "CREATE"),
    ],
)
def test_what_goes_on_is_waited_for_first(shell: Shell, going_on: str, ends: str | None, kind: str) -> None:
    """Another deployment, or one whose script was interrupted."""
    empty_account(shell)
    if ends:
        with_stack(shell, ends)
    shell.answer("describe-stacks --stack-name chatbot-dev", stack(going_on), times=1)
    events(shell, [(going_on, ""), (ends or "DELETE_COMPLETE", "")])
    events(shell, [("UPDATE_IN_PROGRESS", ""), ("UPDATE_COMPLETE", "")], after="execute-change-set")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert f"waiting for what goes on in the stack chatbot-dev ({going_on})" in result.out
    assert result.called(f"create-change-set .*--change-set-type {kind}")


def test_a_part_that_could_not_be_deleted_is_tried_once_more(shell: Shell) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE")
    orphan = "arn:aws:cloudformation:us-east-1:123456789012:stack/chatbot-dev-AiStack-X/1"
    shell.answer("list-stacks --stack-status-filter DELETE_FAILED", f"{orphan}\n", times=1)
    _tables_are_gone(shell)
    shell.fails(f"describe-stack-events --stack-name {orphan}", "ValidationError", _NOT_THERE, after="delete-stack")
    result = shell.run("deploy.sh", "dev", "--yes")
    assert result.status == 0, result.text
    assert _order(result)[0] == "delete-stack"
    assert result.called(f"delete-stack --stack-name {orphan}")
    assert result.called("list-stacks .*RootId!=null && contains\\(RootId, ':stack/chatbot-dev/'\\)")


@pytest.mark.parametrize(
    ("part", "parameters", "emptied"),
    [
        ("AiStack", {"EnableRAG": "true", "VectorStore": "s3vectors"}, []),
        ("AiStack", {"EnableRAG": "true", "VectorStore": "opensearch"}, ["list-indexes"]),
        ("AiStack", {"EnableRAG": "true", "VectorStore": "s3vectors", "DataOnly": "true"}, ["list-indexes"]),
        ("WebStack", {"EnableWeb": "true"}, []),
        ("WebStack", {"EnableRAG": "true", "VectorStore": "s3vectors"}, ["list-object-versions"]),
        ("ComputeStack", {}, []),
    ],
)
def test_for_a_part_that_is_deleted_once_more_nothing_else_is_emptied(
    shell: Shell, part: str, parameters: dict[str, str], emptied: list[str]
) -> None:
    empty_account(shell)
    with_stack(shell, "UPDATE_COMPLETE", **parameters)
    orphan = f"arn:aws:cloudformation:us-east-1:123456789012:stack/chatbot-dev-{part}-X/1"
    shell.answer("list-stacks", f"{orphan}\n", times=1)
    _tables_are_gone(shell)
    shell.fails(f"describe-stack-events --stack-name {orphan}", "ValidationError", _NOT_THERE, after="delete-stack")
    result = shell.run("deploy.sh", "dev", "--yes")
    until = next(number for number, call in enumerate(result.calls) if "delete-stack" in call)
    before = [call.split()[1] for call in result.calls[:until] if " " in call]
    assert [name for name in before if name in {"list-indexes", "list-object-versions"}] == emptied
