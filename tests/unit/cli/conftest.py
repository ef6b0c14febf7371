from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.fake_api import FakeApi, fake_api
from tests.unit.cli.running import CommandLine


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with fake_api() as api:
        yield api


@pytest.fixture
def chatbot(api: FakeApi, tmp_path: Path) -> CommandLine:
    """The command line, pointed at the fake by CHATBOT_URL."""
    return CommandLine(tmp_path, CHATBOT_URL=api.url)


@pytest.fixture
def bare_chatbot(tmp_path: Path) -> CommandLine:
    """The command line with nothing configured."""
    return CommandLine(tmp_path)
