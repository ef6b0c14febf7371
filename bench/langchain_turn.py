"""The peer: the same turn put together from LangChain, as its documentation does it.

Kept apart, so that no other part of the benchmark loads LangChain.
"""

# The peer is not installed where types are checked.
# mypy: disable-error-code="import-not-found,misc,untyped-decorator,unused-ignore"

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import cycle
from operator import itemgetter
from pathlib import Path
from typing import Any

from langchain_community.chat_message_histories import SQLChatMessageHistory
from langchain_community.chat_message_histories.sql import DefaultMessageConverter
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, message_to_dict, trim_messages
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnablePassthrough
from langchain_core.runnables.history import RunnableWithMessageHistory
from sqlalchemy import Engine, create_engine, event

from bench.models import QUESTION, REPLY
from bench.options import HISTORY

_DATABASE = "langchain.db"
SYSTEM = "You are a helpful assistant. Answer clearly and briefly."


class InstantChatModel(BaseChatModel):
    """Answers at once."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        del messages, stop, run_manager, kwargs
        return ChatResult(generations=[ChatGeneration(message=AIMessage(REPLY))])


class NewestOnly(SQLChatMessageHistory):
    """What somebody would write who has found out that the whole history is read: only the newest rows are."""

    @property
    def messages(self) -> list[BaseMessage]:
        model = self.sql_model_class
        with self._make_sync_session() as session:
            newest = (
                session.query(model).where(model.session_id == self.session_id).order_by(model.id.desc()).limit(HISTORY)
            )
            return [self.converter.from_sql_model(row) for row in newest][::-1]


class LangChainTurn:
    """``RunnableWithMessageHistory`` over ``SQLChatMessageHistory``, the last ten messages in the prompt."""

    def __init__(self, folder: Path, sessions: int, *, tuned: bool = False) -> None:
        """``tuned``: one converter for all turns and only the newest rows read, instead of the documented form."""
        self._engine = _engine(folder / _DATABASE)
        self._sessions = cycle([f"session-{index}" for index in range(sessions)])
        history = NewestOnly if tuned else SQLChatMessageHistory
        converter = DefaultMessageConverter("message_store") if tuned else None

        def history_of(session_id: str) -> SQLChatMessageHistory:
            return history(session_id, connection=self._engine, custom_message_converter=converter)

        trimmer = trim_messages(strategy="last", max_tokens=HISTORY, token_counter=len, start_on="human")
        prompt = ChatPromptTemplate.from_messages(
            [("system", SYSTEM), MessagesPlaceholder("history"), ("human", "{question}")]
        )
        chain = RunnablePassthrough.assign(history=itemgetter("history") | trimmer) | prompt | InstantChatModel()
        self._chain = RunnableWithMessageHistory(
            chain, history_of, input_messages_key="question", history_messages_key="history"
        )

    def turn(self) -> float:
        """Milliseconds of one turn."""
        session = next(self._sessions)
        began = time.perf_counter()
        self._chain.invoke({"question": QUESTION}, {"configurable": {"session_id": session}})
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Frees the database."""
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    """One engine for all turns, its commits as durable as ours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def durable(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    return engine


def seed_langchain(folder: Path, sessions: int, messages: int) -> None:
    """Conversations in the peer's own form."""
    engine = _engine(folder / _DATABASE)
    texts: Sequence[BaseMessage] = [HumanMessage(QUESTION), AIMessage(REPLY)]
    stored = [json.dumps(message_to_dict(text)) for text in texts]
    values = [
        {"session_id": f"session-{session}", "message": stored[index % 2]}
        for session in range(sessions)
        for index in range(messages)
    ]
    model = SQLChatMessageHistory("session-0", connection=engine).sql_model_class
    with engine.begin() as connection:
        connection.execute(model.__table__.insert(), values)
    engine.dispose()
