"""The route that takes conversations over from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request

from chatbot.conversation_import import PastTurn
from chatbot.import_models import ImportedTurn, ImportRequest, ImportResponse
from chatbot.models import ErrorResponse
from chatbot.services import Services


def import_routes(services: Services, user_of: Callable[[Request], str]) -> APIRouter:
    """Import."""
    router = APIRouter(prefix="/conversations", tags=["conversations"])

    @router.post(
        "/import",
        response_model=ImportResponse,
        responses={status: {"model": ErrorResponse} for status in (400, 404, 409, 413, 422, 503)},
    )
    def import_conversation(request: Request, body: ImportRequest) -> ImportResponse:
        """Adds turns that were answered elsewhere to the end of a conversation, at the times at which they were.

        What is there already is skipped, so a request can be sent again. Nothing of it counts as used.
        """
        found = services.imports.add(
            user_of(request), body.conversation_id, body.title.strip(), [_past(turn) for turn in body.turns]
        )
        return ImportResponse(conversation_id=found.conversation_id, imported=found.imported, skipped=found.skipped)

    return router


def _past(turn: ImportedTurn) -> PastTurn:
    return PastTurn(turn.question, turn.reply, turn.asked_at, turn.answered_at, turn.model)
