"""Catalogues in DynamoDB tables, made as the adapter says."""

from __future__ import annotations

import atexit
import functools
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto import mock_aws

from shared.aws.dynamodb_catalogue import TABLE, DynamoDBCatalogue
from tests.contract.stores import one_call_at_a_time
from tests.emulator.emulator import REGION, Emulator, running_emulator

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def catalogue(client: DynamoDBClient) -> DynamoDBCatalogue:
    """A catalogue in a new table."""
    name = f"documents-{uuid.uuid4().hex}"
    client.create_table(TableName=name, **TABLE)
    return DynamoDBCatalogue(client, name)


@contextmanager
def on_moto(_: Path) -> Iterator[DynamoDBCatalogue]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        one_call_at_a_time(client)
        with closing(catalogue(client)) as opened:
            yield opened


@contextmanager
def on_the_emulator(_: Path) -> Iterator[DynamoDBCatalogue]:
    options: dict[str, Any] = dict(_emulator().client_options)
    client = boto3.client("dynamodb", config=Config(max_pool_connections=32), **options)
    with closing(catalogue(client)) as opened:
        yield opened


@functools.cache
def _emulator() -> Emulator:
    """One for all tests of the process, stopped when it ends."""
    running = ExitStack()
    atexit.register(running.close)
    folder = running.enter_context(tempfile.TemporaryDirectory(prefix="emulator-"))
    return running.enter_context(running_emulator(Path(folder)))
