"""The two composition roots: what the ports are made of on a laptop, and in the owner's AWS account.

Adapters are imported inside the functions, so that a laptop makes no AWS client and the cloud loads nothing local.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shared.config import Settings
from shared.errors import ConfigurationError
from shared.metrics import EmfMetrics, NoMetrics
from shared.models import ModelSpec
from shared.ports import ChatModel, Clock, KeyWrapper, Metrics, Store

if TYPE_CHECKING:
    from shared.local.key_file import KeyFile
    from shared.local.sqlite_store import SQLiteStore

_DATABASE = "chatbot.db"
_KEY = "chatbot.key"
_FINGERPRINT = "key_fingerprint"
#: The longest silence of a stream from Bedrock before it counts as lost, in seconds.
_LONGEST_SILENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Backends:
    """What the use-cases run on. ``open_model`` is given a model and its context in tokens."""

    store: Store
    key_wrapper: KeyWrapper
    open_model: Callable[[ModelSpec, int], ChatModel]
    metrics: Metrics
    clock: Clock


def utc_now() -> datetime:
    """The clock of both homes."""
    return datetime.now(UTC)


def local(settings: Settings) -> Backends:
    """SQLite and a key file in the data folder, models of any kind. Makes no AWS client unless a model is Bedrock's.

    Raises ``ConfigurationError`` where the folder, the database or the key cannot be used; overwrites none of them.
    """
    from shared.local.sqlite_store import SQLiteStore

    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {folder} cannot be made ({error.strerror}); choose another with CHATBOT_DATA_DIR."
        ) from None
    store = SQLiteStore(folder / _DATABASE, utc_now)
    try:
        wrapper = _key_file(folder, store)
    except ConfigurationError:
        store.close()
        raise
    return Backends(store, wrapper, _local_models(settings), NoMetrics(), utc_now)


def _key_file(folder: Path, store: SQLiteStore) -> KeyFile:
    """The key of this database: made with a new one, and compared with its fingerprint ever after."""
    from shared.local.key_file import KeyFile

    path = folder / _KEY
    expected = store.get_meta(_FINGERPRINT)
    wrapper = KeyFile(path) if expected or path.exists() else KeyFile.create(path)
    if expected is None:
        store.set_meta(_FINGERPRINT, wrapper.fingerprint())
    elif expected != wrapper.fingerprint():
        raise ConfigurationError(
            f"The key file {path} is not the one that {folder / _DATABASE} was encrypted with. Put the right one back "
            "from a backup, or move the database away to start anew; nothing was changed."
        )
    return wrapper


def _local_models(settings: Settings) -> Callable[[ModelSpec, int], ChatModel]:
    def open_model(spec: ModelSpec, context_tokens: int) -> ChatModel:
        if spec.provider == "bedrock":
            from shared.aws.bedrock import BedrockModel
            from shared.aws.clients import AwsClients

            client = AwsClients(settings.region).bedrock_runtime(_LONGEST_SILENCE_SECONDS)
            return BedrockModel(client, spec.model_id)
        if spec.provider == "openai":
            from shared.local.openai_compatible import OpenAICompatibleModel

            key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
            return OpenAICompatibleModel(spec.base_url or "", spec.model_id, key)
        from shared.local.llama_cpp import LlamaCppModel, builtin_weights

        path = builtin_weights() if spec.provider == "builtin" else Path(spec.model_id)
        return LlamaCppModel(path, context_tokens)

    return open_model


def cloud(settings: Settings) -> Backends:
    """DynamoDB, KMS and Bedrock, their clients made here, once.

    Raises ``ConfigurationError`` naming every setting that is missing.
    """
    from shared.aws.bedrock import BedrockModel
    from shared.aws.clients import AwsClients
    from shared.aws.dynamodb import DynamoDBStore
    from shared.aws.kms import KmsKeyWrapper

    table, key_id = _cloud_names(settings)
    clients = AwsClients(settings.region)
    bedrock = clients.bedrock_runtime(_LONGEST_SILENCE_SECONDS)
    return Backends(
        DynamoDBStore(clients.dynamodb(), table, utc_now),
        KmsKeyWrapper(clients.kms(), key_id),
        lambda spec, _context: BedrockModel(bedrock, spec.model_id),
        EmfMetrics(),
        utc_now,
    )


def _cloud_names(settings: Settings) -> tuple[str, str]:
    """Table and key. Raises ``ConfigurationError`` for all that the cloud needs and does not find, at once."""
    problems = [
        f"{variable} is not set"
        for variable, value in (
            ("CHATBOT_TABLE", settings.table),
            ("CHATBOT_KMS_KEY_ID", settings.kms_key_id),
            ("AWS_REGION", settings.region),
        )
        if not value
    ]
    problems += [
        f"{spec.name} cannot run here; write bedrock:<model id>"
        for spec in (settings.model, *settings.fallback_models, *settings.other_models)
        if spec.provider != "bedrock"
    ]
    if problems or not settings.table or not settings.kms_key_id:
        raise ConfigurationError("The function cannot start:\n  " + "\n  ".join(problems))
    return settings.table, settings.kms_key_id
