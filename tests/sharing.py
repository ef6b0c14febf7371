"""What all tests of a run share of libraries that are slow to set up, and are set up anew by hundreds of tests."""

from __future__ import annotations

import functools
from typing import Any

import botocore.session
import fastapi.routing
import pytest
from botocore.loaders import create_loader
from fastapi.utils import create_model_field
from httpx._config import create_ssl_context
from httpx._transports import default as transports


def share_service_models(patch: pytest.MonkeyPatch) -> None:
    """What botocore reads from its files, a tenth of a second for each session.

    Every session still gets a loader of its own, which knows what another one with its search path has read already.
    """
    read: Any = functools.cache(lambda _search_path: {})

    def sharing(search_path: str | None = None) -> Any:
        loader: Any = create_loader(search_path)
        loader._cache = read(search_path)
        return loader

    patch.setattr(botocore.session, "create_loader", sharing)


def share_response_fields(patch: pytest.MonkeyPatch) -> None:
    """FastAPI's fields of responses, half the time that an application takes to be made.

    A field depends on nothing but its name and its model, which are the same in each application.
    """
    patch.setattr(fastapi.routing, "create_model_field", functools.cache(create_model_field))


def share_authorities(patch: pytest.MonkeyPatch) -> None:
    """The authorities of the whole world, which every client of httpx reads, a twentieth of a second.

    Hardly any of them speaks TLS here; those that do bring a context of their own, or trust the same ones.
    """
    patch.setattr(transports, "create_ssl_context", functools.cache(create_ssl_context))
