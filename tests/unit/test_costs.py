"""The cost model: the prices it rests on, the figures it gives, and what it makes of bad input."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import costs
import pytest
from cost_model import assumptions as a
from cost_model import pages
from cost_model.estimate import Line, Plan, Rag, estimate, total
from cost_model.prices import Prices

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "costs.py"
STORES: tuple[Rag, ...] = ("off", "s3vectors", "opensearch")
PRICES = Prices.load()


def cost(plan: Plan) -> float:
    return total(estimate(plan, PRICES))


def lines(plan: Plan, service: str) -> dict[str, Line]:
    return {line.what: line for line in estimate(plan, PRICES) if line.service == service}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As a user's plain Python runs it: no packages, no environment."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("name", "usd", "per", "free"),
    [
        ("lambda_compute", 0.0000133334, 1, 400_000),
        ("lambda_request", 0.20, 1_000_000, 1_000_000),
        ("api_request", 3.50, 1_000_000, 0),
        ("dynamodb_write", 0.625, 1_000_000, 0),
        ("dynamodb_read", 0.125, 1_000_000, 0),
        ("dynamodb_storage", 0.25, 1, 0),
        ("kms_key", 1.00, 1, 0),
        ("kms_request", 0.03, 10_000, 20_000),
        ("s3_storage", 0.023, 1, 0),
        ("log_ingestion", 0.50, 1, 0),
        ("alarm", 0.10, 1, 0),
        ("opensearch_ocu", 0.24, 1, 0),
        ("s3vectors_storage", 0.06, 1, 0),
        ("s3vectors_put", 0.20, 1, 0),
        ("s3vectors_query", 2.50, 1_000_000, 0),
        ("rerank_query", 2.00, 1_000, 0),
    ],
)
def test_the_prices_that_were_checked_are_those_of_that_day(name: str, usd: float, per: int, free: int) -> None:
    price = PRICES[name]
    assert (price.usd, price.per, price.free, price.unverified) == (usd, per, free, False)


def test_three_dashboards_are_free_and_titan_has_its_price() -> None:
    assert PRICES["dashboard"].cost(3) == 0
    titan = PRICES.embedder("amazon.titan-embed-text-v2:0")
    assert titan
    assert titan.cost(1_000_000) == pytest.approx(0.02)


def test_every_other_price_is_marked_as_not_checked_and_all_have_a_source() -> None:
    unverified = {name for name, price in PRICES.services.items() if price.unverified}
    assert unverified == {
        *("cloudfront_request", "custom_metric", "dashboard", "data_transfer", "dynamodb_backup", "eventbridge_event"),
        *("kms_rotation", "opensearch_storage", "s3vectors_data", "sns_email", "sqs_request"),
    }
    assert all(price.source.startswith("https://aws.amazon.com/") for price in PRICES.services.values())


def test_a_free_tier_is_taken_off_and_never_pays_back() -> None:
    calls = PRICES["kms_request"]
    assert [calls.cost(number) for number in (0, 20_000)] == [0, 0]
    assert calls.cost(30_000) == pytest.approx(0.03)


@pytest.mark.parametrize(("rag", "limit"), [("off", 1.10), ("s3vectors", 1.20), ("opensearch", 1.50)])
def test_idle_costs_little_more_than_the_key(rag: Rag, limit: float) -> None:
    assert 1.00 <= cost(Plan(rag=rag)) <= limit


def test_a_thousand_chats_cost_the_model_85_cents_without_documents() -> None:
    (model,) = lines(Plan(chats=1_000), "Bedrock").values()
    assert model.usd == pytest.approx(0.85)


@pytest.mark.parametrize("rag", STORES)
def test_the_total_is_the_sum_of_the_lines_and_grows_with_the_chats(rag: Rag) -> None:
    found = estimate(Plan(chats=5_000, rag=rag, alarms=9, rerank=True, web=True), PRICES)
    assert total(found) == pytest.approx(sum(line.usd or 0 for line in found))
    assert all(line.usd is not None and line.usd >= 0 for line in found)
    volumes = [cost(Plan(chats=chats, rag=rag)) for chats in (0, 1, 1_000, 10_000, 1_000_000)]
    assert volumes == sorted(volumes)
    assert len(set(volumes)) == len(volumes)


def test_opensearch_is_billed_for_the_hours_that_chats_keep_it_awake() -> None:
    busy = lines(Plan(chats=1_000, rag="opensearch", documents_mb=0), "OpenSearch")["search awake 50 h"]
    assert busy.quantity == pytest.approx(100 * 0.5 * a.SEARCH_OCUS)
    assert busy.usd == pytest.approx(24.00)
    assert cost(Plan(chats=1_000, rag="opensearch")) > 8 * cost(Plan(chats=1_000, rag="s3vectors"))


def test_opensearch_is_awake_no_longer_than_the_month() -> None:
    most = lines(Plan(chats=1_000_000, rag="opensearch", documents_mb=1_000_000), "OpenSearch")
    assert [line.quantity for line in most.values()][:2] == [730 * a.SEARCH_OCUS, 730 * a.INDEXING_OCUS]


def test_asleep_opensearch_computes_nothing() -> None:
    idle = lines(Plan(rag="opensearch"), "OpenSearch")
    assert [line.usd for what, line in idle.items() if "awake" in what] == [0, 0]


def test_what_is_switched_on_is_on_the_bill() -> None:
    plain = Plan(chats=1_000, rag="s3vectors")
    assert cost(replace(plain, alarms=11)) - cost(plain) == pytest.approx(1.10)
    assert cost(replace(plain, rerank=True)) - cost(plain) == pytest.approx(1_000 * a.SEARCHES * 2 / 1_000)
    assert lines(replace(plain, web=True), "CloudFront")["requests"].usd == 0


def test_a_model_of_unknown_price_is_said_and_not_taken_for_free() -> None:
    found = run("--chats", "1000", "--model", "vendor.model-of-tomorrow-v9")
    assert found.returncode == 0
    assert "price not known" in found.stdout
    assert "+ the model" in found.stdout
    assert "The price of vendor.model-of-tomorrow-v9 is not known" in found.stdout
    assert "+ the model" in run("--table", "--model", "x").stdout
    assert "+ the model" not in run("--model", "x").stdout  # nothing is asked in an idle month


def test_an_embedder_of_unknown_price_is_said_too() -> None:
    found = lines(Plan(chats=10, rag="s3vectors", embedder="vendor.embedder"), "Bedrock")["vendor.embedder"]
    assert (found.price, found.usd) == ("price not known", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--chats", "-5"], "'-5' is no number from 0"),
        (["--chats", "many"], "'many' is no number"),
        (["--chats", "1.5"], "'1.5' is no whole number"),
        (["--chats", "nan"], "'nan' is no number"),
        (["--chats", "1e99"], "'1e99' is no number from 0 to 100,000,000"),
        (["--documents-mb", "-1"], "'-1' is no number"),
        (["--alarms", "-1"], "'-1' is no number"),
        (["--rag", "maybe"], "invalid choice: 'maybe'"),
        (["--environment", "production"], "invalid choice: 'production'"),
        (["--chat", "5"], "unrecognized arguments: --chat 5"),
        (["--table", "--summary"], "not allowed with argument"),
        (["--parameters", "/no/such/file"], "/no/such/file cannot be read"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments: list[str], said: str) -> None:
    found = run(*arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("EnableRAG", "every line is Name=value"),
        ("EnableRAG=true\nVectorStore=pinecone", "VectorStore is 'pinecone'"),
        ("DailyTokenBudget=lots", "DailyTokenBudget: 'lots' is no number"),
    ],
)
def test_bad_parameters_are_one_sentence_too(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "values of mine.txt"
    file.write_text(text, encoding="utf-8")
    found = run("--parameters", str(file))
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr
    assert found.stderr.count("\n") == 1


def test_the_summary_is_that_of_the_stack_s_parameters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "values"
    file.write_text("# a comment\nUnknown=1\n\nEnableRAG=true\nAlarmEmail=me@example.com\nDailyTokenBudget=1000000\n")
    assert costs.main(["--summary", "--parameters", str(file), "--region", "eu-west-1"]) == 0
    shown = capsys.readouterr().out
    idle = cost(Plan(rag="opensearch", alarms=11))
    assert f"${idle:.2f}" in shown
    assert "Estimated cost a month (OpenSearch;" in shown
    assert "1,000,000 tokens: at most $0.50 of the model" in shown
    assert "With VectorStore=s3vectors" in shown
    assert "eu-west-1 has prices of its own" in shown


def test_without_a_budget_of_tokens_the_summary_says_that_nothing_limits_the_model() -> None:
    assert "nothing limits what the model costs" in pages.summary_page(Plan(), PRICES, "us-east-1", 0)


def test_options_win_over_parameters(tmp_path: Path) -> None:
    file = tmp_path / "values"
    file.write_text("EnableRAG=true\nVectorStore=s3vectors\nEnvironment=prod\n")
    assert "S3 Vectors; prices" in run("--parameters", str(file)).stdout
    assert "without documents; prices" in run("--parameters", str(file), "--rag", "off").stdout


def test_the_page_of_lines_adds_up_as_it_is_printed() -> None:
    shown = run("--chats", "10000", "--rag", "opensearch", "--format", "markdown").stdout
    rows = [row.split("|") for row in shown.splitlines() if row.startswith("| ") and "service" not in row]
    printed = sum(float(row[5].replace(",", "")) for row in rows)
    exact = cost(Plan(chats=10_000, rag="opensearch"))
    assert f"**Total: ${exact:,.2f}**" in shown
    assert printed == pytest.approx(exact, abs=0.005 * len(rows))


def test_the_table_of_the_documentation_is_the_one_computed() -> None:
    text = (ROOT / "DEPLOYMENT.md").read_text(encoding="utf-8")
    before, marker, rest = text.partition("<!-- costs -->\n")
    assert marker, "DEPLOYMENT.md has no <!-- costs --> before its table"
    written, end, _ = rest.partition("<!-- /costs -->")
    assert end, "DEPLOYMENT.md has no <!-- /costs --> after its table"
    assert "<!-- costs -->" not in before
    assert written.strip() == run("--table").stdout.strip(), "run: python3 scripts/costs.py --table"
