"""The tables: what each family of models can do, and what it costs."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from chatbot.capabilities import TABLE, ModelCapabilities, capabilities_of, check_overrides
from shared.config import parse_model_spec
from shared.errors import ConfigurationError
from shared.models import TokenUsage
from shared.pricing import PriceList

HAIKU = "bedrock:global.anthropic.claude-haiku-5-5"
SONNET = "bedrock:global.anthropic.claude-sonnet-5-5"


def capabilities(name: str, **overrides: dict[str, object]) -> ModelCapabilities:
    return capabilities_of(parse_model_spec(name), overrides)


@pytest.mark.parametrize("name", [HAIKU, SONNET, "bedrock:us.anthropic.claude-haiku-5-5"])
def test_current_claude_takes_no_sampling_and_caches(name: str) -> None:
    found = capabilities(name)
    assert not found.sampling
    assert found.cache_from_tokens == 512
    assert found.context_tokens == 1_000_000


def test_haiku_is_told_not_to_think() -> None:
    assert capabilities(HAIKU).thinking
    assert not capabilities(SONNET).thinking


def test_a_model_nobody_knows_yet_is_sent_nothing_it_could_refuse() -> None:
    found = capabilities("bedrock:vendor.model-of-tomorrow-v9")
    assert (found.sampling, found.thinking, found.cache_from_tokens) == (False, False, 0)


def test_every_provider_has_a_last_line() -> None:
    for name in ("bedrock:x", "openai:x@http://h/v1", "gguf:/x", "builtin"):
        assert capabilities(name) in [line for _, line in TABLE]


def test_the_configuration_overrides_the_table_by_name_or_pattern() -> None:
    overrides: dict[str, dict[str, object]] = {
        "openai:*": {"context_tokens": 32_768, "sampling": False},
        "openai:big@http://h/v1": {"context_tokens": 65_536},
    }
    assert capabilities_of(parse_model_spec("openai:x@http://h/v1"), overrides).context_tokens == 32_768
    big = capabilities_of(parse_model_spec("openai:big@http://h/v1"), overrides)
    assert (big.context_tokens, big.sampling) == (65_536, False)
    assert capabilities_of(parse_model_spec("builtin"), overrides) == capabilities("builtin")


@pytest.mark.parametrize("override", [{"context": 1}, {"context_tokens": "many"}, {"context_tokens": -1}])
def test_an_override_that_does_not_fit_names_the_capabilities_there_are(override: dict[str, object]) -> None:
    with pytest.raises(
        ConfigurationError, match=r"CHATBOT_MODEL_CAPABILITIES for builtin: context.*prompt_budget_tokens"
    ):
        capabilities("builtin", builtin=override)


def test_an_override_of_no_capability_says_so() -> None:
    with pytest.raises(
        ConfigurationError, match=r"builtin: context: there is no such capability\. The capabilities are"
    ):
        capabilities("builtin", builtin={"context": 1})


def test_an_override_that_fits_no_configured_model_is_refused_with_the_models_there_are() -> None:
    specs = [parse_model_spec("builtin"), parse_model_spec("openai:x@http://h/v1")]
    check_overrides(specs, {"builtin": {}, "openai:*": {}})
    with pytest.raises(ConfigurationError, match=r"'openai:y', 'opnai:\*'.*builtin, openai:x@http://h/v1"):
        check_overrides(specs, {"builtin": {}, "openai:y": {}, "opnai:*": {}})


@pytest.mark.parametrize("suffix", ["-v1", "-v1:0", ":0", "-20261101", "-20261101-v1:0"])
def test_another_version_of_a_model_costs_the_same(suffix: str) -> None:
    prices = PriceList.load()
    assert prices.of(HAIKU + suffix) == prices.of(HAIKU)


@pytest.mark.parametrize("suffix", ["0", "-50", "-mini", "-v1-fast", "-v1:0:200k", "-v", "-2026", "-1", "@http://h/v1"])
def test_another_model_of_a_similar_name_has_no_price(suffix: str) -> None:
    assert PriceList.load().of(HAIKU + suffix) is None


def test_a_version_that_has_its_own_price_keeps_it() -> None:
    own = {"input": 7, "output": 7}
    prices = PriceList({"as_of": "2026-11-20", "models": {HAIKU: {"input": 1, "output": 1}, f"{HAIKU}-v2": own}})
    found = [prices.of(name) for name in (f"{HAIKU}-v1", f"{HAIKU}-v2")]
    assert [price and price.input for price in found] == [1, 7]


def test_a_call_costs_its_tokens_of_each_kind() -> None:
    price = PriceList.load().of(HAIKU)
    assert price
    usage = TokenUsage(input_tokens=6_000, output_tokens=500, cache_read_tokens=1_000, cache_write_tokens=2_000)
    assert price.cost(usage) == pytest.approx((6_000 * 0.10 + 500 * 0.50 + 1_000 * 0.01 + 2_000 * 0.125) / 1e6)


def test_a_thousand_ordinary_chats_on_haiku_cost_what_the_documentation_says() -> None:
    price = PriceList.load().of(HAIKU)
    assert price
    assert 1_000 * (price.cost(TokenUsage(6_000, 500)) or 0) == pytest.approx(0.85)


def test_a_request_over_the_long_limit_costs_a_multiple_all_of_it() -> None:
    price = PriceList.load().of(HAIKU)
    assert price
    at_limit, above = price.cost(TokenUsage(100_000, 10)), price.cost(TokenUsage(100_001, 10))
    assert at_limit == pytest.approx((100_000 * 0.10 + 10 * 0.50) / 1e6)
    assert above == pytest.approx(5 * (100_001 * 0.10 + 10 * 0.50) / 1e6)


def test_a_price_that_is_not_known_gives_no_figure() -> None:
    prices = PriceList.load()
    assert prices.of("bedrock:vendor.model-of-tomorrow-v9") is None
    assert prices.of("openai:gpt-5@https://api.example.com/v1") is None
    sonnet = prices.of(SONNET)
    assert sonnet
    assert sonnet.cost(TokenUsage(1_000, 100)) is not None
    assert sonnet.cost(TokenUsage(1_000, 100, cache_read_tokens=1)) is None


def test_what_runs_here_costs_nothing() -> None:
    for name in ("builtin", "gguf:/models/x.gguf"):
        price = PriceList.load().of(name)
        assert price
        assert price.cost(TokenUsage(10_000, 10_000, 5, 5)) == 0


def test_the_price_file_says_of_which_day_it_is() -> None:
    document = json.loads(resources.files("shared").joinpath("prices.json").read_text())
    assert PriceList.load().as_of == document["as_of"]
    assert document["currency"] == "USD"
