"""The HTTP API, the same in both homes: the app and its one streaming route; the others are in ``api_routes``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Path, Request, Response
from fastapi.responses import StreamingResponse
from starlette.middleware.cors import CORSMiddleware

from chatbot import __version__, examples
from chatbot.api_errors import install_error_handlers
from chatbot.api_routes import conversation_routes, status_routes
from chatbot.document_content_routes import document_content_routes
from chatbot.document_routes import document_routes
from chatbot.http_guard import HttpGuard, RequestIdOf
from chatbot.import_routes import import_routes
from chatbot.models import MESSAGE_ID_PATTERN, ChatRequest, ChatResponse, ErrorResponse
from chatbot.openapi_document import describe_events
from chatbot.services import Services
from chatbot.sse import QUIET_SECONDS, as_response, as_server_sent_events
from chatbot.stream_models import STREAM_ITEM
from chatbot.turn import TurnRequest
from chatbot.turns import TurnFailed
from chatbot.web_files import WebFiles
from chatbot.web_pages import WebPages

#: How long a stopping process waits for turns that are still being answered, in seconds.
DRAIN_SECONDS = 20

#: How long a browser may remember what it was allowed.
_PREFLIGHT_SECONDS = 3600

_CHAT_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The reply, whole or as a stream.",
        "content": {
            "application/json": {"example": examples.CHAT_RESPONSE},
            "text/event-stream": {"itemSchema": STREAM_ITEM, "example": examples.CHAT_STREAM},
        },
    },
    **{status: {"model": ErrorResponse} for status in (400, 404, 409, 413, 422, 429, 502, 503, 504)},
}
_STOP_ANSWERS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorResponse} for status in (422, 503)}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and until when an answer is of use (``time.monotonic()``, seconds)."""

    user_id: str
    deadline: float


IdentifyCaller = Callable[[Request], Caller]


def create_app(
    services: Services,
    identify: IdentifyCaller,
    request_id_of: RequestIdOf,
    *,
    hosts: frozenset[str] | None = None,
    origins: tuple[str, ...] = (),
    web: WebFiles | None = None,
) -> FastAPI:
    """The app over these services. Closing it (its lifespan) closes them, after running turns have ended.

    ``request_id_of`` and ``hosts`` are as ``HttpGuard`` takes them; ``origins`` are web pages elsewhere that may call.
    ``web`` is the web interface, where this process serves it.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        services.close(DRAIN_SECONDS)

    app = FastAPI(
        title="chatbot",
        version=__version__,
        summary="A personal chatbot with memory and your own documents, in your own account or on your laptop.",
        lifespan=lifespan,
        # Their pages load scripts from elsewhere; /openapi.json is what they show.
        docs_url=None,
        redoc_url=None,
    )
    # For the server, which ends running turns when it is told to stop.
    app.state.services = services
    for router in _routers(services, identify, web):
        # As they are: ``include_router`` makes every route anew, which takes as long as making the rest of the app. It
        # would add the app's own dependencies and prefix to them, of which there are none.
        app.router.routes.extend(router.routes)
    install_error_handlers(app)
    describe_events(app)
    if web:
        app.add_middleware(WebPages, files=web)
    app.add_middleware(HttpGuard, request_id_of=request_id_of, hosts=hosts)
    if origins:
        # Outermost, so that such a page can read refusals too.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=("GET", "POST", "PATCH", "DELETE"),
            allow_headers=("content-type", "idempotency-key", "x-api-key"),
            expose_headers=("retry-after", "x-request-id"),
            max_age=_PREFLIGHT_SECONDS,
        )
    return app


def _routers(services: Services, identify: IdentifyCaller, web: WebFiles | None) -> tuple[APIRouter, ...]:
    def user_of(request: Request) -> str:
        return identify(request).user_id

    return (
        _chat_route(services, identify),
        conversation_routes(services, user_of),
        import_routes(services, user_of),
        document_routes(services, user_of),
        document_content_routes(services, user_of),
        status_routes(services, user_of, web),
    )


def _chat_route(services: Services, identify: IdentifyCaller) -> APIRouter:
    router = APIRouter(tags=["chat"])

    @router.post("/chat", response_model=ChatResponse, responses=_CHAT_ANSWERS, response_model_exclude_none=True)
    async def chat(
        request: Request,
        body: ChatRequest,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=255,
                pattern=r"^[\x21-\x7e]+$",
                description="Requests with the same key and body are answered once; the answer is kept for a day.",
            ),
        ] = None,
        accept: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response | ChatResponse:
        """Answers a message, in its conversation or a new one, and keeps both."""
        caller = identify(request)
        request_id: str = request.state.request_id
        turn = services.chat.turn(
            TurnRequest(
                user_id=caller.user_id,
                message=body.message,
                deadline=caller.deadline,
                conversation_id=body.conversation_id,
                model=body.model,
                use_documents=body.use_documents,
                document_ids=tuple(body.document_ids) if body.document_ids is not None else None,
                replaces=body.replaces,
                idempotency_key=idempotency_key,
                request_id=request_id,
            )
        )
        events = services.turns.run(turn, quiet_seconds=QUIET_SECONDS, deadline=caller.deadline, request_id=request_id)
        if not (body.stream or "text/event-stream" in accept):
            return await as_response(events)
        # What fails before the first event is an ordinary error response.
        first = await anext(events)
        if isinstance(first, TurnFailed):
            raise first.error
        return StreamingResponse(
            as_server_sent_events(first, events, request_id),
            media_type="text/event-stream",
            # Proxies that buffer would hold the stream back.
            headers={"cache-control": "no-store, no-transform", "x-accel-buffering": "no"},
        )

    @router.post("/chat/{message_id}/stop", status_code=204, responses=_STOP_ANSWERS)
    def stop(
        request: Request,
        message_id: Annotated[str, Path(pattern=MESSAGE_ID_PATTERN, examples=[examples.MESSAGE_ID])],
    ) -> None:
        """Ends the reply that is being written under this id; 204, too, where there is none.

        What was written is saved, and its stream ends with `done`, `stop_reason` "stopped". Where nothing was written
        yet, nothing is saved and it ends with `error`, code `stopped`.
        """
        services.stopping.ask(identify(request).user_id, message_id)

    return router
