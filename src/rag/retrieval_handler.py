"""The entry point of the function that searches: a request of ``shared.retrieval_wire`` in, its answer out."""

from __future__ import annotations

import functools
import logging
import time
from dataclasses import replace
from typing import Any

from rag.embedding_service import EmbeddingService
from rag.invocation import LambdaContext, deadline_of
from rag.retrieval import RetrievalService
from shared import logger
from shared import retrieval_wire as wire
from shared.config import load_settings
from shared.document_backends import cloud_search
from shared.document_ports import Retriever
from shared.errors import UNEXPECTED, ChatbotError

log = logging.getLogger(__name__)

#: Kept back of the function's time, for the answer.
_MARGIN_SECONDS = 1.0


def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """The entry point. Every error is an answer too, so that none shows what it was about."""
    started = time.monotonic()
    try:
        request = wire.decode_request(event)
        request = replace(request, deadline=min(request.deadline, deadline_of(context, _MARGIN_SECONDS)))
        result = _retriever().retrieve(request)
    except ChatbotError as error:
        log.warning("search failed", extra={"code": error.code, "duration_ms": _milliseconds_since(started)})
        return wire.encode_error(error)
    except Exception:
        log.exception("search failed unexpectedly", extra={"duration_ms": _milliseconds_since(started)})
        return wire.encode_error(ChatbotError(UNEXPECTED))
    measured = {"count": len(result.passages), "duration_ms": _milliseconds_since(started)}
    log.info("searched", extra={"status": result.outcome, **measured})
    return wire.encode_result(result)


@functools.cache
def _retriever() -> Retriever:
    """Made with the first invocation of a process, and kept. Raises ``ConfigurationError``."""
    settings = load_settings()
    logger.configure(settings.log_level, json_lines=True)
    backends = cloud_search(settings)
    embeddings = EmbeddingService(settings.embedder, backends.open_embedder)
    return RetrievalService(backends.catalogue, backends.index, embeddings, backends.reranker)


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
