"""The use-cases, put together over one set of backends. Both entry points and the tests begin here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chatbot.budget import DailyBudget, Spending
from chatbot.chat import ChatService
from chatbot.conversation_import import ConversationImport
from chatbot.conversation_service import ConversationService
from chatbot.document_services import DocumentServices, build_documents
from chatbot.grounding import DocumentGrounding
from chatbot.idempotency import Idempotency
from chatbot.llm_service import LLMService
from chatbot.observe import TurnObserver
from chatbot.prompt import SYSTEM_PROMPT, PromptSettings
from chatbot.sealing import ConversationSealer
from chatbot.status import StatusService
from chatbot.stopping import Stopping
from chatbot.turns import TurnRunner
from shared.backends import Backends
from shared.config import Settings
from shared.encryption import DataKeys
from shared.pricing import PriceList


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that the HTTP API calls."""

    chat: ChatService
    conversations: ConversationService
    imports: ConversationImport
    llm: LLMService
    status: StatusService
    turns: TurnRunner
    stopping: Stopping
    load_sealer: Callable[[], None]
    close_store: Callable[[], None]
    documents: DocumentServices | None = None

    def start(self) -> None:
        """Loads models and encryption, and begins to look after the documents. Raises ``ConfigurationError``."""
        self.llm.open()
        self.load_sealer()
        if self.documents:
            self.documents.start()

    def close(self, drain_seconds: float) -> None:
        """Lets running turns end, up to ``drain_seconds``, then frees models, connections and files.

        A document that is being read meanwhile goes on at the next start.
        """
        self.turns.close(drain_seconds)
        if self.documents:
            self.documents.stop()
        self.llm.close()
        self.close_store()


def build_services(settings: Settings, backends: Backends) -> Services:
    """Raises ``ConfigurationError`` for capability overrides that do not fit."""
    llm = LLMService(
        specs=(settings.model, *settings.fallback_models, *settings.other_models),
        fallbacks=len(settings.fallback_models),
        overrides=settings.model_capabilities,
        prompt=PromptSettings(
            settings.system_prompt or SYSTEM_PROMPT, settings.max_output_tokens, settings.temperature
        ),
        prices=PriceList.load(),
        open_model=backends.open_model,
    )
    documents = build_documents(settings, backends.documents, backends.clock)
    sealer = ConversationSealer(DataKeys(backends.key_wrapper, settings.data_key_cache_seconds))
    conversations = ConversationService(backends.store, sealer, backends.clock, settings.history_ttl_days)
    imports = ConversationImport(backends.store, sealer, backends.clock, settings.history_ttl_days)
    observer = TurnObserver(backends.metrics)
    stopping = Stopping(backends.store, backends.clock)
    chat = ChatService(
        conversations=conversations,
        llm=llm,
        documents=DocumentGrounding(documents.retriever if documents else None, llm),
        idempotency=Idempotency(backends.store, backends.clock),
        stopping=stopping,
        budget=DailyBudget(backends.store, backends.clock, settings.daily_token_budget),
        spending=Spending(backends.store, llm, observer, backends.clock),
        observer=observer,
        clock=backends.clock,
        context_messages=settings.context_messages,
    )
    status = StatusService(
        conversations=backends.store,
        usage=backends.store,
        key_wrapper=backends.key_wrapper,
        llm=llm,
        clock=backends.clock,
        documents=documents.ping if documents else None,
    )
    return Services(
        chat=chat,
        conversations=conversations,
        imports=imports,
        llm=llm,
        status=status,
        turns=TurnRunner(),
        stopping=stopping,
        load_sealer=sealer.load,
        close_store=backends.store.close,
        documents=documents,
    )
