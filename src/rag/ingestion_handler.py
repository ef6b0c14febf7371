"""The entry point of the function that ingests: a queue's messages in, those that are not done out.

SQS messages        each a storage event or a message of our own; see ``ingestion_messages``
{"reindex": true}   by hand, after the embedder was changed: queues every document that is not as it should be
{"reindex": "all"}  by hand, after the index was made anew: queues every document, to be compared with the index
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from rag.document_processor import DocumentProcessor, ExtractionLimits
from rag.embedding_service import EmbeddingService
from rag.extraction.limits import MEGABYTE
from rag.ingestion import IngestionService
from rag.ingestion_worker import IngestionWorker
from rag.invocation import LambdaContext, deadline_of
from shared import logger
from shared.backends import utc_now
from shared.config import load_settings
from shared.document_backends import cloud_documents

#: Kept back of the function's time, to leave a document in order.
_MARGIN_SECONDS = 10.0


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The entry point. Answers SQS with the messages that it is to deliver again."""
    deadline = deadline_of(context, _MARGIN_SECONDS)
    worker = _worker()
    if event.get("reindex") is True:
        return {"queued": worker.queue_outdated()}
    if event.get("reindex") == "all":
        return {"queued": worker.queue_all()}
    failed = worker.work(event["Records"], deadline)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


@functools.cache
def _worker() -> IngestionWorker:
    """Made with the first invocation of a process, and kept. Raises ``ConfigurationError``."""
    settings = load_settings()
    logger.configure(settings.log_level, json_lines=True)
    backends = cloud_documents(settings)
    embeddings = EmbeddingService(settings.embedder, backends.open_embedder)
    limits = ExtractionLimits(max_bytes=settings.document_max_mb * MEGABYTE, max_pages=settings.document_max_pages)
    service = IngestionService(
        backends.catalogue, backends.index, backends.files, embeddings, DocumentProcessor(limits), utc_now
    )
    bucket = settings.documents_bucket or ""
    return IngestionWorker(service, backends, bucket=bucket, embedder=settings.embedder.name, clock=utc_now)
