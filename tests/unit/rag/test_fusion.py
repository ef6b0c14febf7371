"""Two lists of hits become one ranking."""

from __future__ import annotations

import random

import pytest

from rag.fusion import fuse, logistic_z_scores
from shared.documents import Chunk, Generation, Hit, SearchHits


def hit(name: str, score: float, embedder: str = "builtin") -> Hit:
    """A document of one chunk, found with this score."""
    chunk = Chunk(0, f"text of {name}", "", page=None, section=None, start=0, end=1, tokens=3)
    return Hit(Generation("owner", name, f"generation-{name}", embedder), chunk, score)


def names(hits: SearchHits, weight: float = 0.5) -> list[str]:
    return [candidate.generation.document_id for candidate in fuse(hits, weight)]


def test_what_both_lists_hold_comes_before_what_only_one_of_them_holds() -> None:
    vector = (hit("a", 0.9), hit("both", 0.85), hit("b", 0.2))
    keyword = (hit("c", 9.0), hit("both", 8.5), hit("d", 2.0))
    assert names(SearchHits(vector, keyword))[0] == "both"


def test_every_chunk_stands_in_the_ranking_once() -> None:
    vector = tuple(hit(name, 1 - place / 10) for place, name in enumerate("abcd"))
    keyword = tuple(hit(name, 9 - place) for place, name in enumerate("cdef"))
    assert sorted(names(SearchHits(vector, keyword))) == list("abcdef")


def test_a_weight_of_one_keeps_the_order_of_nearness_and_of_zero_that_of_keywords() -> None:
    hits = SearchHits((hit("a", 0.9), hit("b", 0.5), hit("c", 0.1)), (hit("c", 9.0), hit("b", 5.0), hit("a", 1.0)))
    assert names(hits, 1.0) == ["a", "b", "c"]
    assert names(hits, 0.0) == ["c", "b", "a"]


def test_one_kind_of_hits_alone_keeps_its_order_whatever_the_weight() -> None:
    hits = tuple(hit(name, 1 - place / 10) for place, name in enumerate("abc"))
    assert names(SearchHits(by_vector=hits), 0.0) == names(SearchHits(by_keyword=hits), 1.0) == list("abc")


def test_scores_of_another_embedder_are_measured_by_their_own_list() -> None:
    old = tuple(hit(name, 0.95 - place / 1000, "old") for place, name in enumerate("pqrs"))
    new = (hit("best", 0.4), *(hit(name, 0.1 - place / 100) for place, name in enumerate("abc")))
    ranked = names(SearchHits(by_vector=old + new))
    assert ranked[0] == "best"  # 0.4 stands out in its list, 0.95 does not
    assert [name for name in ranked if name in "pqrs"] == list("pqrs")


def test_nothing_found_is_nothing_ranked() -> None:
    assert fuse(SearchHits()) == []


def test_equal_scores_keep_one_order_whichever_way_they_came() -> None:
    hits = [hit(name, 0.5) for name in "abcdef"]
    random.Random(1).shuffle(hits)
    assert names(SearchHits(by_vector=tuple(hits))) == list("abcdef")


def test_fused_scores_are_between_zero_and_one() -> None:
    generator = random.Random(2)
    vector = tuple(hit(str(number), generator.uniform(-1, 1)) for number in range(100))
    keyword = tuple(hit(str(number), generator.expovariate(0.1)) for number in range(50, 150))
    assert all(0 < candidate.score < 1 for candidate in fuse(SearchHits(vector, keyword)))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_normalised_scores_keep_order_and_distance_whatever_their_scale(scale: float) -> None:
    found = logistic_z_scores([3 * scale, 2 * scale, 1 * scale])
    assert found == pytest.approx([0.6485, 0.5, 0.3515], abs=1e-4)


def test_a_score_far_above_the_others_is_not_cut_off() -> None:
    found = logistic_z_scores([1000.0, 900.0, *[1.0] * 1000])
    assert 0.99 < found[1] < found[0] < 1


def test_equal_scores_and_a_single_one_are_in_the_middle() -> None:
    assert logistic_z_scores([7.0]) == [0.5]
    assert logistic_z_scores([2.0, 2.0]) == [0.5, 0.5]
    assert logistic_z_scores([]) == []
