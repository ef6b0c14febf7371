"""Every rule of this project. Importing a module registers its rules."""

from __future__ import annotations

from tests.infra.rules import access, api, encryption, search, shape, state
from tests.infra.rules.base import RULES
from tests.infra.waivers import Finding
from tests.infra.world import World

MODULES = (access, api, encryption, search, shape, state)


def found(world: World) -> set[Finding]:
    """What the rules find, all of them."""
    return {finding for check in RULES.values() for finding in check(world)}
