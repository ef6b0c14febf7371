"""Errors become HTTP here, and nowhere else: one envelope, one table of statuses, no words of an exception."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from chatbot.models import ErrorBody, ErrorResponse
from shared import errors

log = logging.getLogger(__name__)

#: The first that the error is an instance of holds.
_STATUSES: tuple[tuple[type[errors.ChatbotError], HTTPStatus], ...] = (
    (errors.TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.InvalidRequest, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.IdempotencyConflict, HTTPStatus.CONFLICT),
    (errors.RequestInProgress, HTTPStatus.CONFLICT),
    (errors.TurnStopped, HTTPStatus.CONFLICT),
    (errors.ConversationChanged, HTTPStatus.CONFLICT),
    (errors.ClaimLost, HTTPStatus.CONFLICT),
    (errors.DocumentChanged, HTTPStatus.CONFLICT),
    (errors.DocumentRefused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.RetrievalError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.BudgetSpent, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.ModelThrottled, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.ModelTimeout, HTTPStatus.GATEWAY_TIMEOUT),
    (errors.ModelError, HTTPStatus.BAD_GATEWAY),
    (errors.StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.Overloaded, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.KeyUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.ConfigurationError, HTTPStatus.SERVICE_UNAVAILABLE),
)

_HTTP_CODES = {
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this path; GET /openapi.json lists what there is."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This path does not take this method."),
    HTTPStatus.BAD_REQUEST: ("malformed_request", "The body is not valid JSON in UTF-8."),
}


def status_of(error: errors.ChatbotError) -> HTTPStatus:
    """The HTTP status of an error of this project."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def error_body(error: errors.ChatbotError, request_id: str) -> ErrorResponse:
    """The envelope, for a response or for the ``error`` event of a stream."""
    fields = {error.field: error.message} if isinstance(error, errors.InvalidRequest) else None
    return ErrorResponse(
        error=ErrorBody(
            code=error.code, message=error.message, request_id=request_id, fields=fields, retry_after=error.retry_after
        )
    )


def error_response(
    status: int, body: ErrorResponse, retry_after: float | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The envelope as a response; ``retry_after`` is in seconds."""
    extra = {"retry-after": str(max(1, round(retry_after)))} if retry_after is not None else {}
    return JSONResponse(body.model_dump(exclude_none=True), status_code=status, headers={**(headers or {}), **extra})


def install_error_handlers(app: FastAPI) -> None:
    """Makes every error of the app come out in the envelope."""

    @app.exception_handler(errors.ChatbotError)
    async def _chatbot_error(request: Request, error: errors.ChatbotError) -> JSONResponse:
        status = status_of(error)
        # HTTP wants a Retry-After with 429; a second is the least that makes sense.
        wait = error.retry_after or (1 if status is HTTPStatus.TOO_MANY_REQUESTS else None)
        return error_response(status, error_body(error, request.state.request_id), wait)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return _validation_response(request, error)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        code, message = _HTTP_CODES.get(status, (status.name.lower(), status.phrase + "."))
        body = ErrorResponse(error=ErrorBody(code=code, message=message, request_id=request.state.request_id))
        return error_response(status, body, headers=error.headers)


def _validation_response(request: Request, error: RequestValidationError) -> JSONResponse:
    """400 where the body could not be read as a JSON object, 422 where a field of it is wrong."""
    problems = error.errors()
    request_id: str = request.state.request_id
    whole_body = [problem for problem in problems if problem["loc"][:1] == ("body",) and _is_whole(problem)]
    if whole_body:
        found = request.headers.get("content-type", "none")
        if "json" in found:
            message = "The body is not a JSON object in UTF-8."
        else:
            message = "The body must be JSON: send the header 'content-type: application/json'."
        body = ErrorResponse(error=ErrorBody(code="malformed_request", message=message, request_id=request_id))
        return error_response(HTTPStatus.BAD_REQUEST, body)
    fields = {_field(problem["loc"]): _reason(problem["msg"]) for problem in problems}
    message = "; ".join(f"{name}: {reason}" for name, reason in fields.items())
    body = ErrorResponse(error=ErrorBody(code="invalid_field", message=message, request_id=request_id, fields=fields))
    return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, body)


def _is_whole(problem: Mapping[str, object]) -> bool:
    """Whether the body as such is the problem, not a field in it."""
    location = problem["loc"]
    return problem["type"] == "json_invalid" or (isinstance(location, tuple) and len(location) == 1)


def _field(location: tuple[object, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")
