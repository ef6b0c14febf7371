"""Fixtures of the tests that go through the HTTP API, and what all tests of a run share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import PATIENCE
from tests.serving import Client, Home, Stage, build, serving
from tests.sharing import share_authorities, share_response_fields, share_service_models


@pytest.fixture(scope="session", autouse=True)
def _shared() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        share_service_models(patch)
        share_response_fields(patch)
        share_authorities(patch)
        yield


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """The application over a scripted model and an empty database; not served."""
    built = build(tmp_path)
    yield built
    built.services.close(PATIENCE)


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    """A running server, and where: starting and stopping one takes longer than most tests."""
    shown = Stage()
    with serving(shown) as found:
        yield shown, found


@pytest.fixture
def url(home: Home, stage: tuple[Stage, str]) -> str:
    """Where the application is served."""
    stage[0].app = home.app
    return stage[1]


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """The owner's client."""
    with Client(url) as opened:
        yield opened
