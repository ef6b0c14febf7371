"""What answers of OpenSearch Serverless mean for the person who uses the chatbot."""

from __future__ import annotations

from shared.errors import IndexUnavailable, IndexWaking

#: Waking takes 10 to 30 seconds, and goes on after the request that began it.
_WAKING_SECONDS = 15.0
_BUSY_SECONDS = 5.0

#: Statuses of requests, and of the items of one, that may be others a moment later. 402 says that the collection is at
#: its largest number of OCUs, 429 that it has not grown yet.
TRANSIENT_STATUSES = frozenset({402, 408, 429, 500, 502, 503, 504})
#: Among them those that a collection without OCUs answers with while it starts.
_WAKING_STATUSES = frozenset({408, 429, 502, 503, 504})


def for_status(status: int) -> IndexUnavailable:
    """The error for a request, or an item of one, that was answered with this status."""
    if status in _WAKING_STATUSES:
        return waking()
    if status == 402:  # noqa: PLR2004 - explained above
        return IndexUnavailable(
            "The document index has reached its largest capacity; try again in a minute, or raise the maximum number "
            "of OCUs of the collection group.",
            retry_after=60.0,
        )
    if status in {401, 403}:
        return IndexUnavailable(
            "OpenSearch Serverless refused access. The collection's data access policy must name the role that this "
            "runs as, its network policy must let the function in, and the role needs aoss:APIAccessAll; a policy "
            "that was just changed takes a minute to apply."
        )
    if status == 404:  # noqa: PLR2004 - not found
        return IndexUnavailable(
            "There is no document index at the OpenSearch endpoint. Deploy with EnableRAG=true, and check that the "
            "endpoint is the collection's."
        )
    if status in TRANSIENT_STATUSES:
        return IndexUnavailable(
            "The document index failed to answer; try again in a moment.", retry_after=_BUSY_SECONDS
        )
    return IndexUnavailable(
        f"The document index refused a request with status {status}. If the index was not made by this program, or by "
        "an older version of it, delete the index and add the documents again."
    )


def waking() -> IndexWaking:
    return IndexWaking(
        "The document index was asleep and is starting, which takes up to half a minute; try again then.",
        retry_after=_WAKING_SECONDS,
    )


def unreachable() -> IndexUnavailable:
    return IndexUnavailable(
        "The document index could not be reached; check the OpenSearch endpoint and the network. Where no collection "
        "is deployed, deploy with EnableRAG=true.",
        retry_after=_BUSY_SECONDS,
    )


def unreadable() -> IndexUnavailable:
    return IndexUnavailable(
        "The OpenSearch endpoint sent something that is not an answer; check that it is the collection's, then try "
        "again.",
        retry_after=_BUSY_SECONDS,
    )


def still_there() -> IndexUnavailable:
    return IndexUnavailable(
        "The document index still shows what was deleted, or somebody goes on adding it; try again in a minute.",
        retry_after=60.0,
    )


def no_credentials() -> IndexUnavailable:
    return IndexUnavailable(
        "There are no AWS credentials to search the document index with, or they cannot be renewed; run: aws configure"
    )
