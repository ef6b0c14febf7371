"""The daily token budget, over HTTP: no flood costs more than the budget and what was under way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from shared.errors import ModelStreamBroken, ModelThrottled, ModelTimeout
from tests.serving import MODEL, OTHER_MODEL, Client, build, names_of, serving

BUDGET = 300
#: Requests at once.
SLOTS = 8


def spent(client: Client) -> int:
    total = client.get("/usage").json()["total"]
    return int(total["input_tokens"]) + int(total["output_tokens"])


@pytest.mark.parametrize("stream", [False, True])
def test_when_the_days_tokens_are_used_up_the_next_day_is_waited_for(stream: bool, tmp_path: Path) -> None:
    home = build(tmp_path, daily_token_budget=BUDGET)
    with serving(home.app) as url, Client(url) as client:
        turns = 0
        while (answer := client.chat("hi", conversation_id="c1", stream=stream)).status_code == 200:
            turns += 1
            assert turns < BUDGET
        asked = len(home.model.requests)
        assert asked == turns > 1
        assert answer.status_code == 429
        error = answer.json()["error"]
        assert error["code"] == "daily_budget_spent"
        assert "300" in error["message"]
        assert 0 < int(answer.headers["retry-after"]) <= 24 * 3600
        assert spent(client) >= BUDGET
        # What needs no model still works, and so does another user.
        assert client.get("/conversations/c1").status_code == 200
        with Client(url, "bob") as other:
            assert other.chat("hi").status_code == 200
        home.clock.advance(24 * 3600)
        assert client.chat("hi").status_code == 200


def test_a_repeated_request_is_answered_from_the_store_though_the_budget_is_spent(tmp_path: Path) -> None:
    home = build(tmp_path, daily_token_budget=1)
    with serving(home.app) as url, Client(url) as client:
        first = client.say("hi", conversation_id="c1", key="key")
        assert client.chat("more").status_code == 429
        assert client.say("hi", conversation_id="c1", key="key")["reply"] == first["reply"]


def test_a_refused_request_may_be_tried_again_under_its_key(tmp_path: Path) -> None:
    home = build(tmp_path, daily_token_budget=1)
    with serving(home.app) as url, Client(url) as client:
        client.say("hi")
        assert client.chat("again", key="key").status_code == 429
        home.clock.advance(24 * 3600)
        assert client.chat("again", key="key").status_code == 200


def test_a_flood_spends_the_budget_and_one_turn_for_each_slot_at_most(tmp_path: Path) -> None:
    home = build(tmp_path, daily_token_budget=BUDGET)
    with serving(home.app) as url, Client(url) as client:
        client.say("x" * 2000)
        one_turn = spent(client)
        with ThreadPoolExecutor(SLOTS) as pool:
            statuses = [
                answer.status_code
                for answer in pool.map(
                    lambda _: httpx.post(f"{url}/chat", json={"message": "x" * 2000}, timeout=30), range(64)
                )
            ]
        assert set(statuses) == {200, 429}
        assert spent(client) <= BUDGET + SLOTS * one_turn


def test_a_storm_of_answers_that_break_off_is_counted_too(tmp_path: Path) -> None:
    home = build(tmp_path, daily_token_budget=BUDGET)
    with serving(home.app) as url, Client(url) as client:
        statuses = []
        for _ in range(BUDGET // 30):
            home.model.next("x" * 400, ModelStreamBroken("Broken."))
            statuses.append(client.chat("x" * 400, stream=True).status_code)
        assert statuses[-1] == 429
        assert spent(client) >= BUDGET


@pytest.mark.parametrize("written", ["", "half an answer "])
def test_a_storm_of_answers_that_never_come_is_counted_too(written: str, tmp_path: Path) -> None:
    home = build(tmp_path, daily_token_budget=BUDGET)
    with serving(home.app) as url, Client(url) as client:
        statuses = []
        for _ in range(BUDGET // 30):
            home.model.next(*([written] if written else []), ModelTimeout("Too slow."))
            statuses.append(client.chat("x" * 400, stream=bool(written)).status_code)
        assert statuses[-1] == 429
        assert home.model.calls < len(statuses)


def test_a_model_that_refuses_takes_nothing(tmp_path: Path) -> None:
    home = build(tmp_path, daily_token_budget=BUDGET)
    with serving(home.app) as url, Client(url) as client:
        for _ in range(3):
            home.model.next(ModelThrottled("Too many."))
            assert client.chat("x" * 400).status_code == 429
        assert spent(client) == 0


def test_a_model_that_was_asked_and_kept_silent_is_counted_beside_the_one_that_answered(tmp_path: Path) -> None:
    home = build(tmp_path, daily_token_budget=BUDGET, fallback_models=OTHER_MODEL)
    with serving(home.app) as url, Client(url) as client:
        home.model.next(ModelTimeout("Silent."))
        assert client.say("x" * 400)["model"] == OTHER_MODEL
        days = {day["model"]: day for day in client.get("/usage").json()["days"]}
        assert days[MODEL]["input_tokens"] >= 100
        assert (days[MODEL]["output_tokens"], days[OTHER_MODEL]["turns"]) == (0, 1)


def test_without_a_budget_nothing_is_read_for_it(tmp_path: Path) -> None:
    home = build(tmp_path)
    with serving(home.app) as url, Client(url) as client:
        assert names_of(client.streamed("hi"))[-1] == "done"
        assert "usage" not in home.store.calls
