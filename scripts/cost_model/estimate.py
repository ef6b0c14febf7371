"""The lines of a month's bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cost_model import assumptions as a
from cost_model.prices import Price, Prices
from shared.models import TokenUsage

Rag = Literal["off", "s3vectors", "opensearch"]

_KB_IN_GB = 1_000_000
_MB_IN_GB = 1_000

#: Metrics that the alarms of observability.yaml read, which is what they are billed by. A test counts them there.
ALARM_METRICS = 6
TOKEN_ALARM_METRICS = 1
DOCUMENT_ALARM_METRICS = 4
#: The alarm that rolls a canary of prod back, with or without an address.
CANARY_ALARM_METRICS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What is deployed and how much it is used in a month.

    ``documents_mb`` are files that are kept, and that are added in a month with chats; an idle month adds none.
    """

    chats: int = 0
    rag: Rag = "off"
    alarms: int = 0
    documents_mb: float = 100
    model: str = "global.anthropic.claude-haiku-5-5"
    embedder: str = "amazon.titan-embed-text-v2:0"
    rerank: bool = False
    web: bool = False

    @property
    def added_mb(self) -> float:
        """Megabytes of documents that are indexed in this month."""
        return self.documents_mb if self.rag != "off" and self.chats else 0


@dataclass(frozen=True, slots=True)
class Line:
    """One position. ``usd`` is ``None`` where the price is not known."""

    service: str
    what: str
    quantity: float
    unit: str
    price: str
    usd: float | None
    unverified: bool = False


def estimate(plan: Plan, prices: Prices) -> list[Line]:
    """Every position of the month, those of $0.00 too."""
    lines = [*_always(plan, prices), *_chats(plan, prices), *_model(plan, prices)]
    if plan.rag != "off":
        lines += [*_documents(plan, prices), *_embedding(plan, prices)]
        lines += _s3_vectors(plan, prices) if plan.rag == "s3vectors" else _opensearch(plan, prices)
    return lines


def total(lines: list[Line]) -> float:
    """US dollars of all positions whose price is known."""
    return sum(line.usd or 0.0 for line in lines)


def _line(service: str, what: str, price: Price, quantity: float) -> Line:
    per = f" {price.per:,}" if price.per > 1 else ""
    free = f", {price.free:,} free" if price.free else ""
    text = f"${price.usd:.2f}" if round(price.usd, 2) == price.usd else f"${price.usd:.10f}".rstrip("0")
    told = f"{text} /{per} {price.unit}{free}"
    return Line(service, what, quantity, price.unit, told, price.cost(quantity), price.unverified)


def _always(plan: Plan, prices: Prices) -> Iterator[Line]:
    yield _line("KMS", "customer key", prices["kms_key"], 1)
    stored = a.ARTIFACTS_GB + (plan.documents_mb / _MB_IN_GB if plan.rag != "off" else 0)
    yield _line("S3", "code, templates" + (", documents" if plan.rag != "off" else ""), prices["s3_storage"], stored)
    yield _line("CloudWatch", "dashboard", prices["dashboard"], 1)
    if plan.alarms:
        yield _line("CloudWatch", "alarms (metrics they read)", prices["alarm"], plan.alarms)
        yield _line("SNS", "e-mail", prices["sns_email"], a.ALARM_EMAILS)
    if plan.web:
        requests = plan.chats * (1 + a.OTHER_REQUESTS)
        yield _line("CloudFront", "requests", prices["cloudfront_request"], requests)


def _chats(plan: Plan, prices: Prices) -> Iterator[Line]:
    chats, documents = plan.chats, plan.rag != "off"
    requests = 1 + a.OTHER_REQUESTS
    searches = a.SEARCHES if documents else 0
    reads = a.READS + (a.DOCUMENT_READS if documents else 0)
    writes = a.WRITES + (a.DOCUMENT_WRITES if documents else 0)
    stored = (a.STORED_KB + (a.DOCUMENT_STORED_KB if documents else 0)) * chats / _KB_IN_GB
    keys = a.KMS_REQUESTS + (a.DOCUMENT_KMS_REQUESTS if documents else 0)
    logs = a.LOG_KB + (a.DOCUMENT_LOG_KB if documents else 0)
    seconds = (a.CHAT_SECONDS + a.OTHER_REQUESTS * a.OTHER_SECONDS) * a.CHAT_GB
    seconds += searches * a.SEARCH_SECONDS * a.SEARCH_GB
    ingested = plan.added_mb * a.INGESTION_SECONDS_A_MB * a.INGESTION_GB
    yield _line("Lambda", "computing", prices["lambda_compute"], chats * seconds + ingested)
    yield _line("Lambda", "starts", prices["lambda_request"], chats * (requests + searches) + plan.added_mb)
    yield _line("API Gateway", "requests", prices["api_request"], chats * requests)
    yield _line("DynamoDB", "writes", prices["dynamodb_write"], chats * writes)
    yield _line("DynamoDB", "reads", prices["dynamodb_read"], chats * reads)
    yield _line("DynamoDB", "conversations kept", prices["dynamodb_storage"], stored)
    yield _line("DynamoDB", "their backup to any second", prices["dynamodb_backup"], stored)
    yield _line("KMS", "data keys", prices["kms_request"], chats * keys)
    yield _line("CloudWatch", "logs", prices["log_ingestion"], chats * logs / _KB_IN_GB)
    metrics = a.CUSTOM_METRICS * a.metric_hours(chats) / a.HOURS_A_MONTH
    yield _line("CloudWatch", "custom metrics (by the hour)", prices["custom_metric"], metrics)
    yield _line("Data transfer", "answers", prices["data_transfer"], chats * a.TRANSFER_KB / _KB_IN_GB)


def _model(plan: Plan, prices: Prices) -> Iterator[Line]:
    extra = plan.rag != "off"
    one = TokenUsage(
        a.INPUT_TOKENS + (a.REWRITE_INPUT_TOKENS if extra else 0),
        a.OUTPUT_TOKENS + (a.REWRITE_OUTPUT_TOKENS if extra else 0),
    )
    price = prices.model(plan.model)
    tokens = plan.chats * (one.input_tokens + one.output_tokens)
    cost = price.cost(one) if price else None
    if price is None or cost is None:
        yield Line("Bedrock", plan.model, tokens, "tokens", "price not known", None if plan.chats else 0.0)
        return
    told = f"${price.input:g} in, ${price.output:g} out / 1,000,000 tokens"
    yield Line("Bedrock", plan.model, tokens, "tokens", told, plan.chats * cost)


def _documents(plan: Plan, prices: Prices) -> Iterator[Line]:
    yield _line("SQS", "polls of the idle queue", prices["sqs_request"], a.QUEUE_POLLS)
    yield _line("EventBridge", "files added", prices["eventbridge_event"], plan.added_mb)
    if plan.rerank:
        yield _line("Bedrock", "reranking", prices["rerank_query"], plan.chats * a.SEARCHES)


def _embedding(plan: Plan, prices: Prices) -> Iterator[Line]:
    tokens = plan.chats * a.SEARCHES * a.EMBEDDED_TOKENS + plan.added_mb * a.CHUNKS_A_MB * a.CHUNK_TOKENS
    price = prices.embedder(plan.embedder)
    if price is None:
        yield Line("Bedrock", plan.embedder, tokens, "tokens", "price not known", None if tokens else 0.0)
    else:
        yield _line("Bedrock", plan.embedder, price, tokens)


def _s3_vectors(plan: Plan, prices: Prices) -> list[Line]:
    stored, added = (each * a.CHUNKS_A_MB * a.CHUNK_KB / _KB_IN_GB for each in (plan.documents_mb, plan.added_mb))
    queries = plan.chats * a.SEARCHES * a.VECTOR_QUERIES
    return [
        _line("S3 Vectors", "chunks kept", prices["s3vectors_storage"], stored),
        _line("S3 Vectors", "chunks written", prices["s3vectors_put"], added),
        _line("S3 Vectors", "queries", prices["s3vectors_query"], queries),
        _line("S3 Vectors", "data that queries go through", prices["s3vectors_data"], queries * stored),
    ]


def _opensearch(plan: Plan, prices: Prices) -> list[Line]:
    stored = plan.documents_mb * a.CHUNKS_A_MB * a.CHUNK_KB / _KB_IN_GB
    indexing = a.indexing_hours(plan.added_mb)
    searching = min(a.HOURS_A_MONTH, a.search_hours(plan.chats) + indexing)
    ocu = prices["opensearch_ocu"]
    return [
        _line("OpenSearch", f"search awake {searching:,.0f} h", ocu, searching * a.SEARCH_OCUS),
        _line("OpenSearch", f"indexing awake {indexing:,.1f} h", ocu, indexing * a.INDEXING_OCUS),
        _line("OpenSearch", "chunks kept", prices["opensearch_storage"], stored),
    ]
