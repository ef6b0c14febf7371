"""Vectors of chunks and of questions, from the embedder in use and from those before it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from cachetools import LRUCache

from shared.config import parse_model_spec
from shared.document_ports import Embedder
from shared.documents import Chunk, EmbeddedChunk, EmbedderTraits, Vector
from shared.embeddings import is_unit
from shared.errors import ConfigurationError, EmbedderError
from shared.models import ModelSpec

OpenEmbedder = Callable[[ModelSpec], Embedder]

#: Chunks handed on at once: a few seconds of the built-in embedder's work, and one request of most others.
_BATCH = 64
#: Questions whose vectors are kept, so that a turn that is tried again does not ask for them again.
_QUESTIONS = 64
#: The longest wait for an embedder that is not in use any more: its documents are about to be embedded anew.
_OTHERS_SECONDS = 3.0


class EmbeddingService:
    """Opens embedders where they are first needed, each once. Safe to call from several threads."""

    def __init__(self, spec: ModelSpec, open_embedder: OpenEmbedder) -> None:
        """Opens nothing yet. ``spec`` names the embedder in use."""
        self._spec = spec
        self._open_embedder = open_embedder
        self._lock = threading.Lock()
        self._opened: dict[str, Embedder] = {}
        self._questions: LRUCache[tuple[str, str], Vector[float]] = LRUCache(_QUESTIONS)

    @property
    def traits(self) -> EmbedderTraits:
        """Of the embedder in use. Raises ``ConfigurationError``, ``EmbedderError``."""
        return self._embedder(self._spec).traits

    def embed_chunks(
        self, chunks: Sequence[Chunk], known: Mapping[str, Vector[float]], deadline: float
    ) -> Iterator[list[EmbeddedChunk]]:
        """The chunks with their vectors, in batches and in order.

        ``known`` are vectors by ``Chunk.content_hash`` that need not be made again; a text that comes twice is embedded
        once. Raises ``ConfigurationError``, ``EmbedderError``; batches that came before stay good.
        """
        embedder = self._embedder(self._spec)
        awaited = Counter(chunk.content_hash for chunk in chunks)
        repeated: dict[str, Vector[float]] = {}
        dimensions = 0
        for first in range(0, len(chunks), _BATCH):
            batch = [(chunk.content_hash, chunk) for chunk in chunks[first : first + _BATCH]]
            texts = {key: chunk.searchable_text for key, chunk in batch}
            vectors = {key: found for key in texts if (found := known.get(key, repeated.get(key))) is not None}
            vectors |= _embed(embedder, {key: text for key, text in texts.items() if key not in vectors}, deadline)
            dimensions = dimensions or len(next(iter(vectors.values())))
            _check(vectors.values(), dimensions, embedder.traits.name)
            awaited.subtract(key for key, _ in batch)
            # Only what comes again: the vectors of a large document would fill the memory.
            repeated = {key: vector for key, vector in (repeated | vectors).items() if awaited[key] > 0}
            yield [EmbeddedChunk(chunk, vectors[key]) for key, chunk in batch]

    def query_vectors(self, text: str, embedders: Collection[str], deadline: float) -> dict[str, Vector[float]]:
        """The question's vector by embedder: of the one in use, and of each named other that can still be asked.

        Raises ``ConfigurationError``, ``EmbedderError`` where the one in use cannot.
        """
        vectors = {self._spec.name: self._question(self._spec, text, deadline)}
        soon = min(deadline, time.monotonic() + _OTHERS_SECONDS)
        for name in sorted(set(embedders) - vectors.keys()):
            try:
                vectors[name] = self._question(parse_model_spec(name), text, soon)
            except (ValueError, ConfigurationError, EmbedderError):
                continue
        return vectors

    def close(self) -> None:
        """Closes what was opened. The service is not used afterwards."""
        with self._lock:
            opened, self._opened = self._opened, {}
        for embedder in opened.values():
            embedder.close()

    def _embedder(self, spec: ModelSpec) -> Embedder:
        with self._lock:
            if spec.name not in self._opened:
                self._opened[spec.name] = self._open_embedder(spec)
            return self._opened[spec.name]

    def _question(self, spec: ModelSpec, text: str, deadline: float) -> Vector[float]:
        with self._lock:
            known = self._questions.get((spec.name, text))
        if known is not None:
            return known
        vector = _embed(self._embedder(spec), {text: text}, deadline)[text]
        _check([vector], len(vector), spec.name)
        with self._lock:
            self._questions[spec.name, text] = vector
        return vector


def _embed(embedder: Embedder, texts: Mapping[str, str], deadline: float) -> dict[str, Vector[float]]:
    """The vectors of the texts under the texts' keys."""
    if not texts:
        return {}
    vectors = embedder.embed(list(texts.values()), deadline)
    if len(vectors) != len(texts):
        raise EmbedderError(
            f"The embedder {embedder.traits.name} gave {len(vectors)} vectors for {len(texts)} texts; choose another "
            "with CHATBOT_EMBEDDER."
        )
    return dict(zip(texts, vectors, strict=True))


def _check(vectors: Collection[Vector[float]], dimensions: int, name: str) -> None:
    """Raises ``EmbedderError`` where vectors cannot stand in one index: it would take them, and find nothing."""
    lengths = {len(vector) for vector in vectors} - {dimensions}
    if lengths:
        raise EmbedderError(
            f"The embedder {name} gives vectors of {dimensions} and of {lengths.pop()} numbers: it is not the model "
            "that it was. Remove the document and add it again, or choose another embedder with CHATBOT_EMBEDDER."
        )
    if not all(is_unit(vector) for vector in vectors):
        raise EmbedderError(f"The embedder {name} gave vectors that are damaged; choose another with CHATBOT_EMBEDDER.")
