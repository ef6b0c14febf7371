"""Deployments that fail, and stacks in broken states: the cause is printed, the same command again mends it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.harness import Run
from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.rehearsal

_REASON = "The account is not verified to use this feature"


@pytest.fixture(scope="module")
def memory() -> dict[str, Any]:
    """What later tests must find again."""
    return {}


def _state(story: Stage) -> str:
    return str(story.client("cloudformation").describe_stacks(StackName="chatbot-dev")["Stacks"][0]["StackStatus"])


def _failed(run: Run, path: str) -> None:
    assert run.status == 1, run.text
    assert f"cause: {path} (" in run.err, run.text
    assert _REASON in run.err, run.text
    assert "un the same command again" in run.err, run.text
    assert "Traceback" not in run.text, run.text


def _answers(story: Stage) -> None:
    with story.api("dev") as api:
        answer = api.post("/chat", json={"message": "Are you well?"})
    assert answer.status_code == 200, answer.text


def _still_remembered(story: Stage, memory: dict[str, Any]) -> None:
    with story.api("dev") as api:
        found = api.get(f"/conversations/{memory['conversation']}")
    assert found.status_code == 200, found.text
    assert found.json()["messages"][0]["text"] == "Remember this."


# --- the first deployment fails -------------------------------------------------------------------------------------


def test_a_first_deployment_that_fails_early_is_rolled_back(story: Stage) -> None:
    story.account.break_resource("KeyAlias", _REASON)
    _failed(story.shell.script("deploy.sh", "dev", "--yes"), "SecurityStack/KeyAlias")
    assert _state(story) == "ROLLBACK_COMPLETE"


def test_a_first_deployment_that_fails_late_cannot_be_rolled_back(story: Stage) -> None:
    """Tables are protected against deletion, so they stand in the way; what was left before that is removed first."""
    story.account.set_stack_status("chatbot-dev", "CREATE_FAILED")
    story.account.break_resource("ChatFunction", _REASON)
    run = story.shell.script("deploy.sh", "dev", "--yes")
    _failed(run, "ComputeStack/ChatFunction")
    assert "removing the stack chatbot-dev, which is CREATE_FAILED" in run.out, run.text
    assert _state(story) == "ROLLBACK_FAILED"


def test_the_same_command_again_mends_it(story: Stage, memory: dict[str, Any]) -> None:
    story.shell.done("deploy.sh", "dev", "--yes")
    assert _state(story) == "CREATE_COMPLETE"
    _answers(story)
    assert len(story.left()["iam list_roles"]) == 1, "a role of an earlier attempt is left"
    assert len(story.left()["kms keys"]) == 1, "a key of an earlier attempt is left"
    with story.api("dev") as api:
        memory["conversation"] = api.post("/chat", json={"message": "Remember this."}).json()["conversation_id"]


# --- an update fails ------------------------------------------------------------------------------------------------


def test_an_update_that_fails_leaves_what_was_there(story: Stage, memory: dict[str, Any]) -> None:
    story.account.break_resource("ChatFunction", _REASON, operation="update")
    run = story.shell.script("deploy.sh", "dev", "--yes", "--set", "HistoryTtlDays=9")
    _failed(run, "ComputeStack/ChatFunction")
    assert _state(story) == "UPDATE_ROLLBACK_COMPLETE"
    _answers(story)
    _still_remembered(story, memory)


def test_documents_that_cannot_be_switched_on_leave_the_chat_alone(story: Stage, memory: dict[str, Any]) -> None:
    story.account.break_resource("Collection", _REASON)
    _failed(story.shell.script("enable-rag.sh", "dev", "--yes"), "AiStack/Collection")
    _answers(story)
    _still_remembered(story, memory)
    left = story.left()
    assert "opensearchserverless list_collections" not in left
    assert left["lambda list_functions"] == ["chatbot-dev-chat"]


# --- states that nobody knows how a stack came into -----------------------------------------------------------------


@pytest.mark.parametrize("state", ["UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"])
def test_a_deployment_from_a_broken_state(story: Stage, memory: dict[str, Any], state: str) -> None:
    story.account.set_stack_status("chatbot-dev", state)
    run = story.shell.script("deploy.sh", "dev", "--yes")
    if run.status:
        assert state in run.err, run.text
        story.account.set_stack_status("chatbot-dev", "UPDATE_COMPLETE")
    _still_remembered(story, memory)


# --- the cleanup fails ----------------------------------------------------------------------------------------------


def test_a_cleanup_that_fails_tells_why(story: Stage) -> None:
    story.account.break_resource("Api", _REASON, operation="delete", times=2)
    _failed(story.shell.script("cleanup.sh", "dev", "--purge", "--yes"), "ComputeStack/Api")
    assert _state(story) == "DELETE_FAILED"


def test_data_without_a_stack_that_works_is_not_overwritten(story: Stage) -> None:
    """Whoever deploys now may not know that there is something to lose."""
    table = "chatbot-dev-conversations"
    before = story.client("dynamodb").scan(TableName=table)["Items"]
    run = story.shell.script("deploy.sh", "dev", "--yes")
    assert run.status == 1, run.text
    for word in (table, "hold data", "scripts/cleanup.sh dev --purge"):
        assert word in run.err, run.text
    assert story.client("dynamodb").scan(TableName=table)["Items"] == before


def test_the_same_cleanup_again_goes_on(story: Stage) -> None:
    run = story.shell.script("cleanup.sh", "dev", "--purge", "--yes")
    assert run.status == 0, run.text
    assert story.left() == {}
