"""From ranked chunks to passages: which are taken, and which belong together. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.fusion import Candidate
from rag.near_duplicates import NearDuplicates
from shared.documents import Chunk, Passage

#: Chunks of one document where several have something to say; fewer documents may say more each.
_MOST_OF_A_DOCUMENT = 3
#: What joining two chunks can add to their tokens: the separator between them.
JOINT_TOKENS = 1


@dataclass(frozen=True, slots=True)
class Run:
    """Chunks of one generation that follow each other on one page and in one section. ``score`` is that of the best."""

    document_id: str
    chunks: tuple[Chunk, ...]
    score: float

    @property
    def tokens(self) -> int:
        """Those of the joined text at most."""
        return sum(chunk.tokens for chunk in self.chunks) + JOINT_TOKENS * (len(self.chunks) - 1)

    def passage(self, document: str) -> Passage:
        """The run as it is shown, under the name of its document."""
        first = self.chunks[0]
        text = _joined(self.chunks)
        return Passage(self.document_id, document, first.page, first.section, text, self.score, self.tokens)


def select(ranked: Iterable[Candidate], *, limit: int, token_budget: int, documents: int) -> list[Candidate]:
    """The best that fit, best first: at most ``limit`` chunks, none that says the same as another, and not too many of
    a document where ``documents`` were searched.

    A chunk that does not fit the rest of the budget is passed over for a shorter one.
    """
    most = max(_MOST_OF_A_DOCUMENT, -(-limit // max(1, documents)))
    chosen: list[Candidate] = []
    taken: Counter[str] = Counter()
    texts = NearDuplicates()
    left = token_budget
    for candidate in ranked:
        if len(chosen) == limit:
            break
        document_id, cost = candidate.generation.document_id, candidate.chunk.tokens + JOINT_TOKENS
        if taken[document_id] < most and cost <= left and texts.add(candidate.chunk.text):
            chosen.append(candidate)
            taken[document_id] += 1
            left -= cost
    return chosen


def runs(candidates: Sequence[Candidate]) -> list[Run]:
    """The candidates joined where they are neighbours, best first."""
    by_generation: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_generation[candidate.generation.generation].append(candidate)
    found = []
    for some in by_generation.values():
        scores = {candidate.chunk.number: candidate.score for candidate in some}
        for chunks in split([candidate.chunk for candidate in some]):
            best = max(scores[chunk.number] for chunk in chunks)
            found.append(Run(some[0].generation.document_id, chunks, best))
    return sorted(found, key=lambda run: -run.score)


def split(chunks: Iterable[Chunk]) -> list[tuple[Chunk, ...]]:
    """The chunks of one generation in order, together as long as they follow each other on a page and in a section.

    A passage is cited with its page and section, so it never reaches over either.
    """
    found: list[list[Chunk]] = []
    for chunk in sorted(chunks, key=lambda chunk: chunk.number):
        if found and follows(found[-1][-1], chunk):
            found[-1].append(chunk)
        else:
            found.append([chunk])
    return [tuple(some) for some in found]


def follows(before: Chunk, after: Chunk) -> bool:
    """Whether both can stand in one passage, one after the other."""
    return (after.number, after.page, after.section) == (before.number + 1, before.page, before.section)


def _joined(chunks: Sequence[Chunk]) -> str:
    """The text of neighbours. A table's header, repeated at the start of each, stays with the first only."""
    pieces = [chunks[0].text]
    for before, after in pairwise(chunks):
        header, own = _header_and_own_text(after)
        if header not in before.text:
            own = after.text
        pieces += (_separator(after.start - before.end, table=bool(header)), own)
    return "".join(pieces)


def _header_and_own_text(chunk: Chunk) -> tuple[str, str]:
    """What was put before the chunk's part of the document, and that part."""
    repeated = max(0, len(chunk.text) - (chunk.end - chunk.start))
    return chunk.text[:repeated], chunk.text[repeated:]


def _separator(gap: int, *, table: bool) -> str:
    """What stood between two chunks, by the number of characters left out; white space it was in any case."""
    if table:
        return "\n"
    return "\n\n" if gap > 1 else "\n" * max(0, gap)
