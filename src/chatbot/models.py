"""The HTTP contract as types: what comes in, what goes out. OpenAPI is made from these."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chatbot import examples
from shared.models import CONVERSATION_ID, LONGEST_MESSAGE, MESSAGE_ID, Retrieval, Role, StopReason, TokenUsage

ID_PATTERN = f"^{CONVERSATION_ID}$"
MESSAGE_ID_PATTERN = f"^{MESSAGE_ID}$"
#: Characters of a reply that is brought along from elsewhere.
LONGEST_REPLY = 64_000


def _has_words(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold more than white space")
    if "\0" in text:
        raise ValueError("must not hold NUL characters")
    try:
        text.encode()
    except UnicodeEncodeError:
        # JSON can spell half a character ("\\ud83d"); UTF-8, in which everything is kept, cannot.
        raise ValueError("must not hold unpaired surrogates") from None
    return text


def _not_a_path(text: str) -> str:
    if text in {".", ".."}:
        raise ValueError("must not be a path")
    return text


Message = Annotated[str, Field(min_length=1, max_length=LONGEST_MESSAGE), AfterValidator(_has_words)]
Reply = Annotated[str, Field(min_length=1, max_length=LONGEST_REPLY), AfterValidator(_has_words)]
Title = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_has_words)]
ConversationId = Annotated[str, Field(pattern=ID_PATTERN), AfterValidator(_not_a_path)]


def shown(*found: examples.Example) -> ConfigDict:
    """The examples of a model."""
    return ConfigDict(json_schema_extra={"examples": list(found)})


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a typo shows."""

    model_config = ConfigDict(extra="forbid")


class ChatRequest(Body):
    model_config = shown(*examples.CHAT_REQUESTS)

    message: Message = Field(description="What to answer.")
    conversation_id: ConversationId | None = Field(
        default=None, description="The conversation to continue; a new one begins where it is left out."
    )
    model: str | None = Field(
        default=None, min_length=1, max_length=512, description="An id of `GET /models`; the default model otherwise."
    )
    use_documents: bool = Field(default=True, description="Whether to look in the documents for the answer.")
    document_ids: list[Annotated[str, Field(min_length=1, max_length=128)]] | None = Field(
        default=None, max_length=100, description="Look only in these documents."
    )
    stream: bool = Field(default=False, description="Answer with server-sent events.")
    replaces: str | None = Field(
        default=None,
        pattern=MESSAGE_ID_PATTERN,
        description="A question or reply among the last 20 turns of the conversation: its turn and all after it give "
        "way to this one once it is saved. Needs `conversation_id`.",
    )


class Usage(BaseModel):
    """Tokens of a reply, and its price in US dollars where it is known."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cost_usd: float | None = None

    @classmethod
    def of(cls, usage: TokenUsage, cost_usd: float | None) -> Usage:
        """The figures of a reply as the contract names them."""
        return cls(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cost_usd=cost_usd,
        )


class Citation(BaseModel):
    number: int
    document_id: str
    document: str
    page: int | None = None
    section: str | None = None
    text: str
    score: float


class ChatResponse(BaseModel):
    model_config = shown(examples.CHAT_RESPONSE)

    conversation_id: str
    message_id: str
    reply: str
    model: str
    stop_reason: StopReason
    citations: list[Citation]
    usage: Usage
    retrieval: Retrieval


class ConversationHeader(BaseModel):
    """Times are ISO-8601 UTC."""

    model_config = shown(examples.HEADER)

    conversation_id: str
    title: str
    created_at: str
    updated_at: str


class ConversationList(BaseModel):
    model_config = shown(examples.CONVERSATIONS)

    conversations: list[ConversationHeader]
    next_cursor: str | None = None


class MessageView(BaseModel):
    message_id: str
    role: Role
    text: str
    created_at: str
    model: str | None = None
    stop_reason: StopReason | None = None
    retrieval: Retrieval | None = None
    usage: Usage | None = None
    citations: list[Citation] = []


class ConversationView(ConversationHeader):
    """The newest messages, oldest first; ``next_cursor`` leads to the ones before."""

    model_config = shown(examples.CONVERSATION)

    messages: list[MessageView]
    next_cursor: str | None = None


class Rename(Body):
    model_config = shown(examples.RENAME)

    title: Title


class PriceView(BaseModel):
    """US dollars per million tokens, on the day ``as_of``."""

    input_per_mtok: float
    output_per_mtok: float
    as_of: str


class ModelView(BaseModel):
    id: str
    provider: str
    default: bool
    built_in: bool
    available: bool
    context_tokens: int
    max_output_tokens: int
    price: PriceView | None = None
    note: str | None = None


class ModelList(BaseModel):
    model_config = shown(examples.MODELS)

    models: list[ModelView]


class UsageFigures(BaseModel):
    """``cost_usd`` is left out where the price of a turn is not known."""

    turns: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cost_usd: float | None = None


class UsageDay(UsageFigures):
    day: str
    model: str


class UsageReport(BaseModel):
    model_config = shown(examples.USAGE)

    days: list[UsageDay]
    total: UsageFigures


class Health(BaseModel):
    model_config = shown(examples.HEALTH)

    status: Literal["ok"] = "ok"
    version: str
    model: str


class DependencyHealth(BaseModel):
    status: Literal["ok", "failed", "resting"]
    latency_ms: float | None = None
    message: str | None = None


class DetailedHealth(BaseModel):
    model_config = shown(examples.DETAILED_HEALTH)

    status: Literal["ok", "degraded"]
    version: str
    model: str
    dependencies: dict[str, DependencyHealth]


class ErrorBody(BaseModel):
    code: str
    message: str
    request_id: str
    fields: dict[str, str] | None = None
    retry_after: float | None = Field(
        default=None,
        description="Seconds after which trying again makes sense. An error in the middle of a stream has no header.",
    )


class ErrorResponse(BaseModel):
    """Every error of this API."""

    model_config = shown(examples.ERROR)

    error: ErrorBody
