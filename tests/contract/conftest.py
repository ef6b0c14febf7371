"""Fixtures of the contract suites: each port's adapters, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from shared.aws.dynamodb import DynamoDBStore
from shared.local.sqlite_store import SQLiteStore
from shared.ports import Store
from tests.contract.stores import MovableClock, Turns, create_table, one_call_at_a_time
from tests.emulator.emulator import REGION, Emulator, running_emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running_emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def turn(clock: MovableClock) -> Turns:
    return Turns(clock)


@pytest.fixture(
    params=["sqlite", "dynamodb-moto", pytest.param("dynamodb-emulator", marks=pytest.mark.emulator)],
)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: MovableClock) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "sqlite":
        opened: Store = SQLiteStore(tmp_path / "chatbot.db", clock)
        yield opened
        opened.close()
    elif request.param == "dynamodb-moto":
        with mock_aws():
            client = boto3.client("dynamodb", region_name=REGION)
            one_call_at_a_time(client)
            opened = DynamoDBStore(client, create_table(client), clock)
            yield opened
            opened.close()
    else:
        running: Emulator = request.getfixturevalue("emulator")
        options: dict[str, Any] = dict(running.client_options)
        client = boto3.client("dynamodb", config=Config(max_pool_connections=32), **options)
        opened = DynamoDBStore(client, create_table(client), clock)
        yield opened
        opened.close()
