"""The markers of citations in a reply: [1], [2]... Those that stand for no passage are taken out. Pure."""

from __future__ import annotations

import re

#: What decides about a marker, in the order of the text: code is left as it is, so that ``[1]`` of a program stays.
_TOKEN = re.compile(
    r"(?P<fence>```|~~~)|(?P<tick>`)|(?P<line>\n[ \t]*)"
    r"|(?P<marker> *\[[1-9]\d{0,2}(?: *[,;] *[1-9]\d{0,2})*\])|(?P<other>[^\s\[`~]+|\S)"
)
#: The end of a text that may become one of these with what follows.
_UNDECIDED = re.compile(r"(?:(?<!`)`{1,2}|(?<!~)~{1,2}|\n[ \t]*(?:\[[\d ,;]{0,200})?| +| *\[[\d ,;]{0,200})$")
_NUMBER = re.compile(r"\d+")
_NUMBERS = re.compile(r"[\d,;]+")


class MarkerFilter:
    """Passes a reply through, piece by piece; every marker that comes out is one of 1 to ``passages``.

    ``[1, 3]`` becomes ``[1][3]``, as the contract writes them.
    """

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self._held = ""
        self._fenced = False
        self._quoted = False
        self._line_begins = True
        #: What came out ends in a bracket that is open, with numbers at most behind it.
        self._opened = False

    def feed(self, text: str) -> str:
        """What is decided so far; the rest is held back."""
        self._held += text
        undecided = _UNDECIDED.search(self._held)
        cut = undecided.start() if undecided else len(self._held)
        decided, self._held = self._held[:cut], self._held[cut:]
        return _TOKEN.sub(self._replace, decided)

    def end(self) -> str:
        """What was held back at the end of the reply."""
        rest, self._held = self._held, ""
        return _TOKEN.sub(self._replace, rest)

    def _replace(self, found: re.Match[str]) -> str:
        text, line_begins, opened = found[0], self._line_begins, self._opened
        self._line_begins = bool(found["line"])
        self._opened = text == "[" or (opened and _NUMBERS.fullmatch(text) is not None)
        if found["line"]:
            self._quoted = False  # a tick without its partner quotes no further than its line
        elif found["fence"]:
            # Only at the beginning of a line does it fence code; elsewhere it is being talked about.
            self._fenced ^= line_begins
        elif found["tick"]:
            self._quoted = not self._quoted and not self._fenced
        elif found["marker"] and not self._fenced and not self._quoted:
            text = self._known(text)
            if not text and opened:
                # Without a gap, what stands around it would become a marker.
                self._opened, text = True, " "
        return text

    def _known(self, marker: str) -> str:
        numbers = dict.fromkeys(int(number) for number in _NUMBER.findall(marker))
        kept = "".join(f"[{number}]" for number in numbers if number <= self._passages)
        return " " * (len(marker) - len(marker.lstrip(" "))) + kept if kept else ""


def without_markers(text: str) -> str:
    """The text of an earlier reply: its numbers mean nothing beside other passages. Never blank."""
    markers = MarkerFilter(0)
    plain = markers.feed(text) + markers.end()
    return plain if plain.strip() else text
