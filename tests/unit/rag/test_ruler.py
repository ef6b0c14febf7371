"""The ruler counts as tiktoken does, whatever the text, and needs no network."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from rag import ruler
from rag.ruler import BLOCK, count_tokens, encode, longest_prefix

ROOT = Path(__file__).parents[3]
VOCABULARY = ROOT / "src/rag/vocabulary/cl100k_base.tiktoken"
PROSE = "The boundary layer, 0.35 mm thick, separates at x = 12.5; it doesn't reattach (see Fig. 3).\n"


def test_the_vocabulary_is_the_one_that_tiktoken_names() -> None:
    found = hashlib.sha256(VOCABULARY.read_bytes()).hexdigest()
    assert found in Path(openai_public.__file__).read_text(encoding="utf-8")
    assert found in VOCABULARY.with_name("README.md").read_text(encoding="utf-8")


def test_the_pattern_is_that_of_tiktoken() -> None:
    source = Path(openai_public.__file__).read_text(encoding="utf-8")
    assert f'r"""{ruler._PATTERN}"""' in source


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("hello world", [15339, 1917]),
        ("tiktoken is great!", [83, 1609, 5963, 374, 2294, 0]),
        ("お誕生日おめでとう", [33334, 45918, 243, 21990, 9080, 33334, 62004, 16556, 78699]),
    ],
)
def test_known_texts_have_their_published_tokens(text: str, tokens: list[int]) -> None:
    assert encode(text) == tokens
    assert count_tokens(text) == len(tokens)


def test_the_names_of_special_tokens_are_ordinary_text() -> None:
    assert count_tokens("<|endoftext|>") == 7
    assert count_tokens("<|fim_prefix|><|endofprompt|>") > 8


def test_a_long_text_is_counted_in_blocks_as_if_at_once() -> None:
    text = "".join(PROSE.replace("12.5", str(number)) for number in range(4000))
    assert len(text) > 4 * BLOCK
    assert count_tokens(text) == len(encode(text))


def test_a_million_letters_without_a_space_are_counted() -> None:
    assert count_tokens("a" * 1_000_000) == 125_000


def test_a_million_spaces_and_line_ends_are_counted() -> None:
    assert 0 < count_tokens(" " * 1_000_000) < 20_000
    assert 0 < count_tokens("\n" * 1_000_000) < 200_000


@settings(deadline=None)
@given(st.text(max_size=80), st.integers(0, 30))
def test_the_longest_prefix_keeps_to_its_tokens(text: str, tokens: int) -> None:
    length = longest_prefix(text, tokens)
    assert count_tokens(text[:length].rstrip()) <= tokens
    assert length == len(text) or count_tokens(text[:length]) > tokens - 4


def test_a_character_is_not_cut() -> None:
    assert count_tokens("🏳") > 2
    assert longest_prefix("🏳", 1) == 0


def test_nothing_is_fetched_and_nothing_loaded_before_it_is_needed(tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from rag import ruler\n"
        "assert not ruler._loaded.cache_info().currsize\n"
        "print(ruler.count_tokens('hello world'))\n"
    )
    environment = {"PYTHONPATH": str(ROOT / "src"), "TIKTOKEN_CACHE_DIR": str(tmp_path)}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout == "2\n"
    assert list(tmp_path.iterdir()) == []
