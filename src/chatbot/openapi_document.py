"""The OpenAPI document: what FastAPI makes of the routes, with the events of a stream, which no route returns."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from chatbot.stream_models import event_components


def describe_events(app: FastAPI) -> None:
    """Has the events of a stream stand among the components of the app's document."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        is_new = app.openapi_schema is None
        document = made()
        if is_new:
            document["components"]["schemas"] |= event_components()
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI's own documentation shows
