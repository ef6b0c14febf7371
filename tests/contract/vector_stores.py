"""The adapters of the cloud's vector stores before their stand-ins, and a time that passes only when waited for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials

from shared.aws.opensearch import OpenSearchIndex
from shared.aws.opensearch_client import OpenSearchClient, SystemTimer, Timer
from shared.aws.s3_vectors import S3VectorsIndex
from tests.contract.opensearch_server import OpenSearchServer
from tests.contract.s3_vectors_server import S3VectorsServer

REGION = "us-east-1"
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
SECRETS = {ACCESS_KEY: SECRET_KEY}
BUCKET = "chatbot-vectors"


class ManualTimer:
    """Stands still but for the pauses made in it."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds


def opensearch_client(url: str, timer: Timer | None = None) -> OpenSearchClient:
    credentials = ReadOnlyCredentials(ACCESS_KEY, SECRET_KEY, "session-token")
    return OpenSearchClient(url, REGION, lambda: credentials, timer or SystemTimer())


class TickingTimer(ManualTimer):
    """Passes by itself: a second whenever it is asked."""

    def now(self) -> float:
        self.pause(1.0)
        return super().now()


@contextlib.contextmanager
def opensearch_index(_: Path) -> Iterator[OpenSearchIndex]:
    """The adapter before a collection that refreshes late."""
    timer = TickingTimer()
    with (
        OpenSearchServer(clock=timer.now, secrets=SECRETS) as server,
        # Threads use up each other's time.
        contextlib.closing(OpenSearchIndex(opensearch_client(server.url, timer), "documents", 1e9)) as index,
    ):
        yield index


def s3_vectors_client(url: str, *, read_timeout: float = 30, attempts: int = 1) -> Any:
    """A client of the stand-in; with one attempt, a fault is seen and not retried away."""
    config = Config(
        connect_timeout=2,
        read_timeout=read_timeout,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        proxies={},
    )
    return boto3.client(
        "s3vectors",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=config,
    )


@contextlib.contextmanager
def s3_vectors_index(_: Path) -> Iterator[S3VectorsIndex]:
    """The adapter before a vector bucket of a new deployment."""
    with (
        S3VectorsServer(BUCKET) as server,
        contextlib.closing(S3VectorsIndex(s3_vectors_client(server.url), BUCKET, "documents")) as index,
    ):
        yield index
