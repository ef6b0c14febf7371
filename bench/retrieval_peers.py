"""Section: how well LangChain and LlamaIndex find the abstracts of the Cranfield collection, with the same embedder.

PYTHONPATH=src:. python -m bench.retrieval_peers     # needs requirements-bench-rag.txt
"""

# The peers are not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped,misc,no-any-return,unused-ignore"

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import ir_measures
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever as LangChainBM25
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.retrievers.bm25 import BM25Retriever

from bench.chunking import offline_peers
from bench.cranfield import DEPTH, Collection, load, ndcg, recall
from bench.options import Options
from bench.report import Report, Table
from shared.local.minilm import MiniLMEmbedder, builtin_embedder

#: The documents that were found for a question, best first.
Search = Callable[[str], Sequence[str]]
_BATCH = 64
_NO_HURRY_SECONDS = 3600.0


def run(options: Options) -> Report:
    """Every question through every retriever of the peers; ``quick`` takes a fifth of the questions."""
    report = Report(f"Retrieval of the peers: Cranfield, the built-in embedder, first {DEPTH} documents")
    collection = load()
    questions = dict(list(collection.questions.items())[: options.samples(len(collection.questions))])
    table = Table("Means over the questions", ("", f"nDCG@{DEPTH}", f"recall@{DEPTH}", f"nDCG@{DEPTH} by ir_measures"))
    with _vectors() as vectors, offline_peers():
        for name, search in {**_langchain(collection, vectors), **_llama_index(collection, vectors)}.items():
            rankings = {key: _distinct(search(question)) for key, question in questions.items()}
            gain = statistics.mean(ndcg(ranking, collection.relevance[key]) for key, ranking in rankings.items())
            share = statistics.mean(recall(ranking, collection.relevance[key]) for key, ranking in rankings.items())
            checked = _by_ir_measures(rankings, collection.relevance)
            table.rows.append((name, f"{gain:.4f}", f"{share:.4f}", f"{checked:.4f}"))
            report.figures[name] = {"ndcg": gain, "recall": share, "by_ir_measures": checked, "count": len(rankings)}
    report.tables.append(table)
    report.notes += [
        f"{len(questions)} questions. nDCG: sum of judgement (4 to 0) / log2(place + 1), over that of the best order.",
        (
            f"All at its default, but that each retriever gives its first {DEPTH} (the defaults, 4 and 2, are too few "
            "to measure), and that LlamaIndex asks no language model for further questions. Its default fusion, "
            "'simple', compares scores of BM25 with cosines as they are; so the other modes it documents stand below."
        ),
        "Documents found by several chunks count once, at their best place.",
    ]
    return report


class _Vectors:
    """The built-in embedder; equal texts are embedded once for all peers."""

    def __init__(self, embedder: MiniLMEmbedder) -> None:
        self._embedder = embedder
        self._known: dict[str, list[float]] = {}

    def of(self, texts: Sequence[str]) -> list[list[float]]:
        """One for each text, in order."""
        new = list({text: None for text in texts if text not in self._known})
        for first in range(0, len(new), _BATCH):
            batch = new[first : first + _BATCH]
            found = self._embedder.embed(batch, time.monotonic() + _NO_HURRY_SECONDS)
            self._known.update((text, vector.tolist()) for text, vector in zip(batch, found, strict=True))
        return [self._known[text] for text in texts]


@contextmanager
def _vectors() -> Iterator[_Vectors]:
    embedder = MiniLMEmbedder(builtin_embedder())
    try:
        yield _Vectors(embedder)
    finally:
        embedder.close()


class _ForLangChain(Embeddings):
    def __init__(self, vectors: _Vectors) -> None:
        self._vectors = vectors

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._vectors.of(texts)

    def embed_query(self, text: str) -> list[float]:
        return self._vectors.of([text])[0]


class _ForLlamaIndex(BaseEmbedding):
    vectors: Any

    def _get_query_embedding(self, query: str) -> list[float]:
        return self.vectors.of([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self.vectors.of([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self.vectors.of(texts)


def _langchain(collection: Collection, vectors: _Vectors) -> dict[str, Search]:
    os.environ["LANGSMITH_TRACING"] = "false"
    whole = [LangChainDocument(each.text, metadata={"document": each.document_id}) for each in collection.abstracts]
    chunks = RecursiveCharacterTextSplitter().split_documents(whole)
    store = InMemoryVectorStore.from_documents(chunks, _ForLangChain(vectors))
    near = store.as_retriever(search_kwargs={"k": DEPTH})
    keywords = LangChainBM25.from_documents(chunks, k=DEPTH)
    both = EnsembleRetriever(retrievers=[keywords, near])

    def search(retriever: Any) -> Search:
        return lambda question: [found.metadata["document"] for found in retriever.invoke(question)]

    return {
        "LangChain BM25Retriever": search(keywords),
        "LangChain InMemoryVectorStore": search(near),
        "LangChain EnsembleRetriever": search(both),
    }


def _llama_index(collection: Collection, vectors: _Vectors) -> dict[str, Search]:
    documents = [Document(text=each.text, id_=each.document_id) for each in collection.abstracts]
    index = VectorStoreIndex.from_documents(documents, embed_model=_ForLlamaIndex(vectors=vectors))
    near = index.as_retriever(similarity_top_k=DEPTH)
    keywords = BM25Retriever.from_defaults(docstore=index.docstore, similarity_top_k=DEPTH)

    def both(**mode: str) -> Any:
        return QueryFusionRetriever(
            [near, keywords], llm=MockLLM(), num_queries=1, similarity_top_k=DEPTH, use_async=False, **mode
        )

    def search(retriever: Any) -> Search:
        return lambda question: [found.node.ref_doc_id for found in retriever.retrieve(question)]

    return {
        "LlamaIndex BM25Retriever": search(keywords),
        "LlamaIndex VectorStoreIndex": search(near),
        "LlamaIndex QueryFusionRetriever": search(both()),
        "the same, mode='reciprocal_rerank'": search(both(mode="reciprocal_rerank")),
        "the same, mode='relative_score'": search(both(mode="relative_score")),
    }


def _distinct(ranking: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(ranking))[:DEPTH]


def _by_ir_measures(rankings: Mapping[str, Sequence[str]], relevance: Mapping[str, Mapping[str, int]]) -> float:
    judged = {key: dict(relevance[key]) for key in rankings}
    run = {
        key: {document: float(DEPTH - place) for place, document in enumerate(ranking)}
        for key, ranking in rankings.items()
    }
    measure = ir_measures.nDCG @ DEPTH
    return float(ir_measures.calc_aggregate([measure], judged, run)[measure])


if __name__ == "__main__":
    print(run(Options()).markdown())
