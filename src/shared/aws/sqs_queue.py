"""The queue of ingestion in the cloud. Storage events come to it by themselves; this adds what they do not tell."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.errors import StoreError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

_LONGEST_TIMEOUT = 43_200
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "SignatureDoesNotMatch"})
_MISSING = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidAddress"})


class SqsQueue:
    """The port ``IngestionQueue`` over one SQS queue. A message is ``{"user_id": ..., "key": ...}``."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, user_id: str, key: str) -> None:
        """As the port says. Raises ``StoreError``."""
        body = json.dumps({"user_id": user_id, "key": key})
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            raise _translated(error) from None

    def redeliver(self, receipt: str, seconds: float) -> None:
        """Has a message that was received delivered again after so many seconds, at most 12 hours.

        Else it stays away for the queue's visibility timeout, which is hours where the work may take long. Raises
        ``StoreError``.
        """
        timeout = min(_LONGEST_TIMEOUT, math.ceil(seconds))
        try:
            self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=timeout)
        except (BotoCoreError, ClientError) as error:
            raise _translated(error) from None


def _translated(error: BotoCoreError | ClientError) -> StoreError:
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    if code in _DENIED:
        return StoreError("SQS refused access to the ingestion queue; check the role's policy and the credentials.")
    if code in _MISSING:
        return StoreError("There is no such SQS queue; check CHATBOT_INGESTION_QUEUE_URL and the region.")
    return StoreError("The ingestion queue could not be reached; try again in a moment.", retry_after=1.0)
