"""What went wrong with a request, in words that say what to do."""

from __future__ import annotations

import ssl
from http import HTTPStatus

import httpx

from chatbot.command_line.errors import ApiError
from chatbot.command_line.terminal import one_line


def api_error(response: httpx.Response, place: str) -> ApiError:
    """The error of a response that is not a success, from its envelope where it has one."""
    message = _message(response) or f"{place} answered {response.status_code} {response.reason_phrase}.".replace(
        " .", "."
    )
    retry_after = response.headers.get("retry-after", "")
    seconds = float(retry_after) if retry_after.isdecimal() else None
    remedy = _remedy(response.status_code, seconds)
    return ApiError(f"{message} {remedy}".rstrip(), status=response.status_code, retry_after=seconds)


def _message(response: httpx.Response) -> str:
    """The envelope's message, with the fields it names and, where the server failed, the id to find it in the logs."""
    try:
        body = response.json()
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return ""
    message = error["message"].strip()
    parts = [message, *_fields(error.get("fields"), message)]
    if response.is_server_error and error.get("request_id"):
        parts.append(f"(request {one_line(str(error['request_id']))})")
    return " ".join(parts)


def _fields(fields: object, message: str) -> list[str]:
    """What is wrong with each field, where the message does not say it already."""
    found = fields.items() if isinstance(fields, dict) else ()
    return [one_line(f"{name}: {problem}") for name, problem in found if str(problem) not in message]


def _remedy(status: int, retry_after: float | None) -> str:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "Check the API key: CHATBOT_API_KEY, or api_key in the config file."
    if status == HTTPStatus.TOO_MANY_REQUESTS or retry_after is not None:
        return f"Try again in {retry_after:.0f} s." if retry_after is not None else "Try again in a moment."
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return "It points elsewhere, which is not followed; give the address of the API itself."
    return ""


def not_a_chatbot(place: str) -> ApiError:
    return ApiError(
        f"{place} did not answer as a chatbot API does. Check the URL (with its stage, as in https://host/prod), "
        "and that its version fits this one."
    )


def connection_error(error: httpx.HTTPError, place: str) -> ApiError:
    """The error of a request that got no answer."""
    if isinstance(error, httpx.ConnectTimeout):
        return ApiError(f"{place} could not be reached in time. Check the URL and the network.")
    if isinstance(error, httpx.TimeoutException):
        return ApiError(f"{place} did not answer in time. Try again; a slow answer may still be saved.")
    if isinstance(error, httpx.ConnectError):
        if _has_cause(error, ssl.SSLCertVerificationError):
            return ApiError(f"The certificate of {place} is not trusted, so nothing was sent. Check the URL.")
        if _has_cause(error, ssl.SSLError):
            return ApiError(f"{place} does not speak TLS. If it is a local server, write http:// instead of https://.")
        return ApiError(f"No connection to {place}. Is the server running, and is the URL right?")
    return ApiError(f"The connection to {place} was lost before it answered. Is it a chatbot API?")


def _has_cause(error: BaseException, kind: type[BaseException]) -> bool:
    """Whether an error of this kind lies under the error, where the libraries between have wrapped it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, kind):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
