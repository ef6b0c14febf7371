"""How answers of OpenSearch are read, item by item: a request can succeed where all that it asked for failed. Pure."""

from __future__ import annotations

from typing import Any

from shared.aws import opensearch_errors as errors
from shared.aws.opensearch_client import Answer
from shared.errors import IndexUnavailable

_OK = 200
_NOT_FOUND = 404
_UNAVAILABLE = 503
_FIRST_FAILURE = 300

Found = list[dict[str, Any]]


def accepted(answer: Answer) -> Any:
    """The body of an answer. Raises where it is a refusal."""
    if answer.status != _OK:
        raise errors.for_status(answer.status)
    return answer.body


def missing(answer: Answer) -> bool:
    return answer.status == _NOT_FOUND


def exists_already(answer: Answer) -> bool:
    """Whether an index was not made because it is there."""
    try:
        return bool(answer.body["error"]["type"] == "resource_already_exists_exception")
    except (LookupError, TypeError):
        return False


def field(body: Any, name: str) -> Any:
    try:
        return body[name]
    except (LookupError, TypeError):
        raise errors.unreadable() from None


def unfinished(body: Any, operations: list[bytes]) -> tuple[list[bytes], IndexUnavailable | None]:
    """The operations of a bulk request that should be tried again, with why.

    Raises where one failed that no attempt would help.
    """
    try:
        statuses = [_settled(*next(iter(item.items()))) for item in body["items"]]
    except (AttributeError, LookupError, TypeError, ValueError):
        raise errors.unreadable() from None
    if len(statuses) != len(operations):
        raise errors.unreadable()
    failed = [status for status in statuses if status >= _FIRST_FAILURE]
    # The hopeless ones first: they must not wait for the others.
    failed.sort(key=errors.TRANSIENT_STATUSES.__contains__)
    if not failed:
        return [], None
    failure = errors.for_status(failed[0])
    if failed[0] not in errors.TRANSIENT_STATUSES:
        raise failure
    again = [line for line, status in zip(operations, statuses, strict=True) if status >= _FIRST_FAILURE]
    return again, failure


def failure(response: Any) -> IndexUnavailable | None:
    """Why one search of several should be tried again; ``None`` where it was answered whole.

    Raises where no attempt would help.
    """
    try:
        status = response.get("status", _OK)
        if status == _NOT_FOUND:
            return None
        partial = status == _OK and (response.get("timed_out") or response["_shards"]["failed"])
    except (AttributeError, LookupError, TypeError):
        raise errors.unreadable() from None
    if partial:
        return errors.for_status(_UNAVAILABLE)
    if status == _OK:
        return None
    error = errors.for_status(status)
    if status in errors.TRANSIENT_STATUSES:
        return error
    raise error


def hits(response: Any) -> Found:
    """The hits of one search of several; none where its index is not made yet."""
    if response.get("status") == _NOT_FOUND:
        return []
    found = field(response.get("hits"), "hits")
    if not isinstance(found, list):
        raise errors.unreadable()
    return found


def _settled(action: str, result: dict[str, Any]) -> int:
    """The status of one operation, as far as it tells what to do."""
    status = int(result["status"])
    if status == _NOT_FOUND:
        # A chunk to delete may be gone already; an index that was made a moment ago may not be known everywhere.
        return _OK if action == "delete" else _UNAVAILABLE
    return status
