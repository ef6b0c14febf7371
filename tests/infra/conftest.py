"""The templates, parsed once for all tests of a file."""

from __future__ import annotations

import pytest

from tests.infra.templates import Template, templates
from tests.infra.world import World


@pytest.fixture(scope="module")
def every_template() -> list[Template]:
    """Every template. Tests that change one take ``templates()`` instead."""
    return templates()


@pytest.fixture(scope="module")
def world(every_template: list[Template]) -> World:
    """Every template in every variant."""
    return World.of(every_template)
