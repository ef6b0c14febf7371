"""The composition roots of documents: what each function is made of, what it loads, and what is refused in words."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shared import document_backends as roots
from shared.aws.bedrock_rerank import BedrockReranker
from shared.aws.clients import AwsClients
from shared.aws.opensearch import OpenSearchIndex
from shared.aws.s3_vectors import S3VectorsIndex
from shared.aws.titan import TitanEmbedder
from shared.config import Settings, load_settings
from shared.errors import ConfigurationError
from shared.models import ModelSpec
from tests.integration.test_architecture import run

ALL = {
    "CHATBOT_DOCUMENTS_TABLE": "documents",
    "CHATBOT_DOCUMENTS_BUCKET": "documents-111122223333",
    "CHATBOT_INGESTION_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/ingestion",
    "CHATBOT_RETRIEVAL_FUNCTION": "chatbot-retrieval",
    "CHATBOT_OPENSEARCH_ENDPOINT": "https://c.aoss.eu-west-1.on.aws",
    "CHATBOT_VECTOR_BUCKET": "vectors",
    "CHATBOT_EMBEDDER": "bedrock:amazon.titan-embed-text-v2:0",
    "AWS_REGION": "eu-west-1",
}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
ROOTS = [roots.cloud_documents, roots.cloud_search, roots.cloud_chat_documents]
Root = Callable[[Settings], object]


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no-such-file"))
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


def settings(**more: str) -> Settings:
    return load_settings({**ALL, **more})


def test_the_index_is_the_one_that_was_chosen() -> None:
    assert isinstance(roots.cloud_search(settings()).index, OpenSearchIndex)
    assert isinstance(roots.cloud_search(settings(CHATBOT_VECTOR_STORE="s3vectors")).index, S3VectorsIndex)


@pytest.mark.parametrize(
    ("root", "wanted"),
    [
        (
            roots.cloud_documents,
            ["DOCUMENTS_TABLE", "DOCUMENTS_BUCKET", "INGESTION_QUEUE_URL", "OPENSEARCH_ENDPOINT", "EMBEDDER"],
        ),
        (roots.cloud_search, ["DOCUMENTS_TABLE", "OPENSEARCH_ENDPOINT", "EMBEDDER"]),
        (
            roots.cloud_chat_documents,
            ["DOCUMENTS_TABLE", "DOCUMENTS_BUCKET", "INGESTION_QUEUE_URL", "RETRIEVAL_FUNCTION"],
        ),
    ],
)
def test_everything_that_is_missing_is_named_at_once(root: Root, wanted: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        root(load_settings({}))
    named = [line.strip().partition(":")[0] for line in caught.value.message.splitlines()[1:]]
    assert sorted(named) == sorted([*(f"CHATBOT_{name}" for name in wanted), "AWS_REGION"])


def test_an_index_in_s3_vectors_needs_its_bucket_and_no_collection() -> None:
    chosen = load_settings({**ALL, "CHATBOT_VECTOR_STORE": "s3vectors", "CHATBOT_VECTOR_BUCKET": ""})
    with pytest.raises(ConfigurationError, match="CHATBOT_VECTOR_BUCKET") as caught:
        roots.cloud_documents(chosen)
    assert "OPENSEARCH" not in caught.value.message


@pytest.mark.parametrize("embedder", ["builtin", "openai:nomic-embed-text@http://127.0.0.1:11434/v1"])
@pytest.mark.parametrize("root", [roots.cloud_documents, roots.cloud_search])
def test_an_embedder_that_cannot_run_here_is_refused_with_the_remedy(root: Root, embedder: str) -> None:
    with pytest.raises(ConfigurationError, match=r"CHATBOT_EMBEDDER.*cannot run here; write bedrock:"):
        root(settings(CHATBOT_EMBEDDER=embedder))


def test_embedders_are_opened_for_models_of_bedrock_only() -> None:
    """Documents that were embedded elsewhere before may name others; those are passed over."""
    open_embedder = roots.cloud_search(settings()).open_embedder
    opened = open_embedder(ModelSpec("bedrock", "amazon.titan-embed-text-v2:0"))
    assert isinstance(opened, TitanEmbedder)
    assert opened.traits.name == settings().embedder.name
    opened.close()
    with pytest.raises(ConfigurationError, match="builtin cannot run here"):
        open_embedder(ModelSpec("builtin", "builtin"))


def test_passages_are_ordered_anew_only_where_that_was_chosen() -> None:
    assert roots.cloud_search(settings()).reranker is None
    chosen = roots.cloud_search(settings(CHATBOT_RERANK_MODEL="cohere.rerank-v3-5:0"))
    assert isinstance(chosen.reranker, BedrockReranker)


@pytest.mark.parametrize("root", ROOTS)
def test_a_region_that_is_none_is_told_with_the_remedy(root: Root) -> None:
    with pytest.raises(ConfigurationError, match="AWS_REGION to one"):
        root(settings(AWS_REGION="eu west 1"))


def test_credentials_are_those_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    found = AwsClients("eu-west-1").credentials()
    assert found is not None
    assert (found.access_key, found.secret_key) == ("test", "test")
    for name in CREDENTIALS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert AwsClients("eu-west-1").credentials() is None


_LOADED = """
import json, sys
from shared import document_backends
from shared.config import load_settings

getattr(document_backends, sys.argv[1])(load_settings())
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    ("root", "needed", "unwanted"),
    [
        (
            roots.cloud_chat_documents,
            {"shared.aws.lambda_retriever", "shared.aws.s3_files", "shared.aws.sqs_queue"},
            ("shared.aws.opensearch", "shared.aws.s3_vectors", "shared.aws.titan", "rag"),
        ),
        (
            roots.cloud_search,
            {"shared.aws.opensearch", "shared.aws.dynamodb_catalogue"},
            ("shared.aws.s3_files", "shared.aws.sqs_queue", "shared.aws.lambda_retriever", "shared.aws.s3_vectors"),
        ),
        (
            roots.cloud_documents,
            {"shared.aws.opensearch", "shared.aws.s3_files", "shared.aws.sqs_queue"},
            ("shared.aws.lambda_retriever", "shared.aws.bedrock_rerank", "shared.aws.s3_vectors"),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_each_function_loads_what_it_needs_and_no_more(
    root: Callable[[Settings], object], needed: set[str], unwanted: tuple[str, ...]
) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": "src", **CREDENTIALS, **ALL}
    loaded = set(json.loads(run(_LOADED, environ, root.__name__)))
    assert needed <= loaded
    local = ("shared.local", "sqlite3", "numpy", "tokenizers", "xllamacpp", "fastapi", "pypdfium2")
    assert [name for name in loaded if name.startswith((*unwanted, *local))] == []
