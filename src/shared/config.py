"""Settings, read from the environment once, at start. Nothing else in the project reads the environment."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from shared.errors import ConfigurationError
from shared.models import ModelSpec

PREFIX = "CHATBOT_"

_MODEL_FORMS = "bedrock:<model id>, openai:<model>@<base url>, gguf:<path> or builtin"


def parse_model_spec(text: str) -> ModelSpec:
    """``bedrock:<id>``, ``openai:<model>@<base url>``, ``gguf:<path>`` or ``builtin``. Raises ``ValueError``."""
    provider, _, rest = text.strip().partition(":")
    if text.strip() == "builtin":
        return ModelSpec("builtin", "builtin")
    if provider == "bedrock" and rest:
        return ModelSpec("bedrock", rest)
    if provider == "gguf" and rest:
        return ModelSpec("gguf", str(Path(rest).expanduser()))
    if provider == "openai":
        # The last "@": model names may hold one, base URLs of these servers do not.
        model, _, base_url = rest.rpartition("@")
        if model and base_url.startswith(("http://", "https://")):
            return ModelSpec("openai", model, base_url.rstrip("/"))
    raise ValueError(f"{text!r} is not a model; write {_MODEL_FORMS}")


def _as_spec(value: Any) -> Any:
    return parse_model_spec(value) if isinstance(value, str) else value


def _as_specs(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return tuple(parse_model_spec(part) for part in value.split(",") if part.strip())


def _as_object(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


Spec = Annotated[ModelSpec, BeforeValidator(_as_spec)]
Specs = Annotated[tuple[ModelSpec, ...], BeforeValidator(_as_specs)]
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
    openai_api_key: SecretStr | None = Field(None, description="Key sent to OpenAI-compatible servers.")
    system_prompt: str | None = Field(None, max_length=20_000, description="Replaces the built-in system prompt.")
    max_output_tokens: int = Field(2048, ge=16, le=64_000, description="Longest reply, in tokens.")
    temperature: float | None = Field(
        None, ge=0, le=2, description="Sampling temperature, for models that take one; the model's best where not set."
    )
    turn_timeout_seconds: float = Field(300, gt=0, le=900, description="Longest time one turn may take.")
    context_messages: int = Field(10, ge=0, le=100, description="Messages of the conversation that the model sees.")

    history_ttl_days: int = Field(30, ge=1, le=3650, description="Days after which messages expire.")
    data_key_cache_seconds: int = Field(300, ge=0, le=3600, description="How long a data key stays in memory.")

    table: str | None = Field(None, description="DynamoDB table of conversations (cloud).")
    kms_key_id: str | None = Field(None, description="KMS key that wraps the data keys (cloud).")
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


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """The settings that the environment gives, ``overrides`` (command-line flags; ``None`` is no override) first.

    ``environ`` is the process's own where none is given.

    Raises ``ConfigurationError`` naming every variable that is unknown or wrong, all at once.
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
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = "\n".join(f"  {_explain(dict(problem))}" for problem in error.errors(include_url=False))
        raise ConfigurationError(f"These settings cannot be used:\n{problems}") from None


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
    found = "" if secret or repr(problem["input"]) in message else f" (found {problem['input']!r})"
    return f"{variable}: {message}{found}"
