"""The entry point of the cloud: the same app as on a laptop, behind the AWS Lambda Web Adapter (``run.sh``)."""

from __future__ import annotations

import json
import logging
import sys
import time

import uvicorn
from fastapi import FastAPI, Request
from starlette.datastructures import Headers

from chatbot.api import Caller, create_app
from chatbot.services import build_services
from shared import backends, logger
from shared.config import CLOUD_SETTINGS, Settings, load_settings
from shared.errors import ConfigurationError
from shared.models import OWNER

log = logging.getLogger(__name__)

#: What the adapter tells about the invocation, as JSON: ``request_id``, ``deadline`` in epoch milliseconds.
_CONTEXT_HEADER = "x-amzn-lambda-context"
#: Kept back of the function's time, to save the turn and to end the stream in order.
_MARGIN_SECONDS = 5


def cloud_app(settings: Settings) -> FastAPI:
    """The app over AWS services, its clients made. Raises ``ConfigurationError``."""
    services = build_services(settings, backends.cloud(settings))
    services.start()

    def identify(request: Request) -> Caller:
        # Who may call is decided by the API gateway.
        return Caller(OWNER, _deadline(request.headers, settings.turn_timeout_seconds))

    return create_app(services, identify, _request_id, origins=settings.allowed_origins)


def main() -> None:
    """Serves the adapter until the platform stops the process."""
    try:
        settings = load_settings(required=CLOUD_SETTINGS)
        logger.configure(settings.log_level, json_lines=True)
        app = cloud_app(settings)
    except ConfigurationError as error:
        logger.configure("INFO", json_lines=True)
        log.error("%s", error.message)  # noqa: TRY400 - the message says it all
        sys.exit(1)
    uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=settings.port, log_config=None, access_log=False, ws="none")
    ).run()


def _deadline(headers: Headers, longest_seconds: float) -> float:
    """When the turn must be done, as a ``time.monotonic()`` reading: within what is left of the invocation."""
    deadline = _context(headers).get("deadline")
    try:
        left = float(str(deadline)) / 1000 - time.time() - _MARGIN_SECONDS
    except ValueError:
        left = longest_seconds
    # NaN is smaller than nothing, so it must come second.
    return time.monotonic() + min(longest_seconds, left)


def _request_id(headers: Headers) -> str | None:
    request_id = _context(headers).get("request_id")
    return str(request_id) if request_id else headers.get("x-request-id")


def _context(headers: Headers) -> dict[str, object]:
    try:
        context = json.loads(headers.get(_CONTEXT_HEADER, "{}"))
    except (ValueError, RecursionError):
        return {}
    return context if isinstance(context, dict) else {}


if __name__ == "__main__":
    main()
