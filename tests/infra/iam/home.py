"""What the functions run on here: moto's DynamoDB, KMS, S3 and SQS, and stand-ins of the other services on loopback.

The resources are those of a deployment, with the names and the schemas of the templates.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from fastapi import FastAPI
from moto import mock_aws
from starlette.routing import Route

from chatbot.handler import cloud_app
from rag import ingestion_handler, retrieval_handler
from rag.document_processor import DocumentProcessor, ExtractionLimits
from shared.aws.dynamodb_catalogue import DynamoDBCatalogue
from shared.config import CLOUD_SETTINGS, load_settings
from tests.contract.loopback import Exchange, LoopbackServer
from tests.contract.opensearch_server import OpenSearchServer
from tests.contract.s3_vectors_server import S3VectorsServer
from tests.contract.vector_stores import ManualTimer
from tests.events import Context
from tests.infra.arns import REGION
from tests.infra.iam.bedrock import Bedrock
from tests.infra.iam.deployment import CHAT, INGESTION, RETRIEVAL, Deployment, Function
from tests.infra.iam.recorder import Recorder

_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "test"}
_OPTIONS: Any = {"region_name": REGION, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
_SCHEMA = (
    *("AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes"),
    *("TableName", "BillingMode"),
)


#: A method and the path of a route, or of a request.
Asked = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Home:
    """The functions, not started yet, and clients of the owner's, whose calls are not recorded.

    ``routes`` are those that the chat function has, ``asked`` what was asked of them.
    """

    functions: Mapping[str, Function]
    recorder: Recorder
    bedrock: Bedrock
    vector_store: OpenSearchServer | S3VectorsServer | None
    s3: Any
    sqs: Any
    catalogue: DynamoDBCatalogue
    routes: set[Asked] = field(default_factory=set)
    asked: set[Asked] = field(default_factory=set)

    @property
    def bucket(self) -> str:
        return self.functions[CHAT].environment["CHATBOT_DOCUMENTS_BUCKET"]

    @property
    def queue_url(self) -> str:
        return self.functions[CHAT].environment["CHATBOT_INGESTION_QUEUE_URL"]

    def chat(self) -> FastAPI:
        """The chat function, just started: what it keeps in memory is empty."""
        environ = {**self.functions[CHAT].environment, "AWS_REGION": REGION}
        with self.recorder.acting(CHAT):
            app = cloud_app(load_settings(environ, required=CLOUD_SETTINGS))
        routes = (route for route in app.routes if isinstance(route, Route))
        self.routes.update((method, route.path) for route in routes for method in route.methods or ())
        return app

    def start(self) -> None:
        """The functions of documents, started anew, one after the other, each in its own environment."""
        for name, start in ((INGESTION, ingestion_handler._worker), (RETRIEVAL, retrieval_handler._retriever)):
            with pytest.MonkeyPatch.context() as patch, self.recorder.acting(name):
                for variable, value in self.functions[name].environment.items():
                    patch.setenv(variable, value)
                if isinstance(self.vector_store, OpenSearchServer):
                    patch.setenv("CHATBOT_OPENSEARCH_ENDPOINT", self.vector_store.url)
                start.cache_clear()
                start()

    def lose_index(self) -> None:
        """Documents were switched off and on again: the index is a new one, and so are the functions."""
        assert self.vector_store
        self.vector_store.engine.indexes.clear()
        self.start()

    def ingest(self, event: Mapping[str, Any], milliseconds: int = 900_000) -> dict[str, Any]:
        """What the ingestion function answers, with so much time left."""
        return ingestion_handler.handler(event, Context(milliseconds))


@contextlib.contextmanager
def home(deployment: Deployment) -> Iterator[Home]:
    """The deployment, with nothing stored."""
    functions, recorder, timer = deployment.functions(), Recorder(), ManualTimer()
    chat = functions[CHAT].environment
    with (
        _quiet(),
        contextlib.closing(DocumentProcessor(ExtractionLimits())) as processor,
        pytest.MonkeyPatch.context() as patch,
        mock_aws(),
        Bedrock() as bedrock,
        _vector_store(functions, timer) as vector_store,
        LoopbackServer(_retrieve) as retrieval,
        contextlib.closing(boto3.client("s3", **_OPTIONS)) as s3,
        contextlib.closing(boto3.client("sqs", **_OPTIONS)) as sqs,
        contextlib.closing(boto3.client("dynamodb", **_OPTIONS)) as dynamodb,
    ):
        _forget_environment(patch)
        endpoints = {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url,
            "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": bedrock.url,
            "AWS_ENDPOINT_URL_LAMBDA": retrieval.url,
            **({"AWS_ENDPOINT_URL_S3VECTORS": vector_store.url} if vector_store else {}),
        }
        for name, value in {**_CREDENTIALS, "AWS_REGION": REGION, **endpoints}.items():
            patch.setenv(name, value)
        _make(deployment, dynamodb, s3, sqs)
        with recorder.listening({chat["CHATBOT_KMS_KEY_ID"]: _make_key()}, timer):
            patch.setattr(ingestion_handler, "DocumentProcessor", lambda _: processor)
            catalogue = DynamoDBCatalogue(dynamodb, chat.get("CHATBOT_DOCUMENTS_TABLE", ""))
            at_home = Home(functions, recorder, bedrock, vector_store, s3, sqs, catalogue)
            if INGESTION in functions:
                at_home.start()
            yield at_home
        for start in (ingestion_handler._worker, retrieval_handler._retriever):
            start.cache_clear()


def _make(deployment: Deployment, dynamodb: Any, s3: Any, sqs: Any) -> None:
    for table in deployment.of_type("AWS::DynamoDB::Table"):
        dynamodb.create_table(**{name: table.properties[name] for name in _SCHEMA if name in table.properties})
    for bucket in deployment.of_type("AWS::S3::Bucket"):
        name = bucket.properties["BucketName"]
        s3.create_bucket(Bucket=name)
        if versioning := bucket.properties.get("VersioningConfiguration"):
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
    for queue in deployment.of_type("AWS::SQS::Queue"):
        sqs.create_queue(QueueName=queue.properties["QueueName"])


def _make_key() -> str:
    with contextlib.closing(boto3.client("kms", **_OPTIONS)) as kms:
        arn: str = kms.create_key()["KeyMetadata"]["Arn"]
    return arn


@contextlib.contextmanager
def _vector_store(
    functions: Mapping[str, Function], timer: ManualTimer
) -> Iterator[OpenSearchServer | S3VectorsServer | None]:
    """A collection or a vector bucket, as the functions are configured."""
    environ = functions[INGESTION].environment if INGESTION in functions else {}
    if environ.get("CHATBOT_VECTOR_STORE") == "s3vectors":
        with S3VectorsServer(environ["CHATBOT_VECTOR_BUCKET"]) as vectors:
            yield vectors
    elif environ:
        with OpenSearchServer(clock=timer.now, refresh_seconds=0) as collection:
            yield collection
    else:
        yield None


def _retrieve(exchange: Exchange) -> None:
    """Lambda, as the chat function sees it."""
    exchange.answer(200, retrieval_handler.handler(exchange.body, Context()))


def _forget_environment(patch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith(("CHATBOT_", "AWS_")):
            patch.delenv(name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The functions log to standard output as they are told to; this leaves logging as it was."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
