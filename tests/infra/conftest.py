"""The templates, parsed once for all tests of a file."""

from __future__ import annotations

import pytest

from tests.infra.templates import Template, templates
from tests.infra.world import World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The scanners take as long as all others: begun last, they would keep one worker busy while the other has nothing.
    items.sort(key=lambda item: item.path.name != "test_scanners.py")


@pytest.fixture(scope="module")
def every_template() -> list[Template]:
    """Every template. Tests that change one take ``templates()`` instead."""
    return templates()


@pytest.fixture(scope="module")
def world(every_template: list[Template]) -> World:
    """Every template in every variant."""
    return World.of(every_template)
