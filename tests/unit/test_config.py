"""Settings: read once, every problem told at once, secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.config import Settings, load_settings, parse_model_spec, settings_page
from shared.errors import ConfigurationError
from shared.models import ModelSpec


def test_nothing_needs_to_be_set_on_a_laptop() -> None:
    settings = load_settings({})
    assert settings.model == ModelSpec("builtin", "builtin")
    assert settings.data_dir == Path.home() / ".chatbot"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_variables_without_the_prefix_and_empty_ones_do_not_count() -> None:
    assert load_settings({"PORT": "1", "CHATBOT_PORT": "", "HOME": "/"}) == load_settings({})


def test_flags_come_before_the_environment() -> None:
    settings = load_settings({"CHATBOT_PORT": "9000", "CHATBOT_HOST": "0.0.0.0"}, port=9001, host=None)  # noqa: S104
    assert (settings.port, settings.host) == (9001, "0.0.0.0")  # noqa: S104


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("builtin", ModelSpec("builtin", "builtin")),
        ("bedrock:global.anthropic.claude-haiku-5-5", ModelSpec("bedrock", "global.anthropic.claude-haiku-5-5")),
        ("bedrock:arn:aws:bedrock:x:1:thing/y", ModelSpec("bedrock", "arn:aws:bedrock:x:1:thing/y")),
        ("gguf:/models/a b.gguf", ModelSpec("gguf", "/models/a b.gguf")),
        (
            "openai:llama3.2:3b@http://127.0.0.1:11434/v1/",
            ModelSpec("openai", "llama3.2:3b", "http://127.0.0.1:11434/v1"),
        ),
        ("openai:org/model@v2@https://host/v1", ModelSpec("openai", "org/model@v2", "https://host/v1")),
    ],
)
def test_a_model_is_named_in_one_of_four_forms(text: str, spec: ModelSpec) -> None:
    assert parse_model_spec(text) == spec
    assert parse_model_spec(spec.name) == spec


@pytest.mark.parametrize(
    "text", ["", "gpt-4", "bedrock:", "openai:gpt-4", "openai:@http://x", "openai:m@ftp://x", "x:y"]
)
def test_other_forms_are_refused_with_the_right_ones(text: str) -> None:
    with pytest.raises(ValueError, match="write bedrock:<model id>"):
        parse_model_spec(text)


@pytest.mark.parametrize(
    "url", ["http://me:canary@host/v1", "https://canary@host/v1", "http://me:canary@", "ftp://me:c@canary@host"]
)
@pytest.mark.parametrize("variable", ["CHATBOT_MODEL", "CHATBOT_OTHER_MODELS"])
@pytest.mark.parametrize("model", ["openai:m@{url}", "builtin,openai:m@{url}", "builtin,{url}", "{url}"])
def test_a_password_in_a_base_url_is_refused_and_never_shown(variable: str, model: str, url: str) -> None:
    with pytest.raises(ConfigurationError, match=variable) as caught:
        load_settings({variable: model.format(url=url)})
    assert "canary" not in caught.value.message


@pytest.mark.parametrize("url", ["ftp://me:canary@host", "me:canary@host"])
def test_a_password_in_another_address_is_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CHATBOT_URL") as caught:
        load_settings({"CHATBOT_URL": url})
    assert "canary" not in caught.value.message


def test_a_user_name_in_a_base_url_is_refused_with_the_setting_for_keys() -> None:
    with pytest.raises(ValueError, match=r"user name or password.*CHATBOT_OPENAI_API_KEY"):
        parse_model_spec("openai:m@https://me:secret@host/v1")


def test_a_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"CHATBOT_SYSTEM_PROMPT": "x" * 20_001})
    assert len(caught.value.message) < 300


def test_lists_of_models_are_comma_separated() -> None:
    settings = load_settings({"CHATBOT_FALLBACK_MODELS": "builtin, bedrock:a ,"})
    assert [spec.name for spec in settings.fallback_models] == ["builtin", "bedrock:a"]


def test_every_problem_is_told_at_once_with_its_variable() -> None:
    environ = {
        "CHATBOT_PORT": "99999",
        "CHATBOT_MODEL": "gpt-4",
        "CHATBOT_MODEL_CAPABILITIES": "{bad",
        "CHATBOT_HISTORY_TTL_DAYS": "never",
        "CHATBOT_MODLE": "builtin",
    }
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ)
    lines = caught.value.message.splitlines()[1:]
    assert {line.split(":")[0].strip() for line in lines} == set(environ)
    assert "did you mean CHATBOT_MODEL?" in caught.value.message
    assert "'99999'" in caught.value.message


def test_a_secret_is_shown_neither_in_the_settings_nor_in_a_problem() -> None:
    settings = load_settings({"CHATBOT_API_KEY": "canary", "CHATBOT_OPENAI_API_KEY": "canary"})
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"CHATBOT_API_KEY": "ok", "CHATBOT_OPENAI_API_KEYS": "canary"})
    assert "canary" not in caught.value.message


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings({}).port = 1


def test_the_region_comes_from_where_aws_tools_look() -> None:
    assert load_settings({"AWS_DEFAULT_REGION": "eu-west-1"}).region == "eu-west-1"
    assert load_settings({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-1"}).region == "eu-west-2"
    assert load_settings({"AWS_REGION": "eu-west-2", "CHATBOT_REGION": "eu-west-3"}).region == "eu-west-3"


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_page_of_settings_says_what_the_model_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert page.read_text(encoding="utf-8") == settings_page(), (
        "docs/settings.md is out of date; run: PYTHONPATH=src python -m shared.config > docs/settings.md"
    )


def test_every_setting_stands_in_the_page() -> None:
    lines = settings_page().splitlines()
    for name in Settings.model_fields:
        (line,) = [line for line in lines if line.startswith(f"| `CHATBOT_{name.upper()}` |")]
        assert line.count(" | ") == 2


def test_web_pages_that_may_call_are_listed_by_their_origin() -> None:
    settings = load_settings({"CHATBOT_ALLOWED_ORIGINS": "https://a.example, http://localhost:5173/ ,"})
    assert settings.allowed_origins == ("https://a.example", "http://localhost:5173")
    assert load_settings({}).allowed_origins == ()


@pytest.mark.parametrize("origins", ["*", "a.example", "https://a.example/page", "https://a.example,*", "https://"])
def test_what_is_no_origin_is_refused(origins: str) -> None:
    with pytest.raises(ConfigurationError, match=r"CHATBOT_ALLOWED_ORIGINS: .*is not the origin of a web page"):
        load_settings({"CHATBOT_ALLOWED_ORIGINS": origins})
