"""Run by a Python without any library, with nothing but a function's unpacked zip on its path:

    PYTHONPATH=unpacked python probe.py FUNCTION [DOCUMENTS]

Does what the function does before it calls AWS, so that all is imported that it imports while it runs. Prints a JSON
object: ``modules`` that are loaded and their files, ``services`` that clients were made of, ``texts`` that came out.
"""

# ruff: noqa: PLC0415 - nothing of the function can be imported where this file is imported

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

OWN = ("chatbot", "rag", "shared")
COMMON = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not a secret",
    "AWS_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "CHATBOT_TABLE": "conversations",
    "CHATBOT_KMS_KEY_ID": "alias/chatbot",
    "CHATBOT_MODEL": "bedrock:global.anthropic.claude-haiku-5-5",
    "CHATBOT_EMBEDDER": "bedrock:amazon.titan-embed-text-v2:0",
    "CHATBOT_DOCUMENTS_TABLE": "documents",
    "CHATBOT_DOCUMENTS_BUCKET": "documents",
    "CHATBOT_INGESTION_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/ingestion",
    "CHATBOT_RETRIEVAL_FUNCTION": "retrieval",
    "CHATBOT_RERANK_MODEL": "arn:aws:bedrock:eu-central-1::foundation-model/cohere.rerank-v3-5:0",
    "CHATBOT_OPENSEARCH_ENDPOINT": "https://index.eu-central-1.aoss.amazonaws.com",
    "CHATBOT_VECTOR_BUCKET": "vectors",
}


def main() -> None:
    os.environ.update(COMMON)
    services = _record_services()
    name, *folders = sys.argv[1:]
    functions: dict[str, Callable[..., dict[str, str]]]
    functions = {"chat": _chat, "ingestion": _ingestion, "retrieval": _retrieval}
    texts = functions[name](*map(Path, folders))
    _import_all()
    modules = {module: getattr(found, "__file__", None) for module, found in sys.modules.items()}
    json.dump({"modules": modules, "services": sorted(services), "texts": texts}, sys.stdout)


def _record_services() -> set[str]:
    """The services that clients will have been made of."""
    import boto3.session

    found: set[str] = set()
    make: Callable[..., Any] = boto3.session.Session.client

    def client(session: Any, service: str, **options: Any) -> Any:
        found.add(service)
        return make(session, service, **options)

    boto3.session.Session.client = client  # type: ignore[method-assign, assignment]
    return found


def _chat() -> dict[str, str]:
    from chatbot.handler import cloud_app
    from shared.config import CLOUD_SETTINGS, load_settings
    from shared.pricing import PriceList

    app = cloud_app(load_settings(required=CLOUD_SETTINGS))
    return {"openapi": app.openapi()["info"]["title"], "prices": type(PriceList.load()).__name__}


def _ingestion(documents: Path) -> dict[str, str]:
    from rag import ingestion_handler
    from rag.chunking import chunk
    from rag.document_processor import DocumentProcessor
    from rag.extraction.limits import ExtractionLimits
    from rag.extraction.reader import read
    from shared.config import load_settings
    from shared.document_backends import cloud_documents

    for store in ("opensearch", "s3vectors"):
        os.environ["CHATBOT_VECTOR_STORE"] = store
        ingestion_handler._worker.cache_clear()
        ingestion_handler._worker()
        settings = load_settings()
        cloud_documents(settings).open_embedder(settings.embedder)
    limits = ExtractionLimits()
    processor = DocumentProcessor(limits)
    texts = {}
    for path in sorted(documents.iterdir()):
        extracted = processor.extract(path, path.name)
        texts[path.name] = " ".join(part.text for part in chunk(extracted, title=path.name, max_tokens=512))
        # The same in this process, where it shows what is imported.
        read(path, path.name, None, limits)
    processor.close()
    return texts


def _retrieval() -> dict[str, str]:
    from rag import relatedness, retrieval_handler
    from shared.config import load_settings
    from shared.document_backends import cloud_search

    for store in ("opensearch", "s3vectors"):
        os.environ["CHATBOT_VECTOR_STORE"] = store
        retrieval_handler._retriever.cache_clear()
        retrieval_handler._retriever()
        settings = load_settings()
        cloud_search(settings).open_embedder(settings.embedder)
    return {"vocabulary": str(relatedness._VOCABULARY.is_file())}


def _import_all() -> None:
    """Every module of ours that is in the zip."""
    for name in OWN:
        try:
            package = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            continue
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(found.name)


if __name__ == "__main__":
    main()
