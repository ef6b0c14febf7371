"""Writing to a terminal, a file or a pipe: what may be coloured, and what text from elsewhere may not do."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

# Control characters (C0 without tab and newline, DEL, C1) drive a terminal; bidi overrides reorder what a reader sees.
_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# The same where JSON leaves them as they are.
_ACTIVE_IN_JSON = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def neutralise(text: str) -> str:
    """The text with everything a terminal would act on made visible; carriage returns are dropped."""
    return _ACTIVE.sub(lambda found: _picture(found[0]), text)


def _picture(character: str) -> str:
    if character == "\r":
        return ""
    if character == "\x7f":
        return "\u2421"
    return chr(0x2400 + ord(character)) if character < " " else "\ufffd"


def one_line(text: str) -> str:
    """The text on one line, neutralised: for titles, whose line breaks would break a listing."""
    return neutralise(" ".join(text.split()))


def to_json(value: Any) -> str:
    """Indented JSON that no terminal acts on; the same value when parsed."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _ACTIVE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def width_of(text: str) -> int:
    """Columns that the text takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(1 for character in text if unicodedata.combining(character))


def shorten(text: str, width: int) -> str:
    """The text cut to ``width`` columns, its last one an ellipsis where something was cut."""
    if width_of(text) <= width:
        return text
    while text and width_of(text) > width - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned by what a terminal shows; the last is not padded."""
    lines = [header, *rows]
    widths = [max(width_of(line[column]) for line in lines) for column in range(len(header) - 1)]
    padded = (
        "  ".join(
            [cell + " " * (width - width_of(cell)) for cell, width in zip(line, widths, strict=False)] + [line[-1]]
        )
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


@dataclass(frozen=True, slots=True)
class Terminal:
    """Standard output for what was asked for, standard error for everything said about it."""

    environ: Mapping[str, str]

    @property
    def interactive(self) -> bool:
        """Whether a person both reads the answers and types the questions."""
        return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    @property
    def out_is_terminal(self) -> bool:
        return _is_terminal(sys.stdout)

    def out(self, text: str, end: str = "\n") -> None:
        """Writes to standard output at once. On a terminal the text is neutralised; a pipe gets it unchanged."""
        _write(sys.stdout, (neutralise(text) if self.out_is_terminal else text) + end)

    def out_bytes(self, data: bytes) -> None:
        """Writes a document: byte for byte to a pipe, neutralised to a terminal."""
        if self.out_is_terminal:
            self.out(data.decode("utf-8", "replace"), end="")
        elif sys.stdout is not None:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.flush()

    def say(self, text: str) -> None:
        """A line for the person, on standard error whether or not that is a terminal."""
        _write(sys.stderr, neutralise(text) + "\n")

    def hint(self, text: str) -> None:
        """A dimmed line on standard error, only where that is a terminal."""
        if _is_terminal(sys.stderr):
            plain = neutralise(text)
            dimmed = f"\x1b[2m{plain}\x1b[0m" if self._coloured() else plain
            _write(sys.stderr, dimmed + "\n")

    def _coloured(self) -> bool:
        return not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _write(stream: TextIO | None, text: str) -> None:
    # The stream is None where the shell closed it (`>&-`): there is nobody to write to.
    if stream is not None:
        stream.write(text)
        stream.flush()
