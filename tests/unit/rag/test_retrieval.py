"""Which passages a question gets: over the real local index, with an embedder that compares words."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rag.embedding_service import EmbeddingService
from rag.retrieval import RetrievalService
from shared.config import parse_model_spec
from shared.document_keys import document_id_of
from shared.document_ports import DocumentCatalogue, Reranker
from shared.documents import (
    Chunk,
    DocumentRecord,
    EmbeddedChunk,
    Generation,
    RetrievalRequest,
    RetrievalResult,
    SearchHits,
    SearchQuery,
)
from shared.errors import (
    ConfigurationError,
    EmbedderError,
    IndexUnavailable,
    IndexWaking,
    RerankerError,
    RetrievalError,
)
from shared.local.sqlite_documents import DocumentDatabase
from shared.models import ModelSpec
from tests.contract.document_stores import record
from tests.fake_embedder import FakeEmbedder
from tests.fakes import PATIENCE

OLD = "openai:old@http://localhost:1"
HOLIDAYS = "Every employee has thirty days of paid leave a year."
ENGINE = "The XJ900 turbopump runs at ninety thousand revolutions."
GARDEN = "Tomatoes want water in the morning and sun all day."


class WatchedIndex:
    """The index of a database, which tells what was asked of it, and does ``before_answer`` once a search is done."""

    def __init__(self, database: DocumentDatabase) -> None:
        self._inner = database.index
        self.queries: list[SearchQuery] = []
        self.failures: list[RetrievalError | None] = []
        self.before_answer: Callable[[], object] = lambda: None
        self.chunks_fail = False

    def search(self, query: SearchQuery) -> SearchHits:
        self.queries.append(query)
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure
        found = self._inner.search(query)
        self.before_answer()
        return found

    def chunks(self, generation: Generation, first: int = 0, last: int | None = None) -> list[Chunk]:
        if self.chunks_fail:
            raise IndexUnavailable("The index is away; try again.")
        return self._inner.chunks(generation, first, last)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Library:
    """A database of documents, and the service over it."""

    def __init__(self, folder: Path) -> None:
        self.database = DocumentDatabase(folder / "documents.db")
        self.catalogue: DocumentCatalogue = self.database.catalogue
        self.index = WatchedIndex(self.database)
        self.embedders = {
            "builtin": FakeEmbedder(dimensions=256, related_from=0.35),
            OLD: FakeEmbedder(OLD, dimensions=128),
        }
        self.embeddings = EmbeddingService(parse_model_spec("builtin"), self._open)
        self.generations = 0

    def _open(self, spec: ModelSpec) -> FakeEmbedder:
        if spec.name not in self.embedders:
            raise ConfigurationError("That embedder cannot run here.")
        return self.embedders[spec.name]

    def chunks(self, *texts: str, **more: Any) -> list[Chunk]:
        """Chunks of one page, a line end between each two."""
        made: list[Chunk] = []
        for number, text in enumerate(texts):
            start = made[-1].end + 1 if made else 0
            values = {"page": 1, "section": None, "tokens": len(text.split())} | more
            made.append(Chunk(number, text, "", start=start, end=start + len(text), **values))
        return made

    def index_only(
        self, key: str, chunks: Sequence[Chunk], *, user_id: str = "owner", embedder: str = "builtin"
    ) -> Generation:
        """Adds a generation that no record names."""
        self.generations += 1
        made = Generation(user_id, document_id_of(user_id, key), f"generation-{self.generations:04}", embedder)
        vectors = self.embedders[embedder].embed([chunk.searchable_text for chunk in chunks], time.monotonic() + 60)
        self.index.add(made, [EmbeddedChunk(*pair) for pair in zip(chunks, vectors, strict=True)])
        return made

    def publish(self, key: str, made: Generation, chunks: Sequence[Chunk], **more: Any) -> DocumentRecord:
        """Makes the generation the live one."""
        standing = self.catalogue.get(made.user_id, made.document_id)
        values = {
            "status": "ready",
            "revision": standing.revision if standing else 0,
            "generation": made.generation,
            "embedder": made.embedder,
            "chunks": len(chunks),
            "tokens": sum(chunk.tokens for chunk in chunks),
        }
        return self.catalogue.save(record(key, made.user_id, **(values | more)))

    def put(self, key: str, *texts: str, user_id: str = "owner", embedder: str = "builtin", **more: Any) -> str:
        """A document that is live; returns its id."""
        chunks = self.chunks(*texts, **more)
        made = self.index_only(key, chunks, user_id=user_id, embedder=embedder)
        return self.publish(key, made, chunks).document_id

    def ask(self, query: str, *, reranker: Reranker | None = None, **more: Any) -> RetrievalResult:
        """Searches, unless ``allow_whole`` is set."""
        values: dict[str, Any] = {
            "user_id": "owner",
            "token_budget": 2000,
            "deadline": time.monotonic() + PATIENCE,
            "allow_whole": False,
        }
        service = RetrievalService(self.catalogue, self.index, self.embeddings, reranker)
        return service.retrieve(RetrievalRequest(query=query, **(values | more)))

    def texts(self, query: str, **more: Any) -> list[str]:
        return [passage.text for passage in self.ask(query, **more).passages]

    def close(self) -> None:
        self.database.close()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path)
    yield made
    made.close()


@pytest.fixture
def filled(library: Library) -> Library:
    """Three documents about three things."""
    library.put("handbook.pdf", HOLIDAYS)
    library.put("engine.pdf", ENGINE)
    library.put("garden.txt", GARDEN)
    return library


# --- what there is ----------------------------------------------------------------------------------------------------


def test_the_best_passage_comes_first_with_all_that_a_citation_needs(filled: Library) -> None:
    found = filled.ask("How many days of paid leave has an employee?")
    assert (found.outcome, found.whole) == ("used", False)
    best = found.passages[0]
    assert (best.document, best.document_id) == ("handbook.pdf", document_id_of("owner", "handbook.pdf"))
    assert (best.page, best.section, best.text, best.tokens) == (1, None, HOLIDAYS, 10)
    scores = [passage.score for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_user_without_documents_is_told_so(library: Library) -> None:
    assert library.ask("anything") == RetrievalResult("disabled")
    assert library.ask("anything", document_ids=("0" * 32,)) == RetrievalResult("disabled")


def test_documents_of_which_none_is_ready_match_nothing(library: Library) -> None:
    library.catalogue.save(record("new.pdf", status="queued"))
    library.catalogue.save(record("broken.pdf", status="failed", error="It is empty."))
    assert library.ask("anything", allow_whole=True) == RetrievalResult("no_match")


def test_unknown_documents_match_nothing(filled: Library) -> None:
    assert filled.ask("paid leave", document_ids=("0" * 32,)) == RetrievalResult("no_match")
    assert filled.ask("paid leave", document_ids=()) == RetrievalResult("no_match")


def test_only_the_named_documents_are_searched(filled: Library) -> None:
    garden = document_id_of("owner", "garden.txt")
    assert filled.texts("water for tomatoes, or paid leave", document_ids=(garden, garden, "0" * 32)) == [GARDEN]


def test_nobody_finds_the_documents_of_others(filled: Library) -> None:
    secret = filled.put("secret.txt", "Paid leave of somebody else is forty days.", user_id="bob")
    assert "Paid leave of somebody else is forty days." not in filled.texts("paid leave of somebody else")
    assert filled.ask("paid leave", document_ids=(secret,)) == RetrievalResult("no_match")
    assert filled.ask("paid leave", user_id="carol") == RetrievalResult("disabled")


def test_a_question_about_something_else_matches_nothing(filled: Library) -> None:
    assert filled.ask("Which film did you like best?") == RetrievalResult("no_match")


def test_a_part_number_is_found_however_little_else_of_the_question_fits(filled: Library) -> None:
    question = "Hi there, could you please look up for me whatever we may have got written down somewhere on XJ900?"
    assert filled.texts(question)[0] == ENGINE


def test_words_of_everyday_language_are_no_reason_to_show_a_text(filled: Library) -> None:
    filled.put("letter.txt", "The best way to write a good letter is to think about people first.")
    assert filled.ask("Would people like good films tonight?") == RetrievalResult("no_match")


# --- whole corpora ----------------------------------------------------------------------------------------------------


def test_a_small_corpus_comes_whole_in_order_and_nothing_is_embedded(filled: Library) -> None:
    asked = filled.embedders["builtin"].calls
    found = filled.ask("Which film did you like best?", allow_whole=True, limit=1)
    assert (found.outcome, found.whole) == ("used", True)
    assert [passage.document for passage in found.passages] == ["engine.pdf", "garden.txt", "handbook.pdf"]
    assert filled.embedders["builtin"].calls == asked
    assert filled.index.queries == []


def test_whole_documents_are_joined_by_page_and_section(library: Library) -> None:
    chunks = library.chunks("one", "two", "three", "four")
    pages = [(1, None), (1, None), (2, None), (2, "Results")]
    paged = [
        Chunk(each.number, each.text, "", page, section, each.start, each.end, each.tokens)
        for each, (page, section) in zip(chunks, pages, strict=True)
    ]
    library.publish("report.pdf", library.index_only("report.pdf", paged), paged)
    found = library.ask("anything", allow_whole=True).passages
    assert [(each.text, each.page, each.section) for each in found] == [
        ("one\ntwo", 1, None),
        ("three", 2, None),
        ("four", 2, "Results"),
    ]


@pytest.mark.parametrize(("budget", "whole"), [(31, True), (30, False)])
def test_a_corpus_is_whole_only_where_all_of_it_fits(filled: Library, budget: int, *, whole: bool) -> None:
    # 28 words, each a token here, and one for each chunk to be joined by.
    found = filled.ask("paid leave", allow_whole=True, token_budget=budget)
    assert found.whole is whole
    assert sum(passage.tokens for passage in found.passages) <= budget


def test_the_named_documents_may_be_whole_where_all_together_are_too_many(filled: Library) -> None:
    garden = document_id_of("owner", "garden.txt")
    found = filled.ask("anything", allow_whole=True, token_budget=12, document_ids=(garden,))
    assert (found.whole, [passage.text for passage in found.passages]) == (True, [GARDEN])


def test_more_documents_than_one_look_at_the_catalogue_shows_are_searched(library: Library) -> None:
    for number in range(51):
        library.put(f"{number:02}.txt", f"Note {number}: paid leave.")
    assert not library.ask("paid leave", allow_whole=True, token_budget=100_000).whole
    ids = tuple(document_id_of("owner", f"{number:02}.txt") for number in range(51))
    assert library.ask("paid leave", allow_whole=True, token_budget=100_000, document_ids=ids[:50]).whole
    assert not library.ask("paid leave", allow_whole=True, token_budget=100_000, document_ids=ids).whole


def test_a_corpus_of_which_the_index_does_not_have_all_is_searched(filled: Library) -> None:
    filled.index.remove("owner", document_id_of("owner", "garden.txt"))
    found = filled.ask("paid leave of an employee", allow_whole=True)
    assert (found.outcome, found.whole) == ("used", False)


# --- generations ------------------------------------------------------------------------------------------------------


def test_a_replaced_text_is_found_as_it_is_now_while_the_old_one_is_still_in_the_index(filled: Library) -> None:
    filled.put("handbook.pdf", "Every employee has twenty days of paid leave a year.")
    found = filled.texts("How many days of paid leave has an employee?")
    assert "Every employee has twenty days of paid leave a year." in found
    assert HOLIDAYS not in found


def test_a_generation_that_is_still_being_built_is_not_shown(filled: Library) -> None:
    filled.index_only("handbook.pdf", filled.chunks("Every employee has twenty days of paid leave a year."))
    assert filled.texts("How many days of paid leave has an employee?")[0] == HOLIDAYS


def test_a_deleted_document_is_not_shown_while_its_chunks_are_still_there(filled: Library) -> None:
    standing = filled.catalogue.get("owner", document_id_of("owner", "handbook.pdf"))
    assert standing
    made = Generation("owner", standing.document_id, standing.generation or "", "builtin")
    filled.publish("handbook.pdf", made, filled.chunks(HOLIDAYS), deleted=True)
    assert HOLIDAYS not in filled.texts("days of paid leave")
    assert HOLIDAYS not in filled.texts("days of paid leave", allow_whole=True)


def test_chunks_without_a_record_are_not_shown(filled: Library) -> None:
    filled.index_only("ghost.txt", filled.chunks("Paid leave of ghosts."))
    assert "Paid leave of ghosts." not in filled.texts("paid leave of ghosts")


def test_left_over_generations_do_not_crowd_out_the_live_one(filled: Library) -> None:
    """As many left-over chunks that match better as a search gives back."""
    for name in ("first", "second"):
        chunks = filled.chunks(*(f"Paid leave, paid leave {name} {number}" for number in range(120)))
        filled.index_only("handbook.pdf", chunks)
    assert HOLIDAYS in filled.texts("paid leave")
    assert filled.index.queries[1].without == frozenset({"generation-0004", "generation-0005"})


def test_searches_that_find_only_left_over_generations_come_to_an_end(filled: Library) -> None:
    for name in range(6):
        filled.index_only(f"ghost-{name}", filled.chunks(*(f"Paid leave {name} {number}" for number in range(120))))
    filled.ask("paid leave")
    assert len(filled.index.queries) <= 6


def test_a_document_replaced_between_index_and_catalogue_is_found_as_it_is_now(filled: Library) -> None:
    def replace_once() -> None:
        filled.index.before_answer = lambda: None
        filled.put("handbook.pdf", "Every employee has twenty days of paid leave a year.")
        filled.index.remove("owner", document_id_of("owner", "handbook.pdf"), keep=("generation-0004",))

    filled.index.before_answer = replace_once
    found = filled.texts("How many days of paid leave has an employee?")
    assert found[0] == "Every employee has twenty days of paid leave a year."


# --- embedders --------------------------------------------------------------------------------------------------------


def test_documents_of_the_embedder_before_are_found_until_they_are_embedded_anew(library: Library) -> None:
    library.put("old.pdf", HOLIDAYS, embedder=OLD)
    library.put("new.pdf", "An employee is paid on the last day of a month.")
    found = library.texts("How many days of leave has an employee?")
    assert sorted(found) == sorted([HOLIDAYS, "An employee is paid on the last day of a month."])
    assert set(library.index.queries[0].vectors) == {"builtin", OLD}


def test_in_a_large_library_too_the_embedder_before_is_asked(library: Library) -> None:
    for number in range(60):
        library.put(f"{number:02}.txt", f"Unrelated note {number}.")
    library.put("zz-old.pdf", HOLIDAYS, embedder=OLD)
    assert library.texts("Every employee has thirty days of paid leave a year.")[0] == HOLIDAYS
    assert set(library.index.queries[0].vectors) == {"builtin", OLD}


def test_documents_of_an_embedder_that_is_gone_are_found_by_keyword(library: Library) -> None:
    library.put("old.pdf", ENGINE, embedder=OLD)
    library.put("new.pdf", GARDEN)
    del library.embedders[OLD]
    assert ENGINE in library.texts("the XJ900 turbopump")


@pytest.mark.parametrize("failure", [EmbedderError("It is away."), ConfigurationError("It cannot run here.")])
def test_without_the_embedder_keywords_alone_are_searched(filled: Library, failure: Exception) -> None:
    filled.embedders["builtin"].fail_next(failure)
    assert filled.texts("How much paid leave does an employee have?")[0] == HOLIDAYS
    assert filled.index.queries[0].vectors == {}


def test_without_the_embedder_common_words_alone_match_nothing(filled: Library) -> None:
    filled.embedders["builtin"].fail_next(EmbedderError("It is away."))
    assert filled.ask("What is the best film of the year about money and love?") == RetrievalResult("no_match")


def test_without_the_embedder_and_any_common_word_nothing_is_known(filled: Library) -> None:
    filled.embedders["builtin"].fail_next(EmbedderError("It is away."))
    with pytest.raises(EmbedderError, match="It is away"):
        filled.ask("Wieviel Urlaub?")


@pytest.mark.parametrize("failing", [1, 2])
def test_feedback_that_fails_leaves_the_first_hits(filled: Library, failing: int) -> None:
    if failing == 1:
        filled.embedders["builtin"].fail_next(None, EmbedderError("It is away."))
    else:
        filled.index.failures = [None, IndexUnavailable("It is away.")]
    assert filled.texts("How many days of paid leave has an employee?")[0] == HOLIDAYS
    assert len(filled.index.queries) == failing


def test_feedback_brings_up_what_says_the_same_in_other_words(library: Library) -> None:
    """The second text shares no word with the question, but many with the best hit."""
    library.put("a.txt", "Vacation means annual leave granted by employers under statute.")
    library.put("b.txt", "Annual leave granted by employers under statute lasts thirty days.")
    for number in range(40):
        library.put(f"other-{number}.txt", f"Pump{number} valve{number} gasket{number} flange{number} rotor{number}.")
    assert library.texts("vacation", limit=2)[1].startswith("Annual leave")


# --- the index, the reranker, the deadline ----------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [IndexUnavailable("It is away."), IndexWaking("It wakes up.", retry_after=20.0)])
def test_an_index_that_cannot_be_searched_is_told(filled: Library, failure: RetrievalError) -> None:
    filled.index.failures = [failure]
    with pytest.raises(type(failure)) as raised:
        filled.ask("paid leave")
    assert raised.value is failure


class ReversingReranker:
    """Likes the last text best."""

    def __init__(self, failure: RerankerError | None = None) -> None:
        self.failure = failure
        self.texts: list[str] = []

    def rerank(self, query: str, texts: Sequence[str], deadline: float) -> list[float]:
        self.texts = list(texts)
        if self.failure:
            raise self.failure
        return [(place + 1) / len(texts) for place in range(len(texts))]


def test_what_scores_far_below_the_best_is_left_out(library: Library) -> None:
    library.put("a.txt", ENGINE)
    for number in range(8):
        library.put(f"note-{number}.txt", f"Note {number} tells of nothing in particular, nor of pumps.")
    assert library.texts("XJ900 turbopump revolutions") == [ENGINE]


def test_a_reranker_has_the_last_word_on_the_order(filled: Library) -> None:
    reranker = ReversingReranker()
    found = filled.texts("days of paid leave, and water", reranker=reranker)
    assert found[0] in reranker.texts[-1]
    assert found[-1] in reranker.texts[0]


def test_a_reranker_that_fails_leaves_the_order(filled: Library) -> None:
    plain = filled.texts("days of paid leave, and water")
    failing = ReversingReranker(RerankerError("It is away."))
    assert filled.texts("days of paid leave, and water", reranker=failing) == plain
    assert failing.texts


def test_a_reranker_is_given_fifty_at_most(library: Library) -> None:
    for number in range(70):
        library.put(f"{number:02}.txt", f"Paid leave of department {number}.")
    reranker = ReversingReranker()
    assert library.texts("paid leave", reranker=reranker, limit=5)
    assert len(reranker.texts) == 50


def test_a_deadline_that_has_passed_ends_the_search_before_it_begins(filled: Library) -> None:
    with pytest.raises(RetrievalError, match="longer than there was time"):
        filled.ask("paid leave", deadline=time.monotonic() - 1)
    assert filled.index.queries == []


def test_a_deadline_that_passes_on_the_way_keeps_what_was_found(
    filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    deadline = now + PATIENCE
    filled.index.before_answer = lambda: monkeypatch.setattr(time, "monotonic", lambda: deadline + 1)
    assert filled.texts("How many days of paid leave has an employee?", deadline=deadline)[0] == HOLIDAYS
    assert len(filled.index.queries) == 1


# --- budgets and context ----------------------------------------------------------------------------------------------


def story(number: int) -> str:
    names = ["badger", "heron", "otter", "weasel", "falcon", "beaver", "marten", "osprey"]
    return f"Chapter {number}: the {names[number]} crosses river{number} and hides in cave{number}."


def test_a_strong_hit_is_shown_with_what_stands_before_and_after_it(library: Library) -> None:
    library.put("story.txt", *(story(number) for number in range(8)))
    best = library.ask("Where does the weasel hide after river3?", limit=1).passages
    assert [passage.text for passage in best] == ["\n".join(story(number) for number in (2, 3, 4))]


def test_context_stays_on_the_page_of_the_hit(library: Library) -> None:
    chunks = [
        Chunk(
            number, story(number), "", page=1 + number // 3, section=None, start=number * 99, end=number * 99, tokens=9
        )
        for number in range(8)
    ]
    library.publish("story.pdf", library.index_only("story.pdf", chunks), chunks)
    (best,) = library.ask("Where does the weasel hide after river3?", limit=1).passages
    assert best.page == 2
    assert story(2) not in best.text
    assert story(4) in best.text


def test_no_context_is_shown_where_the_budget_has_no_room(library: Library) -> None:
    library.put("story.txt", *(story(number) for number in range(8)))
    found = library.ask("Where does the weasel hide after river3?", limit=1, token_budget=12).passages
    assert [passage.text for passage in found] == [story(3)]


def test_a_long_hit_needs_no_context(library: Library) -> None:
    library.put("story.txt", *(story(number) for number in range(8)), tokens=400)
    assert library.texts("Where does the weasel hide after river3?", limit=1) == [story(3)]


def test_context_that_cannot_be_read_is_left_away(library: Library) -> None:
    library.put("story.txt", *(story(number) for number in range(8)))
    library.index.chunks_fail = True
    assert library.texts("Where does the weasel hide after river3?", limit=1) == [story(3)]


@pytest.mark.parametrize("budget", [5, 11, 25, 60, 500])
def test_all_passages_together_stay_within_the_budget(library: Library, budget: int) -> None:
    library.put("story.txt", *(story(number) for number in range(8)))
    library.put("copy.txt", *(story(number) for number in range(8)))
    found = library.ask("the badger, the heron and the otter cross rivers", token_budget=budget).passages
    assert sum(passage.tokens for passage in found) <= budget


def test_a_file_that_was_added_twice_is_shown_once(library: Library) -> None:
    library.put("report.txt", HOLIDAYS)
    library.put("report (copy).txt", HOLIDAYS)
    assert library.texts("days of paid leave") == [HOLIDAYS]


# --- hostile questions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", " \n\t ", "\0", "\x1b\x07", "\u200b", "\ud800", "?!", "-" * 32_000])
def test_a_question_without_a_word_matches_nothing(filled: Library, query: str) -> None:
    assert filled.ask(query) == RetrievalResult("no_match")


@pytest.mark.parametrize(
    "query",
    [
        "days of paid leave \0 of an employee",
        "days of paid leave \ud800 of an employee",
        "days of paid leave " + "x" * 32_000,
        "y " * 16_000 + "days of paid leave of an employee",
        '" OR * NEAR(days paid) AND leave: ^employee -- {',
    ],
)
def test_a_hostile_question_is_searched_for_what_it_holds(filled: Library, query: str) -> None:
    assert HOLIDAYS in filled.texts(query)


def test_what_is_embedded_of_a_long_question_is_its_beginning_and_its_end(filled: Library) -> None:
    filled.ask("alpha " + "filler " * 5_000 + "omega")
    asked = filled.embedders["builtin"].texts[-1]
    assert asked.startswith("alpha")
    assert asked.endswith("omega")
    assert len(asked) < 2_100


def test_vectors_of_the_question_stay_unit_vectors_when_they_are_moved(filled: Library) -> None:
    filled.ask("How many days of paid leave has an employee?")
    moved = array("f", filled.index.queries[-1].vectors["builtin"])
    assert sum(value * value for value in moved) == pytest.approx(1, abs=1e-5)
    assert moved != filled.index.queries[0].vectors["builtin"]
