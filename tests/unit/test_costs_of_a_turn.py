"""What the cost model assumes of a turn and of the templates, held against the code and the templates themselves."""

from __future__ import annotations

import math
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from cost_model import assumptions as a
from cost_model import estimate
from moto import mock_aws

from chatbot.events import Started, TurnDone
from chatbot.observe import TurnFacts, TurnObserver
from chatbot.services import Services, build_services
from chatbot.turn import TurnRequest
from shared.aws.dynamodb import DynamoDBStore
from shared.backends import Backends
from shared.config import Settings
from shared.metrics import NoMetrics
from shared.models import Completion, TokenUsage
from shared.ports import MetricUnit, Store
from tests.contract.stores import MovableClock, create_table
from tests.fakes import PATIENCE, CountingKeyWrapper, ScriptedModel
from tests.infra.templates import parse

TEMPLATES = Path(__file__).parents[2] / "infra" / "cloudformation"
MODEL = "bedrock:global.anthropic.claude-haiku-5-5"
#: 500 tokens, at four characters each; the question is a short one.
ANSWER = "word" * 500
QUESTION = "What is the capital of France, and since when?"


class Bill:
    """What DynamoDB would bill: calls by operation, units of 1 KB written and of 4 KB read."""

    def __init__(self, client: Any) -> None:
        self.calls: Counter[str] = Counter()
        self.written = 0
        self.read = 0
        client.meta.events.register("provide-client-params.dynamodb", self._sent)
        client.meta.events.register("after-call.dynamodb", self._answered)

    def _sent(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls[model.name] += 1
        if model.name == "PutItem":
            self.written += _units(params["Item"], 1_024)
        elif model.name == "UpdateItem":
            self.written += 1  # the day's counters
        elif model.name == "TransactWriteItems":
            # Updates are of the header and of the claim, both below 1 KB.
            written = [_units(each["Put"]["Item"], 1_024) if "Put" in each else 1 for each in params["TransactItems"]]
            self.written += 2 * sum(written)

    def _answered(self, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        if model.name == "GetItem":
            self.read += _units(parsed.get("Item", {}), 4_096)
        elif model.name == "Query":
            self.read += max(1, math.ceil(sum(map(_bytes, parsed["Items"])) / 4_096))


def _units(item: Mapping[str, Any], size: int) -> int:
    return max(1, math.ceil(_bytes(item) / size))


def _bytes(item: Mapping[str, Any]) -> int:
    """Roughly as DynamoDB counts: names, and values as they are."""
    return sum(len(name) + len(str(*value.values())) for name, value in item.items() if "B" not in value) + sum(
        len(name) + len(value["B"]) for name, value in item.items() if "B" in value
    )


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Services, Bill]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1")
        store = DynamoDBStore(client, create_table(client), clock := MovableClock())
        model = ScriptedModel(lambda _request: (ANSWER, Completion("end_turn", TokenUsage(6_000, 500))))
        backends = Backends(
            cast("Store", store), CountingKeyWrapper(), lambda _spec, _tokens: model, NoMetrics(), clock, None
        )
        settings = Settings.model_validate({"model": MODEL, "daily_token_budget": 2_000_000})
        services = build_services(settings, backends)
        services.start()
        yield services, Bill(client)
        services.close(PATIENCE)


def ask(services: Services, conversation: str | None) -> str:
    """One turn, as the command line sends it: under an Idempotency-Key."""
    request = TurnRequest(
        *("owner", QUESTION, time.monotonic() + PATIENCE),
        conversation_id=conversation,
        idempotency_key=str(uuid.uuid4()),
    )
    events = list(services.chat.turn(request))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], TurnDone)
    return events[0].conversation_id


def test_a_turn_calls_dynamodb_as_the_model_says(cloud: tuple[Services, Bill]) -> None:
    services, bill = cloud
    conversation = ask(services, None)
    for _ in range(5):
        ask(services, conversation)
    bill.calls.clear()
    bill.written = bill.read = 0
    ask(services, conversation)
    assert bill.calls == a.DYNAMODB_CALLS
    # The index of conversations is written by DynamoDB itself: its entry goes and comes, as its key changes.
    assert bill.written + 2 == a.WRITES
    assert bill.read <= a.READS


class Names:
    """A ``Metrics`` that keeps the names."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def record(self, figures: Mapping[str, tuple[float, MetricUnit]], details: Mapping[str, str]) -> None:
        self.seen |= set(figures)


def test_the_metrics_that_are_billed_are_those_that_turns_write() -> None:
    names = Names()
    observer, facts = TurnObserver(names), TurnFacts("r", "c", "m", MODEL, 0.0, None)
    observer.succeeded(facts, Completion("end_turn", TokenUsage(1, 1)), 0.1)
    observer.failed(facts, "model_failed")
    assert len(names.seen) == a.CUSTOM_METRICS


def resources(template: str) -> dict[str, Any]:
    return dict(parse((TEMPLATES / template).read_text(encoding="utf-8"))["Resources"])


def metrics_of_alarms(template: str, condition: str) -> int:
    """Metrics that the alarms under a condition read."""
    alarms = [
        each["Properties"]
        for each in resources(template).values()
        if each["Type"] == "AWS::CloudWatch::Alarm" and each.get("Condition") == condition
    ]
    return sum(
        sum("MetricStat" in query for query in alarm["Metrics"]) if "Metrics" in alarm else 1 for alarm in alarms
    )


def test_alarms_are_billed_by_the_metrics_they_read() -> None:
    found = [
        metrics_of_alarms("observability.yaml", condition)
        for condition in ("HasEmail", "AlarmsOnTokens", "AlarmsOnDocuments")
    ]
    assert found == [estimate.ALARM_METRICS, estimate.TOKEN_ALARM_METRICS, estimate.DOCUMENT_ALARM_METRICS]
    assert metrics_of_alarms("compute.yaml", "IsProd") == estimate.CANARY_ALARM_METRICS


@pytest.mark.parametrize(
    ("template", "function", "gigabytes"),
    [
        ("compute.yaml", "ChatFunction", a.CHAT_GB),
        ("ai.yaml", "RetrievalFunction", a.SEARCH_GB),
        ("ai.yaml", "IngestionFunction", a.INGESTION_GB),
    ],
)
def test_functions_have_the_memory_that_is_billed(template: str, function: str, gigabytes: float) -> None:
    assert resources(template)[function]["Properties"]["MemorySize"] == gigabytes * 1_024
