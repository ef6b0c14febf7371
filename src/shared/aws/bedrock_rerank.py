"""Passages ordered anew by a reranking model of Amazon Bedrock (the operation Rerank)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws.timed_calls import TimedCalls
from shared.errors import RerankerError

if TYPE_CHECKING:
    from types_boto3_bedrock_agent_runtime import AgentsforBedrockRuntimeClient

_log = logging.getLogger(__name__)

#: Limits of the operation: characters of a text, and texts of one call.
_LONGEST_TEXT = 32_000
_MOST_TEXTS = 1000
_THROTTLED = frozenset({"ThrottlingException", "ServiceQuotaExceededException"})


class BedrockReranker:
    """The port ``Reranker``. ``model`` is the id of a model in the client's Region, or an ARN."""

    def __init__(self, client: AgentsforBedrockRuntimeClient, model: str) -> None:
        self._client = client
        partition, region = client.meta.partition, client.meta.region_name
        self._arn = model if model.startswith("arn:") else f"arn:{partition}:bedrock:{region}::foundation-model/{model}"
        self._calls = TimedCalls("rerank")

    def rerank(self, query: str, texts: Sequence[str], deadline: float) -> list[float]:
        """As the port says; of each text the first 32,000 characters count. At most 1,000 texts, none of them empty."""
        if not texts:
            return []
        if len(texts) > _MOST_TEXTS:
            raise RerankerError(f"{len(texts)} passages are to be ordered, and Bedrock takes {_MOST_TEXTS} at once.")
        request = _request(self._arn, query, texts)
        try:
            found = self._calls.call(lambda: [*self._results(request)], deadline)
        except TimeoutError:
            raise RerankerError(
                "Ordering the passages took too long; try again in a moment.", retry_after=5.0
            ) from None
        scores = {each["index"]: each["relevanceScore"] for each in found}
        if sorted(scores) != [*range(len(texts))]:
            raise RerankerError("Bedrock did not score every passage; try again, or unset CHATBOT_RERANK_MODEL.")
        return [min(1.0, max(0.0, scores[index])) for index in range(len(texts))]

    def _results(self, request: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        try:
            for page in self._client.get_paginator("rerank").paginate(**request):
                yield from page["results"]
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            _log.warning("rerank code=%s", code)
            raise _refusal(code) from None
        except BotoCoreError as error:
            _log.warning("rerank error=%s", type(error).__name__)
            raise _unreachable() from None


def _request(arn: str, query: str, texts: Sequence[str]) -> dict[str, Any]:
    """Every text is scored, however badly it fits: the order is made by whoever asks."""
    return {
        "queries": [{"type": "TEXT", "textQuery": {"text": query[:_LONGEST_TEXT]}}],
        "sources": [
            {
                "type": "INLINE",
                "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": text[:_LONGEST_TEXT]}},
            }
            for text in texts
        ],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": {
                "numberOfResults": len(texts),
                "modelConfiguration": {"modelArn": arn},
            },
        },
    }


def _unreachable() -> RerankerError:
    return RerankerError(
        "Bedrock could not be called to order the passages. Check the network, the region, the credentials and "
        "CHATBOT_RERANK_MODEL, then try again.",
        retry_after=1.0,
    )


def _refusal(code: str) -> RerankerError:
    if code in _THROTTLED:
        return RerankerError("Bedrock is over this account's rate for the reranking model; try again.", retry_after=2.0)
    if code == "AccessDeniedException":
        return RerankerError(
            "AWS does not give access to the reranking model. Open it in the Bedrock console of this region; where it "
            "is open, the role lacks bedrock:Rerank, or bedrock:InvokeModel on the model."
        )
    if code in {"ValidationException", "ResourceNotFoundException"}:
        return RerankerError(
            "Bedrock has no such reranking model in this region; set CHATBOT_RERANK_MODEL to one that the Bedrock "
            "console lists, or unset it."
        )
    return RerankerError("Bedrock failed to order the passages; try again in a moment.", retry_after=1.0)
