"""Fixtures of the tests that go through the HTTP API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving import Client, Home, build, serving


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """The application over a scripted model and an empty database; not served."""
    return build(tmp_path)


@pytest.fixture
def url(home: Home) -> Iterator[str]:
    """Where the application is served."""
    with serving(home.app) as found:
        yield found


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """The owner's client."""
    with Client(url) as opened:
        yield opened
