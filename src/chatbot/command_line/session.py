"""The interactive chat: a prompt, streamed answers, and the commands that start with a slash (``commands``)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from chatbot.command_line.answer import ShownAnswer
from chatbot.command_line.commands import SlashCommands, default_model
from chatbot.command_line.errors import CliError
from chatbot.command_line.input import checked_message
from chatbot.command_line.lines import LineReader, line_editing
from chatbot.command_line.state import SessionState
from chatbot.command_line.terminal import Terminal, one_line

if TYPE_CHECKING:  # its HTTP library would slow `chatbot --help` down
    from chatbot.command_line.client import ApiClient, OutgoingMessage

_PROMPT = "you> "
_EARLIER_MESSAGES = 100


class ChatSession:
    """One run of ``chatbot chat``."""

    def __init__(
        self, api: ApiClient, terminal: Terminal, *, conversation_id: str | None = None, model: str | None = None
    ) -> None:
        self._api = api
        self._terminal = terminal
        self._state = SessionState(conversation_id=conversation_id, model=model)
        self._reader = LineReader(terminal)
        self._commands = SlashCommands(api, terminal, self._reader, self._state)

    def run(self) -> None:
        """Prompts and answers until the user leaves.

        With a person at the terminal an error is shown and the prompt comes back; a script stops at the first one.
        Ctrl-C stops an answer that is being shown, and otherwise raises ``KeyboardInterrupt``.
        """
        self._greet()
        with line_editing(self._earlier_messages, self._terminal):
            while not self._state.leaving:
                try:
                    if not self._step():
                        break
                except CliError as error:
                    if not self._terminal.interactive:
                        raise
                    self._terminal.say(f"chatbot: {error.message}")

    def _earlier_messages(self) -> list[str]:
        """What the user said in the conversation that goes on, or in the newest one: a first line to go back to."""
        found = self._state.conversation_id or next(
            (str(header["conversation_id"]) for header in self._api.conversations(1)["conversations"]), None
        )
        if found is None:
            return []
        messages = self._api.conversation(found, _EARLIER_MESSAGES)["messages"]
        return [str(message["text"]) for message in messages if message.get("role") == "user"]

    def _greet(self) -> None:
        models = self._api.models()["models"]
        chosen = self._state.model
        known = next((model for model in models if model.get("id") == chosen), {}) if chosen else default_model(models)
        name = one_line(str(chosen or known.get("id", "an unknown model")))
        lines = [f"{name} answers. /help lists the commands; Ctrl-D leaves."]
        if known.get("built_in"):
            lines.append("It is the small built-in model, for trying things out only: do not rely on what it says.")
        for line in lines:
            self._terminal.say(line)
        if self._state.conversation_id is not None:
            self._commands.open(self._state.conversation_id)

    def _step(self) -> bool:
        """Reads one message or command and carries it out. ``False`` at the end of input."""
        text = self._reader.message(_PROMPT)
        if text is None:
            return False
        if text.startswith("/"):
            request = self._commands.run(text)
        elif text.strip():
            request = self._request(checked_message(text))
        else:
            return True
        if request is not None:
            self._answer(request)
        return True

    def _request(self, message: str) -> OutgoingMessage:
        from chatbot.command_line.client import OutgoingMessage  # noqa: PLC0415 - see the top

        return OutgoingMessage(message, conversation_id=self._state.conversation_id, model=self._state.model)

    def _answer(self, request: OutgoingMessage) -> None:
        answer = ShownAnswer(self._terminal)
        self._state.unanswered = request
        try:
            with contextlib.closing(self._api.chat_stream(request)) as events:
                answer.follow(events)
            self._state.unanswered = None
        except KeyboardInterrupt:
            self._terminal.say(
                "Stopped. If the model finishes the answer it is still saved; /retry shows it, without asking twice."
            )
        except CliError as error:
            if self._terminal.interactive:
                self._terminal.say(f"chatbot: {error.message}\n/retry sends the message again.")
            else:
                raise
        finally:
            self._state.conversation_id = answer.conversation_id or self._state.conversation_id
