"""One answer, shown while it is made or after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatbot.command_line.render import citation_lines, stop_note
from chatbot.command_line.terminal import Terminal

if TYPE_CHECKING:  # its HTTP library would slow `chatbot --help` down
    from chatbot.command_line.client import ChatEvent


@dataclass(slots=True)
class ShownAnswer:
    """What is known of the answer so far; stays readable where showing it is interrupted."""

    terminal: Terminal
    conversation_id: str | None = None
    _last_text: str = ""
    _citations: object = None

    def follow(self, events: Iterable[ChatEvent]) -> None:
        """Prints the text as it comes, stages of the work dimmed, then the sources. Raises what the events raise."""
        try:
            for event in events:
                self._take(event)
        finally:
            self._end_line()
        self._print_sources()

    def show(self, reply: dict[str, Any]) -> None:
        """Prints a whole answer."""
        self._start(reply)
        self._text(str(reply.get("reply", "")))
        self._end_line()
        self._citations = reply.get("citations")
        self._note(reply)
        self._print_sources()

    def _take(self, event: ChatEvent) -> None:
        if event.kind == "start":
            self._start(event.data)
        elif event.kind == "status":
            stage = str(event.data.get("stage", "working")).replace("_", " ")
            model = event.data.get("model")
            self.terminal.hint(f"… {stage}: {model} answers" if model else f"… {stage}")
        elif event.kind == "citations":
            self._citations = event.data.get("citations")
        elif event.kind == "delta":
            self._text(str(event.data.get("text", "")))
        else:
            self._end_line()
            self._note(event.data)

    def _start(self, data: dict[str, Any]) -> None:
        self.conversation_id = data.get("conversation_id") or self.conversation_id

    def _text(self, text: str) -> None:
        if text:
            self.terminal.out(text, end="")
            self._last_text = text

    def _end_line(self) -> None:
        if self._last_text and not self._last_text.endswith("\n"):
            self.terminal.out("")
        self._last_text = ""

    def _note(self, data: dict[str, Any]) -> None:
        note = stop_note(data.get("stop_reason"))
        if note:
            self.terminal.say(note)

    def _print_sources(self) -> None:
        for line in citation_lines(self._citations):
            self.terminal.out(line)
