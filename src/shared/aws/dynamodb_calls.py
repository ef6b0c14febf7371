"""Calls to DynamoDB: what to try again, and what its errors mean to the user.

The client retries throttling and network failures by itself, as it is configured. Retried here is what it does not
retry: conflicts with another transaction, and batches done in part.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import StoreError

T = TypeVar("T")

#: With the pauses below, about three seconds on average before giving up.
ATTEMPTS = 12

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0
_THROTTLED = {
    "ThrottlingException",
    "ThrottlingError",
    "ProvisionedThroughputExceededException",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
}
_DENIED = {
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "ExpiredTokenException",
}


def call(request: Callable[..., T], **parameters: Any) -> T:
    """The answer to a request that is no transaction, tried again while one holds its item. Raises ``StoreError``.

    The failure of a condition stays a ``ClientError``, for the caller to make something of.
    """
    for attempt in range(ATTEMPTS):
        try:
            return request(**parameters)
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                raise
            if error_code(error) != "TransactionConflictException":
                raise translated(error) from None
        except BotoCoreError as error:
            raise translated(error) from None
        pause(attempt)
    raise contended()


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def pause(attempt: int) -> None:
    """Waits a random time that grows with the attempts, so that rivals do not meet again ("full jitter")."""
    time.sleep(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)))  # noqa: S311 - no secret


def contended() -> StoreError:
    return StoreError("The database is busy with other requests for the same item; try again.", retry_after=1.0)


def translated(error: ClientError | BotoCoreError) -> StoreError:
    """The sentence for an error. The vendor's own words are left out: they may quote the request."""
    if isinstance(error, BotoCoreError):
        return StoreError(
            "DynamoDB could not be reached. Check the network, the region and the credentials, then try again.",
            retry_after=1.0,
        )
    return for_code(error_code(error))


def for_code(code: str) -> StoreError:
    """The sentence for an error's code, or for the reason why a transaction was cancelled."""
    if code in _THROTTLED:
        return StoreError("DynamoDB is throttling requests; try again in a moment.", retry_after=1.0)
    if code in _DENIED:
        return StoreError("DynamoDB refused access; check the role's policy and the credentials.")
    if code == "ResourceNotFoundException":
        return StoreError(
            "There is no such DynamoDB table or index; check CHATBOT_TABLE, CHATBOT_DOCUMENTS_TABLE and the region."
        )
    if code in {"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceededException"}:
        return StoreError("DynamoDB refused the item, most likely because it is over 400 KB; send a shorter message.")
    return StoreError("DynamoDB failed to answer; try again in a moment.", retry_after=1.0)
