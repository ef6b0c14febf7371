"""The commands of the interactive chat, all of which start with a slash."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.command_line.errors import InputError
from chatbot.command_line.files import write_private
from chatbot.command_line.input import checked_id, checked_text
from chatbot.command_line.lines import LineReader
from chatbot.command_line.render import conversations_table, message_block, models_table, usage_table
from chatbot.command_line.state import SessionState
from chatbot.command_line.terminal import Terminal, one_line

if TYPE_CHECKING:
    from chatbot.command_line.client import ApiClient, OutgoingMessage

_HELP = '''\
/new                              start another conversation
/list                             the newest conversations, numbered
/open ID or NUMBER                go on with one of them
/title TEXT                       give this conversation another title
/export [markdown|json] [FILE]    this conversation as a document
/delete                           delete this conversation
/model [NAME]                     show or choose the model that answers
/models                           the models there are
/usage                            tokens and cost of the last 30 days
/retry                            send the last message again, if its answer was not seen to the end
/exit, /quit, Ctrl-D              leave
A line that ends with \\ goes on in the next one; """ starts and ends a message of several lines.
Ctrl-C stops an answer. A message that begins with a slash needs a space before it.'''
_LISTED = 20
_SHOWN_ON_OPEN = 4
_USAGE_DAYS = 30


def default_model(models: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The model that answers where none is named."""
    return next((model for model in models if model.get("default")), {})


@dataclass(frozen=True, slots=True)
class SlashCommands:
    """Each method is one command and takes the text after its name. Raises ``CliError``."""

    api: ApiClient
    terminal: Terminal
    reader: LineReader
    state: SessionState

    def run(self, line: str) -> OutgoingMessage | None:
        """Carries the command out. Returns a message to send again, where that is what it asks for."""
        name, _, rest = line[1:].partition(" ")
        if name == "retry":
            return self._retry()
        commands: dict[str, Callable[[str], None]] = {
            "help": self.help,
            "new": self.new,
            "list": self.list,
            "open": self.open,
            "title": self.title,
            "export": self.export,
            "delete": self.delete,
            "model": self.model,
            "models": self.models,
            "usage": self.usage,
            "exit": self.exit,
            "quit": self.exit,
        }
        command = commands.get(name)
        if command is None:
            raise InputError(
                f"There is no command /{one_line(name)}; /help lists them. "
                "To send this as a message, put a space before it."
            )
        command(rest.strip())
        return None

    def help(self, _: str) -> None:
        self.terminal.out(_HELP)

    def exit(self, _: str) -> None:
        self.state.leaving = True

    def new(self, _: str) -> None:
        self.state.conversation_id = self.state.unanswered = None
        self.terminal.say("A new conversation starts with your next message.")

    def list(self, _: str) -> None:
        found = self.api.conversations(_LISTED)["conversations"]
        self.state.listed = [str(item.get("conversation_id")) for item in found]
        if not found:
            self.terminal.say("There are no conversations yet.")
            return
        width = shutil.get_terminal_size().columns - 4 if self.terminal.out_is_terminal else None
        header, *rows = conversations_table(found, width).splitlines()
        self.terminal.out("    " + header)
        for number, row in enumerate(rows, 1):
            self.terminal.out(f"{number:>3} {row}")

    def open(self, which: str) -> None:
        """Goes on with a conversation and prints the end of it."""
        if not which:
            raise InputError("Say which: /open ID, or the number that /list gives it.")
        listed = self.state.listed
        if which.isdecimal() and 1 <= int(which) <= len(listed):
            which = listed[int(which) - 1]
        found = self.api.conversation(checked_id(which), _SHOWN_ON_OPEN)
        self.state.conversation_id, self.state.unanswered = which, None
        self.terminal.say(f'Going on with "{one_line(str(found.get("title")))}".')
        for message in found["messages"]:
            self.terminal.out(message_block(message) + "\n")

    def title(self, text: str) -> None:
        checked_text(text, "The title")
        found = self.api.rename(self._current(), text)
        self.terminal.say(f'The title is now "{one_line(str(found.get("title", text)))}".')

    def export(self, arguments: str) -> None:
        form, _, file = arguments.partition(" ")
        if form not in {"markdown", "json"}:
            form, file = "markdown", arguments
        path = Path(file.strip()).expanduser() if file.strip() else None
        document = self.api.export(self._current(), form)
        if path is None:
            self.terminal.out_bytes(document)
            return
        force = path.is_file() and self.terminal.interactive and self.reader.confirm(f"Replace {path}?")
        write_private(path, document, force=force)
        self.terminal.say(f"Wrote {path}.")

    def delete(self, _: str) -> None:
        current = self._current()
        if not self.terminal.interactive:
            raise InputError(f"Nobody is there to confirm it; run: chatbot conversations delete --yes {current}")
        if not self.reader.confirm("Delete this conversation? This cannot be undone."):
            self.terminal.say("Kept.")
            return
        self.api.delete(current)
        self.state.listed = []
        self.terminal.say("Deleted.")
        self.new("")

    def model(self, name: str) -> None:
        models = self.api.models()["models"]
        known = [str(model.get("id")) for model in models]
        if name and name not in known:
            raise InputError(f'There is no model "{one_line(name)}"; there are: {one_line(", ".join(known))}.')
        self.state.model = name or self.state.model
        self.terminal.say(f"{one_line(str(self.state.model or default_model(models).get('id')))} answers.")

    def models(self, _: str) -> None:
        self.terminal.out(models_table(self.api.models()["models"]))

    def usage(self, _: str) -> None:
        self.terminal.out(usage_table(self.api.usage(_USAGE_DAYS)))

    def _retry(self) -> OutgoingMessage:
        if self.state.unanswered is None:
            raise InputError("There is nothing to send again: the last message was answered.")
        return self.state.unanswered

    def _current(self) -> str:
        if self.state.conversation_id is None:
            raise InputError("There is no conversation yet: send a message, or /open one.")
        return self.state.conversation_id
