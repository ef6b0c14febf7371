"""Settings, read from the environment once, at start.

Every ``CHATBOT_`` variable is read here and nowhere else. The command line hands in its environment, and looks up only
what is about the terminal and its config file there (``NO_COLOR``, ``TERM``, ``XDG_CONFIG_HOME``); the vendors'
libraries read variables of their own (``AWS_PROFILE``, ``HTTPS_PROXY``).

``python -m shared.config`` prints ``docs/settings.md``.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from shared.errors import ConfigurationError
from shared.models import ModelSpec

PREFIX = "CHATBOT_"

#: What the cloud cannot do without: ``load_settings(required=CLOUD_SETTINGS)``.
CLOUD_SETTINGS = ("table", "kms_key_id", "region", "model")

_MODEL_FORMS = "bedrock:<model id>, openai:<model>@<base url>, gguf:<path> or builtin"

_MODEL_FIELDS = frozenset({"model", "fallback_models", "other_models", "embedder"})
_LONGEST_SHOWN = 100

_PAGE_HEAD = """\
# Settings

Every setting is a variable of the environment; on a laptop all of them may be left out. `AWS_REGION` and the other
variables of AWS's own tools are read as well. A variable that begins with `CHATBOT_` and is not here is refused at
start. This page is generated: `PYTHONPATH=src python -m shared.config > docs/settings.md`.

| Variable | Default | Meaning |
|---|---|---|"""

# Model names may hold an "@" too: the URL begins at the first that has a scheme behind it.
_OPENAI = re.compile(r"(?P<model>.+?)@(?P<base_url>https?://.*)", re.DOTALL)

_ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?")


def parse_model_spec(text: str) -> ModelSpec:
    """``bedrock:<id>``, ``openai:<model>@<base url>``, ``gguf:<path>`` or ``builtin``. Raises ``ValueError``."""
    provider, _, rest = text.strip().partition(":")
    if text.strip() == "builtin":
        return ModelSpec("builtin", "builtin")
    if provider == "bedrock" and rest:
        return ModelSpec("bedrock", rest)
    if provider == "gguf" and rest:
        return ModelSpec("gguf", str(Path(rest).expanduser()))
    if provider == "openai" and (found := _OPENAI.fullmatch(rest)):
        return ModelSpec("openai", found["model"], _base_url(found["base_url"]))
    raise ValueError(f"{_without_passwords(text)!r} is not a model; write {_MODEL_FORMS}")


def _base_url(text: str) -> str:
    try:
        url = urlsplit(text)
        host = url.hostname
    except ValueError:  # half an IPv6 address
        host = None
    if not host:
        raise ValueError(f"{_without_passwords(text)!r} is not a base URL; write {_MODEL_FORMS}")
    if "@" in text:
        raise ValueError(
            f"the base URL {_without_passwords(text)!r} holds a user name or password; take it out, and set "
            f"{PREFIX}OPENAI_API_KEY where the server wants a key"
        )
    return text.rstrip("/")


def _without_passwords(text: str) -> str:
    """The text without what may be the user name and password of a URL in it, or of a part of one."""
    return re.sub(r"(?<=://).*@" if "://" in text else r".*@", "***@", text, flags=re.DOTALL)


def _as_spec(value: Any) -> Any:
    return parse_model_spec(value) if isinstance(value, str) else value


def _as_specs(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(parse_model_spec(part) for part in value.split(",") if part.strip())


def _as_origins(value: Any) -> Any:
    """Comma-separated origins, as browsers write them. Raises ``ValueError``."""
    if not isinstance(value, str):
        return value
    origins = tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{_shown(origin)} is not the origin of a web page; write https://<host>, with a port where it has one"
            )
    return origins


def _as_object(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


Spec = Annotated[ModelSpec, BeforeValidator(_as_spec)]
Specs = Annotated[tuple[ModelSpec, ...], BeforeValidator(_as_specs)]
Origins = Annotated[tuple[str, ...], BeforeValidator(_as_origins)]
JsonObject = Annotated[dict[str, dict[str, Any]], BeforeValidator(_as_object)]


class Settings(BaseModel):
    """Every setting. The variable of a field is its name in capitals after ``CHATBOT_``; all have defaults locally."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, str_strip_whitespace=True, validate_default=True
    )

    host: str = Field("127.0.0.1", description="Address the local server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the local server listens on; 0 takes a free one.")
    data_dir: Path = Field(Path("~/.chatbot"), description="Folder of the local database and its key.")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least severe level logged.")

    model: Spec = Field(ModelSpec("builtin", "builtin"), description=f"The model that answers: {_MODEL_FORMS}.")
    fallback_models: Specs = Field((), description="Models tried in order when the first fails, comma-separated.")
    other_models: Specs = Field((), description="Models a request may name besides these, comma-separated.")
    model_capabilities: JsonObject = Field(
        {}, description='Overrides of the capability table, JSON: {"<model name>": {"context_tokens": 32768}}.'
    )
    openai_api_key: SecretStr | None = Field(
        None,
        description="Key sent to one host: that of the first openai model among the model, the fallback models, the "
        "other models and the embedder, in this order. Other hosts get none. Over plain http it goes to this machine "
        "only.",
    )
    system_prompt: str | None = Field(None, max_length=20_000, description="Replaces the built-in system prompt.")
    max_output_tokens: int = Field(2048, ge=16, le=64_000, description="Longest reply, in tokens.")
    temperature: float | None = Field(
        None, ge=0, le=2, description="Sampling temperature, for models that take one; the model's best where not set."
    )
    turn_timeout_seconds: float = Field(300, gt=0, le=900, description="Longest time one turn may take.")
    context_messages: int = Field(10, ge=0, le=100, description="Messages of the conversation that the model sees.")

    daily_token_budget: int = Field(
        0, ge=0, description="Tokens, read and written, after which a day (UTC) takes no more turns; 0 sets no limit."
    )
    allowed_origins: Origins = Field(
        (), description="Web pages elsewhere that may call the API, comma-separated: https://<host>."
    )

    history_ttl_days: int = Field(30, ge=1, le=3650, description="Days after which messages expire.")
    data_key_cache_seconds: int = Field(300, ge=0, le=3600, description="How long a data key stays in memory.")

    embedder: Spec = Field(
        ModelSpec("builtin", "builtin"),
        description="What turns text into vectors: bedrock:<model id>, openai:<model>@<base url> or builtin. After a "
        "change every document is embedded anew, and stays searchable meanwhile.",
    )
    rerank_model: str | None = Field(None, description="Bedrock model that orders passages anew; none where not set.")
    document_max_mb: int = Field(100, ge=1, le=1000, description="Largest document, in megabytes.")
    document_max_pages: int = Field(5000, ge=1, le=100_000, description="Most pages, slides or sheets of a document.")

    table: str | None = Field(None, description="DynamoDB table of conversations (cloud).")
    documents_table: str | None = Field(None, description="DynamoDB table of documents (cloud, with documents on).")
    documents_bucket: str | None = Field(None, description="S3 bucket of documents (cloud, with documents on).")
    ingestion_queue_url: str | None = Field(None, description="SQS queue of ingestion (cloud, with documents on).")
    retrieval_function: str | None = Field(None, description="Function that searches (cloud, with documents on).")
    vector_store: Literal["opensearch", "s3vectors"] = Field(
        "opensearch", description="Where chunks are indexed (cloud): opensearch or s3vectors."
    )
    opensearch_endpoint: str | None = Field(None, description="URL of the OpenSearch Serverless collection (cloud).")
    vector_bucket: str | None = Field(None, description="S3 vector bucket (cloud, with s3vectors).")
    index_name: str = Field(
        "chunks", pattern="^[a-z0-9][a-z0-9-]{1,30}$", description="Beginning of the names of vector indexes (cloud)."
    )
    kms_key_id: str | None = Field(None, description="KMS key that wraps the data keys (cloud).")
    metrics_namespace: str = Field(
        "Chatbot", pattern="^[A-Za-z0-9._/#:-]{1,255}$", description="CloudWatch namespace of metrics (cloud)."
    )
    region: str | None = Field(None, description="AWS region (cloud); AWS_REGION where not set.")

    url: str | None = Field(None, description="Deployed API that the command line talks to.")
    api_key: SecretStr | None = Field(None, description="API key for that API.")

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with https:// (or http:// for a local server)")
        return value.rstrip("/") if value else None


def load_settings(
    environ: Mapping[str, str] | None = None, *, required: Collection[str] = (), **overrides: Any
) -> Settings:
    """The settings that the environment gives, ``overrides`` (command-line flags; ``None`` is no override) first.

    ``environ`` is the process's own where none is given. ``required`` are names of settings that have no default.

    Raises ``ConfigurationError`` naming every variable that is unknown, wrong or missing, all at once.
    """
    if environ is None:
        environ = os.environ
    values: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value != ""
    }
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if region:
        values.setdefault("region", region)
    values.update({name: value for name, value in overrides.items() if value is not None})
    problems = [_missing(name) for name in required if not str(values.get(name) or "").strip()]
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = [_explain(dict(problem)) for problem in error.errors(include_url=False)] + problems
    else:
        if not problems:
            return settings
    raise ConfigurationError("\n  ".join(("These settings cannot be used:", *problems)))


def _missing(name: str) -> str:
    variable = "AWS_REGION" if name == "region" else PREFIX + name.upper()
    return f"{variable}: is needed in the cloud and not set"


def _explain(problem: dict[str, Any]) -> str:
    """One line for one problem; the value is shown unless the setting is a secret."""
    field = str(problem["loc"][0])
    variable = PREFIX + field.upper()
    if problem["type"] == "extra_forbidden":
        close = difflib.get_close_matches(field, Settings.model_fields, n=1)
        hint = f"; did you mean {PREFIX}{close[0].upper()}?" if close else ""
        return f"{variable}: there is no such setting{hint}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    secret = "key" in field and field != "kms_key_id"
    # What is wrong with a model is told with the model, and its value may hold a password.
    told = secret or field in _MODEL_FIELDS
    return f"{variable}: {message}" + ("" if told else f" (found {_shown(problem['input'])})")


def _shown(value: Any) -> str:
    shown = repr(_without_passwords(value) if isinstance(value, str) else value)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}..."


def settings_page() -> str:
    """The text of ``docs/settings.md``."""
    rows = (
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {_escaped(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    )
    return "\n".join((_PAGE_HEAD, *rows, ""))


def _escaped(text: str) -> str:
    """Markdown would take ``<model id>`` for a tag, and ``|`` for the next cell."""
    return text.replace("<", "\\<").replace("|", "\\|")


def _default(value: Any) -> str:
    if value is None or value in ((), {}):
        return "not set"
    return f"`{value.name if isinstance(value, ModelSpec) else value}`"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
