"""The template of the dashboard, the alarms and the budget: what scanners do not see."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chatbot.observe import TurnFacts, TurnObserver
from shared.models import Completion, TokenUsage
from shared.ports import MetricUnit
from tests.infra.templates import ROOT, Resource, Template, parse, walk

FILE = ROOT / "infra" / "cloudformation" / "observability.yaml"
NAMESPACE = {"Ref": "MetricsNamespace"}
#: Metrics a dashboard may have without costing $3 a month.
FREE_METRICS = 50
_LONGEST_NAME_OF_A_BUDGET = 100


@pytest.fixture
def template() -> Template:
    return Template(FILE.name, parse(FILE.read_text(encoding="utf-8")))


class Names:
    """A ``Metrics`` that keeps the names."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def record(self, figures: Mapping[str, tuple[float, MetricUnit]], details: Mapping[str, str]) -> None:
        self.seen |= set(figures)


def metrics_of_the_code() -> set[str]:
    """The names of the metrics that turns write."""
    names = Names()
    observer, facts = TurnObserver(names), TurnFacts("r", "c", "m", "model", 0.0, None)
    observer.succeeded(facts, Completion("end_turn", TokenUsage(1, 1)), 0.1)
    observer.failed(facts, "model_failed")
    return names.seen


def dashboard(template: Template, *, documents: bool, opensearch: bool) -> list[dict[str, Any]]:
    """The widgets, with names put in as CloudFormation would."""
    (found,) = template.of_type("AWS::CloudWatch::Dashboard")
    # A dashboard belongs to no Region, and another one may have the same environment.
    assert found.properties["DashboardName"] == {"Fn::Sub": "${Prefix}-${AWS::Region}"}
    text, parts = found.properties["DashboardBody"]["Fn::Sub"]
    for name, wanted in (("DocumentWidgets", documents), ("OpenSearchWidget", opensearch)):
        _, then, otherwise = parts[name]["Fn::If"]
        text = text.replace(f"${{{name}}}", then["Fn::Sub"] if wanted else otherwise)
    text = text.replace("${MetricsNamespace}", "Chatbot/dev")
    body = json.loads(re.sub(r"\$\{[A-Za-z:]+\}", "name", text))
    return list(body["widgets"])


@pytest.mark.parametrize(("documents", "opensearch"), [(False, False), (True, False), (True, True)])
def test_the_dashboard_is_json_of_few_enough_metrics_to_be_free(
    template: Template, documents: bool, opensearch: bool
) -> None:
    widgets = dashboard(template, documents=documents, opensearch=opensearch)
    assert len({(each["x"], each["y"]) for each in widgets}) == len(widgets)
    metrics = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    assert len(metrics) <= FREE_METRICS
    ours = {metric[1] for metric in metrics if metric[0] == "Chatbot/dev"}
    assert ours <= metrics_of_the_code()
    namespaces = {metric[0] for metric in metrics}
    assert {"AWS/Lambda", "AWS/ApiGateway", "AWS/DynamoDB"} <= namespaces
    assert ("AWS/SQS" in namespaces, "AWS/AOSS" in namespaces) == (documents, opensearch)


def alarms(template: Template) -> list[Resource]:
    return template.of_type("AWS::CloudWatch::Alarm")


def test_there_is_an_alarm_on_everything_that_goes_wrong(template: Template) -> None:
    names = {alarm.properties["AlarmName"]["Fn::Sub"] for alarm in alarms(template)}
    assert names == {
        *("${Prefix}-failed-turns", "${Prefix}-api-5xx", "${Prefix}-api-4xx", "${Prefix}-slow-turns"),
        *("${Prefix}-throttles", "${Prefix}-token-spend", "${Prefix}-dead-letters"),
        *("${Prefix}-ingestion-errors", "${Prefix}-retrieval-errors"),
    }


def test_every_alarm_takes_silence_for_peace_tells_the_topic_and_says_what_to_do(template: Template) -> None:
    for alarm in alarms(template):
        assert alarm.properties["TreatMissingData"] == "notBreaching", alarm
        assert alarm.properties["AlarmActions"] == [{"Ref": "AlarmTopic"}], alarm
        description = alarm.properties["AlarmDescription"]["Fn::Sub"]
        assert 80 < len(description) <= 1_000, alarm
        assert re.search(r"\b(look|read|run|deploy|raise|wait|put|compare)\b", description, re.IGNORECASE), alarm


def test_alarms_on_our_own_metrics_read_those_that_the_code_writes(template: Template) -> None:
    (failed_searches,) = template.of_type("AWS::Logs::MetricFilter")
    (made,) = failed_searches.properties["MetricTransformations"]
    read = {
        each["MetricName"]
        for alarm in alarms(template)
        for _, each in walk(alarm.properties)
        if isinstance(each, dict) and each.get("Namespace") == NAMESPACE
    }
    assert read == {"TurnsFailed", "TurnDuration", "Tokens", "SearchesFailed"}
    assert read - {made["MetricName"]} <= metrics_of_the_code()


def test_sums_of_metrics_fill_what_is_missing_of_either(template: Template) -> None:
    for alarm in alarms(template):
        for query in alarm.properties.get("Metrics", []):
            if "Expression" in query:
                text = str(query["Expression"])
                inputs = [each["Id"] for each in alarm.properties["Metrics"] if "MetricStat" in each]
                assert all(f"FILL({name}, 0)" in text for name in inputs), alarm


def test_failed_searches_are_found_by_the_words_that_the_code_logs(template: Template) -> None:
    (found,) = template.of_type("AWS::Logs::MetricFilter")
    handler = Path(ROOT, "src", "rag", "retrieval_handler.py").read_text(encoding="utf-8")
    errors = Path(ROOT, "src", "shared", "errors.py").read_text(encoding="utf-8")
    logged = re.findall(r'\$\.message = "([^"]+)"', found.properties["FilterPattern"])
    assert logged == ["search failed", "search failed unexpectedly"]
    assert all(f'"{words}"' in handler for words in logged)
    (waking,) = re.findall(r'\$\.code != "([^"]+)"', found.properties["FilterPattern"])
    assert f'code = "{waking}"' in errors


def test_the_token_alarm_rings_before_the_budget_is_spent(template: Template) -> None:
    (alarm,) = (each for each in alarms(template) if each.logical_id == "TokenSpendAlarm")
    spent = alarm.properties["Metrics"][0]["Expression"]["Fn::Sub"]
    assert spent == "100 * FILL(tokens, 0) / ${DailyTokenBudget}"
    assert alarm.properties["Threshold"] == 80
    assert alarm.properties["Metrics"][1]["MetricStat"]["Period"] == 24 * 3600


def test_nothing_but_the_dashboard_is_there_without_an_address(template: Template) -> None:
    free = [resource.logical_id for resource in template.resources if "Condition" not in resource.body]
    assert free == ["Dashboard"]


def test_the_topic_is_encrypted_and_takes_messages_from_this_environment_s_alarms_only(template: Template) -> None:
    (topic,) = template.of_type("AWS::SNS::Topic")
    assert topic.properties["KmsMasterKeyId"] == {"Ref": "KmsKeyArn"}
    (policy,) = template.of_type("AWS::SNS::TopicPolicy")
    allow, deny = policy.properties["PolicyDocument"]["Statement"]
    assert (allow["Effect"], allow["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert allow["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":alarm:${Prefix}-*")
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_another_address_takes_another_budget(template: Template) -> None:
    """Whom a budget tells cannot change: CloudFormation makes a new one first, which cannot have the old one's name."""
    (budget,) = template.of_type("AWS::Budgets::Budget")
    notifications = budget.properties["NotificationsWithSubscribers"]
    assert {each["Address"]["Ref"] for told in notifications for each in told["Subscribers"]} == {"AlarmEmail"}
    assert budget.properties["Budget"]["BudgetName"]["Fn::Sub"] == "${Prefix}-${AWS::Region}-${AlarmEmail}"
    longest = len("chatbot-staging-ap-southeast-2-") + template.section("Parameters")["AlarmEmail"]["MaxLength"]
    assert longest <= _LONGEST_NAME_OF_A_BUDGET


def test_the_budget_counts_all_of_the_account_and_writes_four_times(template: Template) -> None:
    (budget,) = template.of_type("AWS::Budgets::Budget")
    data = budget.properties["Budget"]
    # Models carry no tag and are billed under names of their own: any filter would leave them out.
    assert not {"CostFilters", "FilterExpression"} & set(data)
    assert data["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudgetUsd"}, "Unit": "USD"}
    assert data["CostTypes"]["IncludeCredit"] is False
    told = [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"])
        for each in budget.properties["NotificationsWithSubscribers"]
    ]
    assert told == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
