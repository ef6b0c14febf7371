"""The two composition roots: what the ports are made of on a laptop, and in the owner's AWS account.

Adapters are imported inside the functions, so that a laptop makes no AWS client and the cloud loads nothing local.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.config import Settings
from shared.document_backends import ChatDocuments, LocalDocuments, cloud_chat_documents
from shared.document_ports import Embedder, Reranker
from shared.errors import ChatbotError, ConfigurationError, StoreError
from shared.metrics import EmfMetrics, NoMetrics
from shared.models import ModelSpec
from shared.ports import ChatModel, Clock, KeyWrapper, Metrics, Store

if TYPE_CHECKING:
    from shared.local.key_file import KeyFile
    from shared.local.sqlite_store import SQLiteStore

_DATABASE = "chatbot.db"
_KEY = "chatbot.key"
_DOCUMENTS_DATABASE = "documents.db"
_DOCUMENTS = "documents"
_MEGABYTE = 1 << 20
_FINGERPRINT = "key_fingerprint"
#: Hosts of this machine, which the adapter reaches without a proxy.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Backends:
    """What the use-cases run on. ``open_model`` is given a model and its context in tokens.

    ``documents`` is ``None`` where there are none.
    """

    store: Store
    key_wrapper: KeyWrapper
    open_model: Callable[[ModelSpec, int], ChatModel]
    metrics: Metrics
    clock: Clock
    documents: LocalDocuments | ChatDocuments | None = None


def utc_now() -> datetime:
    """The clock of both homes."""
    return datetime.now(UTC)


def local(settings: Settings) -> Backends:
    """SQLite and a key file in the data folder, models of any kind. Makes no AWS client unless a model is Bedrock's.

    Raises ``ConfigurationError`` where the folder, the database or the key cannot be used, and changes none of them
    then; and where an API key would go over plain http.
    """
    from shared.local.sqlite_store import SQLiteStore

    open_model = _local_models(settings)
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
        documents = _local_documents(settings)
    except ChatbotError:
        store.close()
        raise
    store.purge_expired()
    return Backends(store, wrapper, open_model, NoMetrics(), utc_now, documents)


def _local_documents(settings: Settings) -> LocalDocuments:
    """The folder of documents and what is indexed of it. Raises ``ConfigurationError``, ``StoreError``."""
    from shared.local.folder_files import FolderFiles
    from shared.local.sqlite_documents import DocumentDatabase

    reranker = _local_reranker(settings)
    database = DocumentDatabase(settings.data_dir / _DOCUMENTS_DATABASE)
    try:
        files = FolderFiles(settings.data_dir / _DOCUMENTS, settings.document_max_mb * _MEGABYTE)
    except StoreError:
        database.close()
        raise
    return LocalDocuments(
        database.catalogue, database.index, files, _local_embedders(settings), database.close, reranker
    )


def _local_reranker(settings: Settings) -> Reranker | None:
    if not settings.rerank_model:
        return None
    from shared.aws.bedrock_rerank import BedrockReranker
    from shared.aws.clients import AwsClients

    return BedrockReranker(AwsClients(settings.region).bedrock_agent_runtime(), settings.rerank_model)


def _local_embedders(settings: Settings) -> Callable[[ModelSpec], Embedder]:
    key_host = _key_host(settings)

    def open_embedder(spec: ModelSpec) -> Embedder:
        if spec.provider == "bedrock":
            from shared.aws.clients import AwsClients
            from shared.aws.titan import TitanEmbedder

            return TitanEmbedder(AwsClients(settings.region).bedrock_runtime(), spec.model_id)
        if spec.provider == "openai":
            from shared.local.openai_embeddings import OpenAIEmbedder

            base_url = spec.base_url or ""
            key = settings.openai_api_key if urlsplit(base_url).hostname == key_host else None
            return OpenAIEmbedder(base_url, spec.model_id, key.get_secret_value() if key else None)
        if spec.provider == "gguf":
            raise ConfigurationError(
                f"CHATBOT_EMBEDDER: {spec.name} cannot embed; write bedrock:<model id>, openai:<model>@<base url> or "
                "builtin."
            )
        from shared.local.minilm import MiniLMEmbedder, builtin_embedder

        return MiniLMEmbedder(builtin_embedder())

    return open_embedder


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
    key_host = _key_host(settings)

    def open_model(spec: ModelSpec, context_tokens: int) -> ChatModel:
        if spec.provider == "bedrock":
            from shared.aws.bedrock import BedrockModel
            from shared.aws.clients import AwsClients

            return BedrockModel(AwsClients(settings.region).bedrock_runtime(), spec.model_id)
        if spec.provider == "openai":
            from shared.local.openai_compatible import OpenAICompatibleModel

            base_url = spec.base_url or ""
            key = settings.openai_api_key if urlsplit(base_url).hostname == key_host else None
            return OpenAICompatibleModel(base_url, spec.model_id, key.get_secret_value() if key else None)
        from shared.local.llama_cpp import LlamaCppModel, builtin_weights

        path = builtin_weights() if spec.provider == "builtin" else Path(spec.model_id)
        return LlamaCppModel(path, context_tokens)

    return open_model


def _key_host(settings: Settings) -> str | None:
    """The one host that is sent ``openai_api_key``: that of the first model, then of the embedder.

    ``None`` where there is no key to send.

    Raises ``ConfigurationError`` where the key would leave this machine unencrypted.
    """
    addresses = [urlsplit(spec.base_url) for spec in (*_models(settings), settings.embedder) if spec.base_url]
    if not settings.openai_api_key or not addresses:
        return None
    host = addresses[0].hostname
    if host not in _LOOPBACK and any(url.scheme == "http" for url in addresses if url.hostname == host):
        raise ConfigurationError(
            f"CHATBOT_OPENAI_API_KEY would go to {host} over plain http, where others can read it. Write https:// in "
            "the model's base URL, or unset the key if that server needs none."
        )
    return host


def _models(settings: Settings) -> tuple[ModelSpec, ...]:
    return (settings.model, *settings.fallback_models, *settings.other_models)


def cloud(settings: Settings) -> Backends:
    """DynamoDB, KMS and Bedrock, their clients made here, once.

    Raises ``ConfigurationError`` for models that do not run here, and where one of ``CLOUD_SETTINGS`` is missing.
    """
    from shared.aws.bedrock import BedrockModel
    from shared.aws.clients import AwsClients
    from shared.aws.dynamodb import DynamoDBStore
    from shared.aws.kms import KmsKeyWrapper

    table, key_id = _cloud_names(settings)
    clients = AwsClients(settings.region)
    bedrock = clients.bedrock_runtime()
    return Backends(
        DynamoDBStore(clients.dynamodb(), table, utc_now),
        KmsKeyWrapper(clients.kms(), key_id),
        lambda spec, _context: BedrockModel(bedrock, spec.model_id),
        EmfMetrics(settings.metrics_namespace),
        utc_now,
        cloud_chat_documents(settings) if settings.retrieval_function else None,
    )


def _cloud_names(settings: Settings) -> tuple[str, str]:
    """Table and key. Raises ``ConfigurationError``."""
    problems = [
        f"{spec.name} cannot run here; write bedrock:<model id>"
        for spec in _models(settings)
        if spec.provider != "bedrock"
    ]
    # ``load_settings`` has named each of these already where it was told to require them.
    if not settings.table or not settings.kms_key_id or not settings.region:
        problems.append("CHATBOT_TABLE, CHATBOT_KMS_KEY_ID and AWS_REGION must all be set")
    if problems or not settings.table or not settings.kms_key_id:
        raise ConfigurationError("The function cannot start:\n  " + "\n  ".join(problems))
    return settings.table, settings.kms_key_id
