"""The composition roots: what is refused at start, in words, and what stays untouched then."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared import backends
from shared.aws.clients import AwsClients
from shared.config import CLOUD_SETTINGS, Settings, load_settings
from shared.document_backends import LocalDocuments
from shared.errors import ConfigurationError
from shared.local.key_file import KeyFile
from shared.local.sqlite_store import SQLiteStore
from shared.models import ModelSpec
from tests.contract.stores import MovableClock, Turns

KEY = "canary-key"
CLOUD = {
    "CHATBOT_MODEL": "bedrock:amazon.nova-lite-v1:0",
    "CHATBOT_TABLE": "chats",
    "CHATBOT_KMS_KEY_ID": "alias/chats",
}


@pytest.fixture(autouse=True)
def no_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody has ever set up AWS."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no-such-file"))


def laptop(folder: Path, **variables: str) -> Settings:
    names = {f"CHATBOT_{name.upper()}": value for name, value in variables.items()}
    return load_settings({"CHATBOT_DATA_DIR": str(folder), **names})


# --- AWS --------------------------------------------------------------------------------------------------------------


def open_on_a_laptop(folder: Path, environ: dict[str, str]) -> None:
    settings = load_settings({"CHATBOT_DATA_DIR": str(folder), "CHATBOT_MODEL": CLOUD["CHATBOT_MODEL"], **environ})
    home = backends.local(settings)
    with closing(home.store):
        home.open_model(settings.model, 1000)


def open_in_the_cloud(folder: Path, environ: dict[str, str]) -> None:
    backends.cloud(load_settings({**CLOUD, **environ}))


@pytest.mark.parametrize("start", [open_on_a_laptop, open_in_the_cloud])
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"AWS_PROFILE": "wrong"}, r"profile 'wrong'.*AWS_PROFILE.*aws configure list-profiles"),
        ({"AWS_REGION": "eu west 1"}, r"'eu west 1'.*AWS_REGION.*eu-west-1"),
        ({"AWS_ACCESS_KEY_ID": "x"}, r"AWS_REGION, AWS_PROFILE.*aws configure"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, r"AWS_REGION, AWS_PROFILE.*aws configure"),
    ],
    ids=["profile", "region", "half a credential", "endpoint"],
)
def test_an_aws_configuration_that_cannot_be_used_is_told_with_the_remedy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start: Callable[[Path, dict[str, str]], None],
    variables: dict[str, str],
    sentence: str,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=sentence):
        start(tmp_path, {"AWS_REGION": "eu-west-1", **variables})


def test_a_region_that_is_not_set_is_told_with_the_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"No AWS region.*AWS_REGION"):
        open_on_a_laptop(tmp_path, {})
    with pytest.raises(ConfigurationError, match=r"AWS_REGION"):
        open_in_the_cloud(tmp_path, {})


def test_a_model_call_has_one_second_try_and_a_short_silence() -> None:
    clients = AwsClients("eu-west-1")
    with closing(clients.bedrock_runtime()) as bedrock, closing(clients.kms()) as kms:
        model: Any = bedrock.meta.config
        keys: Any = kms.meta.config
    assert (model.retries["total_max_attempts"], model.read_timeout) == (2, 30)
    assert (keys.retries["total_max_attempts"], keys.read_timeout) == (3, 5)


# --- the key of OpenAI-compatible servers -----------------------------------------------------------------------------


class Recorder:
    """Stands in for the adapter: what it is given for each model."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys: dict[str, str | None] = {}
        monkeypatch.setattr("shared.local.openai_compatible.OpenAICompatibleModel", self._open)

    def _open(self, base_url: str, model_id: str, api_key: str | None) -> None:
        self.keys[f"{model_id}@{base_url}"] = api_key


def keys_sent(folder: Path, recorder: Recorder, **variables: str) -> dict[str, str | None]:
    settings = laptop(folder, openai_api_key=KEY, **variables)
    home = backends.local(settings)
    with closing(home.store):
        for spec in reversed((settings.model, *settings.fallback_models, *settings.other_models)):
            if spec.provider == "openai":
                home.open_model(spec, 1000)
    return recorder.keys


def test_the_key_goes_to_the_host_of_the_first_model_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys_sent(
        tmp_path,
        Recorder(monkeypatch),
        fallback_models="openai:a@https://one.example/v1",
        other_models="openai:b@https://ONE.example:443/v2,openai:c@https://two.example/v1,openai:d@http://nas:1/v1",
    ) == {
        "a@https://one.example/v1": KEY,
        "b@https://ONE.example:443/v2": KEY,
        "c@https://two.example/v1": None,
        "d@http://nas:1/v1": None,
    }


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
def test_the_key_may_go_over_plain_http_to_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    assert keys_sent(tmp_path, Recorder(monkeypatch), model=f"openai:a@http://{host}/v1") == {
        f"a@http://{host}/v1": KEY
    }


@pytest.mark.parametrize(
    "models",
    [
        {"model": "openai:a@http://nas.lan/v1"},
        {"other_models": "openai:a@http://localhost.example/v1"},
        {"model": "openai:a@https://nas.lan/v1", "other_models": "openai:b@http://nas.lan/v1"},
    ],
)
def test_the_key_is_never_sent_over_plain_http_to_another_machine(tmp_path: Path, models: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"CHATBOT_OPENAI_API_KEY.*plain http.*https://") as refused:
        backends.local(laptop(tmp_path / "data", openai_api_key=KEY, **models))
    assert KEY not in refused.value.message
    assert not (tmp_path / "data").exists()


def test_without_a_key_plain_http_is_fine(tmp_path: Path) -> None:
    settings = laptop(tmp_path, model="openai:a@http://nas.lan/v1")
    home = backends.local(settings)
    home.open_model(settings.model, 1000).close()
    home.store.close()


# --- the local key file -----------------------------------------------------------------------------------------------


def with_an_expired_conversation(folder: Path) -> Path:
    settings = laptop(folder)
    backends.local(settings).store.close()
    long_ago = MovableClock(datetime(2020, 1, 1, tzinfo=UTC))
    with closing(SQLiteStore(folder / "chatbot.db", long_ago)) as store:
        store.save_turn(Turns(long_ago)("old", new=True))
    return folder / "chatbot.db"


def conversations(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        found: int = connection.execute("SELECT count(*) FROM conversations").fetchone()[0]
    return found


def test_a_wrong_key_changes_nothing_not_even_what_has_expired(tmp_path: Path) -> None:
    database = with_an_expired_conversation(tmp_path)
    (tmp_path / "chatbot.key").unlink()
    KeyFile.create(tmp_path / "chatbot.key")
    before = database.read_bytes()
    with pytest.raises(ConfigurationError, match="nothing was changed"):
        backends.local(laptop(tmp_path))
    assert database.read_bytes() == before
    assert conversations(database) == 1


def test_with_the_right_key_what_has_expired_goes_at_start(tmp_path: Path) -> None:
    database = with_an_expired_conversation(tmp_path)
    backends.local(laptop(tmp_path)).store.close()
    assert conversations(database) == 0


# --- the cloud --------------------------------------------------------------------------------------------------------


def test_everything_that_the_cloud_misses_is_told_with_everything_that_is_wrong() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings({"CHATBOT_PORT": "many", "CHATBOT_TABLE": " "}, required=CLOUD_SETTINGS)
    said = caught.value.message
    assert "CHATBOT_PORT: " in said
    for variable in ("CHATBOT_TABLE", "CHATBOT_KMS_KEY_ID", "AWS_REGION"):
        assert f"  {variable}: is needed in the cloud and not set" in said.splitlines()


def test_what_the_cloud_needs_is_enough() -> None:
    settings = load_settings({**CLOUD, "AWS_REGION": "eu-west-1"}, required=CLOUD_SETTINGS)
    assert (settings.table, settings.region) == ("chats", "eu-west-1")


@pytest.mark.parametrize(
    "changed",
    [{"table": None}, {"model": ModelSpec("builtin", "builtin")}, {"region": None}],
)
def test_settings_that_do_not_fit_the_cloud_are_refused(changed: dict[str, Any]) -> None:
    settings = load_settings({**CLOUD, "AWS_REGION": "eu-west-1"})
    with pytest.raises(ConfigurationError, match="The function cannot start"):
        backends.cloud(settings.model_copy(update=changed))


def test_a_reranker_is_used_on_a_laptop_too_where_one_is_set(tmp_path: Path) -> None:
    for model, expected in (("amazon.rerank-v1:0", True), (None, False)):
        made = backends.local(load_settings({}, data_dir=tmp_path, rerank_model=model, region="eu-central-1"))
        assert isinstance(made.documents, LocalDocuments)
        assert (made.documents.reranker is not None) == expected
        made.documents.close()
        made.store.close()
