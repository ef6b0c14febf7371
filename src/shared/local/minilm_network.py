"""The network of all-MiniLM-L6-v2 on numpy: a BERT of six layers, whose output's mean is the vector of a text.

Devlin et al., "BERT" (2019); Reimers and Gurevych, "Sentence-BERT" (2019). One text at a time, so that none is padded;
several threads can each have one.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import math
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_DIMENSIONS = 384
_HEADS = 12
_HEAD = _DIMENSIONS // _HEADS
_LAYERS = 6
_INTERMEDIATE = 1536
_VOCABULARY = 30522
_EPSILON = np.float32(1e-12)

#: Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 7.1.26: erfc to within 1.5e-7 from 0 up.
_ERFC_P = np.float32(0.3275911 / math.sqrt(2))
_ERFC_A = tuple(np.float32(a / 2) for a in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592))
#: Rows worked on at once where a step needs several passes over them: they stay in the processor's cache.
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class _Linear:
    weight: Floats
    bias: Floats

    def __call__(self, rows: Floats, out: Floats) -> Floats:
        np.matmul(rows, self.weight, out=out)
        out += self.bias
        return out


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        """In place."""
        rows -= rows.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", rows, rows)[:, None] / np.float32(_DIMENSIONS)
        rows /= np.sqrt(variance + _EPSILON)
        rows *= self.weight
        rows += self.bias
        return rows


@dataclass(frozen=True, slots=True)
class _Layer:
    query_key_value: _Linear
    attention: _Linear
    attention_norm: _Norm
    widen: _Linear
    narrow: _Linear
    norm: _Norm


class _Scratch:
    """Memory for one text of so many tokens. Made anew in every step, its pages would cost as much as the work."""

    def __init__(self, tokens: int) -> None:
        self.query_key_value = np.empty((tokens, 3 * _DIMENSIONS), np.float32)
        self.scores = np.empty((tokens, tokens), np.float32)
        self.context = np.empty((tokens, _DIMENSIONS), np.float32)
        self.result = np.empty((tokens, _DIMENSIONS), np.float32)
        self.wide = np.empty((tokens, _INTERMEDIATE), np.float32)
        self.blocks = np.empty((3, min(tokens, _BLOCK), _INTERMEDIATE), np.float32)


class MiniLM:
    """The weights. Nothing changes after the constructor, so that several threads can use them at once."""

    def __init__(self, path: Path) -> None:
        """Raises ``OSError``, and ``ValueError`` or ``KeyError`` for a file that does not hold this network."""
        tensors = read_safetensors(path)
        self._words = _shaped(tensors["embeddings.word_embeddings.weight"], _VOCABULARY, _DIMENSIONS)
        token_type = tensors["embeddings.token_type_embeddings.weight"][0]
        self._positions = tensors["embeddings.position_embeddings.weight"] + token_type
        self._norm = _norm(tensors, "embeddings.LayerNorm")
        self._layers = [_layer(tensors, f"encoder.layer.{number}") for number in range(_LAYERS)]

    def embed(self, tokens: Sequence[int]) -> Floats:
        """The unit vector, 384 numbers, of a text given as token ids: at least one and at most 512."""
        rows = self._words[np.asarray(tokens)]
        rows += self._positions[: len(tokens)]
        self._norm(rows)
        scratch = _Scratch(len(tokens))
        for layer in self._layers:
            _attend(layer, rows, scratch)
            _feed_forward(layer, rows, scratch)
        mean: Floats = rows.mean(axis=0)
        return mean / np.linalg.norm(mean)


def use_one_blas_thread() -> None:
    """Tells the OpenBLAS inside numpy, for this whole process, to leave the cores to our own threads.

    Its threads wait for each other in busy loops, many times a text. On two cores with two other busy programs that
    gave 1 text a second, and without them 9. Where numpy runs on another library nothing happens.
    """
    spec = importlib.util.find_spec("numpy._core._multiarray_umath")
    # Looked up in numpy's own extension module, a function is found in the library that it was linked with.
    library = ctypes.CDLL(spec.origin) if spec and spec.origin else None
    for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads"):
        if function := getattr(library, name, None):
            function(1)


def read_safetensors(path: Path) -> dict[str, Floats]:
    """The file's 32-bit floats by name: 8 bytes with the length of a JSON header, the header, the numbers.

    The file is mapped: of the words, only those that come up take memory. Raises ``OSError``, and ``ValueError`` or
    ``KeyError`` for a file that is of another kind or was cut off.
    """
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    begin = 8 + int.from_bytes(data[:8], "little")
    tensors: dict[str, Floats] = {}
    for name, entry in json.loads(data[8:begin]).items():
        if entry.get("dtype") == "F32":
            start, end = entry["data_offsets"]
            numbers = np.frombuffer(data, np.float32, (end - start) // 4, begin + start)
            tensors[name] = numbers.reshape(entry["shape"])
    return tensors


def _layer(tensors: Mapping[str, Floats], name: str) -> _Layer:
    parts = [_linear(tensors, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
    weight = np.concatenate([part.weight for part in parts], axis=1)
    bias = np.concatenate([part.bias for part in parts])
    # The scale of the attention goes into the query.
    weight[:, :_DIMENSIONS] /= np.float32(math.sqrt(_HEAD))
    bias[:_DIMENSIONS] /= np.float32(math.sqrt(_HEAD))
    return _Layer(
        query_key_value=_Linear(weight, bias),
        attention=_linear(tensors, f"{name}.attention.output.dense"),
        attention_norm=_norm(tensors, f"{name}.attention.output.LayerNorm"),
        widen=_linear(tensors, f"{name}.intermediate.dense"),
        narrow=_linear(tensors, f"{name}.output.dense"),
        norm=_norm(tensors, f"{name}.output.LayerNorm"),
    )


def _linear(tensors: Mapping[str, Floats], name: str) -> _Linear:
    return _Linear(tensors[f"{name}.weight"].T, tensors[f"{name}.bias"])


def _norm(tensors: Mapping[str, Floats], name: str) -> _Norm:
    return _Norm(_shaped(tensors[f"{name}.weight"], _DIMENSIONS), _shaped(tensors[f"{name}.bias"], _DIMENSIONS))


def _shaped(tensor: Floats, *shape: int) -> Floats:
    if tensor.shape != shape:
        raise ValueError("another network")
    return tensor


def _attend(layer: _Layer, rows: Floats, scratch: _Scratch) -> None:
    """Each token takes in what the others say, in ``rows``."""
    projected = layer.query_key_value(rows, scratch.query_key_value)
    # (tokens, 3, heads, numbers of a head) -> (3, heads, tokens, numbers of a head), a view.
    queries, keys, values = projected.reshape(-1, 3, _HEADS, _HEAD).transpose(1, 2, 0, 3)
    contexts = scratch.context.reshape(-1, _HEADS, _HEAD).transpose(1, 0, 2)
    for query, key, value, context in zip(queries, keys, values, contexts, strict=True):
        scores = np.matmul(query, key.T, out=scratch.scores)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        # The softmax's division comes last, where there are fewer numbers.
        np.divide(scores @ value, scores.sum(axis=1, keepdims=True), out=context)
    rows += layer.attention(scratch.context, scratch.result)
    layer.attention_norm(rows)


def _feed_forward(layer: _Layer, rows: Floats, scratch: _Scratch) -> None:
    """Each token is worked on alone, in ``rows``."""
    wide = layer.widen(rows, scratch.wide)
    for start in range(0, len(rows), _BLOCK):
        block = wide[start : start + _BLOCK]
        gelu(block, scratch.blocks[:, : len(block)])
    rows += layer.narrow(wide, scratch.result)
    layer.norm(rows)


def gelu(x: Floats, scratch: Floats) -> None:
    """The exact GELU (by erf, not by tanh) in place, to within 5e-7: ``max(x, 0) - |x| erfc(|x| / sqrt 2) / 2``.

    ``scratch`` is memory for three arrays like ``x``.
    """
    size, t, tail = scratch
    np.abs(x, out=size)
    np.multiply(size, _ERFC_P, out=t)
    t += np.float32(1)
    np.divide(np.float32(1), t, out=t)
    np.multiply(t, _ERFC_A[0], out=tail)
    for a in _ERFC_A[1:]:
        tail += a
        tail *= t
    tail *= size
    size *= size
    size *= np.float32(-0.5)
    tail *= np.exp(size, out=size)
    np.maximum(x, np.float32(0), out=x)
    x -= tail
