"""The ruler of chunks and passages: tokens of OpenAI's ``cl100k_base``, from the vocabulary that stands beside it.

``tiktoken`` would fetch the vocabulary from the network at its first use; here it never touches it.
"""

from __future__ import annotations

import base64
import re
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

import tiktoken

#: Characters that are counted at once, so that a large text needs no large memory.
BLOCK = 1 << 16

_VOCABULARY = Path(__file__).parent / "vocabulary" / "cl100k_base.tiktoken"
# As in ``tiktoken_ext/openai_public.py`` 0.14, function ``cl100k_base``. Its special tokens are left out: in a document
# their names are ordinary text.
_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
    r"|\s+(?!\S)|\s"
)
_LOADING = threading.Lock()
# Where a text can be cut without changing the tokens of either side: none reaches from a word over the space behind it.
_SEAM = re.compile(r"(?<=[^\W_])(?=[ \n][^\W_])")


def count_tokens(text: str) -> int:
    """The number of tokens of the text.

    It is exact but for texts with half a ``BLOCK`` of characters in a row without a space between two words: those are
    counted in pieces of that size, which may add a few tokens for each.
    """
    if len(text) <= BLOCK:
        return len(encode(text))
    total = start = 0
    while start < len(text):
        seam = _SEAM.search(text, start + BLOCK // 2, start + BLOCK)
        end = seam.end() if seam else start + BLOCK
        total += len(encode(text[start:end]))
        start = end
    return total


def longest_prefix(text: str, tokens: int) -> int:
    """How many characters from the start of the text have at most so many tokens: perhaps none, as one can have four.

    The text should be short: all of it is read.
    """
    found = encode(text)
    if len(found) <= tokens:
        return len(text)
    # The tokens of a prefix that ends between two tokens are the same ones, as no merge crossed there. It must end
    # between two characters, too.
    for count in range(tokens, 0, -1):
        with suppress(UnicodeDecodeError):
            return len(_encoding().decode_bytes(found[:count]).decode())
    return 0


def encode(text: str) -> list[int]:
    """The tokens of a text that is not long: time and memory are not bounded otherwise."""
    return _encoding().encode_ordinary(text)


def _encoding() -> tiktoken.Encoding:
    with _LOADING:
        return _loaded()


@cache
def _loaded() -> tiktoken.Encoding:
    ranks = {
        base64.b64decode(token): int(rank)
        for token, rank in (line.split() for line in _VOCABULARY.read_bytes().splitlines())
    }
    return tiktoken.Encoding("cl100k_base", pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens={})
