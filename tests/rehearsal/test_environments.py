"""Two environments in one account and Region know nothing of each other; what a key may do, and what is refused."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.rehearsal.orders import Order
from tests.rehearsal.papers import WARRANTY, papers, wait_until_ready
from tests.rehearsal.stage import Stage

pytestmark = pytest.mark.rehearsal


@pytest.fixture(scope="module")
def both(story: Stage) -> Stage:
    """dev with documents in S3 Vectors and narrow limits, and staging with neither, deployed at the same time."""
    limits = ("ApiRateLimit=20", "ApiBurstLimit=3", "ApiDailyQuota=40", "DailyTokenBudget=1")
    narrow = [word for each in limits for word in ("--set", each)]
    runs = [
        story.shell.start("./scripts/enable-rag.sh", "staging", "--yes", "--vector-store", "s3vectors"),
        story.shell.start("./scripts/deploy.sh", "dev", "--yes", *narrow),
    ]
    for run in runs:
        assert run.wait().status == 0, run.text
    return story


def _of(story: Stage, env: str) -> dict[str, list[str]]:
    found = {
        kind: [name for name in names if f"chatbot-{env}" in name]
        for kind, names in story.left().items()
        if "event_source" not in kind
    }
    return {kind: names for kind, names in found.items() if names}


def test_each_has_its_own_of_everything(both: Stage) -> None:
    dev, staging = _of(both, "dev"), _of(both, "staging")
    assert set(dev) < set(staging)
    assert "s3vectors list_vector_buckets" in set(staging) - set(dev)
    assert both.output("dev", "ApiUrl") != both.output("staging", "ApiUrl")
    assert both.output("dev", "KmsKeyArn") != both.output("staging", "KmsKeyArn")


def test_the_configuration_names_both(both: Stage) -> None:
    text = (both.shell.home / ".config" / "chatbot" / "config.toml").read_text()
    for env in ("dev", "staging"):
        assert f"[env.{env}]" in text
        assert both.output(env, "ApiUrl") in text


def test_one_does_not_see_what_was_said_to_the_other(both: Stage) -> None:
    with both.api("staging") as api:
        said = api.post("/chat", json={"message": "This is for staging."}).json()["conversation_id"]
        assert api.get(f"/conversations/{said}").status_code == 200
    with both.api("dev") as api:
        assert api.get(f"/conversations/{said}").status_code == 404


def test_a_key_opens_only_its_own_door(both: Stage) -> None:
    keys = both.client("apigateway")
    own = keys.get_api_key(apiKey=both.output("dev", "ApiKeyId"), includeValue=True)["value"]
    for wrong in (own, own[:-1] + "0", "x", ""):
        with both.api("staging", key=wrong) as api:
            answer = api.get("/conversations")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), answer.text
    with both.api("staging", key="") as api:
        assert api.get("/health").status_code == 200


def test_a_spent_budget_is_told(both: Stage) -> None:
    with both.api("dev") as api:
        assert api.post("/chat", json={"message": "One."}).status_code == 200
        refused = api.post("/chat", json={"message": "Two."})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "daily_budget_spent"), refused.text
    assert "DailyTokenBudget" in refused.text


def test_a_flood_is_throttled_and_says_when_to_come_again(both: Stage) -> None:
    with both.api("dev") as api, ThreadPoolExecutor(10) as pool:
        answers = [*pool.map(lambda _: api.get("/usage"), range(20))]
    assert {answer.status_code for answer in answers} == {200, 429}, [answer.text for answer in answers]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused.json()["error"]["code"], refused.headers["retry-after"]) == ("throttled", "1")


def test_a_quota_ends_the_day(both: Stage) -> None:
    codes: list[str] = []
    with both.api("dev") as api:
        for _ in range(60):
            codes.append(api.get("/usage").json().get("error", {}).get("code", "answered"))
            time.sleep(0.05)
    assert codes[-1] == "quota_exceeded", codes
    assert "answered" in codes, codes
    with both.api("staging") as api:
        assert api.get("/usage").status_code == 200


def test_documents_stay_in_their_environment(both: Stage) -> None:
    file = papers(both.shell.home / "papers") / WARRANTY.document
    copied = both.shell.run("aws", "s3", "cp", str(file), f"s3://{both.output('staging', 'DocumentsBucket')}/")
    assert copied.status == 0, copied.text
    with both.api("staging") as api:
        wait_until_ready(api, 1)
    assert not both.client("s3").list_objects_v2(Bucket=both.output("dev", "DocumentsBucket"))["KeyCount"]


def test_a_purge_of_one_leaves_the_other_as_it_was(both: Stage) -> None:
    before = _of(both, "staging")
    run = both.shell.script("cleanup.sh", "dev", "--purge", "--yes")
    assert run.status == 0, run.text
    assert _of(both, "dev") == {}
    assert _of(both, "staging") == before
    with both.api("staging") as api:
        found = api.post("/search", json={"query": WARRANTY.text}).json()["results"]
        assert WARRANTY.document in [hit["document"] for hit in found]


def test_no_role_was_refused_anything_and_nobody_left_the_account(both: Stage) -> None:
    assert both.refused() == []
    assert both.account.refusals() == []


def test_a_bucket_with_versions_and_delete_markers_is_purged(both: Stage) -> None:
    """And with them in it an interrupted purge goes on."""
    s3, bucket = both.client("s3"), both.output("staging", "DocumentsBucket")
    for number in range(3):
        s3.put_object(Bucket=bucket, Key="often changed.txt", Body=f"{number}")
    s3.delete_object(Bucket=bucket, Key="often changed.txt")
    cut = both.shell.script("cleanup.sh", "staging", "--purge", "--yes", orders=[Order("interrupt", 20, "after")])
    assert cut.status == 130, cut.text
    run = both.shell.script("cleanup.sh", "staging", "--purge", "--yes")
    assert run.status == 0, run.text
    assert both.left() == {}
