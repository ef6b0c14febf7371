"""The life of a deployment, from nothing to deleted. One account, one test after the other."""

from __future__ import annotations

import json
import re
import stat
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.rehearsal.harness import Run, changed
from tests.rehearsal.papers import AUSTRIA, REAL, WARRANTY, assert_answered, papers, wait_until_ready
from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.rehearsal
BUILDS_ITSELF = True
Measure = Callable[[str, Run], Run]

#: Stands in a message, a document and a search, and may stand in no log.
CANARY = "zanzibar-4711"
_DAY = 86_400


@pytest.fixture(scope="module")
def memory() -> dict[str, Any]:
    """What later tests must find again."""
    return {}


def _conversation(story: Stage, identity: str) -> list[tuple[str, str]]:
    with story.api("dev") as api:
        answer = api.get(f"/conversations/{identity}")
    assert answer.status_code == 200, answer.text
    return [(message["role"], message["text"]) for message in answer.json()["messages"]]


def _environment(story: Stage, function: str) -> dict[str, str]:
    found: dict[str, str] = story.client("lambda").get_function_configuration(FunctionName=function)["Environment"][
        "Variables"
    ]
    return found


def test_one_command_deploys(story: Stage, measured: Measure) -> None:
    run = measured("deploy.sh dev, from a fresh checkout", story.shell.script("deploy.sh", "dev", "--yes"))
    assert run.status == 0, run.text
    assert story.output("dev", "ApiUrl") in run.out


def test_the_key_is_where_only_the_owner_reads_it(story: Stage) -> None:
    file = story.shell.home / ".config" / "chatbot" / "config.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = re.search(r'api_key = "(\w+)"', file.read_text())
    assert key
    shown = [run.command for run in story.shell.runs if key[1] in run.text]
    assert not shown, "the key was printed"
    # Arguments of a process can be read by everybody on the machine.
    assert not [call for run in story.shell.runs for call in run.calls if key[1] in " ".join(call.argv)]


def test_the_command_line_answers_at_once(story: Stage, measured: Measure) -> None:
    run = measured("chatbot --env dev ask", story.chatbot("--env", "dev", "ask", f"What is a {CANARY}?"))
    assert run.status == 0, run.text
    assert run.out.strip()


def test_the_curl_line_works_as_it_was_printed(story: Stage) -> None:
    deployed = next(run for run in story.shell.runs if "deploy.sh" in run.command)
    lines = deployed.out.splitlines()
    first = next(number for number, line in enumerate(lines) if line.strip().startswith("curl "))
    last = next(number for number in range(first, len(lines)) if not lines[number].endswith("\\"))
    run = story.shell.line("\n".join(lines[first : last + 1]))
    assert run.status == 0, run.text
    assert json.loads(run.out)["reply"].strip()


def test_the_conversation_is_remembered_sealed(story: Stage, memory: dict[str, Any]) -> None:
    with story.api("dev") as api:
        first = api.post("/chat", json={"message": f"My cat is called {CANARY}."}).json()
        second = api.post("/chat", json={"message": "And?", "conversation_id": first["conversation_id"]})
    assert second.status_code == 200, second.text
    memory["conversation"] = first["conversation_id"]
    memory["messages"] = _conversation(story, first["conversation_id"])
    assert [role for role, _ in memory["messages"]] == ["user", "assistant"] * 2
    stored = story.client("dynamodb").scan(TableName="chatbot-dev-conversations")["Items"]
    assert stored
    assert CANARY not in str(stored), "a message is stored as it was said"


def test_the_smoke_test_passes(story: Stage, measured: Measure) -> None:
    run = measured("test.sh dev", story.shell.script("test.sh", "dev"))
    assert run.status == 0, run.text


def test_a_person_may_say_no(story: Stage) -> None:
    before = story.inventory()
    for text, command in (
        ("n\n", ("./scripts/deploy.sh", "dev", "--set", "HistoryTtlDays=5")),
        ("\n", ("./scripts/enable-rag.sh", "dev")),
        ("yes\n", ("./scripts/cleanup.sh", "dev", "--purge")),
        ("prod\n", ("./scripts/cleanup.sh", "dev")),
    ):
        run = story.shell.typed(text, *command)
        assert run.status == 1, run.text
        assert "nothing was changed" in run.err, run.text
    assert story.inventory() == before


def test_a_dry_run_shows_what_would_change_and_changes_nothing(story: Stage) -> None:
    before = story.inventory()
    run = story.shell.done("deploy.sh", "dev", "--dry-run", "--set", "HistoryTtlDays=5")
    assert re.search(r"Modify +ComputeStack/ChatFunction", run.out), run.text
    for unchanged in ("StorageStack/", "AiStack/", "SecurityStack/Key "):
        assert unchanged not in run.out, run.text
    assert story.inventory() | {"s3 versions": []} == before | {"s3 versions": []}
    assert _environment(story, "chatbot-dev-chat")["CHATBOT_HISTORY_TTL_DAYS"] == "30"


def test_a_second_deployment_changes_nothing(story: Stage, measured: Measure) -> None:
    before = story.inventory()
    run = measured("deploy.sh dev, nothing to change", story.shell.done("deploy.sh", "dev", "--yes"))
    assert "nothing to change" in run.out
    assert "execute-change-set" not in str(run.calls)
    assert story.inventory() == before


def test_without_documents_there_is_nothing_of_them(story: Stage) -> None:
    found = str({kind: names for kind, names in story.left().items() if kind != "cloudformation stacks"})
    for part in ("-ingestion", "-retrieval", "opensearchserverless", "vector"):
        assert part not in found, found
    with story.api("dev") as api:
        assert api.get("/documents").status_code == 404


def test_documents_are_switched_on(story: Stage, measured: Measure) -> None:
    run = measured("enable-rag.sh dev (opensearch)", story.shell.script("enable-rag.sh", "dev", "--yes"))
    assert run.status == 0, run.text
    assert story.left()["opensearchserverless list_collections"] == ["chatbot-dev"]
    assert _conversation(story, _known(story)) is not None


def _known(story: Stage) -> str:
    with story.api("dev") as api:
        return str(api.get("/conversations").json()["conversations"][0]["conversation_id"])


def test_pdfs_that_are_copied_into_the_bucket_are_cited(
    story: Stage, memory: dict[str, Any], measured: Measure
) -> None:
    folder = papers(story.shell.home / "my papers")
    (folder / "notes.md").write_text(f"# Notes\n\nThe secret word is {CANARY}.\n")
    bucket = story.output("dev", "DocumentsBucket")
    copied = story.shell.run("aws", "s3", "cp", str(folder), f"s3://{bucket}/", "--recursive")
    assert copied.status == 0, copied.text
    memory["documents"] = len(list(folder.iterdir()))
    with story.api("dev") as api:
        wait_until_ready(api, memory["documents"])
        assert_answered(api, WARRANTY)
    run = story.chatbot("--env", "dev", "ask", WARRANTY.text)
    assert run.status == 0, run.text
    assert f"{WARRANTY.document}, page {WARRANTY.page}" in run.out, run.text


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the sample PDFs in ../shared/data/pdfs")
def test_a_real_pdf_is_cited_by_name_and_page(story: Stage) -> None:
    with story.api("dev") as api:
        assert_answered(api, AUSTRIA)
        hits = api.post("/search", json={"query": f"{AUSTRIA.text} {CANARY}"}).json()["results"]
    assert (AUSTRIA.document, AUSTRIA.page) in [(hit["document"], hit.get("page")) for hit in hits]


def test_the_smoke_test_passes_with_documents(story: Stage, measured: Measure) -> None:
    run = measured("test.sh dev, with documents", story.shell.script("test.sh", "dev"))
    assert run.status == 0, run.text


def test_new_code_is_deployed_alone(story: Stage, measured: Measure) -> None:
    file = story.shell.checkout / "src" / "chatbot" / "__init__.py"
    with changed(file, '__version__ = "', '__version__ = "99.'):
        run = measured("package-lambdas.sh dev --update", story.shell.script("package-lambdas.sh", "dev", "--update"))
        assert run.status == 0, run.text
    with story.api("dev") as api:
        assert api.get("/health").json()["version"].startswith("99.")


def test_a_changed_parameter_reaches_the_function(story: Stage, measured: Measure) -> None:
    measured(
        "deploy.sh dev --set (two parameters)",
        story.shell.done("deploy.sh", "dev", "--yes", "--set", "HistoryTtlDays=7", "--set", "DailyTokenBudget=3000000"),
    )
    variables = _environment(story, "chatbot-dev-chat")
    assert (variables["CHATBOT_HISTORY_TTL_DAYS"], variables["CHATBOT_DAILY_TOKEN_BUDGET"]) == ("7", "3000000")
    assert _environment(story, "chatbot-dev-chat:live") == variables, "the alias stands at an older version"
    before = time.time()
    with story.api("dev") as api:
        said = api.post("/chat", json={"message": "Until when?", "use_documents": False}).json()["conversation_id"]
    items = story.client("dynamodb").scan(TableName="chatbot-dev-conversations")["Items"]
    stored = [item for item in items if item["conversation_id"]["S"].endswith(said)]
    assert len(stored) == 3, "its header and two messages"
    for item in stored:
        assert before <= int(item["ttl"]["N"]) - 7 * _DAY <= time.time() + 1, item["timestamp"]


def test_documents_are_switched_off_and_nothing_is_lost(
    story: Stage, memory: dict[str, Any], measured: Measure
) -> None:
    run = measured("enable-rag.sh dev --disable", story.shell.script("enable-rag.sh", "dev", "--disable", "--yes"))
    assert run.status == 0, run.text
    with story.api("dev") as api:
        assert api.post("/chat", json={"message": "Are you there?"}).json()["retrieval"] == "disabled"
    assert _conversation(story, memory["conversation"]) == memory["messages"]
    bucket = story.output("dev", "DocumentsBucket")
    assert story.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == memory["documents"]
    assert "opensearchserverless list_collections" not in story.left()


def test_documents_answer_again_from_the_other_store(story: Stage, memory: dict[str, Any], measured: Measure) -> None:
    run = measured(
        "enable-rag.sh dev --vector-store s3vectors",
        story.shell.script("enable-rag.sh", "dev", "--vector-store", "s3vectors", "--yes"),
    )
    assert run.status == 0, run.text
    with story.api("dev") as api:
        wait_until_ready(api, memory["documents"])
        assert_answered(api, WARRANTY)
    assert "opensearchserverless list_collections" not in story.left()


def test_the_state_is_told(story: Stage, measured: Measure) -> None:
    run = measured("status.sh dev", story.shell.script("status.sh", "dev"))
    assert run.status == 0, run.text
    for word in ("chatbot-dev", story.output("dev", "ReleaseId"), "UPDATE_COMPLETE", "s3vectors"):
        assert word in run.out, run.text


def test_a_dry_run_of_the_cleanup_deletes_nothing(story: Stage) -> None:
    before = story.inventory()
    for kind in ("--keep-data", "--purge"):
        run = story.shell.done("cleanup.sh", "dev", kind, "--dry-run")
        assert "chatbot-dev" in run.out
    assert story.inventory() == before


def test_the_cleanup_keeps_the_data_that_it_is_told_to_keep(story: Stage, measured: Measure) -> None:
    run = measured("cleanup.sh dev --keep-data", story.shell.script("cleanup.sh", "dev", "--keep-data", "--yes"))
    assert run.status == 0, run.text
    left = story.left()
    for kind in ("lambda list_functions", "apigateway get_rest_apis", "s3vectors list_vector_buckets"):
        assert kind not in left, left[kind]
    assert left["dynamodb list_tables"] == ["chatbot-dev-conversations", "chatbot-dev-documents"]


def test_a_new_deployment_finds_the_data_again(story: Stage, memory: dict[str, Any], measured: Measure) -> None:
    run = measured("deploy.sh dev, over kept data", story.shell.script("deploy.sh", "dev", "--yes"))
    assert run.status == 0, run.text
    assert _conversation(story, memory["conversation"]) == memory["messages"]
    with story.api("dev") as api:
        wait_until_ready(api, memory["documents"])
        assert_answered(api, WARRANTY)


def test_no_role_was_refused_anything_and_nobody_left_the_account(story: Stage) -> None:
    assert story.refused() == []
    assert story.account.refusals() == []


def test_what_was_said_stands_in_no_log(story: Stage) -> None:
    with story.api("dev") as api:
        # What fails must not tell either.
        for body in ({"message": CANARY, "model": CANARY}, {"message": CANARY * 3000}, {"mesage": CANARY}):
            assert api.post("/chat", json=body).status_code in {413, 422}
        assert api.post("/chat", content=f'{{"message": "{CANARY}').status_code in {400, 422}
        assert api.get(f"/conversations/{CANARY}/{CANARY}").status_code == 404
        story.account.control(bedrock=[{"status": 400, "code": "ValidationException", "message": CANARY}])
        assert api.post("/chat", json={"message": CANARY, "use_documents": False}).status_code == 502
    lines = story.account.functions_log()
    assert {"chatbot-dev-chat", "chatbot-dev-ingestion", "chatbot-dev-retrieval"} <= {
        line["function"] for line in lines
    }
    assert not [line for line in lines if CANARY in str(line)]
    logs = story.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        assert CANARY not in str(events), group


def test_a_purge_leaves_nothing(story: Stage, measured: Measure) -> None:
    run = measured("cleanup.sh dev --purge", story.shell.typed("dev\n", "./scripts/cleanup.sh", "dev", "--purge"))
    assert run.status == 0, run.text
    assert story.left() == {}
    assert "dev" not in (story.shell.home / ".config" / "chatbot" / "config.toml").read_text()


def test_a_second_purge_finds_nothing_to_do(story: Stage) -> None:
    story.shell.done("cleanup.sh", "dev", "--purge", "--yes")
