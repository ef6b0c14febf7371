"""Puts together characters that a model's server cut in two. Pure.

JSON spells what lies beyond U+FFFF as two halves, and some servers send the halves in two events. A half cannot be
written as UTF-8: it could neither be sent on nor be stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.models import Completion, ModelEvent, TextDelta


def whole_characters(events: Iterable[ModelEvent]) -> Iterator[ModelEvent]:
    """The events, with a first half kept back until its second one comes; a half left alone becomes U+FFFD."""
    half = ""
    for event in events:
        if isinstance(event, Completion):
            if half:
                yield TextDelta(_joined(half))
            yield event
            continue
        text = half + event.text
        half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        if len(text) > len(half):
            yield TextDelta(_joined(text.removesuffix(half)))


def _joined(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
