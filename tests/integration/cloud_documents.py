"""The functions of documents as in the cloud, over S3, DynamoDB and SQS as given; with the SQLite index in place of a
vector store, and the fake embedder."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rag import ingestion_handler, retrieval_handler
from rag.document_processor import DocumentProcessor
from shared.aws.dynamodb_catalogue import TABLE, DynamoDBCatalogue
from shared.aws.s3_files import S3Files
from shared.aws.sqs_queue import SqsQueue
from shared.document_backends import IngestionBackends, SearchBackends
from shared.document_keys import document_id_of, storage_name
from shared.document_ports import ChunkIndex, DocumentCatalogue
from shared.documents import Chunk, DocumentRecord, Generation, SearchQuery
from shared.local.sqlite_documents import DocumentDatabase
from shared.models import ModelSpec
from tests.contract.stores import MovableClock, one_call_at_a_time
from tests.emulator.emulator import REGION
from tests.events import BUCKET, Context, sqs_event
from tests.fake_embedder import FakeEmbedder

TITAN = "amazon.titan-embed-text-v2:0"
EMBEDDER = f"bedrock:{TITAN}"
#: Of clients of moto's services.
OPTIONS: dict[str, Any] = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
#: The functions' environment, but for what each test makes.
SETTINGS = {
    "CHATBOT_DOCUMENTS_BUCKET": BUCKET,
    "CHATBOT_EMBEDDER": EMBEDDER,
    "CHATBOT_OPENSEARCH_ENDPOINT": "https://c.aoss.us-east-1.on.aws",
    "AWS_REGION": REGION,
}


@dataclass
class Cloud:
    """Clients of the services, the ports over them, and what a test may put in their place before the first event."""

    s3: Any
    sqs: Any
    queue_url: str
    catalogue: DocumentCatalogue
    index: ChunkIndex
    embedders: dict[str, FakeEmbedder]
    clock: MovableClock

    @property
    def embedder(self) -> FakeEmbedder:
        return self.embedders[EMBEDDER]

    def backends(self) -> IngestionBackends:
        queue = SqsQueue(self.sqs, self.queue_url)
        return IngestionBackends(
            catalogue=self.catalogue,
            index=self.index,
            files=S3Files(self.s3, BUCKET, 1 << 20),
            queue=queue,
            open_embedder=self._open,
            redeliver=queue.redeliver,
        )

    def search_backends(self) -> SearchBackends:
        return SearchBackends(self.catalogue, self.index, self._open)

    def _open(self, spec: ModelSpec) -> FakeEmbedder:
        return self.embedders[spec.name]

    def put(self, key: str, text: str, user_id: str = "owner") -> None:
        self.s3.put_object(Bucket=BUCKET, Key=storage_name(user_id, key), Body=text.encode())

    def delete(self, key: str) -> None:
        self.s3.delete_object(Bucket=BUCKET, Key=key)

    def handle(self, *bodies: str, context: Context | None = None) -> dict[str, Any]:
        """The answer to a batch of these messages."""
        return ingestion_handler.handler(sqs_event(*bodies), context or Context())

    def received(self) -> list[dict[str, Any]]:
        """Messages that the queue gives out now."""
        found = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10, AttributeNames=["All"])
        return [*found.get("Messages", ())]

    def record(self, key: str, user_id: str = "owner") -> DocumentRecord | None:
        return self.catalogue.get(user_id, document_id_of(user_id, key))

    def live(self, key: str, user_id: str = "owner") -> list[Chunk]:
        """The chunks that readers are shown of the document."""
        record = self.record(key, user_id)
        if record is None or record.generation is None:
            return []
        return self.index.chunks(
            Generation(user_id, record.document_id, record.generation, record.embedder or EMBEDDER)
        )

    def text(self, key: str, user_id: str = "owner") -> str | None:
        """The text that readers are shown, ``None`` where there is no record."""
        if self.record(key, user_id) is None:
            return None
        return "\n".join(chunk.text for chunk in self.live(key, user_id))

    def strays(self, word: str, *keys: str, user_id: str = "owner") -> set[str]:
        """Generations with this word in them that are not the live ones of the keys."""
        found = self.index.search(SearchQuery(user_id, word, {}, 1000))
        records = [self.record(key, user_id) for key in keys]
        return {hit.generation.generation for hit in found.by_keyword} - {
            record.generation for record in records if record and record.generation
        }


@contextmanager
def cloud(folder: Path, options: dict[str, Any], *, versioned: bool = True) -> Iterator[Cloud]:
    """Empty stores at the endpoint of the client options, in one process with the index."""
    config = Config(max_pool_connections=32)
    with (
        closing(boto3.client("s3", config=config, **options)) as s3,
        closing(boto3.client("sqs", **options)) as sqs,
        closing(boto3.client("dynamodb", config=config, **options)) as dynamodb,
        closing(DocumentDatabase(folder / "index.db")) as database,
    ):
        one_call_at_a_time(dynamodb)
        name = f"documents-{uuid.uuid4().hex}"
        dynamodb.create_table(TableName=name, **TABLE)
        s3.create_bucket(Bucket=BUCKET)
        if versioned:
            s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
        yield Cloud(
            s3,
            sqs,
            queue_url,
            DynamoDBCatalogue(dynamodb, name),
            database.index,
            {EMBEDDER: FakeEmbedder(EMBEDDER, chunk_tokens=32)},
            MovableClock(),
        )


@contextmanager
def deployed(home: Cloud, processor: DocumentProcessor, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Has the first invocation of each function find the home, and log as it does in the cloud."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    for name, value in {**SETTINGS, "CHATBOT_INGESTION_QUEUE_URL": home.queue_url}.items():
        patch.setenv(name, value)
    patch.setattr(ingestion_handler, "cloud_documents", lambda _: home.backends())
    patch.setattr(retrieval_handler, "cloud_search", lambda _: home.search_backends())
    patch.setattr(ingestion_handler, "DocumentProcessor", lambda _: processor)
    patch.setattr(ingestion_handler, "utc_now", home.clock)
    _forget()
    yield
    _forget()
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def _forget() -> None:
    """Makes the next invocations the first of their processes."""
    ingestion_handler._worker.cache_clear()
    retrieval_handler._retriever.cache_clear()
