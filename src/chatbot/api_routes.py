"""The routes that answer at once: conversations, models, usage, health."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from chatbot import __version__, examples
from chatbot.conversation_service import Summary
from chatbot.export import as_json, as_markdown
from chatbot.llm_service import ModelInfo
from chatbot.models import (
    ID_PATTERN,
    Citation,
    ConversationHeader,
    ConversationList,
    ConversationView,
    DependencyHealth,
    DetailedHealth,
    ErrorResponse,
    Health,
    MessageView,
    ModelList,
    ModelView,
    PriceView,
    Rename,
    Usage,
    UsageReport,
)
from chatbot.page import first_page
from chatbot.sealing import Message
from chatbot.services import Services
from chatbot.usage import usage_report
from chatbot.web_files import WebFiles

UserOf = Callable[[Request], str]

_Id = Annotated[str, Path(pattern=ID_PATTERN, examples=[examples.CONVERSATION_ID])]
_Limit = Annotated[int, Query(ge=1, le=200, examples=[20])]
_Cursor = Annotated[str | None, Query(min_length=1, max_length=512, description="`next_cursor` of the page before.")]
_Errors = dict[int | str, dict[str, Any]]


def _errors(*statuses: int) -> _Errors:
    return {status: {"model": ErrorResponse} for status in statuses}


def conversation_routes(services: Services, user_of: UserOf) -> APIRouter:
    """List, read, rename, delete, export."""
    router = APIRouter(prefix="/conversations", tags=["conversations"], responses=_errors(422, 503))
    conversations = services.conversations

    @router.get("", response_model=ConversationList)
    def list_conversations(request: Request, limit: _Limit = 50, cursor: _Cursor = None) -> ConversationList:
        """The conversations, latest turn first."""
        page = conversations.list(user_of(request), limit, cursor)
        return ConversationList(conversations=[_header(item) for item in page.items], next_cursor=page.next_cursor)

    @router.get(
        "/{conversation_id}",
        response_model=ConversationView,
        response_model_exclude_none=True,
        responses=_errors(404),
    )
    def read_conversation(
        request: Request, conversation_id: _Id, limit: _Limit = 50, cursor: _Cursor = None
    ) -> ConversationView:
        """The newest messages of a conversation, oldest first; the cursor leads to the ones before."""
        summary, page = conversations.read(user_of(request), conversation_id, limit, cursor)
        return ConversationView(
            **_header(summary).model_dump(),
            messages=[_message(message) for message in page.items],
            next_cursor=page.next_cursor,
        )

    @router.patch("/{conversation_id}", response_model=ConversationHeader, responses=_errors(400, 404, 413))
    def rename_conversation(request: Request, conversation_id: _Id, body: Rename) -> ConversationHeader:
        """Gives the conversation another title."""
        return _header(conversations.rename(user_of(request), conversation_id, body.title.strip()))

    @router.delete("/{conversation_id}", status_code=204, responses=_errors(404))
    def delete_conversation(request: Request, conversation_id: _Id) -> None:
        """Deletes the conversation, its messages and its key."""
        conversations.delete(user_of(request), conversation_id)

    @router.get(
        "/{conversation_id}/export",
        response_class=Response,
        responses={
            200: {
                "description": "The whole conversation as a file.",
                "content": {
                    "text/markdown": {"schema": {"type": "string"}, "example": examples.MARKDOWN},
                    "application/json": {"schema": {"type": "object"}, "example": examples.EXPORT},
                },
            },
            **_errors(404),
        },
    )
    def export_conversation(
        request: Request,
        conversation_id: _Id,
        format: Literal["markdown", "json"] = "markdown",  # noqa: A002
    ) -> Response:
        """The whole conversation, to keep."""
        summary, messages = conversations.read_whole(user_of(request), conversation_id)
        if format == "json":
            content, media_type, ending = as_json(summary, messages), "application/json", "json"
        else:
            content, media_type, ending = as_markdown(summary, messages), "text/markdown", "md"
        name = f'attachment; filename="conversation-{conversation_id}.{ending}"'
        return Response(content, media_type=media_type, headers={"content-disposition": name})

    return router


def status_routes(services: Services, user_of: UserOf, web: WebFiles | None = None) -> APIRouter:
    """What answers, what it cost, whether it is well. ``web`` is the web interface, where this process serves it."""
    router = APIRouter(tags=["status"])

    @router.get("/", include_in_schema=False)
    @router.head("/", include_in_schema=False)
    def index(request: Request) -> HTMLResponse:
        """What is running here, for whoever opens it in a browser."""
        origin = str(request.base_url).rstrip("/")
        is_missing = web is not None and not web.built
        return HTMLResponse(first_page(__version__, services.llm.default_model, origin, web_is_missing=is_missing))

    @router.get("/models", response_model=ModelList, response_model_exclude_none=True)
    def list_models() -> ModelList:
        """The models that a request may name, the default first."""
        return ModelList(models=[_model(info, services.llm.prices_as_of) for info in services.llm.models()])

    @router.get("/usage", response_model=UsageReport, responses=_errors(422, 503))
    def usage(request: Request, days: Annotated[int, Query(ge=1, le=366)] = 30) -> UsageReport:
        """Tokens and cost of the last days (UTC), today included, by day and model."""
        return usage_report(services.status.usage(user_of(request), days))

    @router.get("/health", response_model=Health)
    async def health() -> Health:
        """Whether the process answers; asks nothing of anybody else."""
        return Health(version=__version__, model=services.llm.default_model)

    @router.get("/health/detailed", response_model=DetailedHealth, response_model_exclude_none=True)
    def detailed_health(response: Response) -> DetailedHealth:
        """Each dependency, asked now; status 503 where one of them fails."""
        report = _health_report(services)
        response.status_code = 200 if report.status == "ok" else 503
        return report

    return router


def _health_report(services: Services) -> DetailedHealth:
    states = services.status.dependencies()
    return DetailedHealth(
        status="degraded" if any(state.status == "failed" for state in states.values()) else "ok",
        version=__version__,
        model=services.llm.default_model,
        dependencies={name: DependencyHealth(**asdict(state)) for name, state in states.items()},
    )


def _header(summary: Summary) -> ConversationHeader:
    return ConversationHeader(
        conversation_id=summary.conversation_id,
        title=summary.title,
        created_at=summary.created_at,
        updated_at=summary.updated_at,
    )


def _message(message: Message) -> MessageView:
    return MessageView(
        message_id=message.message_id,
        role=message.role,
        text=message.text,
        created_at=message.created_at,
        model=message.model,
        stop_reason=message.stop_reason,
        retrieval=message.retrieval,
        usage=Usage.of(message.usage, message.cost_usd) if message.usage else None,
        citations=[Citation.model_validate(citation) for citation in message.citations],
    )


def _model(info: ModelInfo, as_of: str) -> ModelView:
    price = info.price
    built_in = info.spec.provider == "builtin"
    return ModelView(
        id=info.spec.name,
        provider=info.spec.provider,
        default=info.default,
        built_in=built_in,
        available=not info.resting,
        context_tokens=info.capabilities.context_tokens,
        max_output_tokens=info.capabilities.max_output_tokens,
        price=PriceView(input_per_mtok=price.input, output_per_mtok=price.output, as_of=as_of) if price else None,
        note="A very small model for trying things out; its answers are often wrong." if built_in else None,
    )
