"""The composition roots of documents: what their ports are made of in the owner's AWS account, for each function.

As in ``shared.backends``, adapters are imported inside the functions, so that each loads what it needs and no more.
"""

# ruff: noqa: PLC0415 - adapters are imported only where they are used

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.config import PREFIX, Settings
from shared.document_ports import (
    ChunkIndex,
    DocumentCatalogue,
    DocumentFiles,
    Embedder,
    IngestionQueue,
    ReceivingFiles,
    Reranker,
    Retriever,
)
from shared.errors import ConfigurationError
from shared.models import ModelSpec

if TYPE_CHECKING:
    from shared.aws.clients import AwsClients

_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class IngestionBackends:
    """What a function runs on that ingests.

    ``open_embedder`` raises ``ConfigurationError`` for an embedder that cannot run here. ``redeliver`` makes the queue
    deliver a message, named by its receipt, again after so many seconds; it raises ``StoreError``.
    """

    catalogue: DocumentCatalogue
    index: ChunkIndex
    files: DocumentFiles
    queue: IngestionQueue
    open_embedder: Callable[[ModelSpec], Embedder]
    redeliver: Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class SearchBackends:
    """What a function runs on that only searches."""

    catalogue: DocumentCatalogue
    index: ChunkIndex
    open_embedder: Callable[[ModelSpec], Embedder]
    reranker: Reranker | None = None


@dataclass(frozen=True, slots=True)
class LocalDocuments:
    """What a laptop's documents run on. ``close`` frees what catalogue and index hold."""

    catalogue: DocumentCatalogue
    index: ChunkIndex
    files: ReceivingFiles
    open_embedder: Callable[[ModelSpec], Embedder]
    close: Callable[[], None]
    reranker: Reranker | None = None


@dataclass(frozen=True, slots=True)
class ChatDocuments:
    """What the chat needs of documents where a function of its own searches them."""

    catalogue: DocumentCatalogue
    files: DocumentFiles
    queue: IngestionQueue
    retriever: Retriever


def cloud_documents(settings: Settings) -> IngestionBackends:
    """For the function that ingests. Raises ``ConfigurationError`` naming all that is missing or wrong."""
    from shared.aws.clients import AwsClients
    from shared.aws.dynamodb_catalogue import DynamoDBCatalogue
    from shared.aws.s3_files import S3Files
    from shared.aws.sqs_queue import SqsQueue

    names = _required(settings, "documents_table", "documents_bucket", "ingestion_queue_url", searching=True)
    clients = AwsClients(settings.region)
    queue = SqsQueue(clients.sqs(), names["ingestion_queue_url"])
    return IngestionBackends(
        catalogue=DynamoDBCatalogue(clients.dynamodb(), names["documents_table"]),
        index=_cloud_index(settings, clients, names),
        files=S3Files(clients.s3(), names["documents_bucket"], settings.document_max_mb * _MEGABYTE),
        queue=queue,
        open_embedder=_cloud_embedders(clients),
        redeliver=queue.redeliver,
    )


def cloud_search(settings: Settings) -> SearchBackends:
    """For the function that searches. Raises ``ConfigurationError`` naming all that is missing or wrong."""
    from shared.aws.clients import AwsClients
    from shared.aws.dynamodb_catalogue import DynamoDBCatalogue

    names = _required(settings, "documents_table", searching=True)
    clients = AwsClients(settings.region)
    return SearchBackends(
        catalogue=DynamoDBCatalogue(clients.dynamodb(), names["documents_table"]),
        index=_cloud_index(settings, clients, names),
        open_embedder=_cloud_embedders(clients),
        reranker=_cloud_reranker(settings, clients),
    )


def cloud_chat_documents(settings: Settings) -> ChatDocuments:
    """For the chat function. Raises ``ConfigurationError`` naming all that is missing."""
    from shared.aws.clients import AwsClients
    from shared.aws.dynamodb_catalogue import DynamoDBCatalogue
    from shared.aws.lambda_retriever import LambdaRetriever
    from shared.aws.s3_files import S3Files
    from shared.aws.sqs_queue import SqsQueue

    wanted = ("documents_table", "documents_bucket", "ingestion_queue_url", "retrieval_function")
    names = _required(settings, *wanted, searching=False)
    clients = AwsClients(settings.region)
    return ChatDocuments(
        catalogue=DynamoDBCatalogue(clients.dynamodb(), names["documents_table"]),
        files=S3Files(clients.s3(), names["documents_bucket"], settings.document_max_mb * _MEGABYTE),
        queue=SqsQueue(clients.sqs(), names["ingestion_queue_url"]),
        retriever=LambdaRetriever(clients.lambda_(), names["retrieval_function"]),
    )


def _required(settings: Settings, *wanted: str, searching: bool) -> dict[str, str]:
    """The settings of these names, and of those that searching takes, by name. Raises ``ConfigurationError``."""
    problems = []
    if searching:
        opensearch = settings.vector_store == "opensearch"
        wanted = (*wanted, "opensearch_endpoint" if opensearch else "vector_bucket")
        if settings.embedder.provider != "bedrock":
            problems.append(_not_here(settings.embedder))
    values = {name: getattr(settings, name) for name in (*wanted, "region")}
    problems += [f"{_variable(name)}: is needed here and not set" for name, value in values.items() if not value]
    if problems:
        raise ConfigurationError("\n  ".join(("Documents cannot be served with these settings:", *problems)))
    return values


def _variable(name: str) -> str:
    return "AWS_REGION" if name == "region" else PREFIX + name.upper()


def _not_here(spec: ModelSpec) -> str:
    return f"CHATBOT_EMBEDDER: {spec.name} cannot run here; write bedrock:<model id>"


def _cloud_index(settings: Settings, clients: AwsClients, names: Mapping[str, str]) -> ChunkIndex:
    if settings.vector_store == "s3vectors":
        from shared.aws.s3_vectors import S3VectorsIndex

        return S3VectorsIndex(clients.s3vectors(), names["vector_bucket"], settings.index_name)
    from shared.aws.opensearch import OpenSearchIndex
    from shared.aws.opensearch_client import OpenSearchClient

    client = OpenSearchClient(names["opensearch_endpoint"], names["region"], clients.credentials)
    return OpenSearchIndex(client, settings.index_name)


def _cloud_embedders(clients: AwsClients) -> Callable[[ModelSpec], Embedder]:
    def open_embedder(spec: ModelSpec) -> Embedder:
        from shared.aws.titan import TitanEmbedder

        if spec.provider != "bedrock":
            raise ConfigurationError(_not_here(spec))
        return TitanEmbedder(clients.bedrock_runtime(), spec.model_id)

    return open_embedder


def _cloud_reranker(settings: Settings, clients: AwsClients) -> Reranker | None:
    if not settings.rerank_model:
        return None
    from shared.aws.bedrock_rerank import BedrockReranker

    return BedrockReranker(clients.bedrock_agent_runtime(), settings.rerank_model)
