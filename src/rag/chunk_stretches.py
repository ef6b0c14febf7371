"""Puts the parts of a document together to stretches of one page and one section, which chunks do not leave."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

from rag.chunk_cuts import ends_sentence, first_sentence_end
from rag.extracted import ExtractedText, Part

#: A sentence is followed onto the next page for so many characters.
_LONGEST_SENTENCE = 1000
#: A shorter last line is a heading, a caption or a page number rather than a sentence that goes on.
_SHORTEST_LINE = 30


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text between ``start`` and ``end`` on one page and in one section, and its parts.

    ``seam`` is where the next page began in it, if its last sentence is from there.
    """

    page: int | None
    section: tuple[str, ...]
    start: int
    end: int
    parts: tuple[Part, ...]
    seam: int | None = None

    def part_at(self, offset: int) -> Part:
        """The last part that begins there or before."""
        if len(self.parts) == 1:
            return self.parts[0]
        return self.parts[max(0, bisect_right(self.parts, offset, key=attrgetter("start")) - 1)]


def stretches(extracted: ExtractedText) -> Iterator[Stretch]:
    """The stretches in order. Headings without a text below them go with what follows (at the end: what precedes)."""
    waiting: Stretch | None = None
    for found in _with_headings(extracted):
        if waiting is None:
            waiting = found
            continue
        before, after = _keep_sentence(extracted.text, waiting, found)
        yield before
        waiting = after
    if waiting is not None:
        yield waiting


def _with_headings(extracted: ExtractedText) -> Iterator[Stretch]:
    last: Stretch | None = None
    headings: Stretch | None = None
    for found in _by_page_and_section(extracted.parts):
        joined = found
        if headings is not None:
            joined = replace(found, start=headings.start, parts=headings.parts + found.parts)
        headings = joined if _is_heading_only(extracted, joined) else None
        if headings is None:
            if last is not None:
                yield last
            last = joined
    if last is not None and headings is not None:
        yield replace(last, end=headings.end, parts=last.parts + headings.parts)
    elif rest := last or headings:
        yield rest


def _by_page_and_section(parts: tuple[Part, ...]) -> Iterator[Stretch]:
    same: list[Part] = []
    for part in parts:
        if same and (part.page, part.section) != (same[0].page, same[0].section):
            yield _stretch(same)
            same = []
        same.append(part)
    if same:
        yield _stretch(same)


def _stretch(parts: list[Part]) -> Stretch:
    return Stretch(parts[0].page, parts[0].section, parts[0].start, parts[-1].end, tuple(parts))


def _is_heading_only(extracted: ExtractedText, stretch: Stretch) -> bool:
    headings = {extracted.title, *(heading for part in stretch.parts for heading in part.section)}
    if stretch.end - stretch.start > sum(len(heading) + 16 for heading in headings):
        return False
    lines = extracted.text[stretch.start : stretch.end].splitlines()
    return all(line.strip(" \t#") in headings for line in lines if line.strip())


def _keep_sentence(text: str, before: Stretch, after: Stretch) -> tuple[Stretch, Stretch]:
    """Moves the rest of a sentence that began before a page's end there, so that it is not cut."""
    if before.page == after.page or before.section != after.section:
        return before, after
    last, first = before.parts[-1], after.parts[0]
    if last.kind != "prose" or first.kind != "prose" or not _goes_on(text, last, first):
        return before, after
    end = first_sentence_end(text, first.start, min(first.end, first.start + _LONGEST_SENTENCE))
    if end is None or not text[end : after.end].strip():
        return before, after
    taken, rest = replace(first, end=end), replace(first, start=end)
    parts = (rest, *after.parts[1:]) if text[end : first.end].strip() else after.parts[1:]
    return (
        Stretch(before.page, before.section, before.start, end, (*before.parts, taken), first.start),
        Stretch(after.page, after.section, parts[0].start, after.end, parts, after.seam),
    )


def _goes_on(text: str, last: Part, first: Part) -> bool:
    line = text[max(last.start, last.end - 200) : last.end].rstrip().rpartition("\n")[2]
    if not line or ends_sentence(line):
        return False
    return len(line) >= _SHORTEST_LINE or text[first.start : first.start + 40].lstrip()[:1].islower()
