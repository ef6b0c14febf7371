"""Which chatbot is talked to, and that a key goes nowhere it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.command_line.target import choose_target, config_file
from shared.config import load_settings
from shared.errors import ConfigurationError

CONFIG = """
default = "dev"
[env.dev]
url = "https://dev.example/stage/"
api_key = "dev-key-1234"
[env.keyless]
url = "https://keyless.example"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "config.toml", CONFIG)


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def choose(
    file: Path, *, env: str | None = None, url: str | None = None, **environ: str
) -> tuple[str, str | None] | None:
    settings = load_settings(environ, url=url)
    remote = choose_target(settings, file, env=env, prefer_settings=url is not None)
    if remote is None:
        return None
    return remote.url, remote.api_key.get_secret_value() if remote.api_key else None


def test_without_url_and_config_file_it_is_the_local_data(tmp_path: Path) -> None:
    assert choose(tmp_path / "none.toml") is None


def test_the_file_s_default_is_used_with_its_key(file: Path) -> None:
    assert choose(file) == ("https://dev.example/stage", "dev-key-1234")


def test_local_overrides_every_configuration(file: Path) -> None:
    assert choose(file, env="local", CHATBOT_URL="https://other.example") is None


def test_the_url_of_the_environment_goes_before_the_file_s_default(file: Path) -> None:
    assert choose(file, CHATBOT_URL="https://other.example") == ("https://other.example", None)


def test_a_named_environment_goes_before_the_url_of_the_environment(file: Path) -> None:
    assert choose(file, env="dev", CHATBOT_URL="https://other.example") == ("https://dev.example/stage", "dev-key-1234")


def test_a_key_written_next_to_a_url_goes_before_the_environment_s(file: Path) -> None:
    assert choose(file, env="dev", CHATBOT_API_KEY="env-key") == ("https://dev.example/stage", "dev-key-1234")
    assert choose(file, env="keyless", CHATBOT_API_KEY="env-key") == ("https://keyless.example", "env-key")


def test_the_file_s_key_never_goes_to_another_url(file: Path) -> None:
    assert choose(file, url="https://elsewhere.example") == ("https://elsewhere.example", None)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606, 0o777])
def test_a_file_that_others_can_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    file = write(tmp_path / "config.toml", CONFIG, mode)
    with pytest.raises(ConfigurationError, match=r"chmod 600 .*config\.toml"):
        choose(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default = ", "not valid TOML"),
        ('default = "prod"', r"no section \[env.prod\]; it has: none"),
        ('default = "prod"\n[env.dev]\nurl = "https://x"', "it has: dev"),
        ("default = 3", r"no section \[env.3\]"),
        ('default = "a"\nenv = 3', r"no section \[env.a\]"),
        ('default = "a"\n[env.a]\nurl = 3', "url must be text"),
        ('default = "a"\n[env.a]\nurl = "ftp://x"', "url must be text"),
        ('default = "a"\n[env.a]\nurl = "https://x"\napi_key = 3', "api_key must be text"),
        ('default = "a"\n[env.a]\nurl = "https://x"\nkey = "x"', "unknown key; it takes url and api_key"),
    ],
)
def test_a_wrong_file_says_where_and_what(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        choose(write(tmp_path / "config.toml", text))


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "config.toml", "")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        choose(file)


def test_a_named_environment_without_a_file_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\[env.dev\]"):
        choose(tmp_path / "none.toml", env="dev")


@pytest.mark.parametrize("url", ["http://chatbot.example", "http://10.0.0.7:8000", "http://localhost.example"])
def test_a_key_is_not_sent_over_plain_http(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="plain http") as caught:
        choose(tmp_path / "none.toml", url=url, CHATBOT_API_KEY="secret-key")
    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "https://a.example"]
)
def test_a_key_is_sent_over_tls_and_to_this_machine(tmp_path: Path, url: str) -> None:
    assert choose(tmp_path / "none.toml", url=url, CHATBOT_API_KEY="secret-key") == (url, "secret-key")


def test_plain_http_without_a_key_is_the_user_s_own_network(tmp_path: Path) -> None:
    assert choose(tmp_path / "none.toml", url="http://10.0.0.7:8000") == ("http://10.0.0.7:8000", None)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match="copy it again") as caught:
        choose(tmp_path / "none.toml", url="https://a.example", CHATBOT_API_KEY=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://", "https://user:word@host", "https://host?x=1", "https://host/#a", "https://h:x"]
)
def test_a_url_that_hides_something_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="https://host/stage") as caught:
        choose(tmp_path / "none.toml", url=url)
    assert "word" not in str(caught.value)


def test_the_config_file_is_where_xdg_says_if_that_is_absolute() -> None:
    assert config_file({"XDG_CONFIG_HOME": "/somewhere"}) == Path("/somewhere/chatbot/config.toml")
    assert config_file({"XDG_CONFIG_HOME": "relative"}) == Path("~/.config/chatbot/config.toml").expanduser()
